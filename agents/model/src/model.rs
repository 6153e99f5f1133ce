//! The seam behind which a model stands, whoever runs it.
//!
//! It does not know calls, works, journals or budgets: those are the gateway's.

use std::time::Duration;

use async_trait::async_trait;
use schemas_records::model::{Finish, ModelRequest};

/// A model: one request, one answer with what it used.
///
/// # Purpose
/// The gateway decides when to ask, how often, and what becomes of the answer. A model only asks its
/// provider once and says truly what came back. Several providers, prices and quotas stand in front of
/// this seam, never behind it.
///
/// # Contract
/// - **Once.** [`Model::complete`] sends at most one request. It retries nothing, not even a connection
///   that broke before the first byte: each sending is written down before it leaves, and only the
///   gateway writes.
/// - **Whole.** The answer is returned when it is complete. A provider that streams is assembled here; one
///   that ends in the middle is [`Error::Transient`], not a short answer.
/// - **Bounded.** It returns within a time and holds at most a size, both named by the implementation. The
///   gateway has a time-out of its own around it.
/// - **Typed by remedy.** What went wrong is said by what is to be done: see [`Error`].
/// - **Concurrent.** Many calls are under way at once.
///
/// # Cancellation
/// Dropping the future cancels the request: the connection is closed, nothing is left running. The
/// provider may charge for it all the same.
///
/// # Example
/// ```
/// use agents_model::model::{Completion, Error, Model, Usage};
/// use schemas_records::model::{Finish, ModelRequest};
///
/// /// Says what it was told.
/// struct Echo;
///
/// #[async_trait::async_trait]
/// impl Model for Echo {
///     async fn complete(&self, request: &ModelRequest) -> Result<Completion, Error> {
///         let Some(last) = request.messages.last() else {
///             return Err(Error::Refused { message: "the prompt is empty".into() });
///         };
///         let words = u32::try_from(last.content.split_whitespace().count()).unwrap_or(u32::MAX);
///         Ok(Completion {
///             text: last.content.clone(),
///             model: "echo".into(),
///             finish: Finish::Stop,
///             usage: Usage { input_tokens: words, output_tokens: words },
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let answer = Echo.complete(&ModelRequest::new("repeat", "hello there", 10)).await?;
/// assert_eq!((answer.text.as_str(), answer.usage.output_tokens), ("hello there", 2));
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Model: Send + Sync {
    /// Asks once.
    ///
    /// # Errors
    /// What was attempted and came back, by remedy.
    async fn complete(&self, request: &ModelRequest) -> Result<Completion, Error>;
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What the model wrote.
    pub text: String,
    /// Which model it was, as the provider names it.
    pub model: String,
    /// Why it stopped.
    pub finish: Finish,
    /// What it used.
    pub usage: Usage,
}

/// Tokens as the provider counted them; zero where it did not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input_tokens: u32,
    /// Tokens of the answer.
    pub output_tokens: u32,
}

/// Why there is no answer, by what is to be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The provider asks for a pause (429). Remedy: every request of this model waits.
    #[error("the provider asks for a pause: {message}")]
    RateLimited {
        /// How long, if it said so.
        after: Option<Duration>,
        /// What it said.
        message: String,
    },
    /// It may go well another time (5xx, a broken connection, a cut stream, a time-out). Remedy: ask
    /// again, a bounded number of times.
    #[error("no answer this time: {message}")]
    Transient {
        /// The pause it asked for, if it did.
        after: Option<Duration>,
        /// What was attempted and came back.
        message: String,
    },
    /// The provider will never take this request (other 4xx). Remedy: none here; who asks must change it.
    #[error("the provider refused: {message}")]
    Refused {
        /// What it said.
        message: String,
    },
    /// It answered, and the answer cannot be used: garbage, nothing, too much. Remedy: none here. It was
    /// paid for, and the same question would be answered alike.
    #[error("the answer cannot be used: {message}")]
    BadAnswer {
        /// What is wrong with it.
        message: String,
    },
}

impl Error {
    /// A short word for metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate-limited",
            Self::Transient { .. } => "transient",
            Self::Refused { .. } => "refused",
            Self::BadAnswer { .. } => "bad-answer",
        }
    }
}
