//! What becomes of task records: inputs and refusals, to the last header; and the rest goes on.

use std::time::Duration;

use schemas_records::headers::INSTANCE;
use schemas_records::{
    Budget, CallId, Envelope, Failure, FailureCode, Key, Kind, Limits, Origin, Outcome, ReplyKind, ReplyTo,
    SpanId, TaskId, Timestamp, Trace, WorkId, WorkPath,
};
use topics_log::{NewRecord, partition_of};

use super::house::{DEAD, EPOCH, House, INBOX, PARTITIONS, RESULTS, TASKS, directory, framed, task};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn after(records: Vec<NewRecord>) -> House {
    let house = House::new().await;
    house.send(records).await;
    let running = house.start("a", 100);
    tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
    running.end().await.unwrap();
    house
}

/// A task with every header a producer may set, and some that it may not.
#[tokio::test(start_paused = true)]
async fn writes_an_input() {
    let headers: &[(&'static str, &[u8])] = &[
        ("task-id", b"t-1"),
        ("deadline", b"30s"),
        ("budget", b"calls=12"),
        ("priority", b"7"),
        ("traceparent", TRACE.as_bytes()),
        ("reply-to", b"result|ns.other.inbox|0|00000000000000000000000000000000|k"),
        ("tenant", b"rich"),
        ("kind", b"answer"),
        ("call-id", b"00000000000000000000000000000000"),
        ("accepted-at", b"1"),
        ("mine", b"whatever"),
    ];
    let house =
        after(vec![NewRecord { partition: Some(2), ..task(r#"{"question":"why?"}"#, headers) }]).await;
    let record = &house.records(INBOX)[0];
    let work = WorkId::of_task(TASKS, &TaskId::new("t-1").unwrap());
    let results = directory().address("results", &Key::new(b"t-1")).unwrap();
    let expected = Envelope {
        kind: Kind::Input,
        task: TaskId::new("t-1").unwrap(),
        path: WorkPath::root("planner"),
        call: None,
        branch: None,
        outcome: None,
        reply_to: Some(ReplyTo { kind: ReplyKind::Result, address: results, call: CallId::of_part(work) }),
        limits: Limits {
            deadline: Timestamp(EPOCH + 30_000),
            budget: Budget { calls: 12 },
            priority: 7,
            tenant: "acme".to_owned(),
        },
        origin: Origin { topic: TASKS.to_owned(), partition: 2, offset: 0 },
        accepted_at: Timestamp(EPOCH),
        asked_at: None,
        depth: 0,
        hops: 1,
        traceparent: Trace::parse(TRACE).map(|given| given.next(SpanId::of_record(TASKS, 2, 0)).to_string()),
        agent_version: String::new(),
    };
    assert_eq!(Envelope::read(&record.headers).unwrap(), expected);
    let mut headers = expected.write();
    headers.push(INSTANCE, "a");
    assert_eq!(record.headers, headers, "and no other header");
    assert_eq!((&record.key, &record.value), (&work.key(), &framed("why?")));
    assert_eq!(record.topic_partition.partition, partition_of(work.key().as_bytes(), PARTITIONS));
    house.check_outcomes("one good task");
}

/// A plain client without any header gets an id by its place, limits and a trace.
#[tokio::test(start_paused = true)]
async fn gives_what_is_left_out() {
    let house = after(vec![NewRecord { partition: Some(1), ..task(framed("why?"), &[]) }]).await;
    let envelope = Envelope::read(&house.records(INBOX)[0].headers).unwrap();
    assert_eq!(envelope.task.as_str(), "ns.team.tasks/1/0");
    assert_eq!(envelope.limits.deadline, Timestamp(EPOCH + 900_000));
    assert_eq!(envelope.limits.budget, Budget { calls: 64 });
    assert!(envelope.traceparent.is_some_and(|trace| trace.starts_with("00-") && trace.len() == 55));
}

/// Each bad input: a refusal for its producer and a dead letter, exact, and good tasks around it pass.
#[tokio::test(start_paused = true)]
async fn refuses_and_goes_on() {
    let large = vec![b' '; 999_900];
    let check = async |value: &[u8], headers: &[(&'static str, &[u8])], code: &str, failure: FailureCode| {
        let at_1 = |record: NewRecord| NewRecord { partition: Some(1), ..record };
        let task_record = at_1(task(value.to_vec(), headers));
        let around = || at_1(task(framed("why?"), &[]));
        let house = after(vec![around(), task_record.clone(), around()]).await;
        let context = format!("{code} {headers:?}");
        house.check_outcomes(&context);
        assert_eq!(house.inputs().len(), 2, "{context}");
        let results = house.records(RESULTS);
        let (result, letter) = (&results[0], &house.letters()[0]);
        let said = Envelope::read(&result.headers).unwrap();
        let given = task_record.headers.text("task-id").and_then(|id| TaskId::new(id).ok());
        let own = TaskId::of_origin(TASKS, 1, 1);
        assert_eq!(
            (said.kind, said.outcome, said.reply_to),
            (Kind::Refused, Some(Outcome::Failed), None),
            "{context}"
        );
        assert_eq!((said.task, said.limits.budget), (given.unwrap_or(own), Budget::EMPTY), "{context}");
        assert_eq!(said.origin.to_string(), "ns.team.tasks/1/1", "{context}");
        assert_eq!(result.key, Key::new(b"ns.team.tasks/1/1"), "never under an id that may have an outcome");
        let told: Failure = house.codec.decode(&result.value).unwrap();
        assert_eq!((told.code, told.path.as_str()), (failure, "intake"), "{context}");
        assert_eq!(
            (&told.message, &told.remedy),
            (&letter.message.split(" (the record's").next().unwrap().to_owned(), &letter.remedy)
        );
        assert_eq!((letter.code.as_str(), letter.handler.as_str()), (code, "intake"), "{context}");
        assert_eq!((letter.topic.as_str(), letter.partition, letter.offset), (TASKS, 1, 1));
        assert!(task_record.value.starts_with(&letter.value), "{context}");
        assert_eq!(letter.value.len(), value.len().min(900 * 1024), "{context}");
        let kept: Vec<_> =
            letter.headers.iter().map(|header| (header.name.as_str(), &header.value[..])).collect();
        assert_eq!(kept, headers, "{context}");
        assert_eq!(house.records(DEAD)[0].headers.text("origin"), Some("ns.team.tasks/1/1"));
        assert!(!told.remedy.is_empty());
    };
    let (bad, refused) = (FailureCode::BadInput, FailureCode::Refused);
    let good = framed("why?");
    check(b"not json", &[], "neither-json-nor-avro", bad).await;
    check(b"{not json", &[("task-id", b"t-9")], "not-json", bad).await;
    check(b"\0avro it is not", &[], "unknown-schema", bad).await;
    check(&good[..good.len() - 2], &[], "wrong-avro", bad).await;
    check(b"\0\0\0\0\x07x", &[], "unknown-schema", bad).await;
    check(br#"{"question":1}"#, &[], "wrong-json", bad).await;
    check(b"{}", &[], "wrong-json", bad).await;
    check(br#"{"question":"why?","more":1}"#, &[], "wrong-json", bad).await;
    check(br#"{"question":""}"#, &[], "not-allowed", bad).await;
    check(br#"{"question":"panic"}"#, &[], "check-panicked", bad).await;
    check(b"", &[], "neither-json-nor-avro", bad).await;
    check(&large, &[], "too-large", bad).await;
    check(&large[..65_537], &[], "too-large", bad).await;
    check(b"{\"question\":\"\xff\"}", &[], "not-utf8", bad).await;
    check(&good, &[("deadline", b"1600000000000")], "bad-deadline", refused).await;
    check(&good, &[("deadline", b"7d")], "bad-deadline", refused).await;
    check(&good, &[("deadline", b"\xff")], "bad-deadline", refused).await;
    check(&good, &[("budget", b"unlimited"), ("task-id", b"t-8")], "bad-budget", refused).await;
    check(&good, &[("priority", b"-1")], "bad-priority", refused).await;
    check(&good, &[("task-id", &[b'i'; 300])], "bad-task-id", refused).await;
    check(&good, &[("task-id", b"a\tb")], "bad-task-id", refused).await;
    check(&good, &[("task-id", b"")], "bad-task-id", refused).await;
}

/// The deadline is held against the append time of the task, not against the time it is read.
#[tokio::test(start_paused = true)]
async fn compares_deadlines_with_the_append_time() {
    let house = House::new().await;
    let soon = (EPOCH + 1_000).to_string();
    house.send(vec![task(framed("why?"), &[("deadline", soon.as_bytes())])]).await;
    tokio::time::sleep(Duration::from_secs(60)).await; // virtual clock
    let running = house.start("a", 100);
    tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
    running.end().await.unwrap();
    assert_eq!((house.inputs().len(), house.letters().len()), (1, 0));
}

/// The same task id twice is two inputs under one key: the entry inbox tells them apart.
#[tokio::test(start_paused = true)]
async fn leaves_duplicates_to_the_inbox() {
    let twice = || task(framed("why?"), &[("task-id", b"t-1")]);
    let house = after(vec![twice(), twice()]).await;
    let inputs = house.records(INBOX);
    assert_eq!((inputs.len(), &inputs[0].key), (2, &inputs[1].key));
    house.check_outcomes("twice");
}

/// A team whose topics do not fit is told before anything is read.
#[tokio::test(start_paused = true)]
async fn refuses_topics_that_do_not_fit() {
    let check = async |name: &str, partitions: i32, says: &str| {
        let house = House::new().await;
        let mut parts = house.parts();
        let mut fitting = topics_catalog::Directory::default();
        for other in ["tasks", "closings", "results", "dead-letters", "planner"] {
            let partitions = if other == name { partitions } else { PARTITIONS };
            if partitions > 0 {
                fitting.insert(other, &format!("ns.team.{other}"), partitions, topics_catalog::Peer::Runtime);
            }
        }
        parts.directory = fitting;
        let error = house.start_with(parts, house.settings("a", 1)).ended.await.unwrap().unwrap_err();
        assert_eq!(error.remedy, topics_runtime::Remedy::Stop);
        assert!(error.to_string().contains(says), "{error}");
    };
    check("planner", 0, "could not find the topic of planner").await;
    check("results", 0, "could not find the topic of results").await;
    check("closings", 7, "ns.team.tasks has 3 partitions, ns.team.closings has 7").await;
}
