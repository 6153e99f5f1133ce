//! A model over HTTP that does everything a provider can do wrong, behind a node on a real broker: each task
//! ends with its answer or a typed failure, the others go on, and what was answered is paid for once.

use std::time::Duration;

use schemas_records::model::{PromptMessage, Role};
use schemas_records::{FailureCode, headers};
use tests_provider::chat::prompt_hash;
use tests_provider::{Fault, Rule};
use topics_catalog::Kind;

use super::house::{House, Who};
use super::ledger::{Ended, failure};
use super::life::Life;
use super::producer::Sent;

/// How a task ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// With the model's words.
    Answer,
    /// With a failure of this code that says this.
    Failure(FailureCode, &'static str),
}

/// What befalls the call of one task.
struct Trouble {
    /// The task's text, and with it the prompt.
    ask: &'static str,
    /// What happens, and how often; without a number always.
    fault: Fault,
    times: Option<u32>,
    end: End,
    /// Requests that the provider charges for.
    paid: u64,
}

/// How long a provider asks a client to wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The deadline of the task whose answer comes later than that; a busy machine asks the model within it.
const DEADLINE: Duration = Duration::from_secs(10);

fn status(status: u16, retry_after: Option<&str>) -> Fault {
    let retry_after = retry_after.map(str::to_owned);
    Fault::Status { status, retry_after, retry_after_ms: None, code: None }
}

fn troubles() -> Vec<Trouble> {
    use End::{Answer, Failure};
    use FailureCode::{DeadlineExceeded, ModelFailed};
    let trouble = |ask, fault, times, end, paid| Trouble { ask, fault, times, end, paid };
    vec![
        trouble("ask for garbage", Fault::Garbage, None, Failure(ModelFailed, "<html>"), 1),
        trouble("ask for an empty answer", Fault::Empty, None, Failure(ModelFailed, "no choices"), 1),
        trouble("ask for no words", Fault::Nothing, None, Failure(ModelFailed, "answered nothing"), 1),
        trouble(
            "ask for too much",
            Fault::TooLarge { bytes: 300_000 },
            None,
            Failure(ModelFailed, "too much"),
            1,
        ),
        // It rides in every answer, cut; a longer one than an event of a stream may be is no answer.
        trouble("ask for a long name", Fault::LongName { bytes: 600_000 }, None, Answer, 1),
        trouble(
            "ask for a longer name",
            Fault::LongName { bytes: 1 << 20 },
            None,
            Failure(ModelFailed, "more than 1048576 bytes"),
            1,
        ),
        trouble(
            "ask for an answer that is late",
            Fault::Late { ms: 60_000 },
            None,
            Failure(DeadlineExceeded, "deadline"),
            1,
        ),
        trouble("ask too often", status(429, Some("1")), Some(2), Answer, 1),
        trouble("ask while it is broken", status(500, None), Some(1), Answer, 1),
        trouble("ask what nobody may", status(400, None), None, Failure(ModelFailed, "status 400"), 0),
        // What came of the first half is charged for, and no answer: the whole is asked for again.
        trouble("ask for half a stream", Fault::TruncateStream, Some(1), Answer, 2),
        trouble("ask for half a text", Fault::EndEarly, Some(1), Answer, 2),
    ]
}

fn task(house: &House, ask: &str, deadline: Option<Duration>) -> Sent {
    let value = format!("{{\"text\":\"{ask}\"}}").into_bytes();
    let mut headers = vec![(headers::TASK_ID.to_owned(), ask.as_bytes().to_vec())];
    if let Some(deadline) = deadline {
        headers.push((headers::DEADLINE.to_owned(), format!("{}ms", deadline.as_millis()).into_bytes()));
    }
    Sent { topic: house.names.topic(Kind::Tasks), value: Some(value), headers, ..Sent::default() }
}

/// As the provider names it in its bill.
fn prompt(ask: &str) -> String {
    let message = |role, content: &str| PromptMessage { role, content: content.to_owned() };
    prompt_hash(&[message(Role::System, "You say what you are asked."), message(Role::User, ask)])
}

/// Whatever the provider does, each task ends once and typed, what may be tried again is, after the pause that
/// was asked for, and no answer is paid for twice; the tasks beside them do not notice.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_everything_wrong() {
    let house = House::new("models", Who::Odd).await;
    let troubles = troubles();
    let rule = |it: &Trouble| Rule { contains: it.ask.into(), times: it.times, fault: it.fault.clone() };
    house.provider.script(troubles.iter().map(rule).collect()).expect("a script");
    let mut life = Life::start(&house, None);
    let mut sent: Vec<Sent> = Vec::new();
    for (number, trouble) in troubles.iter().enumerate() {
        let deadline = matches!(trouble.fault, Fault::Late { .. }).then_some(DEADLINE);
        sent.push(task(&house, trouble.ask, deadline));
        sent.push(task(&house, &format!("ask well, {number}"), None));
    }
    house.send(&sent).await;
    house.wait_for_results(sent.len(), &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;

    let (ended, paid) = (house.ended().await, house.provider.paid());
    assert_eq!(ended.len(), sent.len(), "{ended:?}");
    let of = |ask: &str| ended.iter().find(|ended| ended.task == ask).expect("a result");
    let charged = |ask: &str| paid.by_prompt.get(&prompt(ask)).copied().unwrap_or(0);
    for (number, trouble) in troubles.iter().enumerate() {
        check(of(trouble.ask), trouble.end);
        assert_eq!(charged(trouble.ask), trouble.paid, "paid for {:?}", trouble.ask);
        let well = format!("ask well, {number}");
        check(of(&well), End::Answer);
        assert_eq!(charged(&well), 1, "paid for {well:?}");
    }
    let letters = house.dead_letters().await;
    assert!(letters.is_empty(), "{letters:?}");
    assert!(took(&house, "ask too often").await >= 2 * RETRY_AFTER, "it asked for two pauses");
}

fn check(ended: &Ended, end: End) {
    let text = ended.value["text"].as_str().unwrap_or_default();
    match end {
        End::Answer => {
            assert_eq!(ended.outcome, "ok", "{ended:?}");
            assert!(text.contains("ask"), "{ended:?}");
        }
        End::Failure(code, says) => {
            let failure = failure(ended);
            assert_eq!((ended.outcome.as_str(), failure.code), ("failed", code), "{ended:?}");
            assert!(failure.message.contains(says), "{:?} does not say {says:?}", failure.message);
            assert!(!failure.remedy.is_empty(), "{ended:?}");
        }
    }
}

/// From a task's record to its result's, on the broker's clock.
async fn took(house: &House, task: &str) -> Duration {
    let of = async |kind: Kind| {
        let records = house.records(kind).await;
        let found = records.into_iter().find(|it| it.headers.text(headers::TASK_ID) == Some(task));
        found.expect("a record of the task").timestamp
    };
    of(Kind::Results).await.since(of(Kind::Tasks).await)
}
