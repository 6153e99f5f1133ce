//! The bytes on disk: their order, and that they stay what they were.

use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn owner() -> Owner {
    Owner {
        epoch: Epoch(7),
        topic_id: "topic".to_owned(),
        committed: Some(258),
        stepping: None,
        deaths: 3,
        closed: true,
    }
}

/// Shows the bytes of format 1, each as it was when the format was made. Whoever has to change one of
/// them has to give the format another number.
#[test]
fn format_1() {
    let line = line("ag", b"\0k", 2);
    let slot = Slot { agent: "ag".into(), generation: 2, partition: 1 };
    let cell = Cell { epoch: Epoch(7), expires: Some(Timestamp(258)), value: Bytes::from_static(b"v") };
    let floor = Floor { offset: 258, epoch: Epoch(7), until: Timestamp(1) };
    let check = |found: &[u8], expected: &str| assert_eq!(hex(found), expected.replace(' ', ""));
    check(&line, "0002 6167 0002 006b 80000002");
    check(&cell_key(&line, 258), "0002 6167 0002 006b 80000002 7ffffffffffffefd");
    check(&cell_value(&cell), "8000000000000007 8000000000000102 76");
    check(&cell_value(&Cell { expires: None, ..cell }), "8000000000000007 ffffffffffffffff 76");
    check(&floors_value(&Floors(vec![floor])), "8000000000000102 8000000000000007 8000000000000001");
    check(&owner_key(&slot), "0002 6167 80000002 80000001");
    check(
        &owner_value(&owner()),
        "8000000000000007 8000000000000102 0000000000000000 00000003 01 746f706963",
    );
    check(&held_key("sp", b"\0k"), "0002 7370 0002 006b");
    check(&held_value(b"v", Some(Timestamp(258))), "8000000000000102 76");
    check(
        &due_key(&minute("sp", 1, -1), Timestamp(258), b"k"),
        "0002 7370 80000001 7fffffffffffffff 8000000000000102 6b",
    );
    check(&end_key(Timestamp(258), 3, b"k"), "8000000000000102 03 6b");
    let long = held_key("sp", &vec![b'k'; PART_BYTES_MAX + 1]);
    let hash = "d87eb948b53060ca20130d74d5e258306812496f39a898ebf9935b7a90020097";
    check(&long, &format!("0002 7370 ffff {hash}"));
}

/// Shows that what is written is read back, and that bytes which are cut off are not misread.
#[test]
fn read_back() {
    let cells = [None, Some(Timestamp(-1)), Some(Timestamp(i64::MAX - 1))].map(|expires| Cell {
        epoch: Epoch(i64::MAX),
        expires,
        value: Bytes::from_static(b"\0value\xff"),
    });
    for cell in cells {
        let value = cell_value(&cell);
        assert_eq!(cell_of(&value), Some(cell));
        assert_eq!(cell_of(&value[..15]), None);
    }
    for owner in [owner(), Owner { committed: Some(0), stepping: Some(i64::MAX), closed: false, ..owner() }] {
        let value = owner_value(&owner);
        assert_eq!(owner_of(&value), Some(owner));
        assert_eq!(owner_of(&value[..28]), None);
    }
    let floor = Floor { offset: 5, epoch: Epoch(1), until: Timestamp(9) };
    let floors = Floors(vec![floor, Floor { offset: 3, epoch: Epoch(2), ..floor }]);
    let value = floors_value(&floors);
    assert_eq!(floors_of(&value), Some(floors));
    assert_eq!(floors_of(&value[..47]), None);
    assert_eq!(held_of(&held_value(b"v", None)), Some((None, &b"v"[..])));
    assert_eq!(held_of(&held_value(b"", Some(Timestamp(4)))), Some((Some(Timestamp(4)), &b""[..])));
    assert_eq!(end_of(&end_key(Timestamp(4), 2, b"k")), Some((Timestamp(4), 2, &b"k"[..])));
    let minute = minute("sp", 1, 2);
    assert_eq!(due_of(&minute, &due_key(&minute, Timestamp(4), b"k")), Some((Timestamp(4), &b"k"[..])));
}

/// Shows that numbers keep their order in bytes, offsets turned about, and are read back.
#[test]
fn order_of_numbers() {
    let rising = [i64::MIN, -256, -1, 0, 1, 255, 256, i64::MAX - 1, i64::MAX];
    for pair in rising.windows(2) {
        assert!(number(pair[0]) < number(pair[1]), "{pair:?}");
        assert!(cell_key(b"line", pair[0]) > cell_key(b"line", pair[1]), "{pair:?}");
    }
    for offset in rising {
        assert_eq!(offset_of(&cell_key(b"line", offset)), Some(offset));
    }
    assert!(small(-1) < small(0) && small(0) < small(1) && small(255) < small(256));
}

/// Shows that no line is the beginning of another one, whatever names and keys are made of.
#[test]
fn lines_apart() {
    let long = "k".repeat(PART_BYTES_MAX + 1);
    let hash = String::from_utf8_lossy(&[0xff; 34]).into_owned();
    let parts = ["", "a", "ab", "\0", "a\0", "\u{ff}", "\0\u{1}a", &"k".repeat(PART_BYTES_MAX), &long, &hash];
    let mut lines = Vec::new();
    for agent in parts {
        for key in parts {
            lines.extend([0, 1, 256].map(|generation| line(agent, key.as_bytes(), generation)));
        }
    }
    for (index, one) in lines.iter().enumerate() {
        for other in &lines[index + 1..] {
            assert!(!one.starts_with(other) && !other.starts_with(one), "{} {}", hex(one), hex(other));
        }
    }
}
