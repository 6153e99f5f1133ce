//! Events are the same however their bytes are cut.

use super::{EVENT_BYTES_MAX, Events, Problem};

/// All events of a stream that comes in pieces of `size` bytes.
fn read(stream: &[u8], size: usize) -> Result<Vec<String>, Problem> {
    let mut events = Events::default();
    let mut found = Vec::new();
    for piece in stream.chunks(size) {
        found.extend(events.push(piece)?);
    }
    found.extend(events.finish()?);
    Ok(found)
}

/// Line ends of either kind, comments, other fields, several data lines, letters of several bytes, an end
/// without the empty line: cut anywhere, the events are the same.
#[test]
fn any_cut_gives_the_same_events() {
    let check = |stream: &str, expected: &[&str]| {
        for size in 1..=stream.len().max(1) {
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
}

/// What never ends, or is no text, is an error and not memory.
#[test]
fn bounds() {
    let line = [b"data: ".as_slice(), &vec![b'x'; EVENT_BYTES_MAX]].concat();
    assert_eq!(read(&line, 4096), Err(Problem::TooLong));
    let many = b"data: xxxxxxxxx\n".repeat(EVENT_BYTES_MAX / 9);
    assert_eq!(read(&many, 4096), Err(Problem::TooLong));
    assert_eq!(read(b"data: \xff\xfe\n\n", 3), Err(Problem::NotUtf8));
}
