//! The team's result: a verdict, the figures and rules it rests on, the conditions it comes with, and what is missing.
//!
//! Every statement says where it came from: a query, a computation, a passage, a rule, or a call of a model. The verdict is code's ([`crate::verdict`]);
//! a model only words it.

use serde::{Deserialize, Serialize};

use crate::month::Month;

use super::{Asked, Citation, Finding, Part};

/// The answer to a question. Written by `synthesizer` as the task's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// The question, as it was asked.
    pub question: String,
    /// The sector: its id, or the name as given if it is unknown.
    pub sector: String,
    /// The month the brief is as of.
    pub month: Month,
    /// The plan in one line; empty without one.
    pub plan: String,
    /// What to do.
    pub verdict: Verdict,
    /// The verdict and its grounds in one sentence, from code.
    pub headline: String,
    /// What was found, one sentence each, with where it came from.
    pub paragraphs: Vec<Statement>,
    /// The numbers behind it, in the order they are shown.
    pub figures: Vec<Figure>,
    /// The queries that figures came from.
    pub queries: Vec<Asked>,
    /// Which tables answered them: a hash of all that is in them; empty if none was asked.
    pub tables: String,
    /// What each rule said, in the order of the rules; empty without compliance.
    pub rules: Vec<Finding>,
    /// Rule texts that were found for this plan and that no predicate checks.
    pub also: Vec<Citation>,
    /// What must hold or be done for the verdict to stand.
    pub conditions: Vec<Statement>,
    /// The parts that are not there, and why.
    pub missing: Vec<Missing>,
    /// Plans and queries that a model wrote, and what became of them, one sentence each.
    pub written: Vec<Statement>,
    /// Which model worded what; empty if none spoke.
    pub spoke: Vec<Spoke>,
}

/// What to do, from best to least known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The market grows, and the plan keeps every rule.
    Hire,
    /// Yes, if the conditions are met.
    HireWithConditions,
    /// The market shrinks: look again later.
    Wait,
    /// A rule is broken, or the market is in a slump.
    DoNotHire,
    /// Too little is known.
    CannotSay,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Verdict; 5] =
        [Verdict::Hire, Verdict::HireWithConditions, Verdict::Wait, Verdict::DoNotHire, Verdict::CannotSay];

    /// The name as a heading uses it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Verdict::Hire => "hire",
            Verdict::HireWithConditions => "hire with conditions",
            Verdict::Wait => "wait",
            Verdict::DoNotHire => "do not hire",
            Verdict::CannotSay => "cannot say",
        }
    }
}

/// What kind of thing stands behind a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A query; the source names it.
    Query,
    /// A function of this crate over the data; the source names it, and the queries it worked on.
    Computation,
    /// A passage of a rule's text; the source names it.
    Passage,
    /// A rule; the source names it.
    Rule,
    /// A model; the source names it, and the call in which it spoke.
    Model,
    /// The task itself: what was asked, left out, or did not arrive.
    Task,
}

/// One sentence and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The sentence.
    pub text: String,
    /// What kind of thing stands behind it.
    pub origin: Origin,
    /// Which one: a function, a rule's id, a model's name.
    pub source: String,
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Persons.
    Persons,
    /// Persons a month.
    PersonsPerMonth,
    /// Parts per million, shown as per cent.
    PartsPerMillion,
    /// Hundredths of a per cent.
    BasisPoints,
    /// Hundredths of a point between two rates in per cent.
    PointHundredths,
}

/// One number of the brief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The part it belongs to.
    pub part: Part,
    /// What it is, for example `change on the year`.
    pub name: String,
    /// The number, in `unit`.
    pub value: i64,
    /// Its unit.
    pub unit: Unit,
    /// The function that computed it, for example `figures::compute`; of a number that is as a query gave it, `query`.
    pub source: String,
    /// The query it came from; empty if it came from none.
    pub query: String,
}

/// Why a part is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The asker did not want it.
    NotAsked,
    /// The question gives it nothing to work on.
    NotApplicable,
    /// A model's plan left it out.
    NotPlanned,
    /// Its agent failed.
    Failed,
    /// It did not come in time.
    Late,
}

impl Cause {
    /// The name as a sentence uses it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Cause::NotAsked => "not asked for",
            Cause::NotApplicable => "not applicable",
            Cause::NotPlanned => "left out",
            Cause::Failed => "failed",
            Cause::Late => "late",
        }
    }
}

/// A part that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Which.
    pub part: Part,
    /// What kind of reason.
    pub cause: Cause,
    /// The reason, in one sentence.
    pub reason: String,
}

/// A model that worded something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoke {
    /// What it worded: `figures`, `trend`, `compliance` or `brief`.
    pub about: String,
    /// Its name.
    pub model: String,
}

impl schemas_records::Message for Brief {
    const NAME: &'static str = "tributary.briefing.Brief";
    const SCHEMA: &'static str = include_str!("../../schemas/Brief.avsc");
}
