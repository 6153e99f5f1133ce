//! The life of one work, as a pure function: who is owed, what is pending, what is left.
//!
//! [`Works`] is the worker's `Handler` for an agent type. It reads the envelope and the row, decides by
//! the protocol's rules what a record is to the work (a beginning, an answer, a part, a timer, an end, or
//! something late), lets the agent's [`Logic`] decide where it may, and turns effects into records. It
//! does no I/O and knows no broker, store or clock.
//!
//! To be read in this order: [`event`] and [`effects`] (what an agent sees and says), `machine` (which
//! rule applies), `beginnings`, `arrivals`, `apply` (what effects become), `external`, `endings`.

pub mod bounds;
pub mod effects;
pub mod event;
mod logic;
mod reply;

mod apply;
mod arrivals;
mod beginnings;
mod endings;
mod external;
mod machine;
mod moves;
mod turn;

pub use bounds::Bounds;
pub use effects::{Effects, Fork};
pub use event::{Answer, Event, Happened};
pub use external::ExternalTool;
pub use logic::{Fault, Logic};
pub use machine::{Team, Works, version_of};
pub use reply::reply_record;

#[cfg(test)]
mod tests;
