//! Forks and joins: parts, expectation, policies in the protocol, and the ends of both.

use agents_join::PartOutcome;
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::protocol::Expectation;
use schemas_records::work::Status;
use schemas_records::{Envelope, FailureCode, Kind, ModelRequest, Text};

use super::house::{DEADLINE, House, agent, echo};
use crate::{Fault, Happened};

fn codec() -> Codec {
    Codec::new(Registry::new().unwrap())
}

/// Forks over `branches`; `entry` is the forker, `gather` joins, `slow` waits for its model, `bad` fails.
fn house(branches: &'static [(&'static str, &'static str)], quorum: Option<usize>) -> House {
    let forker = agent(move |_, effects| {
        let mut fork = effects.fork();
        for (name, agent) in branches {
            fork.branch_named(name, agent, &Text::new(*name));
        }
        if let Some(needed) = quorum {
            fork.quorum(needed);
        }
        fork.join("gather", &Text::new("context"));
        Ok(())
    });
    let gather = agent(|event, effects| {
        let Happened::Gathered(gathered) = &event.happened else { return Ok(()) };
        let mut said = codec().decode::<Text>(&gathered.context).unwrap().text;
        for (branch, outcome) in &gathered.parts {
            let word = match outcome {
                PartOutcome::Arrived(bytes) => codec().decode::<Text>(bytes).unwrap().text,
                PartOutcome::Failed(_) => "failed".into(),
                PartOutcome::Missing => "missing".into(),
            };
            said.push_str(&format!(" {branch}={word}"));
        }
        effects.reply(&Text::new(said));
        Ok(())
    });
    let slow = agent(|event, effects| {
        match &event.happened {
            Happened::Input(_) => effects.call_model("m", ModelRequest::new("s", "u", 1)),
            _ => effects.reply(&Text::new("slow")),
        }
        Ok(())
    });
    let bad = agent(|_, _| Err(Fault::failed("no")));
    House::new(&[("entry", forker), ("gather", gather), ("quick", echo("+")), ("slow", slow), ("bad", bad)])
}

/// Parts over several agents, and twice over one, are gathered in the fork's order; failed ones as failed.
#[test]
fn parts_are_gathered() {
    let mut house = house(&[("a", "quick"), ("b", "bad"), ("c", "quick")], None);
    house.submit("t", "hi");
    assert_eq!(house.outcome(), Ok("context a=a+ b=failed c=c+".into()));
    assert_eq!(house.row("entry").status, Status::Delegated);
    assert_eq!(house.row("gather").status, Status::Replied);
    assert_eq!(house.count("timers", Kind::Input), house.count("timers", Kind::Cancellation));
}

/// A fork without parts closes at its expectation.
#[test]
fn no_parts() {
    let mut house = house(&[], None);
    house.submit("t", "hi");
    assert_eq!(house.outcome(), Ok("context".into()));
}

/// The join's patience ends before the deadline, closes it with what is there, and cancels what runs; the
/// cancelled part's own failure is late.
#[test]
fn patience_closes_the_join() {
    let mut house = house(&[("a", "quick"), ("b", "slow")], None);
    house.submit("t", "hi");
    let until = house.fire("until");
    let timer: schemas_records::protocol::Timer = house.codec.decode(&until.value).unwrap();
    assert!(timer.due < DEADLINE.0, "the gathering agent keeps a reserve");
    house.queue.push_back(until);
    house.run();
    assert_eq!(house.outcome(), Ok("context a=a+ b=missing".into()));
    assert_eq!(house.count("model", Kind::Cancellation), 1, "the slow part's call is cancelled with it");
    assert_eq!(house.row("slow").status, Status::Failed);
    assert_eq!(house.notes, ["join-closed-by-time", "cancelled", "late"]);
}

/// A quorum closes as soon as it is met and cancels the rest; beyond hope it fails, naming what is missing.
#[test]
fn quorum() {
    let mut met = house(&[("a", "quick"), ("b", "slow")], Some(1));
    met.submit("t", "hi");
    assert_eq!(met.outcome(), Ok("context a=a+ b=missing".into()));
    let mut lost = house(&[("a", "bad"), ("b", "bad"), ("c", "slow")], Some(2));
    lost.submit("t", "hi");
    let failure = lost.outcome().unwrap_err();
    assert_eq!(failure.code, FailureCode::JoinFailed);
    assert!(failure.message.ends_with("a, b, c"), "{failure}");
    let mut impossible = house(&[("a", "quick")], Some(2));
    impossible.submit("t", "hi");
    assert_eq!(impossible.outcome().unwrap_err().code, FailureCode::NotAllowed);
}

