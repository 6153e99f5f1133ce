//! Intake: checks tasks, limits them, gives them their keys, and holds the number of open ones at N.
//!
//! It is a gateway in its place (it stands between producers and the first agent) and a worker in its
//! means: each batch is one transaction that consumes task records, produces inputs to the entry agent's
//! inbox, and commits the offsets. So an input is appended exactly once for each task record that is
//! taken, however often intake dies, and the counts beside the offset are exact.
//!
//! # What becomes of a task record
//! - **Taken**: an input in the entry inbox. There it is accepted, or found to be a duplicate, or refused
//!   for what only the inbox can know; each of these ends in one closing.
//! - **Refused**: a record of kind `refused` on the results topic, and a dead letter with its bytes,
//!   origin and remedy, in the same transaction. It was never counted as open, so there is nothing to
//!   close: a closing for it would be one too many, and intake would hold N + 1.
//!
//! So received = taken + refused here, taken = accepted + duplicates + refused in the inbox, and together
//! received = accepted + refused + duplicates. Open is taken less closed.
//!
//! # The bound N
//! Each of P task partitions holds N/P open tasks. Its owner follows the partition of the same number of
//! the closings topic, without a group, and takes a task only while taken - closed < N/P. Both counts, and
//! how far the closings were counted, stand in the metadata of the committed offset: they decide when a
//! task is taken, never what becomes of it.
//!
//! Ownership needs no store and no epochs, since intake keeps nothing but that offset: whoever commits it
//! in a transaction under the group's membership owns the partition.
//!
//! This room does not know what a task is about: the entry agent's schema and one function say whether a
//! value is an input.

pub mod check;
pub mod counts;
pub mod limits;
pub mod names;

mod closings;
mod records;
mod run;
mod settings;
mod share;
mod transaction;

pub use check::Refusal;
pub use counts::Counts;
pub use limits::Rules;
pub use run::run;
pub use settings::{Check, Parts, Settings};

#[cfg(test)]
mod tests;
