//! The doors of a node that speak HTTP, and what can be asked through them.
//!
//! [`Desk`] is the seam: what an operator, or a producer without a Kafka client, can ask of a team. Whoever
//! holds the log and the stores answers it (`infra-node`); [`admin::Client`] asks such a one over the loopback
//! [`admin`] door. The [`public`] door shows a part of it to producers: tasks in, results out.
//!
//! This room knows sockets, requests, limits and tokens. It does not know a log, a store or a team.

pub mod admin;
pub mod desk;
pub mod limits;
pub mod public;
pub mod told;

mod host;
mod problem;
mod serve;

pub use desk::{Desk, Error, Kind};
pub use limits::Limits;
