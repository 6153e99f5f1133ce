//! What a model's server sends: a status, headers, and a body in any pieces.

use std::sync::LazyLock;

use agents_model_http::{Recorded, Settings, read_recorded};

use crate::bytes::{first_line, joined, pairs, parts};

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| Settings::new("http://127.0.0.1/v1", "a-model"));

/// Parts: the status in a line and the headers in others; then the body in pieces. The body is also taken
/// byte by byte: how it is cut may make no difference.
pub(super) fn run(bytes: &[u8]) {
    let parts = parts(bytes);
    let (status, rest) = first_line(parts[0]);
    let headers = pairs(rest);
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let status = status.trim().parse().unwrap_or(200);
    let pieces = parts[1..].to_vec();
    let whole = pieces.concat();
    let read = |pieces: Vec<&[u8]>| {
        let completion = read_recorded(&Recorded { status, headers: headers.clone(), pieces }, &SETTINGS);
        if let Ok(completion) = &completion {
            assert!(completion.text.len() <= SETTINGS.answer_bytes_max, "more text than is allowed");
        }
        format!("{completion:?}")
    };
    assert_eq!(read(pieces), read(whole.chunks(1).collect()), "how it is cut makes a difference");
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let stream = b"200\ncontent-type: text/event-stream";
    let plain = b"200\ncontent-type: application/json";
    vec![
        joined(&[
            stream,
            b"data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n",
            b"data: {\"choices\":[{\"delta\":{\"content\":\"a wo",
            b"rd\"}}]}\r\n\r\n: a comment\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
        ]),
        joined(&[stream, b"data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}\n\n"]),
        joined(&[
            plain,
            br#"{"model":"m","choices":[{"message":{"content":"words"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":4294967296}}"#,
        ]),
        joined(&[plain, br#"{"error":{"code":429,"message":"slow down"}}"#]),
        joined(&[
            b"429\nretry-after: 7\nretry-after-ms: 250.5\ndate: Sun, 06 Nov 1994 08:49:37 GMT",
            br#"{"error":{"code":"insufficient_quota","message":"no money"}}"#,
        ]),
        joined(&[b"503\nretry-after: Sun, 06 Nov 1994 08:49:57 GMT\ndate: Sun, 06 Nov 1994 08:49:37 GMT", b"<html>"]),
        joined(&[b"307\nlocation: http://elsewhere/", b""]),
    ]
}
