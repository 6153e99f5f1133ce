//! The node: a team's agents and the gateways they need, run in one process.
//!
//! A node is put together from a [`Team`] (what agents there are), [`Doors`] (which log, stores, model and
//! clock) and [`Settings`] (names and bounds). The same roles run embedded, on Kafka and in simulation;
//! only the doors differ. This room does not parse command lines and does not know any team.

pub mod acls;
pub mod adoption;
pub mod audit;
pub mod config;
mod desk;
mod doors;
mod gateways;
pub mod groups;
mod migration;
mod outside;
mod roles;
mod run;
mod schemas;
mod secrets;
mod settings;
pub mod shared;
mod supplies;
mod team;
mod upkeep;

pub use config::Config;
pub use desk::NodeDesk;
pub use doors::{Doors, model, open, open_to_look, open_to_mend, open_with};
pub use migration::{Migration, Moving, Standing};
pub use roles::{Ground, Node, Role};
pub use run::{Error, run};
pub use schemas::{Meeting, REGISTRY_NOTE};
pub use settings::{Outside, Settings};
pub use team::Team;
pub use topics_state::fjall::{Held, Hold};
pub use upkeep::Upkeep;
