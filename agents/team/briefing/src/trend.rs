//! The market-trends' computation: slope, season, turning points and volatility of a sector's employment.
//!
//! Pure, whole numbers throughout, and never a look at a month after the one asked about. The measures are the textbook's:
//! a least-squares line, the deviation from a centred twelve-month mean, the extremes of a window, a standard deviation.

use thiserror::Error;

use crate::data::{Data, Series};
use crate::messages::{Direction, Measure, Season, Slope, Trend, Turn, TurningPoint};
use crate::month::Month;
use crate::numbers::{self, PPM};
use crate::sectors::Sector;

#[cfg(test)]
mod tests;

/// Months a trend needs at the least: a line through less than a year follows its season.
pub const MONTHS_MIN: usize = 12;
/// Months of the longer line, and the most that go into the volatility: three years see past one good or bad one.
pub const MONTHS_LONG: usize = 36;
/// A yearly slope up to this size, either way, is called flat: half a per cent, about what the source revises.
pub const FLAT_PPM: i64 = 5_000;
/// Months of change on either side that make a turning point: half a year, as is usual in dating business cycles.
pub const TURN_WINDOW: usize = 6;
/// Turning points shown: the latest peak and trough, and the pair before.
pub const TURNS_MAX: usize = 4;
/// Months a season needs at the least: three of each calendar month's deviations need one year around them.
pub const SEASON_MONTHS_MIN: usize = 48;
/// A monthly change counts as this at most, in parts per million: a millionfold is a typing error, and its square must fit.
const CHANGE_PPM_MAX: i64 = 1_000_000_000_000;

/// No trend can be given. Remedy: ask about a month, or a sector, that the message names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// The sector's employment is not counted at all.
    #[error(
        "cannot give a trend of {sector}: no employment is counted for it; ask about a sector of nonfarm employment"
    )]
    NotCounted {
        /// The sector's title.
        sector: &'static str,
    },
    /// The month is outside the table, or its cell is empty.
    #[error(
        "cannot give a trend of {sector} up to {month}: employment is not known for that month, only from {first} to {last}"
    )]
    NotKnown {
        /// The sector's title.
        sector: &'static str,
        /// The month asked about.
        month: Month,
        /// The table's first month.
        first: Month,
        /// The table's last month.
        last: Month,
    },
    /// Too few months before this one are known.
    #[error(
        "cannot give a trend of {sector} up to {month}: only {known} months are known without a hole up to it, and 12 are needed; ask about a later month"
    )]
    TooShort {
        /// The sector's title.
        sector: &'static str,
        /// The month asked about.
        month: Month,
        /// Months known.
        known: usize,
    },
}

/// The trend of `sector` up to `month`. `wording` and `model` are left empty.
///
/// # Errors
/// [`enum@Error`] if employment is not counted, not known in `month`, or known for less than [`MONTHS_MIN`] months up to it.
pub fn compute(data: &Data, sector: &Sector, month: Month) -> Result<Trend, Error> {
    let series = data.employment(sector).ok_or(Error::NotCounted { sector: sector.title })?;
    let levels = series.known_up_to(month);
    if levels.is_empty() {
        return Err(Error::NotKnown {
            sector: sector.title,
            month,
            first: series.first(),
            last: series.last(),
        });
    }
    let short = Error::TooShort { sector: sector.title, month, known: levels.len() };
    let slope_12 = slope(last(&levels, MONTHS_MIN)).ok_or(short)?;
    let slope_36 = slope(last(&levels, MONTHS_LONG));
    let mut gaps = Vec::new();
    if slope_36.is_none() {
        gaps.push(format!(
            "only {} months are known up to {month}, so there is no line through 36",
            levels.len()
        ));
    }
    Ok(Trend {
        sector: sector.id.to_owned(),
        month,
        direction: direction(slope_12.per_year_ppm),
        slope_12,
        slope_36,
        seasons: seasons(data, sector, series, month, &mut gaps),
        turning_points: turning_points(&levels, month),
        volatility_ppm: volatility_ppm(last(&levels, MONTHS_LONG + 1).unwrap_or(&levels)),
        gaps,
        wording: String::new(),
        model: String::new(),
    })
}

/// Rising, flat or falling: a yearly change against [`FLAT_PPM`].
#[must_use]
pub fn direction(per_year_ppm: i64) -> Direction {
    match per_year_ppm {
        ppm if ppm > FLAT_PPM => Direction::Rising,
        ppm if ppm < -FLAT_PPM => Direction::Falling,
        _ => Direction::Flat,
    }
}

/// The least-squares line through `levels`, if there are at least two and their sum is positive.
///
/// With x counted from the middle in half steps (`2i - (n-1)`), the slope is `6 * sum(x * y) / (n * (n*n - 1))`.
#[must_use]
pub fn slope(levels: Option<&[i64]>) -> Option<Slope> {
    let levels = levels?;
    let n = i128::try_from(levels.len()).ok()?;
    let sum: i128 = levels.iter().map(|level| i128::from(*level)).sum();
    if n < 2 || sum <= 0 {
        return None;
    }
    let mut x = 1 - n;
    let mut weighted = 0;
    for level in levels {
        weighted += x * i128::from(*level);
        x += 2;
    }
    let (rise, run) = (6 * weighted, n * (n * n - 1));
    Some(Slope {
        persons_per_month: numbers::divide(rise, run)?,
        per_year_ppm: numbers::divide(rise * 12 * i128::from(PPM) * n, run * sum)?,
    })
}

