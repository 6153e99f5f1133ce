//! What the planner tells the synthesizer: the question, which parts are to come, and why the others are not.

use schemas_records::Message;
use serde::{Deserialize, Serialize};

use super::{Missing, Part, Question};

/// The planner's decision. Written by `planner` at its fork, read by `synthesizer` at the join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The question as the analysts got it: under the sector's name that the plan settled on.
    pub question: Question,
    /// The sector's name as the asker gave it, if the plan reads it as another.
    pub asked_sector: Option<String>,
    /// The parts that were asked for, in the order of [`Part::ALL`].
    pub wanted: Vec<Part>,
    /// The parts that were not, and why.
    pub left_out: Vec<Missing>,
    /// The model that wrote the plan; empty for the fixed one.
    pub author: String,
    /// What a model wrote and what became of it, one sentence each.
    pub notes: Vec<String>,
}

impl Message for Order {
    const NAME: &'static str = "tributary.briefing.Order";
    const SCHEMA: &'static str = include_str!("../../schemas/Order.avsc");
}
