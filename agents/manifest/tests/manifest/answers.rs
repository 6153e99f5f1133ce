//! What models answer: garbage, fenced JSON, right JSON with a wrong field; and what they are asked then.

use schemas_records::{Failure, FailureCode};

use super::folder::Files;
use super::stage::{Says, Stage, last};

/// Answers the plan's rounds one after the other; the helper always says "yes".
fn run(answers: &[&str], rounds: usize) -> Stage {
    let mut files = Files::good();
    files.edit("agents/asker.toml", "answer = \"Plan\"", &format!("answer = \"Plan\"\nrounds = {rounds}"));
    let team = files.team();
    let mut answers: Vec<String> = answers.iter().rev().map(|answer| (*answer).to_owned()).collect();
    let mut stage = Stage::new(&team, move |path, _| match path {
        "asker" => answers.pop().map_or(Says::Nothing, |text| match text.strip_prefix("CUT") {
            Some(text) => Says::Cut(text.to_owned()),
            None => Says::Text(text),
        }),
        _ => Says::Text("yes".into()),
    });
    stage.submit(&team, r#"{"question":"why"}"#);
    stage
}

/// The helper is told what the plan says, in whatever way the model wrote its JSON.
#[test]
fn good_answers() {
    let check = |answer: &str| {
        let stage = run(&[answer], 1);
        assert_eq!(stage.outcome(), Ok(serde_json::json!({ "text": "yes", "score": 1 })), "{answer}");
        assert_eq!(stage.told.last().unwrap().1["text"], "s", "{answer}");
        assert_eq!(stage.asked.len(), 2);
    };
    check(r#"{"subject":"s","kind":"short"}"#);
    check("Here you are:\n```json\n{\"subject\": \"s\", \"kind\": \"long\"}\n```\n");
    check("In short, {\"kind\": \"short\", \"subject\": \"s\"}.");
    check(r#"{"subject":"s","kind":"short","people":[{"name":"n","age":3}]}"#);
}

/// Each round's prompt holds the answer before it and what was wrong with it, and nothing older.
#[test]
fn bad_answers_are_asked_again() {
    let check = |answer: &str, why: &str| {
        let stage = run(&[answer, r#"{"subject":"s","kind":"short"}"#], 2);
        assert!(stage.outcome().is_ok(), "{answer}");
        let (_, first) = &stage.asked[0];
        let (_, second) = &stage.asked[1];
        assert_eq!(second.messages[..first.messages.len()], first.messages, "the question is the same");
        let answer = answer.strip_prefix("CUT").unwrap_or(answer);
        assert_eq!(second.messages[second.messages.len() - 2].content, answer);
        let expected = format!(
            "Your answer could not be used: {why}. Answer again with the JSON object, and nothing else."
        );
        assert_eq!(last(second), expected);
    };
    check("", "it is empty");
    check("I would rather not.", "it holds no JSON object; it begins with \"I would rather not.\"");
    check("{\"subject\":}", "it holds no JSON object that can be read: expected value at line 1 column 12");
    check("{}", "subject: missing field, expected string");
    check(r#"{"subject":"s"}"#, "kind: missing field, expected enum small.Kind");
    check(r#"{"subject":7,"kind":"short"}"#, "subject: expected string, found 7");
    check(
        r#"{"subject":"s","kind":"shrt"}"#,
        "kind: unknown symbol \"shrt\"; did you mean short? allowed: short, long",
    );
    check(
        r#"{"subjct":"s","kind":"short"}"#,
        "subjct: unknown field; did you mean subject? allowed: subject, kind, people",
    );
    check(
        r#"{"subject":"s","kind":"short","people":[{"name":"n"}]}"#,
        "people[0].age: missing field, expected int",
    );
    check(
        "CUT{\"subject\": \"s",
        "it was cut at 500 tokens, it holds no JSON object that can be read: EOF while parsing a string at line 1 column 14",
    );
}

/// The rounds are bounded: then the work fails with the last reason, once, and nothing is asked any more.
#[test]
fn rounds_are_bounded() {
    let check = |rounds: usize| {
        let stage = run(&["no", "nor this", "never", "{}", "{}", "{}"], rounds);
        let failure = stage.outcome().unwrap_err();
        assert_eq!(failure.code, FailureCode::ModelFailed);
        let begins = format!("step plan of agent asker: the model gave no Plan in {rounds} rounds: ");
        assert!(failure.message.starts_with(&begins), "{}", failure.message);
        assert_eq!(failure.remedy, "see agents/asker.toml, line 5");
        assert_eq!(stage.asked.len(), rounds);
        let sizes: Vec<usize> = stage.asked.iter().map(|(_, request)| request.messages.len()).collect();
        assert!(sizes.iter().skip(1).all(|size| *size == 3), "prompts do not grow: {sizes:?}");
        assert_eq!(stage.dead, 0);
    };
    check(1);
    check(2);
    check(5);
}

/// A huge answer is shown to the model within a bound, and its failure stays small.
#[test]
fn echoes_are_bounded() {
    let huge = format!("{{\"subject\": \"{}\"", "é".repeat(100_000));
    let stage = run(&[&huge, &huge], 2);
    let (_, second) = &stage.asked[1];
    assert!(second.messages[1].content.len() <= agents_manifest::bounds::ECHO_BYTES_MAX);
    assert!(stage.outcome().unwrap_err().message.len() < 4_096);
}

/// A call that failed fails the work with the same failure.
#[test]
fn failed_calls_fail() {
    let team = Files::good().team();
    let failure = Failure::new(FailureCode::ModelFailed, "the provider is away", "wait");
    let says = failure.clone();
    let mut stage = Stage::new(&team, move |_, _| Says::Failure(says.clone()));
    stage.submit(&team, r#"{"question":"why"}"#);
    let found = stage.outcome().unwrap_err();
    assert_eq!((found.code, found.message), (failure.code, failure.message));
}

/// Without a schema every text is the answer, whatever it looks like.
#[test]
fn texts_are_texts() {
    let team = Files::good().team();
    for said in ["", "{\"a\":1}", "```\nx"] {
        let mut stage = Stage::new(&team, move |path, _| {
            Says::Text(if path == "asker" { r#"{"subject":"s","kind":"short"}"#.into() } else { said.into() })
        });
        stage.submit(&team, r#"{"question":"why"}"#);
        assert_eq!(stage.outcome().unwrap()["text"], said);
    }
}
