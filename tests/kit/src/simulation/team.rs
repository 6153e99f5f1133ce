//! A small team that does everything an agent can do: calls, agents that call agents, forks of every
//! policy, a join that is waited for, timers, delegation, records for topics, faults and panics.
//!
//! What it says depends on the errand alone, not on who came first: so a run in a storm can be compared
//! with one in a calm.

use std::time::Duration;

use agents_agent::{Agent, Effects, Event, Fault, What};
use infra_node::Team;
use schemas_records::{Message, ModelRequest, Stateless, Text};
use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::producer::Task;

/// What is to be done with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Ask the model, say what it says.
    Say,
    /// Ask the model twice, one after the other.
    Twice,
    /// Ask another agent, which asks the model.
    Ask,
    /// Fork over three, wait for all.
    All,
    /// Fork over three of which one fails, wait for two good ones.
    Quorum,
    /// Fork over three, two of which fail, wait for two good ones: there will not be.
    Lost,
    /// Fork over three, wait for the first.
    First,
    /// Fork over none.
    Nobody,
    /// Fork, and wait for the join's answer.
    Wait,
    /// Fork with little patience over one that takes longer.
    Hurry,
    /// Wait for a timer, then ask the model.
    Later,
    /// Wait for the first of two timers and drop the other.
    Sooner,
    /// Hand the right to reply to another.
    Pass,
    /// Fail.
    Fail,
    /// Panic.
    Panic,
    /// Panic at the answer to a call.
    PanicLater,
    /// Write to a topic that the team does not declare.
    Emit,
    /// Do nothing, for ever.
    Idle,
}

/// Every way.
pub const WAYS: [Way; 18] = [
    Way::Say,
    Way::Twice,
    Way::Ask,
    Way::All,
    Way::Quorum,
    Way::Lost,
    Way::First,
    Way::Nobody,
    Way::Wait,
    Way::Hurry,
    Way::Later,
    Way::Sooner,
    Way::Pass,
    Way::Fail,
    Way::Panic,
    Way::PanicLater,
    Way::Emit,
    Way::Idle,
];

/// A task of this team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// What to do.
    pub way: Way,
    /// With what; tells errands apart.
    pub text: String,
}

impl Message for Errand {
    const NAME: &'static str = "tributary.simulation.Errand";
    const SCHEMA: &'static str = r#"{"type":"record","name":"Errand","namespace":"tributary.simulation","fields":[
        {"name":"way","type":{"type":"enum","name":"Way","symbols":["say","twice","ask","all","quorum","lost",
            "first","nobody","wait","hurry","later","sooner","pass","fail","panic","panic_later","emit","idle"]}},
        {"name":"text","type":"string"}]}"#;
}

/// What an agent of this team keeps between two events: the errand, and what was said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// The errand's way, as text; empty before it.
    pub way: String,
    /// Its text.
    pub text: String,
    /// What was said so far.
    pub said: Vec<String>,
}

impl Message for Notes {
    const NAME: &'static str = "tributary.simulation.Notes";
    const SCHEMA: &'static str = r#"{"type":"record","name":"Notes","namespace":"tributary.simulation","fields":[
        {"name":"way","type":"string"},{"name":"text","type":"string"},
        {"name":"said","type":{"type":"array","items":"string"}}]}"#;
}

/// The team.
#[must_use]
pub fn errands() -> Team {
    Team::new("errands")
        .agent("desk", Desk)
        .agent("clerk", Clerk)
        .agent("scout", Scout)
        .agent("scribe", Scribe)
        .agent("binder", Binder)
        .message::<Text>()
}

/// So many errands of any way.
#[must_use]
pub fn some_errands(chance: &mut Chance, count: usize) -> Vec<Task> {
    let mut tasks = Vec::new();
    for number in 0..count {
        let way = chance.pick(&WAYS).copied().unwrap_or(Way::Say);
        let text = format!("errand {number} of {}", chance.below(1_000_000));
        let value = serde_json::to_vec(&Errand { way, text }).unwrap_or_default();
        let task = Task::new(value);
        tasks.push(match way {
            Way::Panic | Way::PanicLater => task.deadly(),
            Way::Hurry => task.timely(),
            _ => task,
        });
    }
    tasks
}

fn prompt(who: &str, text: &str) -> ModelRequest {
    ModelRequest::new(format!("You are the {who}."), text, 100)
}

/// What the model said, or that it said nothing.
fn words(answer: &agents_agent::Answer) -> String {
    answer.model().map_or_else(|_| "no words".to_owned(), |answer| answer.text)
}

/// Panics without a word on the terminal: these panics are meant.
fn panic_as_asked() -> Result<(), Fault> {
    std::panic::resume_unwind(Box::new("as asked"))
}

/// Where errands come in.
struct Desk;

impl Agent for Desk {
    type Input = Errand;
    type State = Notes;

    fn step(&self, event: Event<Errand>, notes: &mut Notes, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(errand) => begin(&errand, notes, effects),
            What::Answer(answer) => {
                match notes.way.as_str() {
                    "panic-later" => return panic_as_asked(),
                    "ask" | "wait" => notes.said.push(
                        answer
                            .decode::<Text>()
                            .map_or_else(|failure| format!("{:?}", failure.code), |text| text.text),
                    ),
                    _ => notes.said.push(words(&answer)),
                }
                if notes.way == "twice" && notes.said.len() < 2 {
                    effects.call_model("again", prompt("desk", &format!("{}, again", notes.text)));
                } else {
                    effects.reply(&Text::new(notes.said.join("; ")));
                }
                Ok(())
            }
            What::Timer(name) if notes.way == "sooner" => {
                effects.reply(&Text::new(format!("{} {name}", notes.text)));
                Ok(())
            }
            What::Timer(_) => {
                effects.call_model("later", prompt("desk", &notes.text));
                Ok(())
            }
            What::Gathered(..) => Err(Fault::failed("gather at the desk")),
        }
    }
}

