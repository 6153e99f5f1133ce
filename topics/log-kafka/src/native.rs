//! The calls of librdkafka that rdkafka has no safe form of, each with the reason it is needed.
//!
//! All unsafe code of this room is here. Every function takes a living client, hands no pointer out and
//! frees what librdkafka gave it.

mod alter;
mod groups;

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::os::raw::c_char;
use std::ptr;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as sys;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::message::BorrowedMessage;
use topics_log::Headers;

use crate::errors::Failure;

pub(crate) use alter::configure_topic;
pub(crate) use groups::{
    DescribedGroup, DescribedMember, End, alter_group_offsets, describe_groups, ends, group_offsets,
};

/// A client of librdkafka, alive for as long as its borrower says: what `native_ptr` of a client gives.
pub(crate) type Client = *mut sys::rd_kafka_t;

const NO_ERROR: sys::rd_kafka_resp_err_t = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;

/// Frees a native value when it goes out of scope.
struct Owned<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the pointer came from librdkafka for us to destroy with this function, once.
            unsafe { (self.1)(self.0) }
        }
    }
}

/// Copies a string that librdkafka keeps alive while this runs; null reads as empty.
fn text(pointer: *const c_char) -> String {
    // SAFETY: as its callers promise, and nothing of it is kept.
    unsafe { lent(pointer) }.into_owned()
}

/// A string of librdkafka's, with replacement characters where it is not UTF-8; null reads as empty.
///
/// # Safety
/// The string ends with a zero, and whoever holds it keeps it for as long as this is looked at.
unsafe fn lent<'a>(pointer: *const c_char) -> Cow<'a, str> {
    if pointer.is_null() {
        return Cow::Borrowed("");
    }
    // SAFETY: as promised above.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy()
}

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

/// Turns librdkafka's error object into ours; null is success.
fn outcome(error: *mut sys::rd_kafka_error_t) -> Result<(), Failure> {
    if error.is_null() {
        return Ok(());
    }
    let error = Owned(error, sys::rd_kafka_error_destroy);
    // SAFETY: the error is alive until the end of this function.
    Err(unsafe {
        Failure {
            code: sys::rd_kafka_error_code(error.0).into(),
            fatal: sys::rd_kafka_error_is_fatal(error.0) != 0,
            requires_abort: sys::rd_kafka_error_txn_requires_abort(error.0) != 0,
            text: text(sys::rd_kafka_error_string(error.0)),
        }
    })
}

/// Asks a broker for the cluster's brokers only. rdkafka can only ask for one topic or for all of them,
/// and a producer that knows the brokers takes its transactional name half a second sooner.
pub(crate) fn learn_brokers(client: Client, bound: Duration) -> Result<(), Code> {
    let mut metadata = ptr::null();
    // SAFETY: a null topic asks for no topic; the answer is destroyed below.
    let error =
        unsafe { sys::rd_kafka_metadata(client, 0, ptr::null_mut(), &raw mut metadata, millis(bound)) };
    if error != NO_ERROR {
        return Err(error.into());
    }
    // SAFETY: the answer is ours and nobody else has it.
    unsafe { sys::rd_kafka_metadata_destroy(metadata) };
    Ok(())
}

/// The next thing that troubles a client as a whole, and its reason, if there is any; its log lines are passed
/// over. For clients that rdkafka polls for answers only: an admin client's troubles would be told to nobody.
pub(crate) fn next_trouble(client: Client) -> Option<(Code, String)> {
    // SAFETY: the client is alive; the queue is a reference of ours to its own, and the reason is copied before
    // the event is destroyed.
    unsafe {
        let queue = Owned(sys::rd_kafka_queue_get_main(client), sys::rd_kafka_queue_destroy);
        loop {
            let event = Owned(sys::rd_kafka_queue_poll(queue.0, 0), sys::rd_kafka_event_destroy);
            if event.0.is_null() {
                return None;
            }
            if sys::rd_kafka_event_type(event.0) == sys::RD_KAFKA_EVENT_ERROR {
                let code = sys::rd_kafka_event_error(event.0).into();
                return Some((code, text(sys::rd_kafka_event_error_string(event.0))));
            }
        }
    }
}

