//! The data-analyst's computation: level, share and change of a sector's employment, and its industry's unemployment.
//!
//! Pure: the same answers of the tables give the same bytes. It asks nobody, judges nothing and words nothing.

use thiserror::Error;

use crate::data::Data;
use crate::messages::{Employment, Figures, Found, Span, Unemployment};
use crate::month::Month;
use crate::numbers::{self, PPM};
use crate::queries;
use crate::sectors::{Sector, WHOLE};

#[cfg(test)]
mod tests;

/// Months in a year.
pub(crate) const YEAR: i32 = 12;

/// No figure can be given. Remedy: ask about a month the message names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// Neither table knows anything of this sector in this month.
    #[error("cannot give figures of {sector} for {month}: {known}; ask about one of these months")]
    Unknown {
        /// The sector's title.
        sector: &'static str,
        /// The month asked about.
        month: Month,
        /// What the tables do know, in words.
        known: String,
    },
    /// The tables did not answer.
    #[error("cannot give figures of {sector} for {month}: {reason}")]
    Unanswered {
        /// The sector's title.
        sector: &'static str,
        /// The month asked about.
        month: Month,
        /// What failed, in words.
        reason: String,
    },
}

/// The figures of `sector` in `month` as the tables of `data` would give them: what [`of`] makes of [`queries::answered`].
///
/// # Errors
/// As [`of`].
pub fn compute(data: &Data, sector: &Sector, month: Month) -> Result<Figures, Error> {
    of(queries::answered(data, sector, month), sector, month)
}

/// The figures of `sector` in `month`: what the answers hold, and as `gaps` what they do not. `wording` and `model` are left empty.
///
/// # Errors
/// [`enum@Error`] if they hold neither employment nor unemployment of this month.
pub fn of(found: Found, sector: &Sector, month: Month) -> Result<Figures, Error> {
    let employment = employment(&found, sector, month);
    let unemployment = unemployment(&found, sector, month);
    let mut gaps = gaps(&found, sector, month);
    if employment.is_none() && unemployment.is_none() {
        let sector = sector.title;
        return Err(if found.failed.is_empty() {
            Error::Unknown { sector, month, known: gaps.join("; ") }
        } else {
            Error::Unanswered { sector, month, reason: found.failed.join("; ") }
        });
    }
    gaps.extend(found.failed);
    Ok(Figures {
        sector: sector.id.to_owned(),
        month,
        employment,
        unemployment,
        others: Vec::new(),
        queries: found.asked,
        tables: found.tables,
        notes: found.notes,
        gaps,
        wording: String::new(),
        model: String::new(),
    })
}

/// How many worked in a sector in a month, if the answers say it.
fn level(found: &Found, sector: &str, month: Month) -> Option<i64> {
    found
        .levels
        .iter()
        .find(|level| level.sector == sector && level.month == month)
        .map(|level| level.persons)
}

fn employment(found: &Found, sector: &Sector, month: Month) -> Option<Employment> {
    let (now, total) = (level(found, sector.id, month)?, level(found, WHOLE, month)?);
    let before = level(found, sector.id, month.plus(-1));
    let year_before = level(found, sector.id, month.plus(-YEAR));
    Some(Employment {
        level: now,
        total,
        share_ppm: numbers::ratio(now, total, PPM)?,
        change_month: before.map(|before| now.saturating_sub(before)),
        change_month_ppm: before.and_then(|before| numbers::change_ppm(now, before)),
        change_year: year_before.map(|before| now.saturating_sub(before)),
        change_year_ppm: year_before.and_then(|before| numbers::change_ppm(now, before)),
    })
}

fn unemployment(found: &Found, sector: &Sector, month: Month) -> Option<Unemployment> {
    let at = |month: Month| found.rates.iter().find(|rate| rate.month == month);
    let now = at(month)?;
    Some(Unemployment {
        industry: sector.unemployment?.to_owned(),
        persons: now.persons,
        rate_bp: now.rate_bp,
        change_year_bp: at(month.plus(-YEAR)).map(|before| now.rate_bp.saturating_sub(before.rate_bp)),
    })
}

/// What is not known of this month, one sentence without its full stop each. What could not be asked is no gap of the data.
fn gaps(found: &Found, sector: &Sector, month: Month) -> Vec<String> {
    let mut gaps = Vec::new();
    let answered = |name: &str| found.asked.iter().any(|asked| asked.name == name);
    let span = |counted: &str| found.spans.iter().find(|span| span.counted == counted);
    let counted = |what: &str, span: Option<&Span>| match span {
        Some(span) => format!("{what} is counted from {} to {}", span.first, span.last),
        None => format!("{what} is not known for {month}"),
    };
    let year_before = month.plus(-YEAR);
    match (level(found, sector.id, month), level(found, sector.id, year_before)) {
        _ if sector.employment.is_none() => {
            gaps.push(format!("no employment is counted for {}", sector.title))
        }
        _ if !answered(queries::EMPLOYMENT) => {}
        (None, _) => gaps.push(counted("employment", span(queries::EMPLOYMENT))),
        (_, None) => {
            gaps.push(format!(
                "employment is not known for {year_before}, so there is no change on the year"
            ));
        }
        _ => {}
    }
    if sector.unemployment.is_none() {
        gaps.push(format!("no unemployment is counted for {}", sector.title));
    } else if answered(queries::UNEMPLOYMENT) && !found.rates.iter().any(|rate| rate.month == month) {
        gaps.push(counted("unemployment by industry", span(queries::UNEMPLOYMENT)));
    }
    gaps
}