fn begin(errand: &Errand, notes: &mut Notes, effects: &mut Effects) -> Result<(), Fault> {
    notes.text.clone_from(&errand.text);
    let text = Text::new(errand.text.clone());
    match errand.way {
        Way::Say => effects.call_model("say", prompt("desk", &errand.text)),
        Way::Twice => {
            "twice".clone_into(&mut notes.way);
            effects.call_model("first", prompt("desk", &errand.text));
        }
        Way::Ask => {
            "ask".clone_into(&mut notes.way);
            effects.call("ask", "scribe", &text);
        }
        Way::All | Way::Quorum | Way::Lost | Way::First | Way::Nobody | Way::Hurry => {
            fork(errand.way, &text, effects);
        }
        Way::Wait => {
            "wait".clone_into(&mut notes.way);
            let mut fork = effects.fork();
            fork.branch("clerk", &text);
            fork.branch("scribe", &text);
            fork.join_and_wait("gathered", "binder", &text);
        }
        Way::Later => effects.timer("later", Duration::from_millis(1_500)),
        Way::Sooner => {
            "sooner".clone_into(&mut notes.way);
            effects.timer("sooner", Duration::from_secs(1));
            effects.timer("much later", Duration::from_secs(100));
        }
        Way::Pass => effects.delegate("clerk", &text),
        Way::Fail => return Err(Fault::failed("do as asked: fail")),
        Way::Panic => return panic_as_asked(),
        Way::PanicLater => {
            "panic-later".clone_into(&mut notes.way);
            effects.call_model("say", prompt("desk", &errand.text));
        }
        Way::Emit => {
            effects.emit("nowhere", "key", &text);
            effects.reply(&text);
        }
        Way::Idle => {}
    }
    Ok(())
}

fn fork(way: Way, text: &Text, effects: &mut Effects) {
    let lost = Text::new(format!("lost {}", text.text));
    let mut fork = effects.fork();
    match way {
        Way::Nobody => {}
        Way::Hurry => {
            fork.branch_named("fast", "clerk", text);
            fork.branch_named("slow", "scout", &Text::new(format!("slow {}", text.text)));
            fork.within(Duration::from_secs(5));
        }
        _ => {
            fork.branch("clerk", text);
            fork.branch("scribe", if way == Way::Lost { &lost } else { text });
            fork.branch("scout", if way == Way::All || way == Way::First { text } else { &lost });
        }
    }
    match way {
        Way::Quorum | Way::Lost => fork.quorum(2),
        Way::First => fork.first(1),
        _ => {}
    }
    fork.join("binder", text);
}

/// Asks the model.
struct Clerk;

impl Agent for Clerk {
    type Input = Text;
    type State = Notes;

    fn step(&self, event: Event<Text>, notes: &mut Notes, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(text) => {
                effects.call_model("words", prompt("clerk", &text.text));
                notes.text = text.text;
            }
            What::Answer(answer) => {
                effects.reply(&Text::new(format!("clerk on {}: {}", notes.text, words(&answer))));
            }
            What::Gathered(..) | What::Timer(_) => {}
        }
        Ok(())
    }
}

/// Takes its time; does not come back from what is lost.
struct Scout;

impl Agent for Scout {
    type Input = Text;
    type State = Notes;

    fn step(&self, event: Event<Text>, notes: &mut Notes, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(text) if text.text.starts_with("lost") => return Err(Fault::failed("come back")),
            What::Input(text) => {
                let is_slow = text.text.starts_with("slow");
                effects.timer("walk", Duration::from_secs(if is_slow { 3_000 } else { 1 }));
                notes.text = text.text;
            }
            What::Timer(_) => effects.reply(&Text::new(format!("scout on {}", notes.text))),
            What::Answer(_) | What::Gathered(..) => {}
        }
        Ok(())
    }
}

/// Has the clerk do it.
struct Scribe;

impl Agent for Scribe {
    type Input = Text;
    type State = Stateless;

    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(text) if text.text.starts_with("lost") => {
                return Err(Fault::failed("write of what is lost"));
            }
            What::Input(text) => {
                effects.call("clerk", "clerk", &Text::new(format!("{} for the scribe", text.text)));
            }
            What::Answer(answer) => effects.reply(&answer.decode::<Text>()?),
            What::Gathered(..) | What::Timer(_) => {}
        }
        Ok(())
    }
}

/// Gathers, and has the model say one thing about it. It counts good parts and does not say whose.
struct Binder;

impl Agent for Binder {
    type Input = Text;
    type State = Notes;

    fn step(&self, event: Event<Text>, notes: &mut Notes, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Gathered(text, parts) => {
                let names: Vec<&str> = parts.branches().collect();
                let good = names.iter().filter(|name| parts.read::<Text>(name).arrived().is_some()).count();
                notes.text = format!("{good} of {} parts on {}", names.len(), text.text);
                effects.call_model("bind", prompt("binder", &notes.text));
            }
            What::Answer(answer) => {
                effects.reply(&Text::new(format!("{}: {}", notes.text, words(&answer))));
            }
            What::Input(_) | What::Timer(_) => {}
        }
        Ok(())
    }
}
