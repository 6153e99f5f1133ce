//! The data-analyst's part: how many work in the sector, what share that is, how it changed, and how many are without work.
//!
//! Numbers, the queries they came from, and one sentence of wording beside them. How they are computed: [`crate::figures`].

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
    /// What a model's query looked at besides, for comparison: each number compared with the tables.
    pub others: Vec<Level>,
    /// The queries, in the order they were asked: each figure names the one it came from.
    pub queries: Vec<Asked>,
    /// Which tables answered: a hash of all that is in them; empty if none did.
    pub tables: String,
    /// What a model wrote and what became of it, one sentence each.
    pub notes: Vec<String>,
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

/// How many work in a sector in a month: one cell of the employment table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Level {
    /// The sector's id.
    pub sector: String,
    /// The month.
    pub month: Month,
    /// Persons employed.
    pub persons: i64,
}

/// A query as it was asked of the tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What figures and statements call it.
    pub name: String,
    /// The statement, with `?` for each parameter.
    pub statement: String,
    /// The parameters, in order.
    pub parameters: Vec<String>,
    /// How many rows came back.
    pub rows: i32,
    /// The model that wrote it; empty for a fixed one.
    pub author: String,
}

impl schemas_records::Message for Figures {
    const NAME: &'static str = "tributary.briefing.Figures";
    const SCHEMA: &'static str = include_str!("../../schemas/Figures.avsc");
}
