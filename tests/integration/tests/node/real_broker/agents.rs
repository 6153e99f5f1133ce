//! Agents that misbehave: each fails its own task, with a typed failure and, where there is something to
//! mend, a dead letter; the tasks beside it get their results.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use rustix::process::Signal;
use schemas_records::protocol::DeadLetter;
use schemas_records::{FailureCode, TaskId};

use super::house::{House, Who};
use super::ledger::failure;
use super::life::Life;
use super::producer::{Place, Sent};
use topics_catalog::Kind;

/// How many owners may die in one step; one more finds the record condemned.
const DEATHS: u32 = 3;

/// What an agent is told to do, what its task ends with, and the dead letter's code if there is one.
const WAYS: [(&str, FailureCode, &str, Option<&str>); 11] = [
    ("panic", FailureCode::AgentPanicked, "as the task said", Some("step-panicked")),
    ("emit", FailureCode::NotAllowed, "\"elsewhere\", which the team does not declare", None),
    ("call", FailureCode::NotAllowed, "\"nobody\", which the team does not declare", None),
    ("nothing", FailureCode::AgentFailed, "it would wait for ever", None),
    ("twice", FailureCode::NotAllowed, "a work ends once", None),
    ("large", FailureCode::NotAllowed, "at most 921600 are allowed", None),
    ("fault", FailureCode::AgentFailed, "as the task said", None),
    ("panic loudly", FailureCode::AgentPanicked, "the step panicked: xxx", Some("step-panicked")),
    ("emit loudly", FailureCode::NotAllowed, "sent to \"xxx", None),
    ("branch loudly", FailureCode::NotAllowed, "bytes", None),
    ("hang", FailureCode::AgentPanicked, "died in this record's step", Some("step-never-returned")),
];

fn task(house: &House, text: &str) -> Sent {
    let value = format!("{{\"text\":\"{text}\"}}").into_bytes();
    Sent { topic: house.names.topic(Kind::Tasks), value: Some(value), ..Sent::default() }
}

fn id(house: &House, (partition, offset): Place) -> TaskId {
    TaskId::of_origin(&house.names.topic(Kind::Tasks), partition, offset)
}

/// An agent that panics, sends to whom its team does not know, ends twice or not at all, or says too much
/// fails that task only. One that never returns ends the process, and after three deaths at one record that
/// record is set aside; nothing else dies with it.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_fails_only_its_own_task() {
    let house = House::new("agents", Who::Odd).await;
    let hurry = ["step_seconds_max=1".to_owned()];
    let mut life = Life::with(&house, None, &hurry);
    let (hang, others) = (WAYS[WAYS.len() - 1].0, &WAYS[..WAYS.len() - 1]);
    let mut sent: Vec<Sent> = others.iter().map(|(way, ..)| task(&house, way)).collect();
    sent.extend((0..20).map(|n| task(&house, &format!("good {n}"))));
    let mut places = house.send(&sent).await;
    house.wait_for_results(sent.len(), &mut life).await;

    let last: Vec<Sent> = [hang, "good after it", "good too"].iter().map(|text| task(&house, text)).collect();
    places.extend(house.send(&last).await);
    sent.extend(last);
    let mut deaths = 0;
    while deaths < DEATHS {
        let status = life.end_within(Duration::from_secs(30)).await;
        assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()), "{status}\n{}", life.words());
        assert!(life.words().contains("a step does not return"), "{}", life.words());
        deaths += 1;
        life = Life::with(&house, None, &hurry);
    }
    house.wait_for_results(sent.len(), &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    check(&house, &sent, &places).await;
}

/// Each task has ended once, as it should.
async fn check(house: &House, sent: &[Sent], places: &[Place]) {
    let ended = house.ended().await;
    assert_eq!(ended.len(), sent.len(), "{ended:?}");
    let mut letters = house.dead_letters().await;
    for (sent, place) in sent.iter().zip(places) {
        let id = id(house, *place);
        let ended = ended.iter().find(|ended| ended.task == id.as_str());
        let ended = ended.unwrap_or_else(|| panic!("no result of {id}"));
        assert_eq!(ended.kind, "result");
        let value: serde_json::Value =
            serde_json::from_slice(&sent.value.clone().unwrap_or_default()).expect("JSON");
        let text = value["text"].as_str().unwrap_or_default();
        let Some((_, code, said, letter)) = WAYS.iter().find(|(way, ..)| *way == text) else {
            assert_eq!((ended.outcome.as_str(), &ended.value), ("ok", &value), "{text}");
            continue;
        };
        let failure = failure(ended);
        assert_eq!((ended.outcome.as_str(), failure.code), ("failed", *code), "{text}: {failure}");
        assert!(failure.message.contains(said), "{text}: {said:?} is not in {:?}", failure.message);
        assert!(!failure.remedy.is_empty(), "{text}: {failure:?}");
        if let Some(code) = letter {
            check_letter(house, &mut letters, &id, code, &value);
        }
    }
    assert!(letters.is_empty(), "{letters:?}");
    assert_eq!(house.records(Kind::Closings).await.len(), sent.len(), "closings");
}

/// The task's input lies among the dead letters once, whole, and says why and what to do.
fn check_letter(
    house: &House,
    letters: &mut Vec<DeadLetter>,
    task: &TaskId,
    code: &str,
    value: &serde_json::Value,
) {
    let of = |letter: &DeadLetter| {
        letter
            .headers
            .iter()
            .any(|header| header.name == "task-id" && header.value == task.as_str().as_bytes())
    };
    let found = letters.iter().position(of).unwrap_or_else(|| panic!("no dead letter of {task}"));
    let letter = letters.remove(found);
    assert_eq!((letter.code.as_str(), letter.handler.as_str()), (code, "odd"), "{}", letter.message);
    assert_eq!(letter.topic, house.names.inbox("odd"));
    assert_eq!(&house.codec.to_json(&letter.value).expect("the input"), value, "its bytes");
    assert!(letter.remedy.contains("put the record back"), "{}", letter.remedy);
}
