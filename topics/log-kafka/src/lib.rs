//! The door to Kafka: the only room that names `rdkafka`.
//!
//! It makes librdkafka keep the promises of [`topics_log::Log`]. It does not know what a record means,
//! who handles it, or where state is kept.
//!
//! Read [`KafkaLog`] for what one can ask, `ownership` and `rebalance` for how it is lost, `transactor` for the
//! atomic commit, `errors` for what each of Kafka's errors means, `settings` for what is fixed and why.

mod admin;
mod arrivals;
mod connection;
mod consumer;
mod deliveries;
mod desk;
mod errors;
mod groups;
mod logging;
mod native;
mod offsets;
mod ownership;
mod progress;
mod publisher;
mod reader;
mod rebalance;
mod records;
mod security;
mod settings;
mod transactor;
mod unread;
mod upkeep;

pub use connection::KafkaLog;
pub use groups::{Bounds, GroupDescription, GroupMember, GroupOffsets, Standing};
pub use settings::Settings;
pub use unread::{Found, Stretch};
