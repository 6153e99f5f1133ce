//! What is counted, in whichever order records are read, and that it fits.

use schemas_codec::{Codec, Registry};
use schemas_records::{CallId, Key, Text};
use topics_log::TopicPartition;

use super::*;

fn tally() -> Tally {
    let places = [
        ("planner.inbox", Place::Inbox(0)),
        ("writer.inbox", Place::Inbox(1)),
        ("model", Place::Gateway(0)),
        ("tools", Place::Gateway(1)),
        ("results", Place::Results),
    ];
    let places = places.into_iter().map(|(topic, place)| (topic.to_owned(), place)).collect();
    let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
    let codec = Codec::new(Registry::new().unwrap());
    Tally::over(codec, places, names(["planner", "writer"]), names(["model", "tools"]))
}

/// What happens, in short.
#[derive(Clone, Copy)]
enum Step {
    /// An agent begins a work that owes a call's answer.
    Begins(usize, &'static str, u8),
    /// An agent asks a gateway.
    Asks(&'static str, usize, u8),
    /// A call ends; for an agent that used tokens.
    Ends(u8, Option<(usize, u64)>),
}

fn call(number: u8) -> CallId {
    CallId::parse(format!("{number:032x}").as_bytes()).unwrap()
}

fn run(steps: &[Step]) -> Tally {
    let mut tally = tally();
    for step in steps {
        match *step {
            Step::Begins(agent, key, owed) => {
                if tally.begun.insert((agent, key.into())) {
                    tally.owed(agent, (agent, key.into()), call(owed));
                }
            }
            Step::Asks(inbox, gateway, number) => tally.asks(call(number), gateway, inbox),
            Step::Ends(number, used) => tally.ends(Some(call(number)), used),
        }
    }
    tally
}

/// Shows what is done, in flight and waited for, also if an end is read before its beginning or comes twice.
#[test]
fn counts() {
    use Step::{Asks, Begins, Ends};
    let check = |steps: &[Step], planner: (u64, u64), writer: (u64, u64), waiting: u64, tokens: u64| {
        let tally = run(steps);
        let of = |agent: usize| (tally.counts[agent].done, tally.counts[agent].in_flight);
        assert_eq!((of(0), of(1)), (planner, writer));
        let asked = tally.counts[1].waiting.get(&0).copied().unwrap_or_default();
        assert_eq!((asked, tally.counts[1].tokens), (waiting, tokens));
    };
    let begun = [Begins(0, "w", 1), Begins(1, "v", 2), Asks("writer.inbox", 0, 3)];
    check(&begun, (0, 1), (0, 1), 1, 0);
    check(&[&begun[..], &begun[..]].concat(), (0, 1), (0, 1), 1, 0);
    check(&[&begun[..], &[Ends(3, Some((1, 70)))]].concat(), (0, 1), (0, 1), 0, 70);
    check(&[Ends(3, Some((1, 70))), begun[0], begun[1], begun[2]], (0, 1), (0, 1), 0, 70);
    check(&[&begun[..], &[Ends(2, None), Ends(1, None)]].concat(), (1, 0), (1, 0), 1, 0);
    check(&[Ends(2, None), begun[1]], (0, 0), (1, 0), 0, 0);
    // The planner's right to reply goes to the writer, which then ends the task.
    check(&[Begins(0, "w", 1), Begins(1, "v", 1)], (1, 0), (0, 1), 0, 0);
    check(&[Begins(0, "w", 1), Begins(1, "v", 1), Ends(1, None)], (1, 0), (1, 0), 0, 0);
}

/// Shows that no line is wider than 80 columns, and that each agent has one.
#[test]
fn fits() {
    let mut tally = tally();
    tally.agents[1] = "a-name-of-an-agent-that-is-far-too-long-for-a-line".into();
    for number in 0..200 {
        tally.asks(call(number), usize::from(number % 2), "writer.inbox");
    }
    tally.counts[1].tokens = 123_456_789;
    let drawing = tally.drawing(3, 1_000);
    assert_eq!(drawing.lines().count(), 4, "{drawing}");
    assert!(drawing.lines().all(|line| line.chars().count() <= 80), "{drawing}");
    assert!(
        drawing.contains("model 100, tools 100") && drawing.ends_with("3 of 1000 tasks done\n"),
        "{drawing}"
    );
    let line = tally.line(3, 1_000);
    assert!(line.contains("waiting on model 100, tools 100") && line.chars().count() <= 110, "{line}");
}

/// Shows that what is no record of ours is passed over.
#[test]
fn strange_records() {
    let mut tally = tally();
    for topic in ["writer.inbox", "model", "results", "elsewhere"] {
        tally.see(&Record {
            topic_partition: TopicPartition::new(topic, 0),
            offset: 0,
            timestamp: schemas_records::Timestamp(0),
            key: Key::new(b"k"),
            value: Text::new("x").text.into(),
            headers: schemas_records::Headers::new(),
        });
    }
    assert!(tally.counts.iter().all(|count| *count == Count::default()));
}
