//! Faults by chance, silence, overload, and askers who leave.

use std::time::Duration;

use serde_json::json;
use tests_provider::engine::bill::Line;
use tests_provider::engine::faults::Chance;
use tests_provider::engine::limits::Limits;
use tests_provider::engine::profile::Profile;
use tests_provider::{Change, Fault, Form, Provider, Simulation};

use super::wire::{ask, chat, open};
use super::{instant, slow};

/// Waits for what is sure to come; a minute is for a busy machine.
async fn until(done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap();
}

/// Faults by chance are sent as they are named, and each pause in the form that was asked for.
#[tokio::test]
async fn faults_by_chance() {
    let check = async |fault: Fault, stream: bool, status: u16, wanted: &str| {
        let faults = vec![Chance { rate: 1.0, fault: fault.clone() }];
        let limits = Limits { requests_per_minute: Some(100), ..Limits::default() };
        let (provider, _) = Provider::simulate(Simulation { faults, limits, ..instant() }).await.unwrap();
        let mut request = ask("m", "{{tokens:10}}");
        request["stream"] = json!(stream);
        request["stream_options"] = json!({"include_usage": true});
        let answer = chat(&provider, "", &request).await;
        let all = format!("{}\r\n{}", answer.head, answer.body);
        assert!(answer.status == status && all.contains(wanted), "{fault:?} {stream}: {all}");
        answer
    };
    let after = |seconds: i64, form: Form| Fault::RetryAfter { status: 429, seconds, form };
    check(after(86_400, Form::Seconds), false, 429, "retry-after: 86400\r\n").await;
    check(after(2, Form::Milliseconds), false, 429, "retry-after-ms: 2000\r\n").await;
    check(after(-60, Form::Date), false, 429, " GMT\r\n").await;
    check(after(i64::MAX, Form::Date), false, 429, " GMT\r\n").await;
    check(after(i64::MIN, Form::Date), false, 429, " GMT\r\n").await;
    let status = |status: u16| Fault::Status { status, retry_after: None, retry_after_ms: None, code: None };
    check(status(500), false, 500, "scripted status 500").await;
    check(status(529), true, 529, "scripted status 529").await;
    check(Fault::ErrorIn200 { code: 429.into() }, true, 200, "\"code\":429").await;
    for stream in [false, true] {
        check(Fault::Garbage, stream, 200, "<html>").await;
        check(Fault::WrongUsage, stream, 200, "\"prompt_tokens\":-5").await;
        check(Fault::FalseUsage, stream, 200, "\"completion_tokens\":20").await;
        check(Fault::Slow { times: 3 }, stream, 200, "\"completion_tokens\":10").await;
        let lies = Fault::LyingHeaders { remaining: 1000, reset_seconds: 90_061 };
        let lying = check(lies, stream, 200, "x-ratelimit-remaining-requests: 1000\r\n").await;
        assert_eq!(lying.header("x-ratelimit-reset-requests"), Some("25h1m1s"));
        check(Fault::Empty, stream, 200, "\"choices\":[]").await;
        check(Fault::TooLarge { bytes: 100 }, stream, 200, "more more more").await;
        let none = check(Fault::NoUsage, stream, 200, "chat.completion").await;
        assert!(!none.body.contains("prompt_tokens"), "{}", none.body);
        for fault in [Fault::TruncateStream, Fault::EndEarly] {
            let cut = check(fault.clone(), stream, 200, "chat.completion").await;
            assert!(
                !cut.body.contains("[DONE]") && !cut.body.contains("usage\":{"),
                "{fault:?}: {}",
                cut.body
            );
        }
    }
}

/// A server that is silent, stalls or keeps a connection open frees its slot all the same, and bills what it
/// made; whoever leaves is noticed, and pays for what was made until then.
#[tokio::test]
async fn silence_and_leaving() {
    let check =
        async |fault: Option<Fault>, simulation: Simulation, stream: bool, wanted: fn(&Line) -> bool| {
            let (provider, simulator) = Provider::simulate(simulation).await.unwrap();
            let faults: Vec<Chance> =
                fault.iter().map(|fault| Chance { rate: 1.0, fault: fault.clone() }).collect();
            simulator.change(Change { faults: Some(faults), ..Change::default() }).unwrap();
            let mut request = ask("m", "{{tokens:10}}");
            request["stream"] = json!(stream);
            let socket = open(&provider, "POST", "/v1/chat/completions", "", &request.to_string()).await;
            until(|| !simulator.seen().lines.is_empty()).await;
            if fault.is_none() {
                drop(socket);
            }
            until(|| simulator.bill().lines.first().is_some_and(wanted)).await;
            assert_eq!(simulator.seen().running, 0, "{fault:?}");
        };
    for stream in [false, true] {
        let all = |line: &Line| line.unsent == 1 && line.used.output_tokens == 10;
        check(Some(Fault::Hang), instant(), stream, all).await;
        check(Some(Fault::KeepAlive), instant(), stream, all).await;
        let half = |line: &Line| line.cut == 1 && line.used.output_tokens == 5;
        check(Some(Fault::Stall), instant(), stream, half).await;
        let left = |line: &Line| line.left == 1 && line.used.output_tokens == 0;
        check(None, slow(), stream, left).await;
    }
}

/// A call beyond the slots and the queue is refused as overload; whoever waits gets the slot of one who leaves.
#[tokio::test]
async fn overload() {
    let profile = Profile { queue_max: 1, full_status: 529, ..slow().profile };
    let (provider, simulator) = Provider::simulate(Simulation { profile, ..slow() }).await.unwrap();
    let request = ask("m", "It rains.");
    let enter = async || open(&provider, "POST", "/v1/chat/completions", "", &request.to_string()).await;
    let places = || (simulator.seen().running, simulator.seen().waiting);
    let first = enter().await;
    until(|| places() == (1, 0)).await;
    let _second = enter().await;
    until(|| places() == (1, 1)).await;
    let third = chat(&provider, "", &request).await;
    assert_eq!((third.status, &third.json()["error"]["code"]), (529, &json!("overloaded")));
    assert_eq!((third.header("retry-after"), simulator.seen().lines[0].refused["full"]), (None, 1));
    drop(first);
    until(|| places() == (1, 0)).await;
    assert_eq!(simulator.bill().lines[0].left, 1);
}
