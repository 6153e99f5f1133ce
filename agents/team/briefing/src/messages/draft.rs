//! The state of the team's agents but the analyst: what they hold while they wait for a gateway.
//!
//! One record serves all four that wait, each filling the fields that are its own.

use schemas_records::Message;
use serde::{Deserialize, Serialize};

use super::{Compliance, Figures, Missing, Order, Question, Trend};

/// What an agent holds between two events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// What is being answered; `None` before the first step.
    pub question: Option<Question>,
    /// What the planner decided.
    pub order: Option<Order>,
    /// The calls that are not answered yet, by name.
    pub awaited: Vec<String>,
    /// The figures, once they are there.
    pub figures: Option<Figures>,
    /// The trend, once it is there.
    pub trend: Option<Trend>,
    /// The compliance, once it is there.
    pub compliance: Option<Compliance>,
    /// Why a part is not there.
    pub missing: Vec<Missing>,
}

impl Message for Draft {
    const NAME: &'static str = "tributary.briefing.Draft";
    const SCHEMA: &'static str = include_str!("../../schemas/Draft.avsc");
}
