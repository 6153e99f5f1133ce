//! What a producer submits: a question, the sector and month it is about, and the hiring plan to be looked at.
//!
//! Reading a question from JSON is strict: an unknown field is an error. Whether the values make sense together is
//! not settled here (that is what the brief is for); [`Question::check`] only refuses what cannot be worked on.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::month::Month;

/// The longest question, in bytes: two screens of text, and well inside the smallest model's context.
pub const QUESTION_BYTES_MAX: usize = 4_096;
/// The longest name of a sector, in bytes: four times the longest in the table.
pub const SECTOR_BYTES_MAX: usize = 128;
/// The largest headcount: about the size of the largest private employer in the world.
pub const HEADCOUNT_MAX: i32 = 2_000_000;
/// The hours of a week.
pub const WEEKLY_HOURS_MAX: i32 = 168;
/// The highest pay per hour, in cents: $10,000; above it a unit was mistaken.
pub const PAY_CENTS_MAX: i64 = 1_000_000;
/// The longest duration and trial, in months: a working life.
pub const MONTHS_MAX: i32 = 600;
/// The longest wait or notice, in days: ten years.
pub const DAYS_MAX: i32 = 3_650;
/// The highest age.
pub const AGE_MAX: i32 = 120;
/// The highest overtime pay, in per cent of ordinary pay.
pub const OVERTIME_PERCENT_MAX: i32 = 1_000;
/// The longest keeping of records, in years.
pub const YEARS_MAX: i32 = 100;
/// The longest wait for the parts, in seconds: a day; who can wait longer names none.
pub const WITHIN_SECONDS_MAX: i32 = 86_400;

/// "Should we hire in this sector now, given this plan?" Written by the producer, read by every agent of the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question in the asker's own words. Not empty, at most [`QUESTION_BYTES_MAX`].
    pub question: String,
    /// The sector asked about, under any name [`crate::sectors::find`] knows. An unknown one leaves figures and trend out.
    pub sector: String,
    /// The month the question is asked as of: no figure of a later month is used.
    pub month: Month,
    /// The plan to be checked. Without one, there is nothing for compliance to do.
    #[serde(default)]
    pub plan: Option<HiringPlan>,
    /// Which parts the asker wants; all three unless said otherwise. Repeats count once.
    #[serde(default = "all_parts")]
    pub ask: Vec<Part>,
    /// How long the asker waits for the parts, in seconds from the planner on; what has not come by then is named as late.
    /// Without it: until shortly before the task's deadline.
    #[serde(default)]
    pub within_seconds: Option<i32>,
    /// For drills: the part that is to come too late, so that one sees what a brief says then. Needs `within_seconds`.
    #[serde(default)]
    pub late_drill: Option<Part>,
}

/// A part of a brief, and by it the agent that supplies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Level, share and change of the sector's employment: `data-analyst`.
    Figures,
    /// Slope, season, turning points and volatility: `market-trends`.
    Trend,
    /// The plan against the rules: `legal-compliance`.
    Compliance,
}

impl Part {
    /// All parts, in the order a brief shows them.
    pub const ALL: [Part; 3] = [Part::Figures, Part::Trend, Part::Compliance];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Figures => "figures",
            Part::Trend => "trend",
            Part::Compliance => "compliance",
        }
    }
}

/// What kind of contract is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractKind {
    /// Employment without an end.
    Permanent,
    /// Employment that ends after `duration_months`.
    FixedTerm,
    /// Workers employed by an agency and lent to the asker.
    TemporaryAgency,
    /// Work whose first purpose is training.
    Internship,
    /// Independent contractors.
    Contractor,
    /// Anything else, or a kind this version does not know.
    Other,
}

impl ContractKind {
    /// The name as a sentence uses it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            ContractKind::Permanent => "permanent",
            ContractKind::FixedTerm => "fixed-term",
            ContractKind::TemporaryAgency => "temporary agency",
            ContractKind::Internship => "internship",
            ContractKind::Contractor => "contractor",
            ContractKind::Other => "other",
        }
    }
}

/// Who is to be hired, and on what terms. What is left out (`null`) is not known yet, and leaves its rules open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HiringPlan {
    /// How many persons. 0 means nobody is hired, and compliance is left out.
    pub headcount: i32,
    /// The kind of contract.
    pub contract: ContractKind,
    /// The month in which the work starts.
    pub start: Month,
    /// How long the contract lasts, if it ends.
    #[serde(default)]
    pub duration_months: Option<i32>,
    /// Hours a week.
    pub weekly_hours: i32,
    /// Pay for an ordinary hour, in US cents.
    pub pay_cents_per_hour: i64,
    /// Pay for hours beyond forty a week, in per cent of ordinary pay (150 is time and a half).
    #[serde(default)]
    pub overtime_percent: Option<i32>,
    /// The trial period in months; 0 for none.
    #[serde(default)]
    pub trial_months: i32,
    /// The youngest age that will be hired.
    #[serde(default)]
    pub age_min: Option<i32>,
    /// The oldest age that will be hired, if an upper limit is meant.
    #[serde(default)]
    pub age_max: Option<i32>,
    /// Whether the work is of a kind the regulations list as hazardous (roofing, power saws, driving on public roads, and so on).
    #[serde(default)]
    pub hazardous_work: Option<bool>,
    /// Whether identity and permission to work are checked on paper within three days of the start.
    #[serde(default)]
    pub checks_work_papers: Option<bool>,
    /// For contractors: whether the asker sets their hours and methods.
    #[serde(default)]
    pub directs_the_work: Option<bool>,
    /// For interns: whether they do what paid staff would otherwise do.
    #[serde(default)]
    pub replaces_staff: Option<bool>,
    /// For how many years records of hours and pay are kept.
    #[serde(default)]
    pub keeps_pay_records_years: Option<i32>,
    /// How many persons the asker employs already.
    #[serde(default)]
    pub employees_now: Option<i32>,
    /// Whether health cover is offered.
    #[serde(default)]
    pub offers_health_cover: Option<bool>,
    /// How many days pass between the start and the first day of cover.
    #[serde(default)]
    pub cover_wait_days: Option<i32>,
    /// How many days of notice are given before the work ends.
    #[serde(default)]
    pub notice_days: Option<i32>,
}

