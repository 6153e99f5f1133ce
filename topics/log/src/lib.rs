//! The `Log` seam: Kafka as this runtime needs it, and nothing more.
//!
//! Topics with partitions, groups that share them, one atomic commit of outputs and offsets. Two living
//! implementations promise the same: [`memory`] here, `topics-log-kafka` beside. This room does not know
//! what a record means, who handles it, or where state is kept.

pub mod clock;
pub mod error;
pub mod memory;
pub mod partitioner;
pub mod record;
mod room;
mod seam;

pub use clock::{Clock, SystemClock, VirtualClock};
pub use error::{Error, Remedy};
pub use partitioner::partition_of;
pub use record::{Appended, NewRecord, Record, TopicPartition};
pub use room::{POLL_BYTES_MAX, Room};
pub use schemas_records::{Headers, Key, Timestamp};
pub use seam::{
    Assignment, Committed, Consumer, Group, Log, NewTopic, OffsetCommit, Polled, Publisher, Reader, Start,
    Token, TopicDescription, Transactor,
};