/// Commits without rdkafka's own flush before it, which waits a flat 100 ms if the last delivery report
/// is still being freed.
pub(crate) fn commit_transaction(producer: Client, bound: Duration) -> Result<(), Failure> {
    // SAFETY: the client is alive; the call blocks until it is done.
    outcome(unsafe { sys::rd_kafka_commit_transaction(producer, millis(bound)) })
}

/// A consumer's standing in its group at one moment. rdkafka's does not show what is in it.
pub(crate) struct Membership(Owned<sys::rd_kafka_consumer_group_metadata_t>);

impl Membership {
    /// The consumer's membership now; `None` if it has no group.
    pub(crate) fn of(consumer: Client) -> Option<Self> {
        // SAFETY: the client is alive; the answer is ours to destroy.
        let metadata = unsafe { sys::rd_kafka_consumer_group_metadata(consumer) };
        let owned = Owned(metadata, sys::rd_kafka_consumer_group_metadata_destroy);
        (!metadata.is_null()).then_some(Self(owned))
    }

    /// The group's generation; negative before the first join and after the group has moved on.
    pub(crate) fn generation(&self) -> i32 {
        // SAFETY: the metadata is alive as long as `self`.
        unsafe { sys::rd_kafka_consumer_group_metadata_generation_id((self.0).0) }
    }

    /// The member's id; empty before the first join and after the membership was lost.
    pub(crate) fn member(&self) -> String {
        // SAFETY: as above.
        text(unsafe { sys::rd_kafka_consumer_group_metadata_member_id((self.0).0) })
    }

    /// Sends offsets under exactly this membership.
    pub(crate) fn send_offsets(
        &self,
        producer: Client,
        offsets: &TopicPartitionList,
        bound: Duration,
    ) -> Result<(), Failure> {
        // SAFETY: all three are alive; librdkafka copies the offsets and the metadata.
        outcome(unsafe {
            sys::rd_kafka_send_offsets_to_transaction(producer, offsets.ptr(), (self.0).0, millis(bound))
        })
    }
}

/// Commits offsets of a consumer and waits for the answer, at most `bound`. rdkafka's waits without one.
pub(crate) fn commit_offsets(
    consumer: Client,
    offsets: &TopicPartitionList,
    bound: Duration,
) -> Result<(), Code> {
    // SAFETY: the queue, the event and the list are alive while they are used; librdkafka keeps its own
    // reference to the queue, so an answer that comes too late is dropped by it.
    unsafe {
        let queue = Owned(sys::rd_kafka_queue_new(consumer), sys::rd_kafka_queue_destroy);
        let error = sys::rd_kafka_commit_queue(consumer, offsets.ptr(), queue.0, None, ptr::null_mut());
        if error != NO_ERROR {
            return Err(error.into());
        }
        let event = Owned(sys::rd_kafka_queue_poll(queue.0, millis(bound)), sys::rd_kafka_event_destroy);
        if event.0.is_null() {
            return Err(Code::OperationTimedOut);
        }
        match sys::rd_kafka_event_error(event.0) {
            NO_ERROR => Ok(()),
            error => Err(error.into()),
        }
    }
}

/// What was noted with each offset of a list, in its order. rdkafka's panics if it is not UTF-8, and any
/// program with access to the group can have noted anything.
pub(crate) fn notes(offsets: &TopicPartitionList) -> Vec<String> {
    let count = offsets.count();
    if count == 0 {
        // An empty list has no elements to point to.
        return Vec::new();
    }
    // SAFETY: the list is alive and has `count` elements; each note has the length it says.
    unsafe {
        let elements = std::slice::from_raw_parts((*offsets.ptr()).elems, count);
        elements
            .iter()
            .map(|element| {
                if element.metadata.is_null() {
                    return String::new();
                }
                let bytes = std::slice::from_raw_parts(element.metadata.cast::<u8>(), element.metadata_size);
                String::from_utf8_lossy(bytes).into_owned()
            })
            .collect()
    }
}

/// Room for the value of a header: ids and addresses have some thirty bytes, numbers a few.
const VALUE_BYTES_USUAL: usize = 32;