/// A question that cannot be worked on. Remedy: change the field named and submit it again.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Invalid {
    /// A text is empty or blank.
    #[error("cannot take a question whose field \"{field}\" is empty: say what you want to know")]
    Empty {
        /// The field.
        field: &'static str,
    },
    /// A text is too long.
    #[error(
        "cannot take a question whose field \"{field}\" has {found} bytes: at most {allowed} are allowed"
    )]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its bytes.
        found: usize,
        /// The bytes allowed.
        allowed: usize,
    },
    /// No part is asked for.
    #[error(
        "cannot take a question that asks for no part: leave \"ask\" out to get all, or name figures, trend or compliance"
    )]
    NothingAsked,
    /// The wait for the parts is none.
    #[error("cannot take a question whose \"within_seconds\" is {found}: it must lie between 1 and 86400")]
    Within {
        /// Its value.
        found: i32,
    },
    /// A drill that would wait for the task's deadline.
    #[error(
        "cannot take a question with a \"late_drill\" and no \"within_seconds\": say how long the parts are waited for"
    )]
    EndlessDrill,
    /// A number is outside its range.
    #[error("cannot take a plan whose \"{field}\" is {found}: it must lie between 0 and {allowed}")]
    OutOfRange {
        /// The field of the plan.
        field: &'static str,
        /// Its value.
        found: i64,
        /// The highest value allowed.
        allowed: i64,
    },
}

impl Question {
    /// Whether this can be worked on at all: texts neither empty nor too long, a part asked for, numbers within their bounds.
    ///
    /// # Errors
    /// [`Invalid`] for the first field that is not.
    pub fn check(&self) -> Result<(), Invalid> {
        check_text("question", &self.question, QUESTION_BYTES_MAX)?;
        check_text("sector", &self.sector, SECTOR_BYTES_MAX)?;
        if self.ask.is_empty() {
            return Err(Invalid::NothingAsked);
        }
        match (self.within_seconds, self.late_drill) {
            (Some(found), _) if !(1..=WITHIN_SECONDS_MAX).contains(&found) => {
                return Err(Invalid::Within { found });
            }
            (None, Some(_)) => return Err(Invalid::EndlessDrill),
            _ => {}
        }
        self.plan.as_ref().map_or(Ok(()), HiringPlan::check)
    }
}

impl HiringPlan {
    /// Whether every number lies within its bounds.
    fn check(&self) -> Result<(), Invalid> {
        let optional = |value: Option<i32>| i64::from(value.unwrap_or(0));
        let fields: [(&'static str, i64, i64); 12] = [
            ("headcount", self.headcount.into(), HEADCOUNT_MAX.into()),
            ("duration_months", optional(self.duration_months), MONTHS_MAX.into()),
            ("weekly_hours", self.weekly_hours.into(), WEEKLY_HOURS_MAX.into()),
            ("pay_cents_per_hour", self.pay_cents_per_hour, PAY_CENTS_MAX),
            ("overtime_percent", optional(self.overtime_percent), OVERTIME_PERCENT_MAX.into()),
            ("trial_months", self.trial_months.into(), MONTHS_MAX.into()),
            ("age_min", optional(self.age_min), AGE_MAX.into()),
            ("age_max", optional(self.age_max), AGE_MAX.into()),
            ("keeps_pay_records_years", optional(self.keeps_pay_records_years), YEARS_MAX.into()),
            ("employees_now", optional(self.employees_now), HEADCOUNT_MAX.into()),
            ("cover_wait_days", optional(self.cover_wait_days), DAYS_MAX.into()),
            ("notice_days", optional(self.notice_days), DAYS_MAX.into()),
        ];
        for (field, found, allowed) in fields {
            if !(0..=allowed).contains(&found) {
                return Err(Invalid::OutOfRange { field, found, allowed });
            }
        }
        Ok(())
    }
}

impl schemas_records::Message for Question {
    const NAME: &'static str = "tributary.briefing.Question";
    const SCHEMA: &'static str = include_str!("../../schemas/Question.avsc");
}

fn all_parts() -> Vec<Part> {
    Part::ALL.to_vec()
}

fn check_text(field: &'static str, text: &str, allowed: usize) -> Result<(), Invalid> {
    if text.trim().is_empty() {
        return Err(Invalid::Empty { field });
    }
    if text.len() > allowed {
        return Err(Invalid::TooLong { field, found: text.len(), allowed });
    }
    Ok(())
}
