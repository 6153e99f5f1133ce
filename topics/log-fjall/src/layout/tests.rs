//! The bytes on disk: that they stay what they were, and are read back.

use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn kept() -> Kept {
    let mut headers = Headers::new();
    headers.push("h", b"1");
    headers.push("h", b"");
    let (key, value) = (Key::new(b"k"), Bytes::from_static(b"vv"));
    Kept { offset: 258, timestamp: Timestamp(1), key, value, headers }
}

fn topic() -> NewTopic {
    let config = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    NewTopic { name: "t".to_owned(), partitions: 3, replication: 1, config }
}

const PLACE: Place = Place { topic: 7, partition: 2 };
const EXTENT: Extent = Extent { start: 1, end: 9, records_end: 8, records: 4, bytes: 258 };

fn committed() -> Committed {
    Committed { offset: 258, metadata: "m".to_owned() }
}

/// Shows the bytes of format 1, each as it was when the format was made. Whoever has to change one of
/// them has to give the format another number.
#[test]
fn format_1() {
    let check = |found: &[u8], expected: &str| assert_eq!(hex(found), expected.replace(' ', ""));
    check(&topic_key(7), "0000000000000007");
    check(&topic_value(&topic()), "00000003 00000001 74 00000001 61 00000001 62");
    check(&place_key(PLACE), "0000000000000007 00000002");
    check(&record_key(PLACE, 258), "0000000000000007 00000002 0000000000000102");
    check(
        &record_value(&kept()),
        "0000000000000001 00000001 6b 00000002 7676 00000001 68 00000001 31 00000001 68 00000000",
    );
    check(
        &extent_value(EXTENT),
        "0000000000000001 0000000000000009 0000000000000008 0000000000000004 0000000000000102",
    );
    check(&offset_key(PLACE, "g"), "0000000000000007 00000002 67");
    check(&offset_value(&committed()), "0000000000000102 6d");
}

/// Shows that what is written is read back.
#[test]
fn read_back() {
    assert_eq!(topic_of(&topic_key(7)), Some(7));
    assert_eq!(topic_value_of(&topic_value(&topic())), Some(topic()));
    assert_eq!(split_place(&place_key(PLACE)), Some((PLACE, &[][..])));
    assert_eq!(offset_of(&record_key(PLACE, 258)), Some(258));
    assert_eq!(record_of(258, &record_value(&kept())), Some(kept()));
    assert_eq!(time_of(&record_value(&kept())), Some(Timestamp(1)));
    assert_eq!(size_of(&record_value(&kept())), Some(kept().size_bytes() as u64));
    assert_eq!(extent_of(&extent_value(EXTENT)), Some(EXTENT));
    let (key, value) = (offset_key(PLACE, "g"), offset_value(&committed()));
    assert_eq!(committed_of(&key, &value), Some(("g".to_owned(), PLACE, committed())));
}

/// Shows that bytes which are cut off anywhere are refused or read as a shorter whole, never misread into
/// what was not written.
#[test]
fn cut_off() {
    let record = record_value(&kept());
    // It may end where its value does, or where a header does.
    for length in 0..record.len() {
        let found = record_of(258, &record[..length]);
        assert_eq!(found.is_some(), [19, 29].contains(&length), "a record of {length} bytes");
    }
    for length in 0..extent_value(EXTENT).len() {
        assert_eq!(extent_of(&extent_value(EXTENT)[..length]), None, "an extent of {length} bytes");
    }
    let topic = topic_value(&topic());
    for length in 0..topic.len() {
        let found = topic_value_of(&topic[..length]);
        assert_eq!(found.is_some(), length == 9, "a topic of {length} bytes");
    }
}

/// Shows that numbers which no log can have are refused where they are read: whoever counts on from them, or makes
/// room for so many, would fail.
#[test]
fn no_such_number() {
    let topic = |partitions: i32| [&partitions.to_be_bytes()[..], &[0, 0, 0, 1, b't']].concat();
    for partitions in [i32::MIN, -1, 0, PARTITIONS_MAX + 1, i32::MAX] {
        assert_eq!(topic_value_of(&topic(partitions)), None, "{partitions} partitions");
    }
    for number in [NUMBER_MAX + 1, u64::MAX] {
        let partition_key = [&topic_key(number)[..], &[0; 4]].concat();
        assert_eq!(
            (topic_of(&topic_key(number)), split_place(&partition_key)),
            (None, None),
            "topic {number}"
        );
    }
    for partition in [-1, i32::MIN] {
        assert_eq!(split_place(&place_key(Place { partition, ..PLACE })), None, "partition {partition}");
    }
    for offset in [-1, i64::MIN, OFFSET_MAX + 1, i64::MAX] {
        let committed = Committed { offset, ..committed() };
        assert_eq!(committed_of(&offset_key(PLACE, "g"), &offset_value(&committed)), None, "offset {offset}");
        assert_eq!(offset_of(&record_key(PLACE, offset)), None, "offset {offset}");
    }
    assert_eq!(offset_of(&[&record_key(PLACE, 258)[..], &[0]].concat()), None, "a longer key");
    assert_eq!(offset_of(&258_i64.to_be_bytes()), None, "a shorter key");
    let (start, end, records_end) = (EXTENT.start, EXTENT.end, EXTENT.records_end);
    for extent in [
        Extent { start: -1, ..EXTENT },
        Extent { start: records_end + 1, ..EXTENT },
        Extent { records_end: start - 1, ..EXTENT },
        Extent { records_end: end + 1, ..EXTENT },
        Extent { end: i64::MAX, ..EXTENT },
        Extent { records: u64::MAX, ..EXTENT },
        Extent { bytes: u64::MAX, ..EXTENT },
    ] {
        assert_eq!(extent_of(&extent_value(extent)), None, "{extent:?}");
    }
}
