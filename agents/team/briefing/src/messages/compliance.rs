//! The legal-compliance's part: what each rule says of the plan, and by which article.
//!
//! The rules are illustrations in the project's own words, and no legal advice: see [`crate::rules`].

use serde::{Deserialize, Serialize};

use crate::month::Month;

/// The plan against every rule. Written by `legal-compliance`, read by `synthesizer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compliance {
    /// The sector as the question named it.
    pub sector: String,
    /// The month the question is asked as of.
    pub month: Month,
    /// One finding a rule, in the order of [`crate::rules::RULES`].
    pub findings: Vec<Finding>,
    /// Texts that were found for this plan and that no predicate checks.
    pub also: Vec<Citation>,
    /// What is not there, and why, one sentence each.
    pub gaps: Vec<String>,
    /// One sentence from a model; empty if none spoke.
    pub wording: String,
    /// Which model spoke; empty if none did.
    pub model: String,
}

/// What one rule says of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id, for example `minimum_wage`.
    pub rule: String,
    /// Where the law it illustrates stands, for example `29 U.S.C. § 206(a)(1)`.
    pub article: String,
    /// Whether the plan keeps it.
    pub status: Status,
    /// Why, in one sentence.
    pub reason: String,
    /// What would make it met, in one sentence; empty if it is.
    pub remedy: String,
    /// Where the official text can be read; empty where there is none.
    pub official: String,
    /// The passage of the rule's text, if it was looked for and found.
    pub citation: Option<Citation>,
}

/// A passage of a rule's text, as the knowledge gateway found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// The passage's id, for example `overtime.md#0001`.
    pub passage: String,
    /// The article it retells.
    pub article: String,
    /// Its heading.
    pub title: String,
    /// Its words.
    pub text: String,
}

/// Whether a plan keeps a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It does, or the rule does not reach this plan.
    Met,
    /// The plan does not say enough to tell.
    Open,
    /// It does not.
    Broken,
}

impl Status {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Met => "met",
            Status::Open => "open",
            Status::Broken => "broken",
        }
    }
}

impl schemas_records::Message for Compliance {
    const NAME: &'static str = "tributary.briefing.Compliance";
    const SCHEMA: &'static str = include_str!("../../schemas/Compliance.avsc");
}
