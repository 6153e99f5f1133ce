//! The outline team: a list that the model returned, a route, a loop, a quorum.

use agents_manifest::load;
use schemas_records::{Failure, FailureCode, ModelRequest};
use serde_json::json;

use super::folder::house;
use super::stage::{Says, Stage, last};

/// What the model says if nothing goes wrong: a plan of `chapters`, drafts that are good at once.
fn model(kind: &'static str, chapters: &'static [&'static str]) -> impl Fn(&str, &ModelRequest) -> Says {
    move |_, request| {
        let prompt = last(request);
        Says::Text(if prompt.starts_with("Plan") {
            json!({ "kind": kind, "chapters": chapters }).to_string()
        } else if prompt.starts_with("Is this") {
            json!({ "is_good": true }).to_string()
        } else {
            format!("<{}>", prompt.lines().next().unwrap())
        })
    }
}

fn prompts(stage: &Stage, path: &str) -> Vec<String> {
    stage.asked.iter().filter(|(at, _)| at == path).map(|(_, request)| last(request).to_owned()).collect()
}

/// The model's list decides how many writers there are; the editor puts their parts together.
#[test]
fn a_list_becomes_parts() {
    let team = load(&house("outline")).unwrap();
    let mut stage = Stage::new(&team, model("long", &["a", "b"]));
    stage.submit(&team, r#"{"topic":"deep rivers"}"#);
    let section = |number: u32, title: &str| {
        json!({ "title": format!("{number}. {title}"),
            "text": format!("<Write chapter {title} of an outline of deep rivers.>") })
    };
    let expected = json!({
        "title": "Deep Rivers",
        "intro": "<Introduce an outline of deep rivers with these chapters:>",
        "sections": [section(1, "a"), section(2, "b")],
        "missing": [],
    });
    assert_eq!(stage.outcome(), Ok(expected));
    let writers: Vec<_> = stage.told.iter().filter(|(agent, _)| agent == "writer").collect();
    assert_eq!(writers[1].1, json!({ "topic": "deep rivers", "title": "b", "number": 2 }));
    let intro = "Introduce an outline of deep rivers with these chapters:\n- 1. a\n- 2. b";
    assert_eq!(prompts(&stage, "planner/editor"), [intro]);
    assert_eq!(stage.dead, 0);
}

/// Fields with defaults, optional ones and lists in templates; a short plan takes another way.
#[test]
fn routes_lead_on() {
    let team = load(&house("outline")).unwrap();
    let mut stage = Stage::new(&team, model("short", &[]));
    let notes = r#"{"topic":"logs","readers":"children","notes":[{"text":"be brief","by":"ann"}]}"#;
    stage.submit(&team, notes);
    let intro = "<Say in two sentences what logs is.>";
    assert_eq!(
        stage.outcome(),
        Ok(json!({ "title": "logs", "intro": intro, "sections": [], "missing": [] }))
    );
    let prompt = &prompts(&stage, "planner")[0];
    let expected = "Plan an outline of logs for children.\nMind this:\n- be brief (from ann)\n\n\
        Answer with one JSON object of this form, and nothing else:\n\
        {\"kind\": \"unknown\" or \"short\" or \"long\", \"chapters\": [text, ...]}";
    assert_eq!(prompt, expected);
    assert_eq!(stage.asked[0].1.messages[0].content, "You plan outlines.");

    let mut stage = Stage::new(&team, model("unknown", &[]));
    stage.submit(&team, r#"{"topic":"logs"}"#);
    let failure = stage.outcome().unwrap_err();
    assert_eq!(
        (failure.code, failure.message.as_str()),
        (FailureCode::AgentFailed, "nobody can outline logs")
    );
}

/// A loop goes back while its condition holds and at most n times; each round sees the last one.
#[test]
fn loops_are_bounded() {
    let team = load(&house("outline")).unwrap();
    let check = |good_at: usize, rounds: usize| {
        let mut reviews = 0;
        let plain = model("long", &["a", "b"]);
        let mut stage = Stage::new(&team, move |path, request| {
            if path == "planner/writer-1" && last(request).starts_with("Is this") {
                reviews += 1;
                return Says::Text(json!({ "is_good": reviews == good_at, "advice": "more" }).to_string());
            }
            if last(request).contains("Round") {
                return Says::Text("again".into());
            }
            plain(path, request)
        });
        stage.submit(&team, r#"{"topic":"logs"}"#);
        assert!(stage.outcome().is_ok());
        let drafts: Vec<String> = prompts(&stage, "planner/writer-1")
            .into_iter()
            .filter(|prompt| prompt.starts_with("Write"))
            .collect();
        assert_eq!(drafts.len(), rounds, "good at {good_at}");
        if rounds > 1 {
            let expected = "Write chapter a of an outline of logs.\n\
                Round 2. Your last draft was: <Write chapter a of an outline of logs.>\n\
                It was said of it: more";
            assert_eq!(drafts[1], expected);
        }
    };
    check(1, 1);
    check(2, 2);
    check(3, 3);
    check(9, 3);
}

/// Two good chapters are enough; what failed or is late is named, and what still runs is cancelled.
#[test]
fn a_quorum_closes() {
    let team = load(&house("outline")).unwrap();
    let check =
        |model: &'static dyn Fn(&str) -> Option<Says>, sections: usize, missing: &[&str], intro: &str| {
            let plain = self::model("long", &["a", "b", "c"]);
            let mut stage =
                Stage::new(&team, move |path, request| model(path).unwrap_or_else(|| plain(path, request)));
            stage.submit(&team, r#"{"topic":"logs"}"#);
            let outline = stage.outcome().unwrap();
            assert_eq!(outline["sections"].as_array().unwrap().len(), sections);
            assert_eq!(outline["missing"], json!(missing));
            assert!(
                prompts(&stage, "planner/editor")[0].contains(intro),
                "{}",
                prompts(&stage, "planner/editor")[0]
            );
            assert!(stage.cancelled > 0);
        };
    check(
        &|path| {
            let failure = Failure::new(FailureCode::ModelFailed, "no words", "none");
            (path == "planner/writer-1").then_some(Says::Failure(failure))
        },
        2,
        &["writer-1"],
        "- one that failed: no words",
    );
    check(
        &|path| (path == "planner/writer-2").then_some(Says::Nothing),
        2,
        &["writer-2"],
        "- writer-2, which is late",
    );
}

/// Beyond hope the join fails; by its patience it closes with what is there; a late part changes nothing.
#[test]
fn quorums_fail_and_time_passes() {
    let team = load(&house("outline")).unwrap();
    let mut stage = Stage::new(&team, |path, request| match path {
        "planner" => model("long", &["a", "b"])(path, request),
        _ => Says::Failure(Failure::new(FailureCode::ModelFailed, "no words", "none")),
    });
    stage.submit(&team, r#"{"topic":"logs"}"#);
    assert_eq!(stage.outcome().unwrap_err().code, FailureCode::JoinFailed);

    let mut stage = Stage::new(&team, |path, request| match path {
        "planner" => model("long", &["a", "b"])(path, request),
        _ => Says::Nothing,
    });
    stage.submit(&team, r#"{"topic":"logs"}"#);
    assert!(stage.is_open());
    stage.fire("until");
    let failure = stage.outcome().unwrap_err();
    assert_eq!(
        failure.message,
        "0 of the 2 parts that were needed arrived; failed or missing: writer-1, writer-2"
    );
}

/// A list beyond its bound fails the work; so does one that is too short for the join.
#[test]
fn lists_are_bounded() {
    let team = load(&house("outline")).unwrap();
    let check = |chapters: &'static [&'static str], expected: &str| {
        let mut stage = Stage::new(&team, model("long", chapters));
        stage.submit(&team, r#"{"topic":"logs"}"#);
        let failure = stage.outcome().unwrap_err();
        assert_eq!((failure.code, failure.message.as_str()), (FailureCode::NotAllowed, expected));
    };
    check(
        &["a", "b", "c", "d", "e", "f", "g", "h", "i"],
        "step research of agent planner: plan.chapters has 9 items, at most 8 are allowed",
    );
    check(&["a"], "the join needs 2 parts of 1: use a number from 1 to 1");
}
