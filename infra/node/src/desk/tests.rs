//! A whole team in memory, and everything that can be asked of it.

use std::time::Duration;

use agents_agent::{Agent, Effects, Event, Fault, What};
use infra_http::told::{
    Cancel, LetterId, Outcome, Shown, State, Submission, TaskId, Wait, WhichLetters, WhichTasks,
};
use infra_http::{Desk, Error, Kind};
use schemas_records::{FailureCode, ModelRequest, Stateless, Text};
use tokio_util::sync::CancellationToken;
use topics_catalog::Topics;

use super::{Board, NodeDesk};
use crate::{Config, Node, Team};

/// Within which time anything that must happen has happened, on a busy machine too.
pub(super) const SETTLE: Duration = Duration::from_secs(60);

/// Says what it hears, after asking a model; waits for ever if it is told `hold`; panics at `panic`.
struct Parrot;

impl Agent for Parrot {
    type Input = Text;
    type State = Stateless;

    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(text) if text.text == "hold" => {
                effects.timer("never", Duration::from_secs(3_000));
            }
            What::Input(text) if text.text == "panic" => panic!("a parrot panics"),
            What::Input(text) => {
                effects.call_model("say", ModelRequest::new("You are a parrot.", text.text, 60))
            }
            What::Answer(answer) => effects.reply(&Text::new(answer.model()?.text)),
            _ => {}
        }
        Ok(())
    }
}

/// A running node in memory, and its desk.
pub(super) struct House {
    pub desk: NodeDesk,
    shutdown: CancellationToken,
    running: tokio::task::JoinHandle<()>,
}

impl House {
    pub async fn new() -> Self {
        let config = Config::read(None, [], &[]).unwrap();
        let mut doors = crate::open(&config).await.unwrap();
        doors.has_watchdog = false;
        let team = Team::new("parrots").agent("parrot", Parrot);
        let node = Node::new(team, doors, config.settings.clone()).unwrap();
        let topics = Topics { partitions: 2, replication: 1 };
        node.plan(topics).await.unwrap().apply(&*node.doors().log).await.unwrap();
        let (shutdown, board) = (CancellationToken::new(), Board::default());
        board.runs("parrot");
        let desk = NodeDesk::new(&node, topics).with_board(board);
        let running = {
            let shutdown = shutdown.clone();
            tokio::spawn(async move { crate::run(&node, shutdown).await.unwrap() })
        };
        Self { desk, shutdown, running }
    }

    pub async fn submit(&self, id: &str, text: &str) -> Result<bool, Error> {
        let json = serde_json::json!({ "text": text }).to_string();
        let task = Submission { json, task: Some(id.to_owned()), ..Submission::default() };
        Ok(self.desk.submit(task).await?.is_new)
    }

    pub async fn outcome(&self, id: &str) -> Outcome {
        self.desk.outcome(Wait { task: id.to_owned(), wait: SETTLE }).await.unwrap()
    }

    pub async fn end(self) {
        self.shutdown.cancel();
        self.running.await.unwrap();
    }
}

fn task(id: &str) -> TaskId {
    TaskId { task: id.to_owned() }
}

