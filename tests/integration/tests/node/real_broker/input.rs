//! Bad input, sent by a plain client: each record gets its clear refusal and its dead letter, and the tasks
//! between them their results.

use agents_team_briefing::Question;
use schemas_records::protocol::DeadLetter;
use schemas_records::{FailureCode, TaskId, Text, headers};
use topics_catalog::Kind;

use super::house::{House, PARTITIONS, Who};
use super::ledger::{failure, quiet};
use super::life::Life;
use super::producer::{Place, Sent};
use super::tasks::{Task, questions};

/// Bad input: what it is sent as, and what is said of it.
struct Bad {
    value: Vec<u8>,
    headers: Vec<(&'static str, Vec<u8>)>,
    /// The dead letter's code.
    code: &'static str,
    failure: FailureCode,
    /// Part of the sentence for its producer.
    said: &'static str,
}

fn bad(value: impl Into<Vec<u8>>, code: &'static str, said: &'static str) -> Bad {
    Bad { value: value.into(), headers: Vec::new(), code, failure: FailureCode::BadInput, said }
}

/// A good task under a header that is not.
fn limited(name: &'static str, value: &[u8], code: &'static str, said: &'static str) -> Bad {
    let good = questions(1).remove(0).json;
    let headers = vec![(name, value.to_vec())];
    Bad { headers, failure: FailureCode::Refused, ..bad(good, code, said) }
}

fn question(fields: &str) -> String {
    format!("{{\"question\":\"q\",\"sector\":\"retail_trade\",\"month\":\"2014-03\"{fields}}}")
}

/// Every way in which a task can be none.
fn all_bad(house: &House) -> Vec<Bad> {
    let framed = |id: u32, body: &[u8]| [&[0], &id.to_be_bytes()[..], body].concat();
    let good: Question = serde_json::from_str(&questions(1)[0].json).expect("a question");
    let avro = house.codec.encode(&good).expect("a question as avro");
    let cut = avro[..avro.len() - 3].to_vec();
    let text = house.codec.encode(&Text::new("no question")).expect("a text as avro").to_vec();
    let large = |bytes: usize| question(&format!(",\"more\":\"{}\"", "x".repeat(bytes)));
    vec![
        bad("hire?", "neither-json-nor-avro", "neither JSON nor Avro"),
        bad("", "neither-json-nor-avro", "is empty"),
        bad("{\"question\": ", "not-json", "EOF"),
        bad(framed(0x7fff_ffff, b"body"), "unknown-schema", "2147483647"),
        bad(cut, "wrong-avro", "Question"),
        bad(text, "wrong-record", "tributary.Text"),
        bad("{\"question\":7,\"sector\":\"s\",\"month\":\"2014-03\"}", "wrong-json", "question"),
        bad("{\"question\":\"q\"}", "wrong-json", "sector"),
        bad(question(",\"colour\":\"red\""), "wrong-json", "colour"),
        bad("{\"question\":\" \",\"sector\":\"s\",\"month\":\"2014-03\"}", "not-allowed", "empty"),
        bad(large(1_000_000 - 200), "too-large", "at most 65536"),
        bad(large(65_536), "too-large", "at most 65536"),
        bad(b"{\"question\":\"\xff\"}".to_vec(), "not-utf8", "UTF-8"),
        limited(headers::DEADLINE, b"1000", "bad-deadline", "is not after"),
        limited(headers::DEADLINE, b"next week", "bad-deadline", "neither"),
        limited(headers::DEADLINE, b"3000d", "bad-deadline", "more than"),
        limited(headers::BUDGET, b"calls=many", "bad-budget", "many"),
        limited(headers::BUDGET, b"calls=2000", "bad-budget", "at most"),
        limited(headers::PRIORITY, b"10", "bad-priority", "0 to 9"),
        limited(headers::TASK_ID, b"\xff", "bad-task-id", "UTF-8"),
        limited(headers::TASK_ID, &[b'x'; 1_000], "bad-task-id", "task id"),
    ]
}

fn task(house: &House, task: &Task) -> Sent {
    let id = (headers::TASK_ID.to_owned(), task.id.clone().into_bytes());
    Sent {
        topic: house.names.topic(Kind::Tasks),
        value: Some(task.json.clone().into_bytes()),
        headers: vec![id],
        ..Sent::default()
    }
}

/// Whatever a plain client sends to the task topic that is no task is refused with a sentence for its
/// producer, and kept whole with its origin and a remedy; good tasks between them are done as if alone.
#[tokio::test(flavor = "multi_thread")]
async fn refuses_what_is_no_task() {
    let house = House::new("input", Who::Briefing).await;
    let tasks = questions(4);
    let quiet = quiet(&house, &tasks).await;
    let bad = all_bad(&house);
    let mut life = Life::start(&house, None);
    let mut sent = Vec::new();
    for (n, one) in bad.iter().enumerate() {
        // Good ones among them, in the same partitions.
        sent.extend((n % 6 == 0).then(|| task(&house, &tasks[n / 6])));
        let given = |(name, value): &(&str, Vec<u8>)| ((*name).to_owned(), value.clone());
        sent.push(Sent {
            topic: house.names.topic(Kind::Tasks),
            value: Some(one.value.clone()),
            headers: one.headers.iter().map(given).collect(),
            ..Sent::default()
        });
    }
    let places = house.send(&sent).await;
    house.wait_for_results(sent.len(), &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    let mut ended = house.ended().await;
    ended.retain(|ended| match quiet.results.get(&ended.task) {
        Some(result) => {
            assert_eq!(&ended.value, result, "result of {}", ended.task);
            false
        }
        None => true,
    });
    assert_eq!(ended.len(), bad.len(), "refusals");
    let mut letters = house.dead_letters().await;
    for (sent, place) in sent.iter().zip(&places) {
        let Some(bad) = bad.iter().find(|bad| Some(&bad.value) == sent.value.as_ref() && has(sent, bad))
        else {
            continue;
        };
        let letter = take_letter(&mut letters, &sent.topic, *place);
        check_letter(&letter, sent, bad.code, "intake");
        // None of these has an id that can be one, so each is known by its place.
        let id = TaskId::of_origin(&sent.topic, place.0, place.1);
        let refusal = ended.iter().find(|ended| ended.task == id.as_str());
        let refusal = refusal.unwrap_or_else(|| panic!("no refusal of {id}: {}", letter.message));
        assert_eq!((refusal.kind.as_str(), refusal.outcome.as_str()), ("refused", "failed"));
        let failure = failure(refusal);
        assert_eq!(failure.code, bad.failure, "{failure}");
        assert!(failure.message.contains(bad.said), "{:?} is not in {:?}", bad.said, failure.message);
        assert_eq!(failure.remedy, letter.remedy);
    }
    assert!(letters.is_empty(), "{letters:?}");
    assert_eq!(house.records(Kind::Closings).await.len(), tasks.len(), "closings");
}

fn has(sent: &Sent, bad: &Bad) -> bool {
    sent.headers.len() == bad.headers.len()
        && bad.headers.iter().all(|(name, value)| sent.headers.contains(&((*name).to_owned(), value.clone())))
}

/// The one dead letter of the record at this place.
fn take_letter(letters: &mut Vec<DeadLetter>, topic: &str, (partition, offset): Place) -> DeadLetter {
    let at = |letter: &DeadLetter| {
        (letter.topic.as_str(), letter.partition, letter.offset) == (topic, partition, offset)
    };
    let found = letters.iter().position(at);
    let letter =
        letters.remove(found.unwrap_or_else(|| panic!("no letter for {topic}/{partition}/{offset}")));
    assert!(!letters.iter().any(at), "two letters for {topic}/{partition}/{offset}");
    letter
}

/// It holds the record whole (but for what no record could hold), says why, and what to do.
fn check_letter(letter: &DeadLetter, sent: &Sent, code: &str, handler: &str) {
    let value = sent.value.clone().unwrap_or_default();
    if letter.value.len() < value.len() {
        assert!(
            value.len() > 900 * 1024 && letter.message.contains("the whole stands at"),
            "{}",
            letter.message
        );
    }
    assert_eq!(letter.value, value[..letter.value.len()], "its bytes");
    assert_eq!(letter.key, sent.key.clone().unwrap_or_default(), "its key");
    let headers: Vec<(String, Vec<u8>)> =
        letter.headers.iter().map(|header| (header.name.clone(), header.value.to_vec())).collect();
    assert_eq!(headers, sent.headers, "its headers");
    assert_eq!((letter.code.as_str(), letter.handler.as_str()), (code, handler), "{}", letter.message);
    assert!(!letter.message.is_empty() && !letter.remedy.is_empty(), "{letter:?}");
}

/// One id twice: the same task again is the same task, another one under its id is refused, and the first
/// keeps its result.
#[tokio::test(flavor = "multi_thread")]
async fn knows_a_task_by_its_id() {
    let house = House::new("twice", Who::Briefing).await;
    let tasks = questions(2);
    let quiet = quiet(&house, &tasks[..1]).await;
    let before = house.provider.paid();
    let mut life = Life::start(&house, None);
    let other = Task { id: tasks[0].id.clone(), json: tasks[1].json.clone() };
    house.send(&[task(&house, &tasks[0]), task(&house, &tasks[0])]).await;
    house.wait_for_results(1, &mut life).await;
    house.send(&[task(&house, &tasks[0]), task(&house, &other)]).await;
    house.wait_for_results(2, &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    let ended = house.ended().await;
    let (refused, results): (Vec<_>, Vec<_>) = ended.iter().partition(|ended| ended.kind == "refused");
    assert_eq!((results.len(), refused.len()), (1, 1), "{ended:?}");
    assert_eq!(results[0].value, quiet.results[&tasks[0].id], "the first one's result");
    assert_eq!(refused[0].task, tasks[0].id);
    assert!(failure(refused[0]).message.contains("was used before with other content"), "{:?}", refused[0]);
    assert_eq!(house.records(Kind::Closings).await.len(), 4, "closings: each of the four was taken in");
    assert_eq!(super::ledger::since(&before, house.provider.paid()).again(), 0, "paid again");
}

/// What strangers write into the runtime's own topics is a dead letter and changes nothing: records without
/// headers, and the runtime's own once more, in the right partition or chosen by another partitioner.
#[tokio::test(flavor = "multi_thread")]
async fn bears_strangers_in_its_own_topics() {
    let house = House::new("strangers", Who::Briefing).await;
    let tasks = questions(2);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    let mut life = Life::start(&house, None);
    let (partition, _) = house.send(&[task(&house, &tasks[0])]).await[0];
    house.wait_for_results(1, &mut life).await;
    let inbox = house.names.inbox("data-analyst");
    let known = super::house::all_records(&*house.log, &inbox, PARTITIONS).await;
    let again: Vec<Sent> = known.iter().map(Sent::from).collect();
    let moved =
        |sent: &Sent| Sent { partition: sent.partition.map(|p| (p + 1) % PARTITIONS), ..sent.clone() };
    let misplaced: Vec<Sent> = again.iter().map(moved).collect();
    // In a partition in which there was a task: closings are followed only where there may be open ones.
    let garbage = |topic: String| Sent {
        topic,
        partition: Some(partition),
        value: Some(b"hello".to_vec()),
        ..Sent::default()
    };
    let topics = [
        (inbox, "data-analyst", "bad-headers"),
        (house.names.topic(Kind::ModelRequests), "model-gateway", "bad-headers"),
        (house.names.topic(Kind::Timers), "timers", "bad-headers"),
        (house.names.topic(Kind::Closings), "intake", "no-closing"),
    ];
    house.send(&again).await;
    let misplaced_at = house.send(&misplaced).await;
    let garbage: Vec<Sent> = topics.iter().map(|(topic, ..)| garbage(topic.clone())).collect();
    let garbage_at = house.send(&garbage).await;
    house.send(&[task(&house, &tasks[1])]).await;
    house.wait_for_results(2, &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    let mut letters = house.dead_letters().await;
    for (sent, place) in misplaced.iter().zip(misplaced_at) {
        check_letter(&take_letter(&mut letters, &sent.topic, place), sent, "wrong-partition", "data-analyst");
    }
    for ((sent, place), (_, handler, code)) in garbage.iter().zip(garbage_at).zip(topics) {
        let letter = take_letter(&mut letters, &sent.topic, place);
        // An empty key belongs into one of the two partitions only.
        let code = if letter.code == "wrong-partition" { "wrong-partition" } else { code };
        check_letter(&letter, sent, code, handler);
    }
    assert!(letters.is_empty(), "{letters:?}");
    let ended = house.ended().await;
    assert_eq!(ended.len(), tasks.len(), "{ended:?}");
    for ended in ended {
        assert_eq!(ended.value, quiet.results[&ended.task], "result of {}", ended.task);
    }
    assert_eq!(super::ledger::since(&before, house.provider.paid()).again(), 0, "paid again");
}
