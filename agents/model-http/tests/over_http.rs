//! The client against a real server on a real socket: good answers, and every way to fail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, also in its helpers, a panic is a failure")]

use std::time::Duration;

use agents_model::Model;
use agents_model::model::{Completion, Error};
use agents_model::scripted;
use agents_model_http::{HttpModel, KeySource, Settings};
use schemas_records::model::{Finish, ModelRequest};
use tests_provider::{Fault, Provider, Rule};
use tokio::io::AsyncWriteExt;

const PROMPT: &str =
    "Facts:\n- Construction has 5,642,000 persons.\n- That is 20 fewer than a year before.\nSay it.";

fn request() -> ModelRequest {
    ModelRequest::new("You write one sentence.", PROMPT, 40)
}

/// Settings with small sizes, and times that no busy machine needs.
fn settings(base_url: &str, streaming: bool) -> Settings {
    Settings {
        streaming,
        answer_bytes_max: 10_000,
        body_bytes_max: 1_000_000,
        ..Settings::new(base_url, "small")
    }
}

/// Settings with times short enough for a test, long enough for a busy machine.
fn impatient(base_url: &str, streaming: bool) -> Settings {
    Settings {
        first_token_max: Duration::from_secs(3),
        between_tokens_max: Duration::from_millis(1500),
        total_max: Duration::from_secs(5),
        ..settings(base_url, streaming)
    }
}

async fn ask(provider: &Provider, streaming: bool, faults: &[Fault]) -> Result<Completion, Error> {
    script(provider, faults);
    HttpModel::new(settings(&provider.base_url(), streaming)).unwrap().complete(&request()).await
}

/// Has each fault happen once.
fn script(provider: &Provider, faults: &[Fault]) {
    let rule = |fault: &Fault| Rule { contains: String::new(), times: Some(1), fault: fault.clone() };
    provider.script(faults.iter().map(rule).collect()).unwrap();
}

/// Streamed or plain, the answer is the same, whole, with what it used.
#[tokio::test]
async fn answers() {
    let provider = Provider::start(tests_provider::Settings::default()).await.unwrap();
    let expected = scripted::completion(&request());
    for streaming in [true, false] {
        let answer = ask(&provider, streaming, &[]).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.finish), (expected.text.as_str(), Finish::Stop));
        assert_eq!((answer.usage, answer.model.as_str()), (expected.usage, "small"));

        let cut = ModelRequest { max_tokens: 3, model: "large".into(), ..request() };
        let model = HttpModel::new(settings(&provider.base_url(), streaming)).unwrap();
        let answer = model.complete(&cut).await.unwrap();
        assert_eq!((answer.finish, answer.usage.output_tokens), (Finish::Length, 3));
        assert_eq!(answer.model, "large");
    }
    let paid = provider.paid();
    assert_eq!((paid.calls, paid.by_prompt.len(), paid.again()), (4, 1, 3));
}

/// What can be used is used: an unknown reason, no usage or a wrong one, a plain answer to who asked for a
/// stream, no words (which the gateway refuses).
#[tokio::test]
async fn odd_answers() {
    let provider = Provider::start(tests_provider::Settings::default()).await.unwrap();
    let check = async |streaming: bool, fault: Fault, finish: Finish, tokens: bool, text: bool| {
        let answer = ask(&provider, streaming, std::slice::from_ref(&fault)).await.unwrap();
        assert_eq!(
            (answer.finish, answer.usage.output_tokens > 0),
            (finish, tokens),
            "{fault:?} {streaming}"
        );
        assert_eq!(!answer.text.is_empty(), text, "{fault:?} {streaming}");
    };
    for streaming in [true, false] {
        check(streaming, Fault::UnknownFinish, Finish::Unknown, true, true).await;
        check(streaming, Fault::NoUsage, Finish::Stop, false, true).await;
        check(streaming, Fault::WrongUsage, Finish::Stop, false, true).await;
        check(streaming, Fault::Unstreamed, Finish::Stop, true, true).await;
        check(streaming, Fault::Nothing, Finish::Stop, true, false).await;
        check(streaming, Fault::Late { ms: 300 }, Finish::Stop, true, true).await;
    }
}

fn status(status: u16, retry_after: Option<&str>, retry_after_ms: Option<&str>, code: Option<&str>) -> Fault {
    Fault::Status {
        status,
        retry_after: retry_after.map(str::to_owned),
        retry_after_ms: retry_after_ms.map(str::to_owned),
        code: code.map(str::to_owned),
    }
}

/// Each failure is named by its remedy, streamed or not, and says what happened; each costs one request.
#[tokio::test]
async fn failures() {
    let provider = Provider::start(tests_provider::Settings::default()).await.unwrap();
    let check = async |fault: Fault, word: &str, says: &str| {
        for streaming in [true, false] {
            // A second request, were there one, would find no fault.
            let error = ask(&provider, streaming, std::slice::from_ref(&fault)).await.unwrap_err();
            assert_eq!(error.word(), word, "{fault:?} {streaming}: {error}");
            assert!(error.to_string().contains(says), "{fault:?} {streaming}: {error} does not say {says}");
        }
    };
    check(status(500, None, None, None), "transient", "status 500").await;
    check(status(404, None, None, Some("model_not_found")), "refused", "model_not_found").await;
    check(status(429, None, None, Some("insufficient_quota")), "refused", "insufficient_quota").await;
    check(status(307, None, None, None), "refused", "redirects").await;
    check(Fault::ErrorIn200 { code: 429.into() }, "rate-limited", "scripted error").await;
    check(Fault::ErrorIn200 { code: "server_error".into() }, "transient", "scripted error").await;
    check(Fault::Garbage, "bad-answer", "<html>").await;
    check(Fault::Empty, "bad-answer", "no choices").await;
    check(Fault::TooLarge { bytes: 20_000 }, "bad-answer", "too much").await;
    check(Fault::TooLarge { bytes: 2_000_000 }, "bad-answer", "too much").await;
    check(Fault::TruncateStream, "transient", "ask the server").await;
    assert_eq!(provider.paid().calls, 10, "five of them are paid for, twice each");
}

