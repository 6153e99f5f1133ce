//! The data-analyst's computation: level, share and change of a sector's employment, and its industry's unemployment.
//!
//! Pure: the same data, sector and month give the same bytes. It judges nothing and words nothing.

use thiserror::Error;

use crate::data::{Data, Industry};
use crate::messages::{Employment, Figures, Unemployment};
use crate::month::Month;
use crate::numbers::{self, PPM};
use crate::sectors::{self, Sector, WHOLE};

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
}

/// The figures of `sector` in `month`: what either table knows, and as `gaps` what it does not. `wording` and `model` are left empty.
///
/// # Errors
/// [`Error::Unknown`] if neither table knows the month.
pub fn compute(data: &Data, sector: &Sector, month: Month) -> Result<Figures, Error> {
    let employment = employment(data, sector, month);
    let unemployment = unemployment(data, sector, month);
    let gaps = gaps(data, sector, month);
    if employment.is_none() && unemployment.is_none() {
        return Err(Error::Unknown { sector: sector.title, month, known: gaps.join("; ") });
    }
    Ok(Figures {
        sector: sector.id.to_owned(),
        month,
        employment,
        unemployment,
        gaps,
        wording: String::new(),
        model: String::new(),
    })
}

fn employment(data: &Data, sector: &Sector, month: Month) -> Option<Employment> {
    let series = data.employment(sector)?;
    let whole = data.employment(sectors::find(WHOLE).ok()?)?;
    let (level, total) = (series.at(month)?, whole.at(month)?);
    let before = series.at(month.plus(-1));
    let year_before = series.at(month.plus(-YEAR));
    Some(Employment {
        level,
        total,
        share_ppm: numbers::ratio(level, total, PPM)?,
        change_month: before.map(|before| level.saturating_sub(before)),
        change_month_ppm: before.and_then(|before| numbers::change_ppm(level, before)),
        change_year: year_before.map(|before| level.saturating_sub(before)),
        change_year_ppm: year_before.and_then(|before| numbers::change_ppm(level, before)),
    })
}

fn unemployment(data: &Data, sector: &Sector, month: Month) -> Option<Unemployment> {
    let (name, industry) = data.unemployment(sector)?;
    let rate_bp = industry.rate.at(month)?;
    Some(Unemployment {
        industry: name.to_owned(),
        persons: industry.unemployed.at(month)?,
        rate_bp,
        change_year_bp: industry.rate.at(month.plus(-YEAR)).map(|before| rate_bp.saturating_sub(before)),
    })
}

/// What is not known of this month, one sentence without its full stop each.
fn gaps(data: &Data, sector: &Sector, month: Month) -> Vec<String> {
    let mut gaps = Vec::new();
    match data.employment(sector) {
        None => gaps.push(format!("no employment is counted for {}", sector.title)),
        Some(series) if series.at(month).is_none() => {
            gaps.push(format!("employment is counted from {} to {}", series.first(), series.last()));
        }
        Some(series) if series.at(month.plus(-YEAR)).is_none() => {
            gaps.push(format!(
                "employment is not known for {}, so there is no change on the year",
                month.plus(-YEAR)
            ));
        }
        Some(_) => {}
    }
    match data.unemployment(sector) {
        None => gaps.push(format!("no unemployment is counted for {}", sector.title)),
        Some((_, Industry { rate, .. })) if rate.at(month).is_none() => {
            gaps.push(format!(
                "unemployment by industry is counted from {} to {}",
                rate.first(),
                rate.last()
            ));
        }
        Some(_) => {}
    }
    gaps
}
