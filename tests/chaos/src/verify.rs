//! The verifier: reads what lies in a team's topics as any client would that reads only what is committed,
//! works out what must be there, and says what is lost, doubled, torn, out of order, wrongly joined, paid for too
//! often or a dead letter without a reason.
//!
//! It knows the topics, the team whose they are, and, if it is given one, the model's bill. It asks no node, no store
//! and no metric. What is judged and how is [`tests_kit::verify`]'s; here is what a real log needs besides: a reader,
//! a shelf for more records than fit into memory, and the bill.
//!
//! Records are put on the shelf by task, and judged so many tasks at a time ([`shelf::TASKS_PER_SLICE`]): nearly all
//! that is promised is promised of one task, and memory stays within that of the two slices that are judged at a time.
//! What is promised across tasks is
//! judged within each slice only: that no more tasks are open than may be, and that outputs stand in the order of
//! their inputs.

pub mod bill;
pub mod judge;
pub mod reading;
pub mod shelf;
pub mod subject;

pub use self::bill::Bill;
pub use self::judge::{Findings, judge};
pub use self::reading::read;
pub use self::shelf::Shelf;
pub use self::subject::Subject;
