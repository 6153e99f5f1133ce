//! Endpoints, what is written, and what is heard of a collector; sending is in the crate's tests folder.

use super::json::rejected;
use super::{Endpoint, Settings, json, span};

/// A collector's base URL, with or without where traces go; nothing else.
#[test]
fn endpoints_are_urls() {
    let check = |text: &str, expected: Option<&str>| {
        let traces = Endpoint::parse(text).map(|endpoint| endpoint.traces());
        assert_eq!(traces.as_deref().ok(), expected, "{text}: {traces:?}");
    };
    check("http://127.0.0.1:4318", Some("http://127.0.0.1:4318/v1/traces"));
    check("http://127.0.0.1:4318/", Some("http://127.0.0.1:4318/v1/traces"));
    check("https://otel.example/in/v1/traces", Some("https://otel.example/in/v1/traces"));
    for wrong in ["", "127.0.0.1:4318", "localhost:4318", "grpc://a:4317", "http://u:p@a", "http://a?x=1"] {
        check(wrong, None);
    }
}

/// What a collector says that it did not take is believed, in both of the forms that JSON has for it.
#[test]
fn hears_what_was_rejected() {
    let check = |answer: &str, expected: u64| assert_eq!(rejected(answer.as_bytes()), expected, "{answer}");
    check(r#"{"partialSuccess": {"rejectedSpans": "7", "errorMessage": "too old"}}"#, 7);
    check(r#"{"partialSuccess": {"rejectedSpans": 7}}"#, 7);
    check(r#"{"partialSuccess": {}}"#, 0);
    check("{}", 0);
    check("thanks", 0);
}

/// A long text is cut between characters, and a span without a place is not written.
#[test]
fn spans_are_bounded() {
    use std::fmt::Write as _;
    let mut text = span::Text(String::new());
    assert!(write!(text, "{}{}", "a".repeat(1_023), "é".repeat(10)).is_err());
    assert_eq!(text.0.len(), 1_023);
    let endpoint = Endpoint::parse("http://a").unwrap();
    let settings = Settings { endpoint, namespace: "n".to_owned(), instance: "i".to_owned() };
    let written = json::request(&settings, &[span::Span::default()]);
    assert_eq!(written["resourceSpans"][0]["scopeSpans"][0]["spans"], serde_json::json!([]));
}
