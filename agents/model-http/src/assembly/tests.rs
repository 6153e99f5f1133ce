//! Pieces of answers: what makes one whole, and what makes none.

use agents_model::model::{Error, Usage};
use schemas_records::model::Finish;

use super::{Assembly, Progress, plain};

/// Takes events and ends; the text, the reason, the usage.
fn assemble(events: &[&str]) -> Result<(String, Finish, Usage), Error> {
    let mut assembly = Assembly::new(20);
    for event in events {
        if assembly.take(event.as_bytes())? == Progress::Done {
            return assembly.finish(true).map(|whole| (whole.text, whole.finish, whole.usage));
        }
    }
    assembly.finish(false).map(|whole| (whole.text, whole.finish, whole.usage))
}

const ROLE: &str = r#"{"choices":[{"delta":{"role":"assistant","content":null},"finish_reason":null}]}"#;
const HELLO: &str =
    r#"{"model":"m","choices":[{"index":0,"delta":{"content":"hello "}}],"usage":null,"x":[1]}"#;
const WORLD: &str = r#"{"choices":[{"delta":{"content":"world"}}]}"#;
const STOP: &str = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;

/// A stream is whole with a reason or its last word; without both it was cut.
#[test]
fn streams() {
    let check = |events: &[&str], text: &str, finish: Finish, tokens: (u32, u32)| {
        let usage = Usage { input_tokens: tokens.0, output_tokens: tokens.1 };
        assert_eq!(assemble(events).unwrap(), (text.to_owned(), finish, usage), "{events:?}");
    };
    check(&[ROLE, HELLO, WORLD, STOP, USAGE, "[DONE]"], "hello world", Finish::Stop, (3, 2));
    check(&[HELLO, STOP], "hello ", Finish::Stop, (0, 0));
    check(&[HELLO, STOP, "{\"choices\":[],\"usa"], "hello ", Finish::Stop, (0, 0));
    check(&[HELLO, "[DONE]"], "hello ", Finish::Unknown, (0, 0));
    check(&[HELLO, r#"{"choices":[{"finish_reason":"content_filter"}]}"#], "hello ", Finish::Unknown, (0, 0));
    check(&[r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#], "", Finish::Length, (0, 0));

    let fails = |events: &[&str], word: &str, says: &str| {
        let error = assemble(events).unwrap_err();
        assert_eq!(error.word(), word, "{events:?}: {error}");
        assert!(error.to_string().contains(says), "{error} does not say {says}");
    };
    fails(&[ROLE, HELLO, WORLD], "transient", "after 11 bytes");
    fails(&[], "transient", "after 0 bytes");
    fails(&["[DONE]"], "bad-answer", "no choices");
    fails(&[USAGE, "[DONE]"], "bad-answer", "no choices");
    fails(&[HELLO, WORLD, WORLD, WORLD, "[DONE]"], "bad-answer", "too much");
    fails(&["<html>", HELLO], "bad-answer", "it begins \"<html>\"");
    fails(&[HELLO, "<html>"], "transient", "the stream broke");
    fails(&[r#"{"choices":[{"delta":{"content":["hello"]}}]}"#], "bad-answer", "no chat completion");
    fails(&[HELLO, r#"{"error":{"message":"busy","code":503}}"#], "transient", "busy");
}

/// A plain answer has one choice with words; usage may be missing or nonsense.
#[test]
fn plain_answers() {
    let body = |rest: &str| format!(r#"{{"choices":[{{"message":{{"content":"hello"}}}}]{rest}}}"#);
    let check = |rest: &str, tokens: (u32, u32)| {
        let answer = plain(body(rest).as_bytes(), 20).unwrap();
        let found = (answer.usage.input_tokens, answer.usage.output_tokens);
        assert_eq!((answer.text.as_str(), found), ("hello", tokens), "{rest}");
    };
    check("", (0, 0));
    check(r#","usage":null"#, (0, 0));
    check(r#","usage":"lots""#, (0, 0));
    check(r#","usage":{"prompt_tokens":-3,"completion_tokens":2.5}"#, (0, 0));
    check(r#","usage":{"prompt_tokens":99999999999,"completion_tokens":2}"#, (u32::MAX, 2));

    let fails = |body: &str, says: &str| {
        let error = plain(body.as_bytes(), 20).unwrap_err();
        assert_eq!(error.word(), "bad-answer", "{body}: {error}");
        assert!(error.to_string().contains(says), "{error} does not say {says}");
    };
    fails("", "no chat completion");
    fails("[]", "no chat completion");
    fails("{}", "no choices");
    fails(r#"{"choices":[]}"#, "no choices");
    fails(r#"{"choices":null}"#, "no choices");
    fails(r#"{"choices":[{"message":{"content":"twenty-one characters"}}]}"#, "too much");
    assert_eq!(plain(br#"{"choices":[{"message":{"content":null}}]}"#, 20).unwrap().text, "");
}
