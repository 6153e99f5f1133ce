//! The timer gateway: time becomes a record, never early.
//!
//! Whoever needs to be told at a time sends a [`schemas_records::protocol::Timer`] to the timers topic,
//! keyed by its call id; when the broker's clock has passed the time, a record of kind `timer` lies in the
//! asker's inbox. The firing is the fact: agents compare no clocks.
//!
//! # Order of writes
//! - Set: the row is acknowledged, then the request's offset is committed.
//! - Cancel: the row's deletion is acknowledged, then the offset is committed.
//! - Fire: the record is acknowledged, then the row is deleted.
//!
//! So no timer is lost at any crash, and one may fire again: the first firing counts, at the receiver.
//!
//! This room does not know what a timer is for, nor whether its asker still waits for it.

pub mod agenda;
pub mod mark;
pub mod names;
pub mod request;
pub mod row;

mod fire;
mod keep;
mod run;
mod settings;

pub use row::TimerRow;
pub use run::run;
pub use settings::{Parts, Settings};

#[cfg(test)]
mod tests;
