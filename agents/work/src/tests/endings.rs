//! How works end: once, with everything they waited for cancelled.

use schemas_codec::{Codec, Registry};
use schemas_records::protocol::Cancellation;
use schemas_records::work::Status;
use schemas_records::{Envelope, FailureCode, Kind, ModelAnswer, ModelRequest, Outcome, Text};

use super::house::{DEADLINE, House, agent, echo};
use crate::{Fault, Happened};

fn asks_twice() -> House {
    House::new(&[(
        "entry",
        agent(|event, effects| {
            match &event.happened {
                Happened::Input(_) => {
                    effects.call_model("one", ModelRequest::new("s", "1", 5));
                    effects.call_model("two", ModelRequest::new("s", "2", 5));
                }
                Happened::Answer(answer) => effects.reply(&Text::new(answer.model()?.text)),
                _ => {}
            }
            Ok(())
        }),
    )])
}

/// The first answer ends the work; the other call and the deadline's timer are cancelled where they went,
/// and what still comes is late.
#[test]
fn an_ended_work_cancels_and_ignores() {
    let mut house = asks_twice();
    house.submit("a", "hi");
    assert_eq!((house.count("model", Kind::Input), house.count("timers", Kind::Input)), (2, 1));
    let value = house.encode(&ModelAnswer::of_text("yes"));
    let first = house.answer("model", Outcome::Ok, value.clone(), 0);
    let second = house.answer("model", Outcome::Ok, value, 0);
    let asked = Envelope::read(&second.headers).unwrap();
    house.deliver(first.clone()).unwrap();
    assert_eq!(house.outcome(), Ok("yes".into()));
    let cancelled = house.take("model", Kind::Cancellation);
    assert_eq!(Envelope::read(&cancelled.headers).unwrap().call, asked.call);
    let timer = house.take("timers", Kind::Cancellation);
    assert_eq!(house.codec.decode::<Cancellation>(&timer.value).unwrap().due, DEADLINE.0);
    house.deliver(second).unwrap();
    house.deliver(first).unwrap();
    assert_eq!(house.notes, ["late", "late"]);
    house.take("timers", Kind::Input);
    assert!(house.sent.is_empty(), "{:?}", house.sent);
    assert_eq!(house.row("entry").status, Status::Replied);
}

/// The deadline's record ends the work with a typed failure; so does a cancellation, once each.
#[test]
fn deadline_and_cancellation() {
    let mut house = asks_twice();
    house.submit("a", "hi");
    let fired = house.fire("deadline");
    house.deliver(fired.clone()).unwrap();
    assert_eq!(house.outcome().unwrap_err().code, FailureCode::DeadlineExceeded);
    assert_eq!(house.count("model", Kind::Cancellation), 2);
    house.deliver(fired).unwrap();
    assert_eq!(house.notes, ["deadline-exceeded", "late"]);

    let mut house = asks_twice();
    house.submit("a", "hi");
    let mut cancel = house.task("a", "", 0, 0);
    cancel.headers.push(schemas_records::headers::KIND, Kind::Cancellation.as_str());
    cancel.value = house.encode(&Cancellation { reason: "not needed".into(), due: 0 });
    house.deliver(cancel).unwrap();
    let failure = house.outcome().unwrap_err();
    assert_eq!((failure.code, failure.message.as_str()), (FailureCode::Cancelled, "not needed"));
}

type Script = fn(&mut crate::Effects) -> Result<(), Fault>;

/// A step that does this fails its work with this code and these words; nothing else of it is sent.
fn fails(script: Script, code: FailureCode, expected: &str) {
    let mut house = House::new(&[("entry", agent(move |_, effects| script(effects))), ("other", echo("?"))]);
    house.submit("a", "hi");
    let failure = house.outcome().unwrap_err();
    assert_eq!(failure.code, code, "{failure}");
    assert!(failure.message.contains(expected) || failure.remedy.contains(expected), "{failure}");
    assert!(house.sent.is_empty(), "{:?}", house.sent);
}

/// Each way of doing wrong ends the work with its own failure.
#[test]
fn faults_fail_the_work() {
    fails(|_| Err(Fault::failed("could not think")), FailureCode::AgentFailed, "could not think");
    fails(|_| Ok(()), FailureCode::AgentFailed, "wait for ever");
    fails(
        |effects| {
            effects.emit("audit", "k", &Text::new("before the fault"));
            effects.emit("nowhere", "k", &Text::new("x"));
            effects.reply(&Text::new("x"));
            Ok(())
        },
        FailureCode::NotAllowed,
        "audit",
    );
    fails(
        |effects| {
            effects.call("x", "stranger", &Text::new("x"));
            Ok(())
        },
        FailureCode::NotAllowed,
        "other",
    );
    fails(
        |effects| {
            effects.reply(&Text::new("1"));
            effects.reply(&Text::new("2"));
            Ok(())
        },
        FailureCode::NotAllowed,
        "ends once",
    );
    fails(
        |effects| {
            effects.call_model("x", ModelRequest::new("", "", 1));
            effects.reply(&Text::new("2"));
            Ok(())
        },
        FailureCode::NotAllowed,
        "ends once",
    );
    fails(
        |effects| {
            effects.reply(&Text::new("x".repeat(1 << 20)));
            Ok(())
        },
        FailureCode::NotAllowed,
        "bytes",
    );
}