/// A task from its submission to its result, its trace, and its place in the list.
#[tokio::test(flavor = "multi_thread")]
async fn tells_the_way_of_a_task() {
    let house = House::new().await;
    assert!(house.submit("t1", "hello").await.unwrap());
    let outcome = house.outcome("t1").await;
    assert_eq!(outcome.task.state, State::Done, "{outcome:?}");
    assert!(outcome.result.unwrap()["text"].is_string());
    assert!(!house.submit("t1", "hello").await.unwrap(), "the same task again is the same task");
    let other = house.submit("t1", "other").await.unwrap_err();
    assert_eq!(other.kind, Kind::Conflict, "{other}");

    let traced = house.desk.trace(task("t1")).await.unwrap();
    assert!(traced.looked.is_all && traced.looked.records > 0);
    let work = &traced.trace.works[0];
    assert_eq!((work.agent.as_str(), traced.trace.works.len()), ("parrot", 1));
    assert!(work.calls.iter().any(|call| call.gateway == "model" && call.ledger.is_some()), "{work:?}");
    let unknown = house.desk.trace(task("t2")).await.unwrap_err();
    assert_eq!(unknown.kind, Kind::NotFound, "{unknown}");

    let unnamed = Submission { json: r#"{"text":"x"}"#.to_owned(), ..Submission::default() };
    let unnamed = house.desk.submit(unnamed).await.unwrap().task;
    assert_eq!(house.outcome(&unnamed).await.task.origin, unnamed, "called after its place");
    let tasks = house.desk.tasks(WhichTasks { ended: Some(true), most: 1 }).await.unwrap();
    assert_eq!((tasks.found, tasks.tasks.len(), tasks.tasks[0].task.as_str()), (2, 1, unnamed.as_str()));
    assert_eq!(house.desk.tasks(WhichTasks { ended: Some(false), most: 9 }).await.unwrap().found, 0);
    house.end().await;
}

/// A cancellation ends an open task with a typed failure; an ended or unknown one is refused.
#[tokio::test(flavor = "multi_thread")]
async fn cancels() {
    let house = House::new().await;
    let cancel =
        |id: &str| house.desk.cancel(Cancel { task: id.to_owned(), reason: "changed my mind".into() });
    house.submit("t1", "hold").await.unwrap();
    let open = async {
        while house.desk.tasks(WhichTasks { ended: Some(false), most: 9 }).await.unwrap().tasks[0].state
            != State::Open
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SETTLE, open).await.unwrap();
    let status = house.desk.status().await.unwrap();
    assert_eq!((status.open, status.done, status.roles.len()), (1, 0, 1), "{status:?}");
    cancel("t1").await.unwrap();
    let outcome = house.outcome("t1").await;
    let failure = outcome.task.failure.unwrap();
    assert_eq!((outcome.task.state, failure.code), (State::Failed, FailureCode::Cancelled));
    assert!(failure.message.contains("changed my mind"), "{failure}");
    let again = cancel("t1").await.unwrap_err();
    assert!(again.kind == Kind::Refused && again.message.contains("ended"), "{again}");
    assert_eq!(cancel("t2").await.unwrap_err().kind, Kind::NotFound);
    house.end().await;
}

/// What is wrong with a task is said at once, in intake's words, with the field or header.
#[tokio::test(flavor = "multi_thread")]
async fn refuses_bad_tasks() {
    let house = House::new().await;
    let check = async |task: Submission, kind: Kind, field: Option<&str>, words: &str| {
        let error = house.desk.submit(task).await.unwrap_err();
        assert_eq!((error.kind, error.field.as_deref()), (kind, field), "{error}");
        assert!(error.message.contains(words), "{words}: {error}");
    };
    let json = |json: &str| Submission { json: json.to_owned(), ..Submission::default() };
    let good = || json(r#"{"text":"x"}"#);
    check(json(r#"{"text":7}"#), Kind::BadInput, Some("text"), "expected string").await;
    check(json(r#"{"txt":"x"}"#), Kind::BadInput, Some("txt"), "unknown field").await;
    check(json("{"), Kind::BadInput, None, "EOF").await;
    check(json(""), Kind::BadInput, None, "it is empty").await;
    let long = serde_json::json!({ "text": "x".repeat(70_000) }).to_string();
    check(json(&long), Kind::TooLarge, None, "at most 65536").await;
    let with = |deadline: Option<&str>, budget: Option<&str>, task: Option<&str>| {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Submission { deadline: own(deadline), budget: own(budget), task: own(task), ..good() }
    };
    check(with(Some("soon"), None, None), Kind::BadInput, Some("deadline"), "soon").await;
    check(with(None, Some("all"), None), Kind::BadInput, Some("budget"), "calls=NUMBER").await;
    check(with(None, None, Some("")), Kind::BadInput, Some("task-id"), "empty").await;
    assert_eq!(
        house.desk.tasks(WhichTasks { ended: None, most: 9 }).await.unwrap().found,
        0,
        "nothing was appended"
    );
    house.end().await;
}

/// A step that panics is a dead letter, with its bytes; put back it is a new task, once; what makes no sense is
/// refused with why.
#[tokio::test(flavor = "multi_thread")]
async fn puts_back() {
    let house = House::new().await;
    house.submit("t1", "panic").await.unwrap();
    assert_eq!(house.outcome("t1").await.task.state, State::Failed);
    let letters = house.desk.dead_letters(WhichLetters { code: None, most: 10 }).await.unwrap();
    let line = &letters.letters[0];
    assert_eq!((line.task.as_deref(), line.code.as_str(), letters.found), (Some("t1"), "step-panicked", 1));
    assert_eq!(letters.codes, [("step-panicked".to_owned(), 1)]);
    let none = WhichLetters { code: Some("other".to_owned()), most: 10 };
    assert_eq!(house.desk.dead_letters(none).await.unwrap().found, 0);
    let id = |letter: &str| LetterId { letter: letter.to_owned() };
    let letter = house.desk.dead_letter(id(&line.letter)).await.unwrap();
    let Shown::Avro(name, json) = &letter.value else { panic!("{:?}", letter.value) };
    assert_eq!((name.as_str(), json["text"].as_str()), ("tributary.Text", Some("panic")));
    assert!(
        letter.headers.iter().any(|(name, value)| name == "task-id" && *value == Shown::Text("t1".into()))
    );

    let put = house.desk.put_back(id(&line.letter)).await.unwrap();
    let new = put.task.unwrap();
    assert!(new.starts_with("t1~"), "{new}");
    assert_eq!(house.outcome(&new).await.task.state, State::Failed, "it panics again");
    let twice = house.desk.put_back(id(&line.letter)).await.unwrap_err();
    assert!(twice.kind == Kind::Refused && twice.message.contains("already"), "{twice}");
    let trace = house.desk.trace(task("t1")).await.unwrap().trace;
    assert_eq!(trace.dead_letters.len(), 1, "its own only");
    for unknown in ["0/999", "9/0", "x", "../..", ""] {
        assert_eq!(house.desk.dead_letter(id(unknown)).await.unwrap_err().kind, Kind::NotFound, "{unknown}");
    }
    house.end().await;
}

/// Many who wait share one reader, and each hears of his own task.
#[tokio::test(flavor = "multi_thread")]
async fn many_wait() {
    let house = House::new().await;
    let ids: Vec<String> = (0..50).map(|number| format!("t{number}")).collect();
    let each = ids.iter().map(async |id| {
        house.submit(id, id).await.unwrap();
        let outcome = house.outcome(id).await;
        assert_eq!((outcome.task.task.as_str(), outcome.task.state), (id.as_str(), State::Done));
    });
    tokio::time::timeout(SETTLE, futures::future::join_all(each)).await.unwrap();
    let soon = Wait { task: "t0".to_owned(), wait: Duration::ZERO };
    assert!(house.desk.outcome(soon).await.unwrap().result.is_some());
    house.submit("hold", "hold").await.unwrap();
    let short = Wait { task: "hold".to_owned(), wait: Duration::from_millis(50) };
    assert!(!house.desk.outcome(short).await.unwrap().task.state.is_ended(), "a wait ends");
    house.end().await;
}
