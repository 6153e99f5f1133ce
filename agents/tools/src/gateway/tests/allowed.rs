//! Requests that are not carried out: by who asks, by what is asked, by what cannot be read.

use bytes::Bytes;
use schemas_records::protocol::Timer;
use schemas_records::{FailureCode, Text, WorkPath};
use topics_runtime::gateway::Gateway;

use super::{Effects, House, codec, counting, declaration, read, request, request_of};

fn hello() -> Bytes {
    codec().encode(&Text::new("hello")).unwrap()
}

/// A tool answers whom the table allows, by the address that the answer goes to, and nobody else.
#[tokio::test(start_paused = true)]
async fn only_who_is_allowed() {
    let check = async |topic: &str, path: &str, is_allowed: bool| {
        let house = House::with(Effects::Idempotent, &[]);
        let mut asked = request(1);
        asked.envelope.path = WorkPath::root(path);
        asked.envelope.reply_to.as_mut().unwrap().address.topic = topic.into();
        let heard = read(&house.gateway().answer(asked).await.unwrap()).map_err(|failure| failure.code);
        let expected = if is_allowed { Ok("HELLO".to_owned()) } else { Err(FailureCode::NotAllowed) };
        assert_eq!((heard, house.calls()), (expected, usize::from(is_allowed)), "{topic} {path}");
    };
    check("test.team.asker.inbox.g1", "asker", true).await;
    check("test.team.asker.inbox.g2", "asker", true).await;
    // What else a record says of its sender makes no difference.
    check("test.team.other.inbox.g1", "asker", false).await;
    check("test.team.asker.inbox.g1", "other", true).await;
    check("test.elsewhere.asker.inbox.g1", "asker", false).await;
    check("test.team.results", "asker", false).await;
    check("asker", "asker", false).await;
}

/// A tool that there is not is answered with the nearest that the agent may use, and no other's.
#[tokio::test(start_paused = true)]
async fn missing_tools() {
    let house = House::of([
        counting(declaration("horn", Effects::Idempotent), &[]),
        counting(declaration("sector-table", Effects::Idempotent), &[]),
    ]);
    let check = async |tool: &str, says: &str| {
        let answered = house.gateway().answer(request_of(1, tool, hello())).await.unwrap();
        let failure = read(&answered).unwrap_err();
        assert_eq!(failure.code, FailureCode::BadInput);
        assert!(failure.message.contains(says), "{:?} does not say {says:?}", failure.message);
    };
    check("horm", "did you mean horn? there are: horn, sector-table").await;
    check("sector_tables", "did you mean sector-table?").await;
    check("payments", "there are: horn, sector-table").await;
    check("", "there are: horn, sector-table").await;
    check(&"x".repeat(2_000), "the tool's name has 2000 bytes").await;
    assert_eq!(house.calls(), 0);

    let mut stranger = request_of(1, "horm", hello());
    stranger.envelope.reply_to.as_mut().unwrap().address.topic = "test.team.other.inbox.g1".into();
    let failure = read(&house.gateway().answer(stranger).await.unwrap()).unwrap_err();
    assert!(failure.message.contains("there is none") && !failure.message.contains("horn?"), "{failure}");
}

/// Arguments that are not a whole message of the declared schema never reach the tool.
#[tokio::test(start_paused = true)]
async fn arguments_are_checked() {
    let house = House::with(Effects::Idempotent, &[]);
    let timer = codec().encode(&Timer { due: 1, name: "t".into() }).unwrap();
    let long = codec().encode(&Text::new("x".repeat(300_000))).unwrap();
    for (arguments, says) in [
        (Bytes::new(), "its arguments cannot be read"),
        (Bytes::from_static(b"{\"text\": \"json\"}"), "its arguments cannot be read"),
        (timer, "tributary.Timer"),
        (hello().slice(..4), "its arguments cannot be read"),
        (hello().slice(..hello().len() - 1), "its arguments cannot be read"),
        (long, "at most 262144 are allowed"),
    ] {
        let answered = house.gateway().answer(request_of(1, "horn", arguments.clone())).await.unwrap();
        let failure = read(&answered).unwrap_err();
        assert_eq!(failure.code, FailureCode::BadInput, "{arguments:?}");
        assert!(failure.message.contains(says), "{:?} does not say {says:?}", failure.message);
    }
    assert_eq!(house.calls(), 0);
}

/// Bytes that are no request are a dead letter and a failed answer; without an address only the former.
#[tokio::test(start_paused = true)]
async fn unreadable_requests() {
    let house = House::with(Effects::Idempotent, &[]);
    let check = async |value: Bytes, is_addressed: bool, code: &str| {
        let mut asked = request(1);
        asked.record.value = value;
        if !is_addressed {
            asked.envelope.reply_to = None;
        }
        let answered = house.gateway().answer(asked).await.unwrap();
        assert_eq!(answered.dead.as_ref().map(|dead| dead.code), Some(code));
        assert_eq!(answered.records.len(), usize::from(is_addressed));
    };
    check(Bytes::new(), true, "undecodable").await;
    check(hello(), true, "undecodable").await;
    check(request(1).record.value.slice(..9), true, "undecodable").await;
    check(request(1).record.value, false, "no-reply-to").await;
    assert_eq!(house.calls(), 0);
}
