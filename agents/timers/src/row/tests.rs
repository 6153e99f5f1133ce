//! Rows keep the whole record, in bytes that every later version must read.

use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::{Headers, Timestamp};
use topics_log::{NewRecord, Record, TopicPartition};

use super::{TimerRow, minute_of};

/// Version 1, as it was released: what stores hold.
const GOLDEN: &str =
    "c301aa0fe17b221cdb7b0e80a0abfef962126e732e7465616d2e610402770606746902086b696e640a74696d657200";

fn record() -> NewRecord {
    let mut headers = Headers::new();
    headers.push("kind", "timer");
    NewRecord {
        topic: "ns.team.a".into(),
        partition: Some(2),
        key: Bytes::from_static(b"w").into(),
        value: Bytes::from_static(b"\x06ti"),
        headers,
    }
}

fn request() -> Record {
    Record {
        topic_partition: TopicPartition::new("ns.timers", 1),
        offset: 7,
        timestamp: Timestamp(1_700_000_000_000),
        key: Bytes::from_static(b"call").into(),
        value: Bytes::from_static(b"\x06ti"),
        headers: Headers::new(),
    }
}

/// The record that fires is the one that was written down, and the request can be told from the row.
#[test]
fn keeps_the_record() {
    let row = TimerRow::new(&request(), &record(), 2);
    assert_eq!(row.firing(), record());
    let told = row.request(TopicPartition::new("ns.timers", 1), Bytes::from_static(b"call"));
    assert_eq!(told, Record { headers: record().headers, ..request() });
}

/// The bytes of version 1 are read, and are still what is written.
#[test]
fn reads_version_one() {
    let codec = Codec::new(Registry::new().unwrap());
    let row = TimerRow::new(&request(), &record(), 2);
    let bytes = codec.encode_state(&row).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, GOLDEN);
    assert_eq!(codec.decode_state::<TimerRow>(&bytes).unwrap(), row);
}

/// A time lies in the minute that began last, also before 1970.
#[test]
fn lies_in_a_minute() {
    let check = |time: i64, minute: i64| assert_eq!(minute_of(Timestamp(time)), minute, "{time}");
    check(0, 0);
    check(59_999, 0);
    check(60_000, 1);
    check(-1, -1);
    check(i64::MAX, i64::MAX / 60_000);
    check(i64::MIN, i64::MIN / 60_000 - 1);
}
