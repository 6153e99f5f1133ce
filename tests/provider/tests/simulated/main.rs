//! The simulated provider's doors, spoken to as a stranger would: that what the engine decides is what is sent.
//! How fast it is, is the engine's matter and tested there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, also in its helpers, a panic is a failure")]

mod batches;
mod faults;
mod wire;

use std::time::Duration;

use serde_json::{Value, json};
use tests_provider::engine::faults::Health;
use tests_provider::engine::limits::Limits;
use tests_provider::engine::prices::{Lane, Price, Used};
use tests_provider::engine::profile::Profile;
use tests_provider::engine::simulation::{Account, ModelSpec};
use tests_provider::engine::tokens;
use tests_provider::{Provider, Simulation};

use wire::{Answer, ask, chat, send};

/// Answers at once.
fn instant() -> Simulation {
    Simulation { profile: Profile::instant(), ..Simulation::default() }
}

/// A minute for each token: no call ends by itself while a test runs.
fn slow() -> Simulation {
    let profile = Profile { output_token_us: 60_000_000, slots: 1, ..Profile::default() };
    Simulation { profile, ..Simulation::default() }
}

fn content(answer: &Answer) -> String {
    answer.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

/// A prompt has one answer, whole or streamed, of as many tokens as its usage says; the second call finds the
/// first one's prompt in the cache; the bill is what the usage comes to.
#[tokio::test]
async fn whole_and_streamed() {
    let (provider, simulator) = Provider::simulate(instant()).await.unwrap();
    let prompt = format!("{} {{{{tokens:50}}}}", "Summarize what the rain did to the old road. ".repeat(8));
    let whole = chat(&provider, "", &ask("m", &prompt)).await;
    let usage = whole.json()["usage"].clone();
    let wanted = tokens::count(&prompt) + 7;
    assert_eq!(
        usage,
        json!({"prompt_tokens": wanted, "completion_tokens": 50, "total_tokens": wanted + 50,
        "prompt_tokens_details": {"cached_tokens": 0}})
    );
    assert_eq!(tokens::count(&content(&whole)), 50);

    let mut streaming = ask("m", &prompt);
    streaming["stream"] = json!(true);
    streaming["stream_options"] = json!({"include_usage": true});
    let streamed = chat(&provider, "", &streaming).await;
    let events = streamed.events();
    let words =
        |event: &Value| event["choices"][0]["delta"]["content"].as_str().unwrap_or_default().to_owned();
    assert_eq!(events.iter().map(words).collect::<String>(), content(&whole));
    let last = events.last().unwrap();
    assert!(streamed.body.ends_with("data: [DONE]\n\n"), "{}", streamed.body);
    let cached = (wanted - 1) / 16 * 16;
    assert_eq!(last["usage"]["prompt_tokens_details"]["cached_tokens"], json!(cached));

    let bill = simulator.bill();
    let cost = |cached_tokens: u64| {
        let used = Used { input_tokens: wanted, cached_tokens, output_tokens: 50 };
        Price::default().cost(Lane::Live, used)
    };
    assert_eq!((bill.micro_units, bill.lines[0].calls), (cost(0) + cost(cached), 2));
    assert_eq!(send(&provider, "GET", "/sim/bill", "", "").await.json(), json!(bill));
    assert_eq!(provider.paid().calls, 2);

    let mut cut = ask("m", &prompt);
    cut["max_tokens"] = json!(20);
    let cut = chat(&provider, "", &cut).await.json();
    assert_eq!(
        (&cut["choices"][0]["finish_reason"], &cut["usage"]["completion_tokens"]),
        (&json!("length"), &json!(20))
    );
}

/// A call takes at least what its plan says, on the asker's clock: prefill, and so much for each token.
#[tokio::test]
async fn answers_take_their_time() {
    let profile = Profile { prefill_base_us: 2_000_000, output_token_us: 100_000, ..Profile::instant() };
    let (provider, simulator) =
        Provider::simulate(Simulation { scale: 10.0, profile, ..Simulation::default() }).await.unwrap();
    for stream in [false, true] {
        let mut request = ask("m", "{{tokens:20}}");
        request["stream"] = json!(stream);
        let begun = simulator.now();
        chat(&provider, "", &request).await;
        let took = simulator.now() - begun;
        // Nothing is said of how much longer it takes: that is the machine's matter.
        assert!(took >= Duration::from_secs(4), "{took:?}");
    }
}

/// Every answer says what is left of each limit; a refusal says when to ask again, in the asker's time, though
/// the clock runs twice as fast; other accounts and models have limits of their own.
#[tokio::test]
async fn limits_in_headers() {
    let limits = Limits {
        requests_per_minute: Some(1),
        input_tokens_per_minute: Some(1000),
        output_tokens_per_minute: Some(500),
        tokens_per_day: Some(5000),
        money_per_day: Some(1_000_000),
        concurrent: Some(3),
        ..Limits::default()
    };
    let account = |name: &str| Account { name: name.to_owned(), key: format!("key-{name}"), limits: None };
    let accounts = vec![account("ann"), account("bob")];
    let simulation = Simulation { scale: 2.0, accounts, limits, ..instant() };
    let (provider, simulator) = Provider::simulate(simulation).await.unwrap();
    let prompt = "It rains. {{tokens:1}}";
    let request = ask("m", prompt);
    let first = chat(&provider, "key-ann", &request).await;
    assert_eq!(tokens::count(prompt) + 7, 19);
    let shown = |answer: &Answer, name: &str| {
        let of =
            |part: &str| answer.header(&format!("x-ratelimit-{part}-{name}")).unwrap_or_default().to_owned();
        (of("limit"), of("remaining"))
    };
    let pair = |limit: &str, remaining: &str| (limit.to_owned(), remaining.to_owned());
    assert_eq!(shown(&first, "requests"), pair("1", "0"));
    assert_eq!(shown(&first, "input-tokens"), pair("1000", "981"));
    assert_eq!(shown(&first, "tokens"), pair("1000", "981"));
    assert_eq!(shown(&first, "tokens-per-day"), pair("5000", "4980"));
    // 19 tokens at 0.15 and one at 0.6 are 3.45 micro-units.
    assert_eq!(shown(&first, "money-per-day"), pair("1000000", "999997"));
    assert_eq!(shown(&first, "concurrent"), pair("3", "3"));
    assert!(first.header("x-ratelimit-reset-requests").unwrap().ends_with('s'));
    assert_eq!(first.header("retry-after"), None);

    // One a simulated minute is one in thirty real seconds.
    let refused = loop {
        let next = chat(&provider, "key-ann", &request).await;
        if next.status == 429 {
            break next;
        }
    };
    let milliseconds: u64 = refused.header("retry-after-ms").unwrap().parse().unwrap();
    assert!((1..=30_000).contains(&milliseconds), "{milliseconds}");
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(seconds, milliseconds.div_ceil(1000));
    assert_eq!(refused.json()["error"]["code"], json!("rate_limit_exceeded"));
    assert_eq!(shown(&refused, "requests"), pair("1", "0"));

    assert_eq!(chat(&provider, "key-ann", &ask("n", "It rains.")).await.status, 200);
    assert_eq!(chat(&provider, "key-bob", &request).await.status, 200);
    assert_eq!(chat(&provider, "key-eve", &request).await.status, 401);
    assert_eq!(chat(&provider, "", &request).await.status, 401);
    let seen = simulator.seen();
    let lines: Vec<_> = seen.lines.iter().map(|line| (line.account.as_str(), line.model.as_str())).collect();
    assert_eq!(lines, [("ann", "m"), ("ann", "n"), ("bob", "m")]);
    assert_eq!(seen.lines[0].refused["requests"], 1);
    assert_eq!(send(&provider, "GET", "/sim/seen", "", "").await.json()["lines"][0]["useless"], json!(1));
}

/// A server falls sick and heals over HTTP; a change that cannot be is refused, and says why.
#[tokio::test]
async fn sick_and_well() {
    let (provider, simulator) = Provider::simulate(instant()).await.unwrap();
    let turn = async |change: Value| send(&provider, "POST", "/sim", "", &change.to_string()).await;
    let status = async || chat(&provider, "", &ask("m", "It rains.")).await.status;
    assert_eq!(turn(json!({"health": {"kind": "sick", "status": 503, "after_ms": 20}})).await.status, 200);
    assert_eq!(status().await, 503);
    assert_eq!(turn(json!({"health": {"kind": "well"}})).await.status, 200);
    assert_eq!(status().await, 200);
    let wrong = turn(json!({"health": {"kind": "tired"}})).await;
    assert!(wrong.status == 400 && wrong.body.contains("read the change"), "{}", wrong.body);
    let wrong = turn(json!({"limits": {"ann": {}}})).await;
    assert!(wrong.status == 400 && wrong.body.contains("it has default"), "{}", wrong.body);
    let limits = json!({"limits": {"default": {"requests_per_minute": 0}}});
    assert_eq!(turn(limits).await.status, 200);
    assert_eq!(status().await, 429);
    assert_eq!(simulator.simulation().health, Health::Well);
    let shown = send(&provider, "GET", "/sim", "", "").await.json();
    assert_eq!(shown["simulation"]["limits"]["requests_per_minute"], json!(0));
    let script = r#"[{"match": "rains", "fault": {"kind": "status", "status": 418}}]"#;
    assert_eq!(send(&provider, "POST", "/script", "", script).await.status, 204);
    assert_eq!(status().await, 418);
}

/// What is no request, no model, or too long is refused and not billed.
#[tokio::test]
async fn refusals() {
    let models = vec![ModelSpec { name: "small".to_owned(), price: Price::default() }];
    let profile = Profile { context_tokens: 50, ..Profile::instant() };
    let (provider, simulator) =
        Provider::simulate(Simulation { models, profile, ..Simulation::default() }).await.unwrap();
    let check = async |path: &str, body: &str, status: u16, wanted: &str| {
        let answer = send(&provider, "POST", path, "", body).await;
        assert!(
            answer.status == status && answer.body.contains(wanted),
            "{path} {body:.60}: {}",
            answer.body
        );
    };
    let chat = "/v1/chat/completions";
    check(chat, "{", 400, "invalid_request").await;
    check(chat, &ask("large", "hi").to_string(), 404, "model_not_found").await;
    check(chat, &ask("small", &"rain ".repeat(50)).to_string(), 400, "context_length_exceeded").await;
    let mut negative = ask("small", "hi");
    negative["max_tokens"] = json!(-1);
    check(chat, &negative.to_string(), 400, "max_tokens is negative").await;
    check("/v1/embeddings", r#"{"model": "small", "input": []}"#, 400, "invalid_request").await;
    check("/v1/embeddings", r#"{"model": "small", "input": "a", "dimensions": 0}"#, 400, "invalid_request")
        .await;
    check(
        "/v1/batches",
        r#"{"input_file_id": "file-9", "endpoint": "/v1/chat/completions",
        "completion_window": "24h"}"#,
        400,
        "no file",
    )
    .await;
    check("/v1/files", "{}", 400, "file and purpose").await;
    assert_eq!(send(&provider, "GET", "/v1/batches/batch_1", "", "").await.status, 404);
    assert_eq!(simulator.bill().micro_units, 0);
    let models = send(&provider, "GET", "/v1/models", "", "").await.json();
    assert_eq!((&models["data"][0]["id"], models["data"].as_array().unwrap().len()), (&json!("small"), 1));
}
