//! The team that works while things go wrong: small, since two cores bear it beside brokers and stores, and yet
//! every task is whole: a fork, a call to the model, a call to a tool, a join.
//!
//! What it says depends on the errand alone, not on who came first or how often somebody died. So what must come of
//! an errand is written down here too, in so many words ([`must_be`]), and nobody has to run it to know.

use std::sync::Arc;
use std::time::Duration;

use agents_agent::{Agent, Answer, Effects, Event, Fault, What};
use agents_model::scripted::completion;
use agents_tools::{Bounds, Declaration, Effects as ToolEffects, Error, Schema, Tool};
use async_trait::async_trait;
use bytes::Bytes;
use infra_node::Team;
use schemas_codec::Codec;
use schemas_records::{CallId, FailureCode, Message, ModelRequest, Stateless, Text};
use serde::{Deserialize, Serialize};

/// The team's name.
pub const NAME: &str = "chaos";

/// Most tokens of an answer: more than the model says.
const TOKENS_MAX: i32 = 100;

/// How long an errand of [`Way::Later`] waits.
const LATER: Duration = Duration::from_millis(500);

/// How an errand is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The model words it, a tool counts it, both are put together.
    All,
    /// The same, but the first of both is enough, and the other is cancelled.
    First,
    /// Wait for a timer, then ask the model.
    Later,
    /// Hand it to another, who asks the model.
    Pass,
    /// Fail.
    Fail,
    /// Panic.
    Panic,
    /// Do nothing, until the deadline ends it.
    Idle,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// What to do.
    pub way: Way,
    /// With what; tells errands apart.
    pub text: String,
}

impl Message for Errand {
    const NAME: &'static str = "tributary.chaos.Errand";
    const SCHEMA: &'static str = r#"{"type":"record","name":"Errand","namespace":"tributary.chaos","fields":[
        {"name":"way","type":{"type":"enum","name":"Way",
            "symbols":["all","first","later","pass","fail","panic","idle"]}},
        {"name":"text","type":"string"}]}"#;
}

/// What the desk keeps of an errand that waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    text: String,
}

impl Message for Kept {
    const NAME: &'static str = "tributary.chaos.Kept";
    const SCHEMA: &'static str = r#"{"type":"record","name":"Kept","namespace":"tributary.chaos","fields":[
        {"name":"text","type":"string"}]}"#;
}

/// The team, as this version of it signs what it says. It says the same in every version.
#[must_use]
pub fn team(version: &str) -> Team {
    let version: Arc<str> = version.into();
    let counting = |codec: Codec| Ok(Arc::new(Counting::new(codec)) as Arc<dyn Tool>);
    Team::new(NAME)
        .agent("desk", Desk(Arc::clone(&version)))
        .agent("clerk", Clerk(Arc::clone(&version)))
        .agent("teller", Teller(Arc::clone(&version)))
        .agent("binder", Binder(version))
        .message::<Text>()
        .tool(counting)
        .may_use("teller", TOOL)
}

/// How an errand must end: with this text, or with a failure of this code.
pub fn must_be(errand: &Errand) -> Result<String, FailureCode> {
    let text = &errand.text;
    match errand.way {
        Way::All => Ok(bound(text, &worded(text), &counted(text))),
        Way::First => Ok(first(text, 1)),
        Way::Later => Ok(completion(&prompt(text)).text),
        Way::Pass => Ok(worded(text)),
        Way::Fail => Err(FailureCode::AgentFailed),
        Way::Panic => Err(FailureCode::AgentPanicked),
        Way::Idle => Err(FailureCode::DeadlineExceeded),
    }
}

fn prompt(text: &str) -> ModelRequest {
    ModelRequest::new("You word errands.", text, TOKENS_MAX)
}

fn worded(text: &str) -> String {
    format!("worded: {}", completion(&prompt(text)).text)
}

fn counted(text: &str) -> String {
    format!("counted: {}", text.chars().count())
}

fn bound(text: &str, words: &str, count: &str) -> String {
    format!("{text}; {words}; {count}")
}

fn first(text: &str, good: usize) -> String {
    format!("{text}; {good} of 2")
}

