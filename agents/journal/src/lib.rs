//! What gateways that pay for their answers keep: each call is answered once, whatever crashes.
//!
//! In the order in which a request meets them: [`asked`] reads it, [`journal`] knows what was answered
//! already, [`flights`] lets identical requests wait for one call, [`attempts`] writes down what is about to
//! leave, [`report`] makes the record that answers. [`store`] holds the rows. The model gateway and the tool
//! gateway are lists of steps made of these and of their own; [`pauses`] and [`nearest`] they share besides.
//!
//! This room does not know what is asked nor whom: a question is any message, its answer bytes or a typed
//! failure.

pub mod asked;
pub mod attempts;
pub mod flights;
pub mod journal;
pub mod report;
pub mod store;

pub mod nearest;
pub mod pauses;

pub use asked::{Asked, Identity};
pub use attempts::{Attempt, Attempts, Claim};
pub use flights::{Ended, Flights, Landed, Passengers};
pub use journal::{Journal, JournalEntry, JournalOutcome, Verdict};
pub use pauses::Pauses;
pub use report::{Reporter, Voice};
pub use store::{Keeping, Rows};

use schemas_records::CallId;
use topics_runtime::{Error, Remedy};

/// A codec's error in a gateway means a broken schema or a row of a newer program: only an operator can
/// mend it.
#[must_use]
pub fn unreadable(attempted: &str, call: CallId, error: &schemas_codec::Error) -> Error {
    Error::new(Remedy::Stop, format!("{attempted} of call {call}"), error.to_string())
}

#[cfg(test)]
mod tests;
