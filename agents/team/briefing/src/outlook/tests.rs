//! The outlook by its signs.

use super::*;
use crate::messages::tests::{figures, trend};
use crate::messages::{Employment, Unemployment};

fn with(year: Option<i64>, month: Option<i64>, rate: Option<i64>) -> Figures {
    let mut found = figures();
    let employment = found.employment.take().unwrap();
    let unemployment = found.unemployment.take().unwrap();
    if year.is_some() || month.is_some() {
        found.employment = Some(Employment { change_year_ppm: year, change_month_ppm: month, ..employment });
    }
    found.unemployment = rate.map(|change| Unemployment { change_year_bp: Some(change), ..unemployment });
    found
}

fn going(direction: Direction) -> Trend {
    Trend { direction, ..trend() }
}

#[test]
fn the_outlook_follows_from_the_signs() {
    // Shows: agreement, disagreement, the bounds of slump, break and rate, and what is not seen.
    use Direction::{Falling, Flat, Rising};
    let check = |figures: Option<Figures>, direction: Option<Direction>, expected: Outlook| {
        let trend = direction.map(going);
        assert_eq!(outlook(figures.as_ref(), trend.as_ref()), expected, "{figures:?} {direction:?}");
    };
    let year = |ppm| Some(with(Some(ppm), None, None));
    check(year(20_000), Some(Rising), Outlook::Growing);
    check(year(20_000), Some(Flat), Outlook::Mixed);
    check(year(20_000), Some(Falling), Outlook::Mixed);
    check(year(0), Some(Flat), Outlook::Mixed);
    check(year(-20_000), Some(Falling), Outlook::Shrinking);
    check(year(SLUMP_PPM + 1), Some(Falling), Outlook::Shrinking);
    check(year(SLUMP_PPM), Some(Falling), Outlook::Slump);
    check(year(SLUMP_PPM), Some(Rising), Outlook::Mixed);
    check(year(20_000), None, Outlook::Growing);
    check(None, Some(Falling), Outlook::Shrinking);
    check(None, None, Outlook::Unknown);
    check(Some(with(Some(20_000), Some(BREAK_PPM + 1), None)), Some(Rising), Outlook::Growing);
    check(Some(with(Some(20_000), Some(BREAK_PPM), None)), Some(Rising), Outlook::Mixed);
    // A month alone is no sign, and unemployment speaks only where employment is silent.
    check(Some(with(None, Some(BREAK_PPM), None)), None, Outlook::Unknown);
    check(Some(with(Some(20_000), None, Some(900))), Some(Rising), Outlook::Growing);
    check(Some(with(None, None, Some(RATE_FLAT_BP))), None, Outlook::Mixed);
    check(Some(with(None, None, Some(RATE_FLAT_BP + 1))), None, Outlook::Shrinking);
    check(Some(with(None, None, Some(-RATE_FLAT_BP - 1))), None, Outlook::Growing);
    check(Some(with(None, None, None)), None, Outlook::Unknown);
}

#[test]
fn the_outlook_is_phrased_with_its_number() {
    // Shows: the number named is the strongest one there is.
    let check = |figures: Option<Figures>, trend: Option<Trend>, expected: &str| {
        let found = outlook(figures.as_ref(), trend.as_ref());
        assert_eq!(found.phrase("construction", figures.as_ref(), trend.as_ref()), expected);
    };
    check(
        Some(with(Some(-60_000), None, None)),
        Some(trend()),
        "employment in construction is in a slump (-6.00% on the year)",
    );
    check(None, Some(trend()), "employment in construction is shrinking (-20.69% a year by its slope)");
    check(
        Some(with(None, None, Some(-250))),
        None,
        "the market for construction is growing (its rate of unemployment is down by 2.50 points on the year)",
    );
    check(None, None, "the market for construction was not seen");
}
