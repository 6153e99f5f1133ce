//! Bytes that other programs may send and rdkafka's own calls would panic at. The broker here is
//! librdkafka's mock, which is enough to carry bytes.

use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, Producer as _};
use rdkafka::util::Timeout;

use super::{headers, notes};
use crate::logging::{Named, Voice};
use crate::offsets::places;
use crate::settings::Settings;

/// Sends one record with a header of this name.
fn send_with_header(producer: &BaseProducer, topic: &std::ffi::CStr, name: &[u8], value: &[u8]) {
    let mut name = name.to_vec();
    name.push(0);
    // SAFETY: each type tag is followed by the arguments that librdkafka reads for it, all of them alive;
    // the record is copied.
    let sent = unsafe {
        sys::rd_kafka_producev(
            producer.client().native_ptr(),
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TOPIC,
            topic.as_ptr(),
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS,
            sys::RD_KAFKA_MSG_F_COPY,
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADER,
            name.as_ptr(),
            value.as_ptr(),
            value.len(),
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_END,
        )
    };
    assert_eq!(sent, super::NO_ERROR);
}

/// A header whose name is not UTF-8 is read with replacement characters, its value untouched.
#[test]
fn reads_headers_of_any_name() {
    let cluster = MockCluster::new(1).expect("a mock cluster");
    cluster.create_topic("topic", 1, 1).expect("a topic");
    let settings = Settings { brokers: cluster.bootstrap_servers(), ..Settings::default() };
    let mut config = rdkafka::ClientConfig::new();
    let producer: BaseProducer =
        config.set("bootstrap.servers", &settings.brokers).create().expect("a producer");
    send_with_header(&producer, c"topic", b"caf\xff", &[0, 255]);
    send_with_header(&producer, c"topic", b"plain", b"");
    producer.flush(Timeout::After(Duration::from_secs(20))).expect("flush");
    let consumer: BaseConsumer<Named> =
        settings.reader(false).create_with_context(Named(Voice::new("reader"))).expect("a consumer");
    let partition = topics_log::TopicPartition::new("topic", 0);
    consumer.assign(&places([(&partition, 0)].iter()).expect("a list")).expect("assign");
    let mut found = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(20);
    while found.len() < 2 {
        assert!(Instant::now() < deadline, "found {found:?}");
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            let headers = headers(&message);
            found.extend(
                headers.iter().map(|(name, value)| (name.to_owned(), value.to_vec())).collect::<Vec<_>>(),
            );
        }
    }
    assert_eq!(found, [("caf\u{fffd}".to_owned(), vec![0, 255]), ("plain".to_owned(), vec![])]);
}

/// A note beside an offset is read whatever its bytes are, and none is empty.
#[test]
fn reads_notes_of_any_bytes() {
    let check = |bytes: Option<&[u8]>, expected: &str| {
        let mut list = TopicPartitionList::new();
        list.add_partition("topic", 0);
        if let Some(bytes) = bytes {
            // SAFETY: the list is alive and has one element, which frees what librdkafka allocated here.
            unsafe {
                let copy = sys::rd_kafka_mem_malloc(std::ptr::null_mut(), bytes.len());
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), copy.cast::<u8>(), bytes.len());
                let element = (*list.ptr()).elems;
                (*element).metadata = copy;
                (*element).metadata_size = bytes.len();
            }
        }
        assert_eq!(notes(&list), [expected], "{bytes:?}");
    };
    assert!(notes(&TopicPartitionList::new()).is_empty());
    check(None, "");
    check(Some(b"store=memory"), "store=memory");
    check(Some(b"\xff\xfe"), "\u{fffd}\u{fffd}");
}
