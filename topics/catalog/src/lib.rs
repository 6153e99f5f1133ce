//! The catalog: which topics there are, what they are called, and how to plan and make them.
//!
//! `catalog.toml` holds one template per kind of topic; a team's topics follow from its agents' names.
//! This room knows names and partition counts. It does not read or write records.

mod comparison;
mod directory;
mod inboxes;
mod names;
mod plan;

pub use comparison::{Comparison, Found, Step};
pub use directory::{Directory, Peer, external};
pub use inboxes::{Inbox, Inboxes};
pub use names::{Error, FIRST_GENERATION, Kind, NAME_BYTES_MAX, Names, is_name};
pub use plan::{Catalog, Plan, Removal, Topics};
