//! The figures as the SQL tool's tables: the committed files in long form, one row a number, each table a CSV text.
//!
//! Built from [`Data`] alone, in one order: equal data make equal texts, and the tool makes equal databases of them. The
//! table `about` holds a hash of the data, so that every answer can say which tables it came from. Nothing here asks.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::data::{Data, Series};
use crate::month::Month;
use crate::sectors::SECTORS;

#[cfg(test)]
mod tests;

/// The tables and their columns, in the words a prompt uses.
pub const SHAPE: &str = "\
employment(sector, month, persons): persons employed, seasonally adjusted, by sector and month
unemployment(industry, month, persons, rate_bp): unemployed persons, and their rate in basis points, not adjusted
sectors(sector, title, industry): the sectors, and the industry that unemployment counts each with";

/// Each table's name and its text.
#[must_use]
pub fn of(data: &Data) -> Vec<(&'static str, String)> {
    vec![
        ("about", format!("version\n{}\n", version(data))),
        ("employment", employment(data)),
        ("sectors", sectors()),
        ("unemployment", unemployment(data)),
    ]
}

/// What the tables say of themselves: a hash of all that is in them.
#[must_use]
pub fn version(data: &Data) -> String {
    // The word keeps a hash of digits alone from being taken for a number.
    format!("tables-{}", data.version())
}

fn employment(data: &Data) -> String {
    let mut text = String::from("sector,month,persons\n");
    for sector in &SECTORS {
        let Some(series) = data.employment(sector) else { continue };
        for month in months(series) {
            // Writing to a text does not fail.
            let _ = writeln!(text, "{},{month},{}", sector.id, cell(series.at(month)));
        }
    }
    text
}

fn unemployment(data: &Data) -> String {
    let mut text = String::from("industry,month,persons,rate_bp\n");
    let mut written = BTreeSet::new();
    for sector in &SECTORS {
        let Some((name, industry)) = data.unemployment(sector).filter(|(name, _)| written.insert(*name))
        else {
            continue;
        };
        for month in months(&industry.rate) {
            let (persons, rate) = (cell(industry.unemployed.at(month)), cell(industry.rate.at(month)));
            let _ = writeln!(text, "{name},{month},{persons},{rate}");
        }
    }
    text
}

fn sectors() -> String {
    let mut text = String::from("sector,title,industry\n");
    for sector in &SECTORS {
        let _ =
            writeln!(text, "{},\"{}\",{}", sector.id, sector.title, sector.unemployment.unwrap_or_default());
    }
    text
}

/// Every month with a line, known or not.
fn months(series: &Series) -> impl Iterator<Item = Month> {
    let (first, last) = (series.first(), series.last());
    (0..=last.since(first)).map(move |after| first.plus(after))
}

/// A number, or nothing where none is known.
fn cell(value: Option<i64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}
