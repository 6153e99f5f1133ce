//! What an agent sees: one thing that happened to one of its works.

use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::{Failure, FailureCode, Message, ModelAnswer, TaskId, Timestamp};

use agents_join::Gathered;

/// One inbox record as the agent sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The broker's append time, never earlier than the work's last event: the agent's only clock.
    pub at: Timestamp,
    /// The task this is about.
    pub task: TaskId,
    /// What happened.
    pub happened: Happened,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// The work begins: a task, a call, or a branch of a fork. The message, framed.
    Input(Bytes),
    /// A call was answered.
    Answer(Answer),
    /// The join that began this work has closed.
    Gathered(Gathered),
    /// A timer fired; its name.
    Timer(String),
}

/// The answer to a call.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What the agent called the call.
    pub name: String,
    /// The message, framed, or why there is none.
    pub result: Result<Bytes, Failure>,
    pub(crate) codec: Codec,
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.result == other.result
    }
}

impl Answer {
    /// The answer's message.
    ///
    /// # Errors
    /// The failure that came instead, or one of code `BadAnswer` if the message is not an `M`.
    pub fn decode<M: Message>(&self) -> Result<M, Failure> {
        let bytes = self.result.as_ref().map_err(Clone::clone)?;
        self.codec.decode(bytes).map_err(|error| {
            Failure::new(
                FailureCode::BadAnswer,
                format!("read the answer to call {:?} as {}: {error}", self.name, M::NAME),
                "see that both sides know the same schema",
            )
        })
    }

    /// The model's answer.
    ///
    /// # Errors
    /// See [`Answer::decode`].
    pub fn model(&self) -> Result<ModelAnswer, Failure> {
        self.decode()
    }
}