/// Where errands come in.
struct Desk(Arc<str>);

impl Agent for Desk {
    type Input = Errand;
    type State = Kept;

    fn step(&self, event: Event<Errand>, kept: &mut Kept, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(errand) => return begin(&errand, kept, effects),
            What::Timer(_) => effects.call_model("later", prompt(&kept.text)),
            What::Answer(answer) => effects.reply(&Text::new(answer.model()?.text)),
            What::Gathered(..) => {}
        }
        Ok(())
    }

    fn configuration(&self) -> String {
        self.0.to_string()
    }
}

fn begin(errand: &Errand, kept: &mut Kept, effects: &mut Effects) -> Result<(), Fault> {
    let text = Text::new(errand.text.clone());
    match errand.way {
        Way::All | Way::First => {
            let mut fork = effects.fork();
            fork.branch("clerk", &text);
            fork.branch("teller", &text);
            if errand.way == Way::First {
                fork.first(1);
            }
            fork.join("binder", errand);
        }
        Way::Later => {
            kept.text = text.text;
            effects.timer("later", LATER);
        }
        Way::Pass => effects.delegate("clerk", &text),
        Way::Fail => return Err(Fault::failed("do as asked: fail")),
        // Without a word on the terminal: these panics are meant.
        Way::Panic => std::panic::resume_unwind(Box::new("as asked")),
        Way::Idle => {}
    }
    Ok(())
}

/// Asks the model.
struct Clerk(Arc<str>);

impl Agent for Clerk {
    type Input = Text;
    type State = Stateless;

    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(text) => effects.call_model("words", prompt(&text.text)),
            What::Answer(answer) => effects.reply(&Text::new(format!("worded: {}", answer.model()?.text))),
            What::Gathered(..) | What::Timer(_) => {}
        }
        Ok(())
    }

    fn configuration(&self) -> String {
        self.0.to_string()
    }
}

/// Asks the tool.
struct Teller(Arc<str>);

impl Agent for Teller {
    type Input = Text;
    type State = Stateless;

    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        let said = |answer: &Answer| answer.decode::<Text>();
        match event.what {
            What::Input(text) => effects.call_tool_with("count", TOOL, &text),
            What::Answer(answer) => effects.reply(&said(&answer)?),
            What::Gathered(..) | What::Timer(_) => {}
        }
        Ok(())
    }

    fn configuration(&self) -> String {
        self.0.to_string()
    }
}

/// Puts both together.
struct Binder(Arc<str>);

impl Agent for Binder {
    type Input = Errand;
    type State = Stateless;

    fn step(&self, event: Event<Errand>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        let What::Gathered(errand, parts) = event.what else { return Ok(()) };
        let part = |name: &str| parts.read::<Text>(name).arrived().map(|text| text.text);
        let (words, count) = (part("clerk"), part("teller"));
        let said = if errand.way == Way::First {
            // Not whose: that is chance.
            first(&errand.text, usize::from(words.is_some()) + usize::from(count.is_some()))
        } else {
            let missing = || "nothing".to_owned();
            bound(&errand.text, &words.unwrap_or_else(missing), &count.unwrap_or_else(missing))
        };
        effects.reply(&Text::new(said));
        Ok(())
    }

    fn configuration(&self) -> String {
        self.0.to_string()
    }
}

/// The tool's name.
const TOOL: &str = "counting";

/// The tool: counts letters.
struct Counting {
    declaration: Declaration,
    codec: Codec,
}

impl Counting {
    fn new(codec: Codec) -> Self {
        let declaration = Declaration {
            name: TOOL.to_owned(),
            effects: ToolEffects::Idempotent,
            arguments: Schema::of::<Text>(),
            answer: Schema::of::<Text>(),
            bounds: Bounds::default(),
        };
        Self { declaration, codec }
    }
}

#[async_trait]
impl Tool for Counting {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    async fn call(&self, _: CallId, arguments: Bytes) -> Result<Bytes, Error> {
        let text: Text = self.codec.decode(&arguments).map_err(Error::refused)?;
        self.codec.encode(&Text::new(counted(&text.text))).map_err(Error::failed)
    }
}
