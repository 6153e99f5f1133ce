//! Headers of 600 KB and keys of a megabyte at every door of a node: the broker takes them, so the node must
//! bear them. Each is a dead letter that the broker takes too, and the tasks around them get their results.
//! What agents say too long stands with the other agents that misbehave; the whole list is tried in the
//! simulation.

use schemas_records::{FailureCode, headers};
use topics_catalog::Kind;
use topics_log::partition_of;

use super::house::{House, PARTITIONS, Who};
use super::ledger::failure;
use super::life::Life;
use super::producer::Sent;

/// Long, and within what a broker takes.
const LONG: usize = 600 * 1024;

/// So long that a record of it fits, and a letter with all of it would not.
const LONGEST: usize = 1_040_000;

fn task(house: &House, text: &str, header: Option<&str>) -> Sent {
    let value = format!("{{\"text\":\"{text}\"}}").into_bytes();
    let headers = header.iter().map(|name| ((*name).to_owned(), vec![b'x'; LONG])).collect();
    Sent { topic: house.names.topic(Kind::Tasks), value: Some(value), headers, ..Sent::default() }
}

/// A stranger in the partition where its key belongs.
fn stranger(topic: String, key: Vec<u8>, header: Option<&str>) -> Sent {
    let headers = header.iter().map(|name| ((*name).to_owned(), vec![b'x'; LONG])).collect();
    let partition = Some(partition_of(&key, PARTITIONS));
    Sent { topic, partition, key: Some(key), value: Some(b"?".to_vec()), headers }
}

/// Every long header and key is one dead letter under its code, with the record's first bytes and where the
/// whole stands; a producer is told; and the task that comes next is done.
#[tokio::test(flavor = "multi_thread")]
async fn long_headers_and_keys_are_dead_letters() {
    let house = House::new("long", Who::Odd).await;
    let mut life = Life::start(&house, None);
    let inbox = || house.names.inbox("odd");
    let (model, timers) = (house.names.topic(Kind::ModelRequests), house.names.topic(Kind::Timers));
    let (short, long) = (|| b"stray".to_vec(), || vec![b'k'; LONGEST]);
    let bad = [
        (task(&house, "long", Some(headers::BUDGET)), "bad-budget"),
        (task(&house, "long", Some(headers::DEADLINE)), "bad-deadline"),
        (task(&house, "long", Some(headers::PRIORITY)), "bad-priority"),
        (stranger(inbox(), short(), Some(headers::KIND)), "bad-headers"),
        (stranger(inbox(), long(), None), "bad-headers"),
        (stranger(model.clone(), short(), Some(headers::CALL_ID)), "bad-headers"),
        (stranger(model, long(), None), "bad-headers"),
        (stranger(timers.clone(), short(), Some(headers::KIND)), "bad-headers"),
        (stranger(timers, long(), None), "bad-headers"),
    ];
    let refused = bad.iter().filter(|(sent, _)| sent.key.is_none()).count();
    let mut sent: Vec<Sent> = Vec::new();
    for (bad, _) in &bad {
        sent.extend([bad.clone(), task(&house, "good", None)]);
    }
    let places = house.send(&sent).await;
    house.wait_for_results(refused + bad.len(), &mut life).await;
    house.wait_for_letters(bad.len(), &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;

    let letters = house.dead_letters().await;
    assert_eq!(letters.len(), bad.len(), "dead letters");
    for ((sent, code), (partition, offset)) in bad.iter().zip(places.iter().step_by(2)) {
        let at = |letter: &&schemas_records::protocol::DeadLetter| {
            (letter.topic.as_str(), letter.partition, letter.offset) == (&sent.topic, *partition, *offset)
        };
        let letter = letters.iter().find(at).unwrap_or_else(|| panic!("no letter of {}", sent.topic));
        assert_eq!(letter.code, *code, "{}", letter.message);
        assert!(letter.message.contains("the whole stands at"), "{}", letter.message);
        assert!(sent.key.clone().unwrap_or_default().starts_with(&letter.key), "its key's first bytes");
        assert_eq!(sent.value.as_deref(), Some(&letter.value[..]), "its value");
        assert!(!letter.remedy.is_empty(), "{letter:?}");
    }
    let (results, refusals): (Vec<_>, Vec<_>) =
        house.ended().await.into_iter().partition(|ended| ended.kind == "result");
    assert_eq!((results.len(), refusals.len()), (bad.len(), refused));
    assert!(results.iter().all(|ended| ended.outcome == "ok"), "{results:?}");
    for refusal in &refusals {
        assert_eq!(failure(refusal).code, FailureCode::Refused, "{refusal:?}");
    }
}
