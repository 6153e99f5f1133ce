//! What figures and trend together say of the market: growing, mixed, shrinking, in a slump, or unknown.
//!
//! It knows neither plan nor rules; those meet it in `verdict.rs`.

use crate::facts;
use crate::messages::{Direction, Figures, Trend};
use crate::numbers::{points, signed_percent};
use crate::trend;

#[cfg(test)]
mod tests;

/// A loss of this size on the year, in parts per million, is a slump: five per cent, which the whole economy lost once in these data.
pub const SLUMP_PPM: i64 = -50_000;
/// A change of the unemployment rate up to this size on the year, in basis points, is none: one point, about its sampling error in a small industry.
pub const RATE_FLAT_BP: i64 = 100;

/// A loss of this size in a single month, in parts per million, is a sign of its own: one per cent, ten times a calm sector's spread.
pub const BREAK_PPM: i64 = -10_000;

/// The market, from best to worst, and last the one not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outlook {
    /// Every sign points upwards.
    Growing,
    /// The signs differ, or point nowhere.
    Mixed,
    /// Every sign points downwards.
    Shrinking,
    /// The same, and a year's loss is [`SLUMP_PPM`] or worse.
    Slump,
    /// There is no sign.
    Unknown,
}

/// The outlook. Its signs are the change of employment on the year, the slope of twelve months, and a break in the last
/// month; where there is none of these, the change of the unemployment rate on the year.
#[must_use]
pub fn outlook(figures: Option<&Figures>, trend: Option<&Trend>) -> Outlook {
    let year = year_ppm(figures);
    let mut signs: Vec<Direction> = Vec::new();
    signs.extend(year.map(trend::direction));
    signs.extend(trend.map(|trend| trend.direction));
    let month = figures.and_then(|figures| figures.employment.as_ref()?.change_month_ppm);
    if !signs.is_empty() && month.is_some_and(|month| month <= BREAK_PPM) {
        signs.push(Direction::Falling);
    }
    if signs.is_empty() {
        signs.extend(rate_change_bp(figures).map(rate_direction));
    }
    let all = |direction| signs.iter().all(|sign| *sign == direction);
    match () {
        () if signs.is_empty() => Outlook::Unknown,
        () if all(Direction::Rising) => Outlook::Growing,
        () if !all(Direction::Falling) => Outlook::Mixed,
        () if year.is_some_and(|year| year <= SLUMP_PPM) => Outlook::Slump,
        () => Outlook::Shrinking,
    }
}

impl Outlook {
    /// The outlook in words about `sector`, with the number behind it, for use inside a sentence.
    #[must_use]
    pub fn phrase(self, sector: &str, figures: Option<&Figures>, trend: Option<&Trend>) -> String {
        let is = match self {
            Outlook::Growing => "is growing",
            Outlook::Mixed => "is level or turning",
            Outlook::Shrinking => "is shrinking",
            Outlook::Slump => "is in a slump",
            Outlook::Unknown => return format!("the market for {} was not seen", facts::title(sector)),
        };
        let title = facts::title(sector);
        match (year_ppm(figures), trend, rate_change_bp(figures)) {
            (Some(ppm), _, _) => format!("employment in {title} {is} ({} on the year)", signed_percent(ppm)),
            (None, Some(trend), _) => format!(
                "employment in {title} {is} ({} a year by its slope)",
                signed_percent(trend.slope_12.per_year_ppm)
            ),
            (None, None, Some(change)) => {
                let way = if change < 0 { "down" } else { "up" };
                format!(
                    "the market for {title} {is} (its rate of unemployment is {way} by {} on the year)",
                    points(change)
                )
            }
            (None, None, None) => format!("the market for {title} {is}"),
        }
    }
}

fn year_ppm(figures: Option<&Figures>) -> Option<i64> {
    figures?.employment.as_ref()?.change_year_ppm
}

fn rate_change_bp(figures: Option<&Figures>) -> Option<i64> {
    figures?.unemployment.as_ref()?.change_year_bp
}

/// Less unemployment is a better market.
fn rate_direction(change_bp: i64) -> Direction {
    match change_bp {
        bp if bp > RATE_FLAT_BP => Direction::Falling,
        bp if bp < -RATE_FLAT_BP => Direction::Rising,
        _ => Direction::Flat,
    }
}
