//! Changing a topic's configuration: the part of librdkafka's admin calls that rdkafka lacks.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::ptr;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::error::RDKafkaErrorCode as Code;

use super::{Client, Failure, NO_ERROR, Owned, millis, outcome, text};

/// Sets keys of a topic's configuration and leaves its others: rdkafka only has the call that forgets them.
pub(crate) fn configure_topic(
    client: Client,
    topic: &str,
    config: &BTreeMap<String, String>,
    bound: Duration,
) -> Result<(), Failure> {
    let refused = |code: Code, text: String| Failure { code, fatal: false, requires_abort: false, text };
    let c_string =
        |text: &str| CString::new(text).map_err(|error| refused(Code::InvalidArgument, error.to_string()));
    let name = c_string(topic)?;
    // SAFETY: as in `describe_topics`; librdkafka copies names and values.
    unsafe {
        let resource = Owned(
            sys::rd_kafka_ConfigResource_new(
                sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC,
                name.as_ptr(),
            ),
            sys::rd_kafka_ConfigResource_destroy,
        );
        for (key, value) in config {
            let (key, value) = (c_string(key)?, c_string(value)?);
            let set = sys::rd_kafka_AlterConfigOpType_t::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET;
            let added = sys::rd_kafka_ConfigResource_add_incremental_config;
            outcome(added(resource.0, key.as_ptr(), set, value.as_ptr()))?;
        }
        let queue = Owned(sys::rd_kafka_queue_new(client), sys::rd_kafka_queue_destroy);
        let mut resources = [resource.0];
        sys::rd_kafka_IncrementalAlterConfigs(client, resources.as_mut_ptr(), 1, ptr::null(), queue.0);
        let event = Owned(sys::rd_kafka_queue_poll(queue.0, millis(bound)), sys::rd_kafka_event_destroy);
        if event.0.is_null() {
            return Err(refused(Code::OperationTimedOut, "no answer".into()));
        }
        let error = sys::rd_kafka_event_error(event.0);
        if error != NO_ERROR {
            return Err(refused(error.into(), text(sys::rd_kafka_event_error_string(event.0))));
        }
        read_alteration(sys::rd_kafka_event_IncrementalAlterConfigs_result(event.0))
            .map_err(|(code, text)| refused(code, text))
    }
}

/// # Safety
/// `result` is null or belongs to a living event.
unsafe fn read_alteration(
    result: *const sys::rd_kafka_IncrementalAlterConfigs_result_t,
) -> Result<(), (Code, String)> {
    if result.is_null() {
        return Err((Code::Fail, "no result".into()));
    }
    // SAFETY: the result's event is alive, and so is all that is reached from it.
    unsafe {
        let mut count = 0;
        let resources = sys::rd_kafka_IncrementalAlterConfigs_result_resources(result, &raw mut count);
        for index in 0..count {
            let resource = *resources.add(index);
            let error = sys::rd_kafka_ConfigResource_error(resource);
            if error != NO_ERROR {
                return Err((error.into(), text(sys::rd_kafka_ConfigResource_error_string(resource))));
            }
        }
    }
    Ok(())
}
