//! The trait, and the events an agent sees.

use agents_join::{Gathered, PartOutcome};
use agents_work::{Answer, Effects, Fault};
use schemas_codec::Codec;
use schemas_records::{Failure, FailureCode, Message, TaskId, Timestamp};

/// A pure, synchronous function from an event and a state to a state and effects.
///
/// # Contract
/// - No I/O, no clock but [`Event::at`], no chance, no waiting, no memory but the state: a step may be
///   made again after a crash or by another instance, and must decide the same.
/// - What is wanted is said through [`Effects`]; nothing of it has happened when `step` returns, and all
///   of it happens, together with the state, in the transaction that moves past the event's record.
/// - Each work is answered exactly once: by a reply, a failure, a delegation, or the join of a fork.
/// - On an error nothing of the step counts, and the work fails with it. A panic does the same, and the
///   record goes to the dead letters.
///
/// # Example
/// ```
/// use agents_agent::{Agent, Driver, Effects, Event, Fault, What};
/// use schemas_records::{ModelAnswer, ModelRequest, Stateless, Text};
///
/// struct Haiku;
///
/// impl Agent for Haiku {
///     type Input = Text;
///     type State = Stateless;
///
///     fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
///         match event.what {
///             What::Input(topic) => {
///                 let request = ModelRequest::new("You write haiku.", topic.text, 60);
///                 effects.call_model("haiku", request);
///             }
///             What::Answer(answer) => effects.reply(&Text::new(answer.model()?.text)),
///             _ => {}
///         }
///         Ok(())
///     }
/// }
///
/// let mut haiku = Driver::new("haiku", Haiku)?;
/// let said = haiku.input(&Text::new("a log that remembers"))?;
/// assert_eq!(said.model_requests()[0].messages[1].content, "a log that remembers");
/// let said = haiku.answer("haiku", &ModelAnswer::of_text("old records sleep"))?;
/// assert_eq!(said.reply::<Text>(), Some(Text::new("old records sleep")));
/// # Ok::<(), String>(())
/// ```
pub trait Agent: Send + Sync + 'static {
    /// What begins a work of this agent; for a gathering agent, what the forker tells it.
    type Input: Message;
    /// What it must know when the next event for the same work comes; [`schemas_records::Stateless`] for
    /// nothing.
    type State: Message + Default;

    /// One step.
    ///
    /// # Errors
    /// A [`Fault`] fails the work. A [`Failure`] that came as an answer turns into one with `?`.
    fn step(
        &self,
        event: Event<Self::Input>,
        state: &mut Self::State,
        effects: &mut Effects,
    ) -> Result<(), Fault>;

    /// Names what changes the step's bytes beside the crate's version: prompts, tables, parameters.
    fn configuration(&self) -> String {
        String::new()
    }
}

/// One thing that happened to one of the agent's works.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<I> {
    /// The broker's append time of the record, never earlier than the work's last: the only clock.
    pub at: Timestamp,
    /// The task this is about.
    pub task: TaskId,
    /// What happened.
    pub what: What<I>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What<I> {
    /// The work begins.
    Input(I),
    /// A call was answered, or failed.
    Answer(Answer),
    /// The work begins as the end of a fork: what the forker said, and the parts.
    Gathered(I, Parts),
    /// A timer fired; its name.
    Timer(String),
}

/// The parts of a fork, as its join closed.
#[derive(Clone, Debug)]
pub struct Parts {
    gathered: Vec<(String, PartOutcome)>,
    codec: Codec,
}

impl PartialEq for Parts {
    fn eq(&self, other: &Self) -> bool {
        self.gathered == other.gathered
    }
}

/// What became of one branch.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<M> {
    /// Its message.
    Arrived(M),
    /// Its failure.
    Failed(Failure),
    /// It had not come when the join closed.
    Missing,
    /// The fork had no such branch.
    NotAsked,
}

impl<M> Part<M> {
    /// The message, if it arrived.
    pub fn arrived(self) -> Option<M> {
        match self {
            Self::Arrived(message) => Some(message),
            Self::Failed(_) | Self::Missing | Self::NotAsked => None,
        }
    }
}

impl Parts {
    pub(crate) fn new(gathered: Gathered, codec: Codec) -> Self {
        Self { gathered: gathered.parts, codec }
    }

    /// The names of the branches, in the fork's order.
    pub fn branches(&self) -> impl Iterator<Item = &str> {
        self.gathered.iter().map(|(branch, _)| branch.as_str())
    }

    /// A branch's message; one that is no `M` counts as failed.
    #[must_use]
    pub fn read<M: Message>(&self, branch: &str) -> Part<M> {
        let Some((_, outcome)) = self.gathered.iter().find(|(name, _)| name == branch) else {
            return Part::NotAsked;
        };
        let unreadable = |error: schemas_codec::Error| {
            Failure::new(
                FailureCode::BadAnswer,
                format!("read part {branch:?} as {}: {error}", M::NAME),
                "see that both sides know the same schema",
            )
        };
        match outcome {
            PartOutcome::Missing => Part::Missing,
            PartOutcome::Arrived(bytes) => match self.codec.decode(bytes) {
                Ok(message) => Part::Arrived(message),
                Err(error) => Part::Failed(unreadable(error)),
            },
            PartOutcome::Failed(bytes) => Part::Failed(self.codec.decode(bytes).unwrap_or_else(unreadable)),
        }
    }
}