/// Most headers that room is made for at once: three times what our records have. A stranger's record may
/// have half a million empty ones.
const HEADERS_AT_ONCE_MAX: usize = 64;

/// A record's headers. rdkafka's panic if a name is not UTF-8, and any producer can send such a name; here
/// it is read with replacement characters.
pub(crate) fn headers(message: &BorrowedMessage<'_>) -> Headers {
    // SAFETY: the message is alive, and so are its headers, names and values; a value has the length that
    // librdkafka says, and both are copied.
    unsafe {
        let mut list = ptr::null_mut();
        if sys::rd_kafka_message_headers(message.ptr(), &raw mut list) != NO_ERROR {
            return Headers::new();
        }
        let count = sys::rd_kafka_header_cnt(list);
        let usual = count.min(HEADERS_AT_ONCE_MAX);
        let mut headers = Headers::with_capacity(usual, usual * VALUE_BYTES_USUAL);
        for index in 0..count {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            let read =
                sys::rd_kafka_header_get_all(list, index, &raw mut name, &raw mut value, &raw mut size);
            if read != NO_ERROR {
                break;
            }
            let value = match value.is_null() {
                true => &[],
                false => std::slice::from_raw_parts(value.cast::<u8>(), size),
            };
            headers.push(&lent(name), value);
        }
        headers
    }
}

/// A topic as the cluster describes it.
pub(crate) struct Described {
    /// Its name.
    pub name: String,
    /// Kafka's id of it, in its base64 form.
    pub id: String,
    /// How many partitions.
    pub partitions: i32,
}

/// Describes topics with their ids, which rdkafka has no call for. Topics that do not exist are left out.
pub(crate) fn describe_topics(
    client: Client,
    names: &[String],
    bound: Duration,
) -> Result<Vec<Described>, Code> {
    let names: Vec<CString> = names.iter().filter_map(|name| CString::new(name.as_str()).ok()).collect();
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    // SAFETY: every value is alive until the event has been read: the event is dropped before the queue,
    // and librdkafka copies names and options.
    unsafe {
        let collection = Owned(
            sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()),
            sys::rd_kafka_TopicCollection_destroy,
        );
        let options = Owned(
            sys::rd_kafka_AdminOptions_new(
                client,
                sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            ),
            sys::rd_kafka_AdminOptions_destroy,
        );
        let queue = Owned(sys::rd_kafka_queue_new(client), sys::rd_kafka_queue_destroy);
        sys::rd_kafka_DescribeTopics(client, collection.0, options.0, queue.0);
        let event = Owned(sys::rd_kafka_queue_poll(queue.0, millis(bound)), sys::rd_kafka_event_destroy);
        if event.0.is_null() {
            return Err(Code::OperationTimedOut);
        }
        let error = sys::rd_kafka_event_error(event.0);
        if error != NO_ERROR {
            return Err(error.into());
        }
        read_descriptions(sys::rd_kafka_event_DescribeTopics_result(event.0))
    }
}

/// # Safety
/// `result` is null or belongs to a living event.
unsafe fn read_descriptions(
    result: *const sys::rd_kafka_DescribeTopics_result_t,
) -> Result<Vec<Described>, Code> {
    if result.is_null() {
        return Err(Code::Fail);
    }
    let mut described = Vec::new();
    // SAFETY: the result's event is alive, and so is all that is reached from it.
    unsafe {
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        for index in 0..count {
            let topic = *topics.add(index);
            let code: Code = sys::rd_kafka_error_code(sys::rd_kafka_TopicDescription_error(topic)).into();
            match code {
                Code::NoError => {}
                Code::UnknownTopicOrPartition | Code::UnknownTopic => continue,
                code => return Err(code),
            }
            let mut partitions = 0;
            sys::rd_kafka_TopicDescription_partitions(topic, &raw mut partitions);
            described.push(Described {
                name: text(sys::rd_kafka_TopicDescription_name(topic)),
                id: text(sys::rd_kafka_Uuid_base64str(sys::rd_kafka_TopicDescription_topic_id(topic))),
                partitions: i32::try_from(partitions).unwrap_or(i32::MAX),
            });
        }
    }
    Ok(described)
}

#[cfg(test)]
mod tests;
