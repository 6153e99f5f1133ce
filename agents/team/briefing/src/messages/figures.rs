//! The data-analyst's part: how many work in the sector, what share that is, how it changed, and how many are without work.
//!
//! Numbers only, and one sentence of wording beside them. How they are computed: [`crate::figures`].

use serde::{Deserialize, Serialize};

use crate::month::Month;

/// The figures of one sector in one month. Written by `data-analyst`, read by `synthesizer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// The sector's id, for example `retail_trade`.
    pub sector: String,
    /// The month the figures are of.
    pub month: Month,
    /// Employment, if the tables know it for this sector and month.
    pub employment: Option<Employment>,
    /// Unemployment, if the tables know it for this sector's industry and month.
    pub unemployment: Option<Unemployment>,
    /// What is not there, and why, one sentence each.
    pub gaps: Vec<String>,
    /// One sentence from a model; empty if none spoke.
    pub wording: String,
    /// Which model spoke; empty if none did.
    pub model: String,
}

/// Employment in one month, seasonally adjusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Employment {
    /// Persons employed in the sector.
    pub level: i64,
    /// Persons employed in all nonfarm sectors.
    pub total: i64,
    /// `level` as parts per million of `total`.
    pub share_ppm: i64,
    /// Change on the month before, in persons.
    pub change_month: Option<i64>,
    /// The same in parts per million of the month before.
    pub change_month_ppm: Option<i64>,
    /// Change on the same month a year before, in persons.
    pub change_year: Option<i64>,
    /// The same in parts per million of the year before.
    pub change_year_ppm: Option<i64>,
}

/// Unemployment in one month, not seasonally adjusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unemployment {
    /// The source's name of the industry; it may be wider than the sector.
    pub industry: String,
    /// Unemployed persons who last worked in it.
    pub persons: i64,
    /// Their share of the industry's labour force, in basis points.
    pub rate_bp: i64,
    /// Change of the rate on the same month a year before, in basis points.
    pub change_year_bp: Option<i64>,
}

impl schemas_records::Message for Figures {
    const NAME: &'static str = "tributary.briefing.Figures";
    const SCHEMA: &'static str = include_str!("../../schemas/Figures.avsc");
}
