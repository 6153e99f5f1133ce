//! A stream means the same however it is cut, and an answer that is whole is not lost to what follows it.

use super::{Recorded, Settings, read_recorded};

/// So much of a body is read here.
const BODY_BYTES_MAX: usize = 400;

const HELLO: &[u8] = br#"data: {"choices":[{"delta":{"content":"hello"}}]}"#;
const STOP: &[u8] = br#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
const USAGE: &[u8] = br#"data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
const DONE: &[u8] = b"data: [DONE]";
const NO_TEXT: &[u8] = b"data: {\"choices\":[{\"\xff";

/// What becomes of events, cut into pieces of any size: text and tokens, or the error's word.
fn read(events: &[&[u8]]) -> Result<(String, u32), &'static str> {
    let settings = Settings { body_bytes_max: BODY_BYTES_MAX, ..Settings::new("http://127.0.0.1/v1", "m") };
    let body = events.join(&b"\n\n"[..]);
    let headers = vec![("content-type", "text/event-stream")];
    let read = |size: usize| {
        let pieces = body.chunks(size).collect();
        let read = read_recorded(&Recorded { status: 200, headers: headers.clone(), pieces }, &settings);
        read.map(|whole| (whole.text, whole.usage.output_tokens)).map_err(|error| error.to_string())
    };
    let whole = read(body.len().max(1));
    for size in 1..body.len() {
        assert_eq!(read(size), whole, "{} in pieces of {size}", body.escape_ascii());
    }
    let whole = read_recorded(&Recorded { status: 200, headers, pieces: vec![&body] }, &settings);
    whole.map(|whole| (whole.text, whole.usage.output_tokens)).map_err(|error| error.word())
}

/// Garbage before the end breaks a stream; behind a whole answer it does not, nor does its length.
#[test]
fn what_follows_has_no_say() {
    let long = [b": ".as_slice(), &[b'x'; BODY_BYTES_MAX]].concat();
    let check = |events: &[&[u8]], tokens: u32| assert_eq!(read(events), Ok(("hello".to_owned(), tokens)));
    check(&[HELLO, STOP, USAGE, DONE], 2);
    check(&[HELLO, STOP, USAGE], 2);
    check(&[HELLO, DONE, NO_TEXT, b""], 0);
    check(&[HELLO, STOP, NO_TEXT, USAGE, b""], 2);
    check(&[HELLO, STOP, USAGE, &long], 2);
    check(&[HELLO, DONE, &long], 0);

    assert_eq!(read(&[HELLO, NO_TEXT, STOP, DONE]), Err("transient"));
    assert_eq!(read(&[NO_TEXT, HELLO, STOP, DONE]), Err("bad-answer"));
    assert_eq!(read(&[HELLO, &long, STOP, DONE]), Err("bad-answer"));
    assert_eq!(read(&[HELLO]), Err("transient"));
}
