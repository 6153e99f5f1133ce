//! Takeovers, intents and reports alone, on a store in memory; how they hold together across crashes is
//! shown by the gateways that use them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::{
    Address, Budget, CallId, Envelope, Failure, FailureCode, Headers, Key, Kind, Limits, Origin, Outcome,
    ReplyKind, ReplyTo, TaskId, Text, Timestamp, WorkPath,
};
use topics_log::{Record, Token, TopicPartition, VirtualClock};
use topics_runtime::Remedy;
use topics_runtime::gateway::{Answered, Request};
use topics_state::memory::MemoryStore;

use super::nearest::hint;
use super::{
    Asked, Attempts, Claim, Identity, Journal, JournalEntry, JournalOutcome, Keeping, Reporter, Rows,
    Verdict, Voice, asked, attempts,
};

fn codec() -> &'static Codec {
    static CODEC: OnceLock<Codec> = OnceLock::new();
    CODEC.get_or_init(|| Codec::new(Registry::new().unwrap()))
}

fn reporter() -> Reporter {
    let voice = Voice {
        version: "test/1".into(),
        request: "a test request",
        attempted: "ask a test",
        failed: "test-failed",
        failures: "test_failures_total",
    };
    Reporter::new(codec().clone(), voice)
}

/// Rows with nothing in memory, as after a start, over what outlives it.
fn rows(store: &MemoryStore) -> Rows {
    let (life, pause) = (Duration::from_secs(3_600), Duration::from_millis(200));
    Rows::new(Arc::new(store.clone()), codec().clone(), &Keeping { prefix: "test".into(), life, pause })
}

fn store() -> MemoryStore {
    MemoryStore::new(Arc::new(VirtualClock::starting_at(Timestamp(0))))
}

fn journal(store: &MemoryStore) -> Journal {
    Journal::new(rows(store), reporter(), "test_unknown_total")
}

fn request(value: Bytes) -> Request {
    let call = CallId::parse(&[b'a'; 32]).unwrap();
    let address = Address { topic: "test.team.asker.inbox.g1".into(), partition: 2, key: Key::new(b"work") };
    let envelope = Envelope {
        kind: Kind::Input,
        task: TaskId::new("task").unwrap(),
        path: WorkPath::root("asker"),
        call: Some(call),
        branch: None,
        outcome: None,
        reply_to: Some(ReplyTo { kind: ReplyKind::Answer, address, call }),
        limits: Limits {
            deadline: Timestamp(900_000),
            budget: Budget { calls: 5 },
            priority: 4,
            tenant: "acme".into(),
        },
        origin: Origin { topic: "test.team.tasks".into(), partition: 0, offset: 7 },
        accepted_at: Timestamp(0),
        asked_at: None,
        depth: 0,
        hops: 3,
        traceparent: None,
        agent_version: "asker/1".into(),
    };
    let record = Record {
        topic_partition: TopicPartition::new("test.requests", 0),
        offset: 1,
        timestamp: Timestamp(0),
        key: call.key(),
        value,
        headers: Headers::new(),
    };
    Request { envelope, record, token: Token::new() }
}

/// A question of these words, whose hash they are.
fn question(words: &str) -> Asked<Text> {
    let value = codec().encode(&Text::new(words)).unwrap();
    let check = |_: &Text| Ok(());
    let identify = |text: &Text, _: &str, call: CallId| Identity { hash: text.text.clone(), key: call.key() };
    asked::read(request(value), &reporter(), check, identify).unwrap().unwrap()
}

/// The one record of an answer: its outcome, what is left of the allotment, its value.
fn read(answered: &Answered) -> (Option<Outcome>, u32, Bytes) {
    assert_eq!(answered.records.len(), 1, "{answered:?}");
    let envelope = Envelope::read(&answered.records[0].headers).unwrap();
    (envelope.outcome, envelope.limits.budget.calls, answered.records[0].value.clone())
}

/// Each owner begins where the one before stopped: what was open is unknown, what had ended is not, what
/// was answered or is about another question counts for nothing.
#[tokio::test]
async fn takeovers_count_what_is_unknown() {
    let store = store();
    let asked = question("rain");
    let counts = async |words: &str| {
        let taken = Attempts::take_over(&rows(&store), &journal(&store), &question(words)).await.unwrap();
        (taken.sent(), taken.unknown())
    };
    assert_eq!(counts("rain").await, (0, 0));
    let mut first = Attempts::take_over(&rows(&store), &journal(&store), &asked).await.unwrap();
    first.begin().await.unwrap();
    assert_eq!(counts("rain").await, (1, 1));
    assert_eq!(counts("snow").await, (0, 0));
    first.end().await.unwrap();
    assert_eq!(counts("rain").await, (1, 0));
    first.begin().await.unwrap();
    let mut second = Attempts::take_over(&rows(&store), &journal(&store), &asked).await.unwrap();
    second.begin().await.unwrap();
    assert_eq!(counts("rain").await, (3, 2));

    let failure = Failure::new(FailureCode::ModelFailed, "no", "wait");
    let verdict = Verdict::failed(failure, attempts::find(&rows(&store), &asked).await.unwrap().as_ref(), 1);
    assert_eq!((verdict.attempts, verdict.unknown_attempts), (3, 2));
    let entry = journal(&store).entry(&verdict, &asked).unwrap();
    journal(&store).insert(asked.call, entry).await.unwrap();
    assert_eq!(counts("rain").await, (0, 0), "it is answered");
    second.clear().await.unwrap();
    assert_eq!(attempts::find(&rows(&store), &asked).await.unwrap(), None);
}

