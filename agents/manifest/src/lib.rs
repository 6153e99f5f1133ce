//! Teams as data: a folder of text files becomes a team of agents.
//!
//! `team.toml` names the entry, limits, joins, tools and knowledge; `agents/NAME.toml` holds an agent's
//! steps; `schemas/*.avsc` its messages; Markdown files its prompts. [`load`] reads and checks all of it
//! before anything runs, and says everything that is wrong at once. The README beside this crate has the
//! grammar on one page.
//!
//! This room does not run anything: a loaded agent is a pure `Logic`, which a node runs like any other.

pub mod bounds;
pub mod given;
pub mod manifest;
pub mod problem;
pub mod team;

mod engine;
mod fields;
mod folder;
mod schemas;
mod shape;

mod check;
mod load;
mod logic;

pub mod draw;
pub mod skeleton;

pub use load::{Loaded, load};
pub use logic::ManifestState;
pub use problem::{Place, Problem, Problems};
pub use team::{Join, Knowledge, Limits, Tool};