/// So does each way of asking for too much.
#[test]
fn too_much_fails_the_work() {
    fails(
        |effects| {
            for _ in 0..2 {
                let mut fork = effects.fork();
                fork.branch("other", &Text::new("x"));
                fork.join_and_wait("j", "other", &Text::new("x"));
            }
            Ok(())
        },
        FailureCode::NotAllowed,
        "forked twice",
    );
    fails(
        |effects| {
            effects.fork().join("other", &Text::new("x".repeat(200_000)));
            Ok(())
        },
        FailureCode::NotAllowed,
        "context of a fork",
    );
    fails(
        |effects| {
            for n in 0..300 {
                effects.timer(&n.to_string(), std::time::Duration::from_secs(1));
            }
            Ok(())
        },
        FailureCode::NotAllowed,
        "at most 256",
    );
}

/// A record for a declared topic goes out with the reply.
#[test]
fn emits_to_declared_topics() {
    let mut house = House::new(&[(
        "entry",
        agent(|_, effects| {
            effects.emit("audit", "k", &Text::new("seen"));
            effects.reply(&Text::new("done"));
            Ok(())
        }),
    )]);
    house.submit("a", "hi");
    assert_eq!(house.outcome(), Ok("done".into()));
    assert_eq!(house.sent.len(), 1);
    assert_eq!(&*house.sent[0].topic, "audit");
}

/// A delegation hands the right on: the delegate's reply is the task's result, and a cancellation that
/// comes to the delegator follows the right.
#[test]
fn delegation_hands_the_right_on() {
    let delegates = agent(|event, effects| {
        if let Happened::Input(bytes) = &event.happened {
            let codec = Codec::new(Registry::new().unwrap());
            effects.delegate("other", &codec.decode::<Text>(bytes).unwrap());
        }
        Ok(())
    });
    let mut house = House::new(&[("entry", delegates), ("other", echo("?"))]);
    let record = house.task("a", "hi", 100, 0);
    house.deliver(record).unwrap();
    assert_eq!(house.row("entry").status, Status::Delegated);
    let mut cancel = house.task("a", "", 0, 0);
    cancel.headers.push(schemas_records::headers::KIND, Kind::Cancellation.as_str());
    cancel.value = house.encode(&Cancellation { reason: "x".into(), due: 0 });
    let delegated = house.queue.pop_front().unwrap();
    house.deliver(cancel).unwrap();
    let forwarded = house.queue.pop_front().unwrap();
    assert_eq!((&forwarded.topic, &forwarded.key), (&delegated.topic, &delegated.key));
    house.deliver(delegated).unwrap();
    assert_eq!(house.outcome(), Ok("hi?".into()));
    house.deliver(forwarded).unwrap();
    assert_eq!(house.notes, ["cancellation-forwarded", "late"]);
}

/// A timer that could not be set comes back as a failed one, and fails the work rather than fire early.
#[test]
fn a_failed_timer_fails_the_work() {
    let sleeps = agent(|event, effects| {
        match event.happened {
            Happened::Input(_) => effects.timer("nap", std::time::Duration::from_secs(60)),
            _ => effects.reply(&Text::new("woken")),
        }
        Ok(())
    });
    let mut house = House::new(&[("entry", sleeps)]);
    house.submit("a", "hi");
    let mut fired = house.fire("nap");
    let failure = schemas_records::Failure::new(FailureCode::BadInput, "no such minute", "ask for another");
    fired.value = house.encode(&failure);
    let mut envelope = Envelope::read(&fired.headers).unwrap();
    envelope.outcome = Some(Outcome::Failed);
    fired.headers = envelope.write();
    house.deliver(fired).unwrap();
    assert_eq!(house.outcome().unwrap_err().message, "no such minute");
}

/// The producer's trace goes on from record to record up to the result, with a span of its own each.
#[test]
fn the_trace_reaches_the_result() {
    let mut house = asks_twice();
    house.submit("a", "hi");
    let value = house.encode(&ModelAnswer::of_text("yes"));
    let answer = house.answer("model", Outcome::Ok, value, 0);
    let of = |record: &topics_log::NewRecord| Envelope::read(&record.headers).unwrap().traceparent.unwrap();
    let asked = of(&answer);
    house.deliver(answer).unwrap();
    let result = of(&house.take("results", Kind::Result));
    for parent in [&asked, &result] {
        assert_eq!(&parent[..36], "00-0af7651916cd43dd8448eb211c80319c-", "{parent}");
    }
    assert_ne!(asked, result);
}
