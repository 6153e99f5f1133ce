//! The stores' seams: state as versions by position, and values by key.
//!
//! [`StateStore`] holds what agents must know when the next record for their key comes; [`KeyedStore`]
//! holds what gateways must find again (answers, attempts, due timers). Rows are memory, not history:
//! replay starts from the log. This room does not know what a row means, nor who is right about it: the
//! highest epoch is.

pub mod error;
pub mod fjall;
mod identity;
mod keyed;
pub mod memory;
pub mod owners;
mod state;
mod winner;

pub use error::{Error, Remedy};
pub use keyed::{DUE_KEY_BYTES_MAX, DueRow, KeyedStore, check_due_key};
pub use schemas_records::{Key, Position, Timestamp};
pub use state::{Epoch, LATE_WRITE_MAX, Owner, Row, Slot, StateStore, Version};