/// An intent is one owner's for ever: nobody else gets it, and clearing leaves it.
#[tokio::test]
async fn an_intent_is_claimed_once() {
    let store = store();
    let asked = question("rain");
    let (ours, claim) = Attempts::claim(&rows(&store), &asked).await.unwrap();
    assert_eq!((claim, ours.sent(), ours.unknown()), (Claim::Ours, 1, 0));
    for _ in 0..2 {
        let (other, claim) = Attempts::claim(&rows(&store), &asked).await.unwrap();
        assert_eq!((claim, other.sent(), other.unknown()), (Claim::Taken, 1, 1));
        ours.clear().await.unwrap();
    }
    let row = attempts::find_intent(&rows(&store), &asked).await.unwrap().unwrap();
    assert_eq!((row.attempts, row.unknown()), (1, 1));
    assert_eq!(attempts::find_intent(&rows(&store), &question("snow")).await.unwrap(), None);
}

/// What the journal holds is reported as it stands, less what was charged; to another question it is
/// refused, and what a newer version wrote stops the gateway.
#[tokio::test]
async fn reports_what_the_journal_holds() {
    let entry = |outcome: JournalOutcome, charged: i32| JournalEntry {
        request_hash: "rain".into(),
        outcome,
        value: codec().encode(&Text::new("wet")).unwrap(),
        attempts: 1,
        unknown_attempts: 0,
        calls_charged: charged,
    };
    let asked = question("rain");
    for (charged, rest) in [(0, 5), (2, 3), (9, 0), (-1, 5)] {
        let answered = reporter().report(&asked, &entry(JournalOutcome::Ok, charged)).unwrap();
        let value = codec().encode(&Text::new("wet")).unwrap();
        assert_eq!(read(&answered), (Some(Outcome::Ok), rest, value));
    }
    let failed = reporter().report(&asked, &entry(JournalOutcome::Failed, 1)).unwrap();
    assert_eq!(read(&failed).0, Some(Outcome::Failed));
    let other = reporter().report(&question("snow"), &entry(JournalOutcome::Ok, 2)).unwrap();
    let (outcome, rest, value) = read(&other);
    let failure: Failure = codec().decode(&value).unwrap();
    assert_eq!((outcome, rest, failure.code), (Some(Outcome::Failed), 5, FailureCode::BadInput));
    assert!(failure.message.starts_with("ask a test: another request was answered"), "{failure}");
    let newer = reporter().report(&asked, &entry(JournalOutcome::Unknown, 0)).unwrap_err();
    assert_eq!(newer.remedy, Remedy::Stop);
}

/// The first answer in the journal stands, also for whoever writes a second one.
#[tokio::test]
async fn the_first_answer_stands() {
    let store = store();
    let asked = question("rain");
    let verdict = |words: &str| Verdict {
        result: Ok(codec().encode(&Text::new(words)).unwrap()),
        attempts: 1,
        unknown_attempts: 0,
        calls_charged: 1,
    };
    let journal = journal(&store);
    for words in ["first", "second"] {
        let entry = journal.entry(&verdict(words), &asked).unwrap();
        let standing = journal.insert(asked.call, entry).await.unwrap();
        assert_eq!(standing.value, codec().encode(&Text::new("first")).unwrap(), "{words}");
    }
}

/// A slip of the pen is recognised, something else is not; what there is is listed within a bound.
#[test]
fn nearest_names() {
    let check = |found: &str, known: &[&str], expected: &str| {
        assert_eq!(hint(found, known.iter().copied()), expected, "{found}");
    };
    check("tabels", &["law", "tables"], "did you mean tables? there are: law, tables");
    check("TABLES", &["tables"], "did you mean tables? there are: tables");
    check("payments", &["law", "tables"], "there are: law, tables");
    check("", &["a"], "there are: a");
    check("x", &[], "there is none");
    check(&"t".repeat(1_000), &["tables"], "there are: tables");
    let many: Vec<String> = (0..30).map(|number| format!("name-{number:02}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(hint("other", many.iter().copied()).ends_with("name-19, ..."));
}