/// For each calendar month, January first, how far it usually lies from the mean of the year around it, in parts per million.
///
/// `first` is the calendar place of the first value. `None` with less than [`SEASON_MONTHS_MIN`] values or without positive means.
#[must_use]
pub fn season(values: &[i64], first: usize) -> Option<[i64; 12]> {
    if values.len() < SEASON_MONTHS_MIN {
        return None;
    }
    let mut sums = [0i128; 12];
    let mut counts = [0i128; 12];
    for (at, window) in values.windows(13).enumerate() {
        // Twice the thirteen values, the outer two once: twenty-four times the mean of the year around the middle one.
        let around: i128 = 2 * window.iter().map(|v| i128::from(*v)).sum::<i128>()
            - i128::from(window[0])
            - i128::from(window[12]);
        if around <= 0 {
            return None;
        }
        let deviation = numbers::divide((24 * i128::from(window[6]) - around) * i128::from(PPM), around)?;
        let place = (first + at + 6) % 12;
        sums[place] += i128::from(deviation);
        counts[place] += 1;
    }
    let mut by_month = [0; 12];
    for (place, value) in by_month.iter_mut().enumerate() {
        *value = numbers::divide(sums[place], counts[place])?;
    }
    Some(by_month)
}

/// The latest [`TURNS_MAX`] peaks and troughs of `levels`, whose last value is `end`'s.
///
/// A peak is higher than every value of the [`TURN_WINDOW`] months before it and no lower than those after; a trough likewise.
/// Of several peaks without a trough between them the highest counts, so that peaks and troughs alternate.
#[must_use]
pub fn turning_points(levels: &[i64], end: Month) -> Vec<TurningPoint> {
    let mut turns: Vec<TurningPoint> = Vec::new();
    for (at, window) in levels.windows(2 * TURN_WINDOW + 1).enumerate() {
        let Some(turn) = turn_of(window) else { continue };
        let after = levels.len() - 1 - (at + TURN_WINDOW);
        let found = TurningPoint {
            month: end.plus(-i32::try_from(after).unwrap_or(i32::MAX)),
            turn,
            level: window[TURN_WINDOW],
        };
        match turns.last_mut() {
            Some(previous) if previous.turn == turn => {
                if outdoes(&found, previous) {
                    *previous = found;
                }
            }
            _ => turns.push(found),
        }
    }
    turns.split_off(turns.len().saturating_sub(TURNS_MAX))
}

/// The standard deviation of the change from month to month, in parts per million, rounded down. 0 for less than three values.
/// A change from nothing is passed over.
#[must_use]
pub fn volatility_ppm(levels: &[i64]) -> i64 {
    let changes = levels.windows(2).filter_map(|pair| numbers::change_ppm(pair[1], pair[0]));
    let changes: Vec<i128> =
        changes.map(|change| i128::from(change.clamp(-CHANGE_PPM_MAX, CHANGE_PPM_MAX))).collect();
    let n = changes.len() as i128;
    if n < 2 {
        return 0;
    }
    let sum: i128 = changes.iter().sum();
    let squares: i128 = changes.iter().map(|change| change * change).sum();
    // n * squares - sum * sum is n squared times the variance, and never negative.
    let root = (n * squares - sum * sum).unsigned_abs().isqrt();
    i64::try_from(root / n.unsigned_abs()).unwrap_or(i64::MAX)
}

fn turn_of(window: &[i64]) -> Option<Turn> {
    let middle = window[TURN_WINDOW];
    let (before, after) = (&window[..TURN_WINDOW], &window[TURN_WINDOW + 1..]);
    if before.iter().all(|v| *v < middle)
        && after.iter().all(|v| *v <= middle)
        && after.iter().any(|v| *v < middle)
    {
        return Some(Turn::Peak);
    }
    if before.iter().all(|v| *v > middle)
        && after.iter().all(|v| *v >= middle)
        && after.iter().any(|v| *v > middle)
    {
        return Some(Turn::Trough);
    }
    None
}

fn outdoes(found: &TurningPoint, previous: &TurningPoint) -> bool {
    match found.turn {
        Turn::Peak => found.level > previous.level,
        Turn::Trough => found.level < previous.level,
    }
}

/// The seasons of employment and of the industry's unemployment, as far as each is known long enough up to `month`.
fn seasons(
    data: &Data,
    sector: &Sector,
    employment: &Series,
    month: Month,
    gaps: &mut Vec<String>,
) -> Vec<Season> {
    let mut seasons = Vec::new();
    let unemployment = data.unemployment(sector).map(|(_, industry)| &industry.rate);
    for (measure, series) in
        [(Measure::Employment, Some(employment)), (Measure::UnemploymentRate, unemployment)]
    {
        // The table may end before the month asked about; the season of the years before still tells something.
        let until = series.map_or(month, |series| month.min(series.last()));
        let values = series.map_or_else(Vec::new, |series| series.known_up_to(until));
        let first = until.plus(1 - i32::try_from(values.len()).unwrap_or(i32::MAX));
        match season(&values, first.calendar()) {
            Some(by_month) => seasons.push(Season { measure, by_month_ppm: by_month.to_vec(), until }),
            // Nobody misses the season of what is adjusted.
            None if measure == Measure::Employment => {}
            None => {
                gaps.push(format!("{} is not known for four years, so its season is not", measure.title()))
            }
        }
    }
    seasons
}

fn last(values: &[i64], count: usize) -> Option<&[i64]> {
    values.get(values.len().checked_sub(count)?..)
}
