//! The market-trends' part: where the sector is going, how steadily, and in which months its people are hard to find.
//!
//! Numbers only, and one sentence of wording beside them. How they are computed: [`crate::trend`].

use serde::{Deserialize, Serialize};

use crate::month::Month;

/// The trend of one sector's employment up to one month. Written by `market-trends`, read by `synthesizer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trend {
    /// The sector's id, for example `retail_trade`.
    pub sector: String,
    /// The last month looked at.
    pub month: Month,
    /// Rising, flat or falling, by the slope of the last year.
    pub direction: Direction,
    /// The line through the last twelve months.
    pub slope_12: Slope,
    /// The line through the last thirty-six months, if they are known.
    pub slope_36: Option<Slope>,
    /// The season of what is known long enough.
    pub seasons: Vec<Season>,
    /// The latest peaks and troughs, oldest first.
    pub turning_points: Vec<TurningPoint>,
    /// The standard deviation of the monthly change over at most three years, in parts per million.
    pub volatility_ppm: i64,
    /// What is not there, and why, one sentence each.
    pub gaps: Vec<String>,
    /// One sentence from a model; empty if none spoke.
    pub wording: String,
    /// Which model spoke; empty if none did.
    pub model: String,
}

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Upwards by more than the bound for flat.
    Rising,
    /// Neither.
    Flat,
    /// Downwards by more than the bound for flat.
    Falling,
}

impl Direction {
    /// The name as a sentence uses it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Direction::Rising => "rising",
            Direction::Flat => "flat",
            Direction::Falling => "falling",
        }
    }
}

/// A straight line through monthly values, by least squares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slope {
    /// Persons gained (or lost, if negative) a month.
    pub persons_per_month: i64,
    /// Twelve months of it, in parts per million of the mean level.
    pub per_year_ppm: i64,
}

/// What a season is the season of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Persons employed. Already adjusted at the source: hardly any season is left.
    Employment,
    /// The industry's rate of unemployment. Not adjusted.
    UnemploymentRate,
}

impl Measure {
    /// The name as a sentence uses it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Measure::Employment => "employment",
            Measure::UnemploymentRate => "unemployment",
        }
    }
}

/// How far each calendar month usually lies from the mean of the year around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Season {
    /// What was measured.
    pub measure: Measure,
    /// Twelve values, January first: parts per million above (or below) the mean of the year around.
    pub by_month_ppm: Vec<i64>,
    /// The last month that went into it.
    pub until: Month,
}

/// Which way a series turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// From rising to falling.
    Peak,
    /// From falling to rising.
    Trough,
}

impl Turn {
    /// The name as a sentence uses it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Turn::Peak => "peak",
            Turn::Trough => "trough",
        }
    }
}

/// A month at which employment turned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurningPoint {
    /// The month.
    pub month: Month,
    /// Which way it turned.
    pub turn: Turn,
    /// Persons employed in that month.
    pub level: i64,
}

impl schemas_records::Message for Trend {
    const NAME: &'static str = "tributary.briefing.Trend";
    const SCHEMA: &'static str = include_str!("../../schemas/Trend.avsc");
}
