//! What each status and error object means.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::json;

use super::{excerpt, inside, of_status};

/// Statuses by remedy; a spent account is not waited for.
#[test]
fn statuses() {
    let check = |status: u16, body: &str, word: &str, says: &str| {
        let error = of_status(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes());
        assert_eq!(error.word(), word, "{status} {body}: {error}");
        assert!(error.to_string().contains(says), "{error} does not say {says}");
    };
    check(429, "", "rate-limited", "status 429");
    check(
        429,
        r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#,
        "rate-limited",
        "slow down",
    );
    check(429, r#"{"error":{"message":"pay","code":"insufficient_quota"}}"#, "refused", "insufficient_quota");
    check(500, "<html>\noops", "transient", "<html> oops");
    check(503, "", "transient", "status 503");
    check(529, "", "transient", "status 529");
    check(408, "", "transient", "status 408");
    check(400, r#"{"error":"too long a prompt"}"#, "refused", "too long a prompt");
    check(401, "", "refused", "status 401");
    check(404, "", "refused", "status 404");
    check(301, "", "refused", "redirects to nowhere");
    check(204, "", "refused", "status 204");
}

/// Errors inside a 200 by their code, a number or a word.
#[test]
fn errors_inside() {
    let check = |object: serde_json::Value, word: &str| {
        assert_eq!(inside(&object).word(), word, "{object}");
    };
    check(json!({"code": 429}), "rate-limited");
    check(json!({"code": "429"}), "rate-limited");
    check(json!({"type": "rate_limit_error"}), "rate-limited");
    check(json!({"code": 502, "message": "upstream"}), "transient");
    check(json!({"type": "overloaded_error"}), "transient");
    check(json!({"code": 402}), "refused");
    check(json!({"type": "invalid_request_error"}), "refused");
    check(json!({"code": "insufficient_quota"}), "refused");
    check(json!("something"), "bad-answer");
    check(json!({}), "bad-answer");
}

/// Excerpts are one short line, whatever the bytes.
#[test]
fn excerpts() {
    assert_eq!(excerpt(b"  a\r\nb\x00c\xff "), "a  b c\u{fffd}");
    assert_eq!(excerpt(&vec![b'x'; 100_000]).len(), 200);
}
