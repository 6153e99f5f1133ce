//! What the team's agents say to each other: one record a file, and beside each its Avro schema in `schemas/`.
//!
//! The `.avsc` files are the truth; these types follow them field by field, and a test holds the two together. Amounts
//! are whole numbers with their unit in the name (persons, cents, parts per million, basis points), so that equal
//! findings are equal bytes. Nothing here computes; how the numbers come about is said in the files named after them.

pub mod brief;
pub mod compliance;
pub mod draft;
pub mod figures;
pub mod inquiry;
pub mod order;
pub mod question;
pub mod trend;

pub use brief::{Brief, Cause, Figure, Missing, Origin, Spoke, Statement, Unit, Verdict};
pub use compliance::{Citation, Compliance, Finding, Status};
pub use draft::Draft;
pub use figures::{Asked, Employment, Figures, Level, Unemployment};
pub use inquiry::{Found, Inquiry, Rate, Span};
pub use order::Order;
pub use question::{ContractKind, HiringPlan, Part, Question};
pub use trend::{Direction, Measure, Season, Slope, Trend, Turn, TurningPoint};

#[cfg(test)]
pub(crate) mod tests;
