//! The state of `data-analyst`: what it holds while tables and model answer.
//!
//! It computes nothing; how answers become figures is said in [`crate::figures`].

use schemas_records::Message;
use serde::{Deserialize, Serialize};

use super::{Asked, Figures, Level, Question};
use crate::month::Month;

/// What the analyst holds between two events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiry {
    /// What is being answered; `None` before the first step.
    pub question: Option<Question>,
    /// A query that a model wrote, from its check until the figures stand.
    pub proposal: Option<Asked>,
    /// What that query says: used once the tables have been asked for the same.
    pub claimed: Vec<Level>,
    /// The fixed queries that are not answered yet, by name.
    pub awaited: Vec<String>,
    /// The answers so far.
    pub found: Found,
    /// The figures, once they stand and are being worded.
    pub figures: Option<Figures>,
}

/// What the tables said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Cells of the employment table; one that is empty or not there is left out.
    pub levels: Vec<Level>,
    /// Rows of the unemployment table, of the sector's industry.
    pub rates: Vec<Rate>,
    /// From when to when the sector is counted, by table.
    pub spans: Vec<Span>,
    /// A hash of the tables' contents; empty until they have said it.
    pub tables: String,
    /// The queries that were answered.
    pub asked: Vec<Asked>,
    /// What a model wrote and what became of it.
    pub notes: Vec<String>,
    /// Queries that failed, and why.
    pub failed: Vec<String>,
}

/// Unemployment in an industry in a month: one row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The month.
    pub month: Month,
    /// Unemployed persons.
    pub persons: i64,
    /// The rate in basis points.
    pub rate_bp: i64,
}

/// From when to when something is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The table.
    pub counted: String,
    /// The first month with a row.
    pub first: Month,
    /// The last.
    pub last: Month,
}

impl Message for Inquiry {
    const NAME: &'static str = "tributary.briefing.Inquiry";
    const SCHEMA: &'static str = include_str!("../../schemas/Inquiry.avsc");
}
