//! The server's own doors, spoken to as a stranger would: bytes on a socket.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, also in its helpers, a panic is a failure")]

use std::time::Duration;

use tests_provider::server::REQUEST_BYTES_MAX;
use tests_provider::{Fault, Provider, Rule, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ASK: &str = r#"{"model":"m","messages":[{"role":"user","content":"- It rains."}]}"#;

/// Sends one request and returns the whole response.
async fn send(provider: &Provider, method: &str, path: &str, body: &str) -> String {
    let authority = provider.base_url().replace("http://", "").replace("/v1", "");
    let mut socket = TcpStream::connect(&authority).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    socket.write_all((head + body).as_bytes()).await.unwrap();
    let mut response = Vec::new();
    tokio::time::timeout(Duration::from_secs(30), socket.read_to_end(&mut response)).await.unwrap().unwrap();
    String::from_utf8(response).unwrap()
}

/// Scripts are set, followed so many times and replaced over HTTP; what is paid is counted by prompt; the
/// same prompt has the same answer.
#[tokio::test]
async fn scripts_and_counts() {
    let provider = Provider::start(Settings::default()).await.unwrap();
    let ask = async || send(&provider, "POST", "/v1/chat/completions", ASK).await;
    let first = ask().await;
    assert!(first.starts_with("HTTP/1.1 200") && first.contains("rains."), "{first}");
    let body = |response: &str| response.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    assert_eq!(body(&ask().await), body(&first));

    let script = r#"[{"match": "rains", "times": 1, "fault": {"kind": "status", "status": 429, "retry_after": "2"}},
        {"match": "rains", "times": 1, "fault": {"kind": "garbage"}}]"#;
    assert!(send(&provider, "POST", "/script", script).await.starts_with("HTTP/1.1 204"));
    let limited = ask().await;
    assert!(limited.starts_with("HTTP/1.1 429") && limited.contains("retry-after: 2"), "{limited}");
    assert!(ask().await.contains("<html>"));
    assert!(ask().await.contains("rains."));
    assert!(send(&provider, "POST", "/script", script).await.starts_with("HTTP/1.1 204"));
    assert!(send(&provider, "POST", "/script", "[]").await.starts_with("HTTP/1.1 204"));
    assert!(ask().await.contains("rains."));

    let paid = provider.paid();
    assert_eq!((paid.calls, paid.by_prompt.len(), paid.again()), (5, 1, 4));
    let shown = send(&provider, "GET", "/paid", "").await;
    assert!(shown.contains(r#"{"calls":5,"by_prompt":{""#), "{shown}");
}

/// A long name stands once in an answer, plain or streamed.
#[tokio::test]
async fn long_names() {
    let provider = Provider::start(Settings::default()).await.unwrap();
    let fault = Fault::LongName { bytes: 1 << 20 };
    provider.script(vec![Rule { contains: String::new(), times: None, fault }]).unwrap();
    for stream in [true, false] {
        let ask = ASK.replacen('{', &format!("{{\"stream\":{stream},"), 1);
        let answer = send(&provider, "POST", "/v1/chat/completions", &ask).await;
        assert_eq!(answer.matches(&"m".repeat(1 << 20)).count(), 1, "{answer:.300}");
        assert!(answer.contains("rains."), "{answer:.300}");
    }
}

/// What is no request or no script is refused and not paid for.
#[tokio::test]
async fn refusals() {
    let provider = Provider::start(Settings::default()).await.unwrap();
    let check = async |path: &str, body: &str, status: &str| {
        let response = send(&provider, "POST", path, body).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "{path} {body:.40}: {response:.80}");
    };
    check("/v1/chat/completions", "{", "400").await;
    check("/v1/chat/completions", r#"{"model":"m"}"#, "400").await;
    check("/v1/chat/completions", &"x".repeat(REQUEST_BYTES_MAX + 1), "413").await;
    check("/v1/completions", ASK, "404").await;
    check("/script", r#"[{"fault":{"kind":"dance"}}]"#, "422").await;
    let rule = Rule { contains: String::new(), times: None, fault: Fault::Empty };
    let many = serde_json::to_string(&vec![rule; 1001]).unwrap();
    check("/script", &many, "400").await;
    assert_eq!(provider.paid().calls, 0);
}

/// A call is paid for once its answer is begun, also if the caller does not wait for it.
#[tokio::test]
async fn callers_who_leave_have_paid() {
    let provider =
        Provider::start(Settings { latency: Duration::from_secs(60), ..Settings::default() }).await.unwrap();
    let ask = send(&provider, "POST", "/v1/chat/completions", ASK);
    let counted = async {
        while provider.paid().calls == 0 {
            tokio::task::yield_now().await;
        }
    };
    let left = async {
        tokio::select! {
            _ = ask => panic!("answered within a minute"),
            () = counted => {}
        }
    };
    tokio::time::timeout(Duration::from_secs(30), left).await.unwrap();
    assert_eq!(provider.paid().calls, 1);
}

/// A pause is said in each form, and headers and usage may lie, though a scripted server has no limits.
#[tokio::test]
async fn pauses_and_lies() {
    let provider = Provider::start(Settings::default()).await.unwrap();
    let check = async |fault: &str, status: &str, wanted: &str| {
        let script = format!(r#"[{{"fault": {fault}}}]"#);
        assert!(send(&provider, "POST", "/script", &script).await.starts_with("HTTP/1.1 204"), "{fault}");
        let answer = send(&provider, "POST", "/v1/chat/completions", ASK).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(wanted), "{answer}");
    };
    let pause = |seconds: i64, form: &str| {
        format!(r#"{{"kind": "retry_after", "status": 429, "seconds": {seconds}, "form": "{form}"}}"#)
    };
    check(&pause(86_400, "seconds"), "429", "retry-after: 86400\r\n").await;
    check(&pause(-1, "milliseconds"), "429", "retry-after-ms: -1000\r\n").await;
    check(&pause(-3600, "date"), "429", " GMT\r\n").await;
    let lies = r#"{"kind": "lying_headers", "remaining": 0, "reset_seconds": 86400}"#;
    check(lies, "200", "x-ratelimit-remaining-tokens: 0\r\n").await;
    check(lies, "200", "x-ratelimit-reset-requests: 24h0m0s\r\n").await;
    check(r#"{"kind": "no_usage"}"#, "200", "rains.").await;
    assert_eq!(provider.paid().calls, 3);
}