/// A part that comes twice counts once, and one of no branch is a dead letter.
#[test]
fn duplicate_and_unknown_parts() {
    let mut house = house(&[("a", "quick"), ("b", "slow")], None);
    let task = house.task("t", "hi", 100, 0);
    house.deliver(task).unwrap();
    let mut part = None;
    while let Some(record) = house.queue.pop_front() {
        let is_part = Envelope::read(&record.headers).unwrap().kind == Kind::Part;
        if is_part {
            part = Some(record.clone());
        }
        house.deliver(record).unwrap();
    }
    let part = part.unwrap();
    house.deliver(part.clone()).unwrap();
    assert_eq!(house.notes, ["late-part"]);
    let mut envelope = Envelope::read(&part.headers).unwrap();
    envelope.call =
        Some(schemas_records::CallId::of_part(schemas_records::WorkId::of_task("x", &envelope.task)));
    let stranger = topics_log::NewRecord { headers: envelope.write(), ..part };
    house.deliver(stranger).unwrap();
    assert_eq!(house.dead, ["unknown-part"]);
    assert_eq!(house.row("gather").status, Status::Open, "the join still waits");
}

/// An agent that always forks again ends by the depth of its works, not never.
#[test]
fn forking_for_ever_ends() {
    let again = agent(|_, effects| {
        effects.fork().join("entry", &Text::new("again"));
        Ok(())
    });
    let mut house = House::new(&[("entry", again)]);
    house.submit("t", "hi");
    let failure = house.outcome().unwrap_err();
    assert_eq!(failure.code, FailureCode::NotAllowed);
    assert!(failure.message.contains("levels of calls and forks"), "{failure}");
}

/// An unreadable part counts as failed, and is a dead letter too.
#[test]
fn unreadable_part() {
    let mut house = house(&[("a", "quick")], None);
    let task = house.task("t", "hi", 100, 0);
    house.deliver(task).unwrap();
    while let Some(mut record) = house.queue.pop_front() {
        if Envelope::read(&record.headers).unwrap().kind == Kind::Part {
            record.value = Bytes::from_static(b"\x00\xff\xff\xff\xff???");
        }
        house.deliver(record).unwrap();
    }
    assert_eq!(house.outcome(), Ok("context a=failed".into()));
    assert_eq!(house.dead, ["undecodable"]);
}

/// A forker that waits keeps the right; the join answers its call.
#[test]
fn join_and_wait() {
    let waits = agent(|event, effects| {
        match &event.happened {
            Happened::Input(_) => {
                let mut fork = effects.fork();
                fork.branch("quick", &Text::new("x"));
                fork.join_and_wait("joined", "gather", &Text::new("context"));
            }
            Happened::Answer(answer) => {
                effects.reply(&Text::new(format!("got {}", answer.decode::<Text>()?.text)))
            }
            _ => {}
        }
        Ok(())
    });
    let gather = agent(|event, effects| {
        if matches!(event.happened, Happened::Gathered(_)) {
            effects.reply(&Text::new("all"));
        }
        Ok(())
    });
    let mut house = House::new(&[("entry", waits), ("gather", gather), ("quick", echo("+"))]);
    house.submit("t", "hi");
    assert_eq!(house.outcome(), Ok("got all".into()));
    assert_eq!(house.row("entry").status, Status::Replied);
}

/// The expectation precedes every part in the join's partition, whatever the order of branches.
#[test]
fn expectation_comes_first() {
    let mut house = house(&[("a", "quick"), ("b", "quick")], None);
    let task = house.task("t", "hi", 100, 0);
    let step = house.deliver(task).unwrap();
    let kinds: Vec<Kind> =
        step.outputs.iter().map(|record| Envelope::read(&record.headers).unwrap().kind).collect();
    assert_eq!(kinds, [Kind::Expectation, Kind::Input, Kind::Input]);
    let expectation: Expectation = house.codec.decode(&step.outputs[0].value).unwrap();
    for (part, input) in expectation.parts.iter().zip(&step.outputs[1..]) {
        assert_eq!(part.key, input.key.to_string());
    }
}
