//! Requests are read, firings written, and what is no request is told apart.

use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::protocol::{Cancellation, Timer};
use schemas_records::{Envelope, Failure, FailureCode, Kind, Outcome, Timestamp};
use topics_log::{Record, TopicPartition};

use super::{Bad, ROW_BYTES_MAX, Reading, Request, heartbeat};
use crate::row::TimerRow;
use crate::tests::house::{directory, envelope, request};

fn codec() -> Codec {
    Codec::new(Registry::new().unwrap())
}

fn read(codec: &Codec, record: &Record) -> Result<Request, Box<Bad>> {
    Reading { codec, directory: &directory(), agent_version: "v1" }.read(record)
}

fn set(name: &str) -> Record {
    let value = codec().encode(&Timer { due: 77, name: name.to_owned() }).unwrap();
    at_offset(request(1, Kind::Input, value))
}

fn at_offset(record: topics_log::NewRecord) -> Record {
    Record {
        topic_partition: TopicPartition::new("ns.timers", 0),
        offset: 5,
        timestamp: Timestamp(70),
        key: record.key,
        value: record.value,
        headers: record.headers,
    }
}

/// A setting becomes a row whose record goes to the asker, echoes its step, and carries the timer.
#[test]
fn reads_a_setting() {
    let (codec, record) = (codec(), set("patience"));
    let Ok(Request::Set { call, due, row }) = read(&codec, &record) else { panic!("not a setting") };
    assert_eq!((call, due), (record.key.to_bytes(), Timestamp(77)));
    let firing = codec.decode_state::<TimerRow>(&row).unwrap().firing();
    let (asked, to) = (envelope(1, Kind::Input), envelope(1, Kind::Input).reply_to.unwrap());
    let expected = Envelope {
        kind: Kind::Timer,
        call: Some(to.call),
        reply_to: None,
        hops: asked.hops + 1,
        agent_version: "v1".to_owned(),
        ..asked
    };
    assert_eq!(Envelope::read(&firing.headers).unwrap(), expected);
    assert_eq!(
        (&*firing.topic, firing.partition, &firing.key),
        (&*to.address.topic, Some(to.address.partition), &to.address.key)
    );
    assert_eq!(codec.decode::<Timer>(&firing.value).unwrap(), Timer { due: 77, name: "patience".to_owned() });
}

/// A cancellation names the call and the due time; a heartbeat asks for nothing.
#[test]
fn reads_the_others() {
    let codec = codec();
    let value = codec.encode(&Cancellation { reason: "done".to_owned(), due: 77 }).unwrap();
    let record = at_offset(request(1, Kind::Cancellation, value));
    assert_eq!(
        read(&codec, &record),
        Ok(Request::Cancel { call: record.key.to_bytes(), due: Timestamp(77) })
    );
    let beat = heartbeat(&TopicPartition::new("ns.timers", 3));
    assert_eq!(beat.partition, Some(3));
    assert_eq!(read(&codec, &at_offset(beat)), Ok(Request::Heartbeat));
}

/// What cannot be done says why; and whoever waits for a timer is told, if it can be seen who.
#[test]
fn refuses_the_rest() {
    let codec = codec();
    let check = |change: &dyn Fn(&mut Record), code: &str, says: &str, is_answered: bool| {
        let mut record = set("patience");
        change(&mut record);
        let bad = read(&codec, &record).unwrap_err();
        assert_eq!(bad.reason.code, code, "{:?}", bad.reason);
        assert!(bad.reason.message.contains(says), "{}", bad.reason.message);
        let Some(answer) = bad.answer else { return assert!(!is_answered, "{says}") };
        let said = Envelope::read(&answer.headers).unwrap();
        assert_eq!((said.kind, said.outcome), (Kind::Timer, Some(Outcome::Failed)));
        assert_eq!(codec.decode::<Failure>(&answer.value).unwrap().code, FailureCode::BadInput);
        assert!(is_answered, "{says}");
    };
    let header =
        |name: &'static str, value: &'static str| move |record: &mut Record| record.headers.push(name, value);
    check(
        &|record| record.headers = schemas_records::Headers::new(),
        "bad-headers",
        "kind is missing",
        false,
    );
    check(&header("deadline", "soon"), "bad-headers", "deadline", false);
    check(&header("kind", "answer"), "wrong-kind", "of kind answer", false);
    check(&|record| drop_header(record, "call-id"), "bad-headers", "call-id is missing", false);
    check(&|record| drop_header(record, "reply-to"), "bad-headers", "reply-to is missing", false);
    check(&to("ns.team.stranger.inbox.g1", 0), "undeclared-topic", "stranger", false);
    check(&to("ns.team.asker.inbox.g1", 9), "undeclared-topic", "inbox.g1/9", false);
    check(&|record| record.value = Bytes::from_static(b"{}"), "undecodable", "first byte", true);
    check(&|record| record.value = Bytes::new(), "undecodable", "0 bytes", true);
    check(
        &|record| record.value = set(&"n".repeat(ROW_BYTES_MAX)).value,
        "too-large",
        "16384 are allowed",
        true,
    );
    let cancellation = at_offset(request(1, Kind::Cancellation, Bytes::from_static(b"\0\0\0\0\0")));
    assert_eq!(read(&codec, &cancellation).unwrap_err().reason.code, "undecodable");
}

fn to(topic: &'static str, partition: i32) -> impl Fn(&mut Record) {
    move |record| {
        let mut asked = envelope(1, Kind::Input);
        let to = asked.reply_to.as_mut().unwrap();
        topic.clone_into(&mut to.address.topic);
        to.address.partition = partition;
        record.headers = asked.write();
    }
}

fn drop_header(record: &mut Record, name: &str) {
    let mut kept = schemas_records::Headers::new();
    for (other, value) in record.headers.iter().filter(|(other, _)| *other != name) {
        kept.push(other, value);
    }
    record.headers = kept;
}
