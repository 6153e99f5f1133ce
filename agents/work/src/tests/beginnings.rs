//! How works begin: once each, by inputs and expectations only.

use schemas_records::{Envelope, Failure, FailureCode, Kind, Text, headers};

use super::house::{House, agent, echo};

/// A task is answered once; the same record, the same task and another task under its id are told apart.
#[test]
fn a_task_begins_once() {
    let mut house = House::new(&[("entry", echo("!"))]);
    house.submit("a", "hi");
    assert_eq!(house.outcome(), Ok("hi!".into()));

    let again = house.task("a", "hi", 100, 0);
    house.deliver(again).unwrap();
    assert_eq!(house.sent.len(), 0, "the same record again says nothing");

    let duplicate = house.task("a", "hi", 100, 7);
    house.deliver(duplicate).unwrap();
    assert_eq!((house.count("results", Kind::Result), house.count("closings", Kind::Closing)), (0, 1));

    let other = house.task("a", "something else", 100, 8);
    house.deliver(other).unwrap();
    let refused = house.take("results", Kind::Refused);
    assert_eq!(refused.key.to_string(), "tasks/0/8", "never under the id that has an outcome");
    assert_eq!(house.codec.decode::<Failure>(&refused.value).unwrap().code, FailureCode::Refused);
    assert_eq!(house.count("closings", Kind::Closing), 2);
    assert_eq!(house.notes, ["repeat", "duplicate-task", "refused-task"]);
    assert!(house.dead.is_empty());
}

/// What finds no work makes none: a row that reads as no state, so that an input coming later begins.
#[test]
fn only_inputs_begin() {
    let mut house = House::new(&[("entry", echo("!"))]);
    for kind in [Kind::Cancellation, Kind::Part] {
        let mut stray = house.task("a", "hi", 100, 0);
        stray.headers.push(headers::KIND, kind.as_str());
        house.deliver(stray).unwrap();
    }
    assert_eq!(house.notes, ["late-no-state", "late-no-state"]);
    house.submit("a", "hi");
    assert_eq!(house.outcome(), Ok("hi!".into()));
}

/// An answer that finds no state while its work's row or tombstone must stand means lost rows: the node
/// stops. Long after the deadline it is late.
#[test]
fn lost_rows_stop_the_node() {
    let ask = agent(|_, effects| {
        effects.call_model("x", schemas_records::ModelRequest::new("s", "u", 1));
        Ok(())
    });
    let mut house = House::new(&[("entry", ask)]);
    house.submit("a", "hi");
    let value = house.encode(&Text::new("answer"));
    let answer = house.answer("model", schemas_records::Outcome::Ok, value, 0);
    house.lose_rows();
    let stopped = house.deliver(answer.clone()).unwrap_err();
    assert!(stopped.reason.contains("rows of the state store are lost"), "{}", stopped.reason);

    let mut old = answer;
    let mut envelope = Envelope::read(&old.headers).unwrap();
    envelope.limits.deadline.0 -= 2 * 24 * 3_600_000;
    old.headers = envelope.write();
    house.deliver(old).unwrap();
    assert_eq!(house.notes, ["late-no-state"]);
}

/// A record deeper or further from its task than the bounds allow fails instead of going on for ever.
#[test]
fn depth_and_hops_are_bounded() {
    let check = |name: &'static str, value: u32, expected: &str| {
        let mut house = House::new(&[("entry", echo("!"))]);
        let mut record = house.task("a", "hi", 100, 0);
        record.headers.push(name, value.to_string());
        house.deliver(record).unwrap();
        let failure = house.outcome().unwrap_err();
        assert_eq!(failure.code, FailureCode::NotAllowed);
        assert!(failure.message.contains(expected), "{failure}");
    };
    check(headers::DEPTH, 17, "17 levels");
    check(headers::HOPS, 1_001, "1001 records");
}
