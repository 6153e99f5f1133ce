//! The seam behind which a tool stands, whoever wrote it.
//!
//! It does not know works, journals or who may call: those are the gateway's.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_records::{CallId, Message};

/// Something outside that an agent can ask for: one call, one answer.
///
/// # Purpose
/// An agent writes down that it wants a tool called; the gateway decides when, how often, and what becomes
/// of the answer. A tool only does it, once, and says truly what came of it. Databases, searches, mail,
/// payments, other people's services stand behind this seam.
///
/// # What a tool declares
/// Its name, the schemas of its arguments and of its answer, its bounds, and above all what it *is*
/// ([`Effects`]), since the gateway may die between a call and its answer:
/// - [`Effects::Idempotent`]: called twice it does no more than once. A query, a computation, setting a
///   value. After a crash it is called again.
/// - [`Effects::Keyed`]: it takes the call's id as a key and does nothing anew for an id it has seen. What
///   is sent to a service with an idempotency key. After a crash it is called again with the same id.
/// - [`Effects::AtMostOnce`]: it acts each time, and has no way to know that it was asked before. The
///   gateway writes its intent first, calls once, and after a crash in between answers that the outcome is
///   unknown. It never calls a second time; who asked decides what to do about it.
///
/// When in doubt it is at-most-once.
///
/// # Contract
/// - **Once.** [`Tool::call`] tries once. It retries nothing: the gateway does, by what the tool declared.
/// - **Framed.** The arguments are a whole framed message of the declared schema: the gateway has checked
///   that. The answer must be one of its own, or the call fails.
/// - **Typed by remedy.** What went wrong is said by what is to be done: see [`Error`].
/// - **Bounded.** The gateway drops a call after [`Bounds::time`], calls no more than
///   [`Bounds::in_flight`] at a time in a node, and keeps no more than [`Bounds::answer_bytes`] of an answer.
/// - **Concurrent.** Calls are under way at once up to that bound.
/// - **Data, not orders.** Arguments may have been written by a model. A tool trusts them no further than it
///   would trust a stranger.
///
/// # Cancellation
/// Dropping the future cancels the call: connections are closed, threads told to stop, nothing is left
/// running. What was done until then may stay done.
///
/// # Example
/// ```
/// use agents_tools::{Bounds, Declaration, Effects, Error, Schema, Tool};
/// use bytes::Bytes;
/// use schemas_codec::{Codec, Registry};
/// use schemas_records::{CallId, Text};
///
/// /// Says it louder.
/// struct Shout {
///     declaration: Declaration,
///     codec: Codec,
/// }
///
/// #[async_trait::async_trait]
/// impl Tool for Shout {
///     fn declaration(&self) -> &Declaration {
///         &self.declaration
///     }
///
///     async fn call(&self, _: CallId, arguments: Bytes) -> Result<Bytes, Error> {
///         let text: Text = self.codec.decode(&arguments).map_err(Error::refused)?;
///         self.codec.encode(&Text::new(text.text.to_uppercase())).map_err(Error::failed)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let codec = Codec::new(Registry::new()?);
/// let declaration = Declaration {
///     name: "shout".into(),
///     effects: Effects::Idempotent,
///     arguments: Schema::of::<Text>(),
///     answer: Schema::of::<Text>(),
///     bounds: Bounds::default(),
/// };
/// let shout = Shout { declaration, codec: codec.clone() };
/// let call = CallId::parse(&[b'a'; 32]).ok_or("an id has 32 digits")?;
/// let answer = shout.call(call, codec.encode(&Text::new("hello"))?).await?;
/// assert_eq!(codec.decode::<Text>(&answer)?.text, "HELLO");
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Tool: Send + Sync {
    /// What it is; the same for as long as it lives.
    fn declaration(&self) -> &Declaration;

    /// Does it once. `call` is the same whenever the same call is made again, and no other call's.
    ///
    /// # Errors
    /// What was attempted and came back, by remedy.
    async fn call(&self, call: CallId, arguments: Bytes) -> Result<Bytes, Error>;
}

/// What a tool is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Its name in its team: 1 to 48 of a-z, 0-9 and -, beginning with a letter.
    pub name: String,
    /// What calling it twice means.
    pub effects: Effects,
    /// What it takes.
    pub arguments: Schema,
    /// What it answers.
    pub answer: Schema,
    /// How much of it there may be.
    pub bounds: Bounds,
}

/// What calling a tool twice means; see [`Tool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effects {
    /// Twice is as once.
    Idempotent,
    /// Twice is as once under the same call id.
    Keyed,
    /// Twice is twice, so it is not done.
    AtMostOnce,
}

/// A record's schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The record's full name.
    pub name: String,
    /// The schema as Avro's JSON.
    pub text: String,
}

impl Schema {
    /// The schema of a Rust type.
    #[must_use]
    pub fn of<M: Message>() -> Self {
        Self { name: M::NAME.to_owned(), text: M::SCHEMA.to_owned() }
    }
}

/// How much of a tool there may be. The largest that may be declared stand in [`crate::toolbox`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Longest that one call may take.
    pub time: Duration,
    /// Longest answer, framed.
    pub answer_bytes: usize,
    /// Most calls at once in one node.
    pub in_flight: usize,
}

impl Default for Bounds {
    /// Half a minute, which is long for what is no model; the longest answer there is; eight at a time,
    /// which most services take from a stranger.
    fn default() -> Self {
        Self { time: Duration::from_secs(30), answer_bytes: crate::toolbox::ANSWER_BYTES_MAX, in_flight: 8 }
    }
}

/// Why there is no answer, by what is to be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The arguments cannot be used, and nothing was done. Remedy: none here; who asks must change them.
    #[error("{message}")]
    Refused {
        /// What is wrong with them, and what is allowed.
        message: String,
    },
    /// It may go well another time: a broken connection, a busy server. Remedy: call again, a bounded number
    /// of times; but of an at-most-once tool it means that the outcome is unknown.
    #[error("no answer this time: {message}")]
    Transient {
        /// The pause that was asked for, if one was.
        after: Option<Duration>,
        /// What was attempted and came back.
        message: String,
    },
    /// It was tried, it did not go well, and it would not the next time. Remedy: see what it says.
    #[error("{message}")]
    Failed {
        /// What was attempted and came back.
        message: String,
    },
}

impl Error {
    /// Refused, in the words of a cause.
    #[must_use]
    pub fn refused(cause: impl std::fmt::Display) -> Self {
        Self::Refused { message: cause.to_string() }
    }

    /// Transient, in the words of a cause.
    #[must_use]
    pub fn transient(cause: impl std::fmt::Display) -> Self {
        Self::Transient { after: None, message: cause.to_string() }
    }

    /// Failed, in the words of a cause.
    #[must_use]
    pub fn failed(cause: impl std::fmt::Display) -> Self {
        Self::Failed { message: cause.to_string() }
    }

    /// A short word for metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Transient { .. } => "transient",
            Self::Failed { .. } => "failed",
        }
    }
}
