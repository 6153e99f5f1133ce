//! Events are the same however their bytes are cut.

use super::{EVENT_BYTES_MAX, Events, TooLong};

/// All events of a stream that comes in pieces of `size` bytes.
fn read(stream: &[u8], size: usize) -> Result<Vec<Vec<u8>>, TooLong> {
    let mut events = Events::default();
    let mut found = Vec::new();
    for mut piece in stream.chunks(size) {
        while let Some(event) = events.next(&mut piece)? {
            found.push(event);
        }
    }
    found.extend(events.finish());
    Ok(found)
}

/// Line ends of either kind, comments, other fields, several data lines, letters of several bytes, an end
/// without the empty line: cut anywhere, the events are the same.
#[test]
fn any_cut_gives_the_same_events() {
    let check = |stream: &str, expected: &[&str]| {
        for size in 1..=stream.len().max(1) {
            let expected: Vec<&[u8]> = expected.iter().map(|event| event.as_bytes()).collect();
            assert_eq!(read(stream.as_bytes(), size).unwrap(), expected, "{stream:?} in pieces of {size}");
        }
    };
    check("", &[]);
    check("data: a\n\ndata: b\n\n", &["a", "b"]);
    check("data:a\r\n\r\ndata:  b\r\n\r\n", &["a", " b"]);
    check(": hello\n\nevent: x\nid: 3\ndata: é漢\n\n\n\n", &["é漢"]);
    check("data: {\ndata: }\n\n", &["{\n}"]);
    check("data: a\n\ndata: [DONE]", &["a", "[DONE]"]);
    check("data:\n\n", &[""]);
    check("nothing of this\nis an event\n", &[]);
    check("data: a\n\ndata: b\n", &["a", "b"]);
    check("data: a\n\n\r", &["a"]);
    check("data: a\n\r", &["a"]);
}

/// What never ends is an error and not memory.
#[test]
fn bounds() {
    let line = [b"data: ".as_slice(), &vec![b'x'; EVENT_BYTES_MAX]].concat();
    assert_eq!(read(&line, 4096), Err(TooLong));
    let many = b"data: xxxxxxxxx\n".repeat(EVENT_BYTES_MAX / 9);
    assert_eq!(read(&many, 4096), Err(TooLong));
}