/// Half a stream that ends politely is told from a whole one; half a body is no completion.
#[tokio::test]
async fn half_answers() {
    let provider = Provider::start(tests_provider::Settings::default()).await.unwrap();
    let streamed = ask(&provider, true, &[Fault::EndEarly]).await.unwrap_err();
    assert!(
        matches!(&streamed, Error::Transient { message, .. } if message.contains("in the middle")),
        "{streamed}"
    );
    let plain = ask(&provider, false, &[Fault::EndEarly]).await.unwrap_err();
    assert_eq!(plain.word(), "bad-answer", "{plain}");
}

/// Each time-out ends what it is for: silence before the first word, silence between two, words that never
/// end; at the same time, since each takes its time.
#[tokio::test]
async fn time_outs() {
    let check = async |streaming: bool, fault: Fault, says: &str| {
        let provider = Provider::start(tests_provider::Settings::default()).await.unwrap();
        script(&provider, std::slice::from_ref(&fault));
        let model = HttpModel::new(impatient(&provider.base_url(), streaming)).unwrap();
        let error = model.complete(&request()).await.unwrap_err();
        assert_eq!(error.word(), "transient", "{fault:?} {streaming}: {error}");
        assert!(error.to_string().contains(says), "{fault:?} {streaming}: {error}");
    };
    tokio::join!(
        check(true, Fault::Late { ms: 60_000 }, "a first word within 3s"),
        check(true, Fault::Hang, "an answer within 5s"),
        check(true, Fault::KeepAlive, "a first word within 3s"),
        check(true, Fault::Stall, "a further word within 1.5s"),
        check(false, Fault::Hang, "an answer within 5s"),
        check(false, Fault::Stall, "an answer within 5s"),
        check(false, Fault::Late { ms: 60_000 }, "an answer within 5s"),
    );
}

/// Retry-After arrives as it was meant: milliseconds, seconds, a date against the server's own.
#[tokio::test]
async fn retry_after_is_data() {
    let provider = Provider::start(tests_provider::Settings::default()).await.unwrap();
    let check = async |fault: Fault, expected: Option<Duration>| {
        let error = ask(&provider, true, std::slice::from_ref(&fault)).await.unwrap_err();
        let (Error::RateLimited { after, .. } | Error::Transient { after, .. }) = error else {
            panic!("{error} for {fault:?}")
        };
        assert_eq!(after, expected, "{fault:?}");
    };
    check(status(429, Some("3"), None, None), Some(Duration::from_secs(3))).await;
    check(status(429, Some("3"), Some("250"), None), Some(Duration::from_millis(250))).await;
    check(status(429, Some("Thu, 01 Jan 1970 00:00:01 GMT"), None, None), Some(Duration::ZERO)).await;
    check(status(503, Some("2"), None, None), Some(Duration::from_secs(2))).await;
    check(status(429, None, None, None), None).await;
}

/// The key is sent, and a wrong or missing one is a refusal.
#[tokio::test]
async fn keys() {
    let key = Some("sk-1".to_owned());
    let provider = Provider::start(tests_provider::Settings { key, ..Default::default() }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let check = async |key: Option<&str>, good: bool| {
        let path = folder.path().join("key");
        std::fs::write(&path, key.unwrap_or_default()).unwrap();
        let source = key.map(|_| KeySource::File(path));
        let settings = Settings { key: source, ..settings(&provider.base_url(), true) };
        let result = HttpModel::new(settings).unwrap().complete(&request()).await;
        match result {
            Ok(_) => assert!(good, "{key:?}"),
            Err(error) => assert!(!good && error.word() == "refused", "{key:?}: {error}"),
        }
    };
    check(Some("sk-1\n"), true).await;
    check(Some("sk-2"), false).await;
    check(None, false).await;
}

/// A server that is not there, or breaks the connection at once, is transient.
#[tokio::test]
async fn no_server() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let model = HttpModel::new(settings(&base_url, true)).unwrap();
    let breaks = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.shutdown().await.unwrap();
    };
    let broken = request();
    let (result, ()) = tokio::join!(model.complete(&broken), breaks);
    assert_eq!(result.unwrap_err().word(), "transient");
    drop(listener);
    let error = model.complete(&broken).await.unwrap_err();
    assert!(error.word() == "transient" && error.to_string().contains("connect"), "{error}");
}

/// Base URLs that cannot be, each with what is wrong.
#[test]
fn base_urls() {
    let check = |url: &str, problem: Option<&str>| match (HttpModel::new(Settings::new(url, "m")), problem) {
        (Ok(_), None) => {}
        (Err(error), Some(says)) => {
            let text = error.to_string();
            assert!(text.contains(says) && !text.contains("secret"), "{text}");
        }
        (found, _) => panic!("{found:?} for {url}"),
    };
    check("http://127.0.0.1:8080/v1", None);
    check("https://api.example.com/v1/", None);
    check("127.0.0.1:8080", Some("write it like"));
    check("ftp://example.com", Some("neither http nor https"));
    check("https://me:secret@example.com/v1", Some("use a key"));
    check("https://example.com/v1?key=x", Some("query"));
    check("", Some("write it like"));
}
