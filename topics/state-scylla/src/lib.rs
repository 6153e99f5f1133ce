//! The door to ScyllaDB and to whatever else speaks CQL: the only room that names `scylla`.
//!
//! It makes a CQL cluster keep the promises of [`topics_state::StateStore`] and
//! [`topics_state::KeyedStore`], with statements that ScyllaDB and Apache Cassandra both accept. It does
//! not know what a row means, nor who is right about it: the highest epoch is, because each write of a
//! state carries it as its timestamp. No clock of this process takes part in anything.
//!
//! Read `tables` for what lies where, `states` and `owners` for the rules, `errors` for what each of the
//! servers' errors means, `settings` for what is bounded and why.

mod cell;
mod chunks;
mod connection;
mod errors;
mod gate;
mod keyed;
mod keys;
mod lives;
mod migration;
mod owners;
mod patience;
mod settings;
mod statements;
mod states;
mod store;
mod tables;
mod tls;
mod voice;

pub use migration::{migrate, plan};
pub use settings::{Credentials, Settings, Tls};
pub use store::ScyllaStore;
