//! The seam: what can be asked of a running team.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::told::{
    Cancel, Letter, LetterId, Letters, Outcome, PutBack, Status, Submission, Submitted, TaskId, Tasks,
    Topics, Traced, Wait, WhichLetters, WhichTasks,
};

/// What an operator can ask of a team, and a producer without a Kafka client.
///
/// # What it promises
/// - **Only the log speaks.** Every answer is read from the log; nothing is remembered that a restart would
///   forget, the states of roles apart.
/// - **Bounded.** Every question reads at most a named number of records and takes at most a named time. What
///   lies beyond is not guessed: the answer says how far it looked ([`crate::told::Looked`]).
/// - **Writing is appending.** A task, a cancellation, a letter put back: one record each, acknowledged when
///   the call returns. None of them waits for what comes of it, but for [`Desk::outcome`].
///
/// # Cancellation
/// Every future may be dropped at any await. Then a record that was to be written may or may not be there.
#[async_trait]
pub trait Desk: Send + Sync {
    /// What runs here, and how much is waiting.
    async fn status(&self) -> Result<Status, Error>;

    /// Which topics the team needs, and which are there.
    async fn topics(&self) -> Result<Topics, Error>;

    /// Tasks, newest first.
    async fn tasks(&self, which: WhichTasks) -> Result<Tasks, Error>;

    /// What happened to one task.
    ///
    /// # Errors
    /// [`Kind::NotFound`] if no agent worked on it, as far as was looked.
    async fn trace(&self, task: TaskId) -> Result<Traced, Error>;

    /// Asks for a task's end: a cancellation to whoever holds its right to reply.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for an unknown task; [`Kind::Refused`] for one that has ended, or was not taken yet.
    async fn cancel(&self, cancel: Cancel) -> Result<Outcome, Error>;

    /// Puts a task on the task topic, after the checks that intake would make.
    ///
    /// # Errors
    /// [`Kind::BadInput`], [`Kind::TooLarge`]; [`Kind::Conflict`] if its id is known with other content.
    async fn submit(&self, task: Submission) -> Result<Submitted, Error>;

    /// How a task stands, after waiting for its end for at most so long.
    ///
    /// # Errors
    /// [`Kind::NotFound`].
    async fn outcome(&self, wait: Wait) -> Result<Outcome, Error>;

    /// Dead letters, newest first.
    async fn dead_letters(&self, which: WhichLetters) -> Result<Letters, Error>;

    /// One dead letter, whole.
    ///
    /// # Errors
    /// [`Kind::NotFound`].
    async fn dead_letter(&self, letter: LetterId) -> Result<Letter, Error>;

    /// Appends a dead letter's record again where it stood, with a header that names the letter.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; [`Kind::Refused`] if it would not do what it says, with why.
    async fn put_back(&self, letter: LetterId) -> Result<PutBack, Error>;
}

/// What is wrong with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The question itself cannot be read.
    BadRequest,
    /// What came with it is not what is taken.
    BadInput,
    /// There is no such thing, as far as was looked.
    NotFound,
    /// Its id stands for something else already.
    Conflict,
    /// It would not do what it says.
    Refused,
    /// It is larger than is taken.
    TooLarge,
    /// Not now: the log or whoever is asked is away.
    Unavailable,
    /// Something failed on this side.
    Failed,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}{}{remedy}", if remedy.is_empty() { "" } else { "; " })]
pub struct Error {
    /// What kind of trouble.
    pub kind: Kind,
    /// What was attempted, and what was found.
    pub message: String,
    /// What one can do; empty if nothing is to be done.
    pub remedy: String,
    /// The path of the field that is wrong, for bad input.
    pub field: Option<String>,
}

impl Error {
    /// An error with a hint.
    pub fn new(kind: Kind, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: remedy.into(), field: None }
    }
}
