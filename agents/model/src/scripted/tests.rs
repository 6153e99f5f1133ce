//! The scripted model is deterministic, restates what it is given, and fails as it is told.

use std::time::Duration;

use schemas_records::model::{Finish, ModelRequest};
use tokio::time::Instant;

use super::{Script, ScriptError, Scripted, wording};
use crate::model::{Error, Model};

const RAIN: &str = "Facts:\n- The sector has 5,000 persons, 3.2% of all.\n- That is 20 fewer than a year before.\nSay it in one sentence.";

/// The words are facts of the prompt, in order, as many as fit, without the lines around them.
#[test]
fn restates_facts() {
    let check = |user: &str, max_tokens: i32, holds: &[&str], lacks: &[&str]| {
        let request = ModelRequest::new("system", user, max_tokens);
        let text = wording(&request);
        assert_eq!(text, wording(&request));
        for part in holds {
            assert!(text.contains(part), "{text:?} lacks {part:?}");
        }
        for part in lacks {
            assert!(!text.contains(part), "{text:?} holds {part:?}");
        }
        assert!(text.ends_with('.') && !text.ends_with(".."), "{text:?}");
    };
    check(RAIN, 40, &["the sector has 5,000 persons, 3.2% of all; that is 20 fewer"], &["Facts", "Say"]);
    check(RAIN, 14, &["5,000 persons"], &["20 fewer"]);
    check("It rains.\nIt pours.", 40, &["it rains; it pours."], &[]);
    check("* U.S. hiring: up!", 40, &["U.S. hiring: up."], &["!"]);
    check("", 40, &["nothing to say"], &[]);
    check(" \n-  \n", 40, &["nothing to say", "."], &["- "]);
    let long = format!("- One.\n- {}.", "x".repeat(300));
    check(&long, 40, &["One"], &["xx"]);
}

/// Words are counted for tokens, and cut at the bound.
#[tokio::test(start_paused = true)]
async fn counts_and_cuts() {
    let model = Scripted::default().with_latency(Duration::from_secs(3));
    let begin = Instant::now();
    let whole = model.complete(&ModelRequest::new("be brief", RAIN, 40)).await.unwrap();
    assert_eq!((whole.finish, begin.elapsed()), (Finish::Stop, Duration::from_secs(3)));
    assert_eq!(whole.usage.input_tokens, 26);
    assert_eq!(whole.usage.output_tokens as usize, whole.text.split_whitespace().count());
    let cut = model.complete(&ModelRequest::new("be brief", RAIN, 3)).await.unwrap();
    assert_eq!((cut.finish, cut.usage.output_tokens), (Finish::Length, 3));
}

/// The first rule that matches and is not used up is followed, with its own latency.
#[tokio::test(start_paused = true)]
async fn follows_its_script() {
    let script = Script::parse(
        r#"{"rules": [
            {"match": "rain", "times": 1, "latency_ms": 5000, "reply": {"kind": "transient"}},
            {"match": "rain", "times": 1, "reply": {"kind": "rate-limited", "retry_after_ms": 250}},
            {"match": "rain", "reply": {"kind": "text", "text": "wet"}},
            {"match": "snow", "reply": {"kind": "never"}}]}"#,
    );
    let model = Scripted::new(script.unwrap());
    let ask = async |prompt: &str| {
        let request = ModelRequest::new("", prompt, 40);
        match tokio::time::timeout(Duration::from_secs(60), model.complete(&request)).await {
            Ok(result) => result.map(|completion| completion.text),
            Err(_) => Ok("(never)".into()),
        }
    };
    let begin = Instant::now();
    assert!(matches!(ask("rain").await, Err(Error::Transient { .. })));
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
    let after = Some(Duration::from_millis(250));
    assert!(matches!(ask("rain").await, Err(Error::RateLimited { after: found, .. }) if found == after));
    assert_eq!(ask("rain").await.unwrap(), "wet");
    assert_eq!(ask("more rain").await.unwrap(), "wet");
    assert_eq!(ask("snow").await.unwrap(), "(never)");
    assert!(ask("- sun").await.unwrap().contains("sun"));
}

/// A script that is not of the form is an error that says where.
#[test]
fn bad_scripts() {
    let check = |json: &str, says: &str| {
        let error = Script::parse(json).unwrap_err().to_string();
        assert!(error.contains(says), "{error:?} does not say {says:?}");
    };
    check("", "line 1");
    check(r#"{"rules": [{"reply": {"kind": "dance"}}]}"#, "dance");
    check(r#"{"rules": [{"macth": "x", "reply": {"kind": "never"}}]}"#, "macth");
    check(r#"{"rules": [{"match": "x"}]}"#, "reply");
    let many = vec![r#"{"reply": {"kind": "never"}}"#; 1001].join(",");
    let error = Script::parse(&format!(r#"{{"rules": [{many}]}}"#)).unwrap_err();
    assert!(matches!(error, ScriptError::TooLong { found: 1001 }));
}
