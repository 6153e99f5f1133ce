//! The gateway's loop: read ahead, admit by urgency, complete out of order, commit the watermark.
//!
//! A [`Gateway`] does what agents ask for and may be slow, costly or fallible. It is at-least-once: after
//! a crash the requests above the watermark come again, and what the gateway keeps (a journal) makes the
//! repeats cheap. Answers need no transaction: the first one in the caller's inbox counts.
//!
//! What is past its deadline is neither asked nor waited for: somebody else ends the task then, and a
//! gateway that waits for a provider that is away must go on reading what is cancelled. The time is the
//! log's own, as far as it is known for certain (`log_time`).

mod log_time;
mod queue;
mod report;
mod run;
mod watermark;

use async_trait::async_trait;
use schemas_records::Envelope;
use topics_log::{NewRecord, Record, Token};

use crate::dead_letters::DeadReason;
use crate::error::Error;

pub use run::{Parts, Settings, run};

/// One request, as it stands in the gateway's topic.
#[derive(Clone, Debug)]
pub struct Request {
    /// What its headers say.
    pub envelope: Envelope,
    /// The record.
    pub record: Record,
    /// The ownership of its partition: checked before anything is sent that costs.
    pub token: Token,
}

/// What became of a request.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// Records to publish: usually one answer.
    pub records: Vec<NewRecord>,
    /// If the request could not be handled at all.
    pub dead: Option<DeadReason>,
}

/// Does what agents ask for, one request at a time, many at once.
///
/// # Contract
/// - For each request of kind `input` that is not cancelled, `answer` or `expired` ends well at least once;
///   they are called concurrently for different requests, and also for the same one while it is delivered
///   twice.
/// - `answer` is not begun for what is known to be past its deadline. If the deadline passes meanwhile, its
///   future is dropped first, and then `expired` is called.
/// - What either returns is published before the request counts as done, and may be published twice.
/// - It must not wait for other requests, except for ones it has in flight itself.
/// - A request that can never succeed is an answer (a typed failure) or a dead letter, not an error. An
///   error with remedy `Retry` has the request made again after a pause; any other stops the loop.
/// - Dropping the future cancels the request: nothing may be left running. (What `answer` wrote until then
///   may still be written afterwards.)
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Handles one request.
    ///
    /// # Errors
    /// `Retry` if the gateway's own store is out of reach, `Stop` if only an operator can mend it.
    async fn answer(&self, request: Request) -> Result<Answered, Error>;

    /// A request's deadline has passed, before it was begun or while it was under way: says what is
    /// reported. That is what it was answered earlier, if it was, and else a typed failure (deadline
    /// exceeded) with what was spent. It asks nothing and waits for nobody but the gateway's own store.
    ///
    /// # Errors
    /// As for [`Self::answer`].
    async fn expired(&self, request: Request) -> Result<Answered, Error>;

    /// A request was cancelled: while it waited, while it was in flight (its future was dropped), or
    /// before it was seen. Usually there is nothing to do. Nothing is read until it returns; what is in flight
    /// goes on.
    async fn cancelled(&self, _envelope: &Envelope) -> Result<(), Error> {
        Ok(())
    }
}
