//! Trends against hand-computed series, and the laws of lines, seasons and spreads.

use proptest::prelude::*;

use super::*;
use crate::sectors::find;

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

#[test]
fn a_line_through_a_straight_series_is_the_series() {
    // Shows: least squares by hand: straight, level, one outlier; and what has no line.
    let check = |levels: &[i64], expected: Option<(i64, i64)>| {
        assert_eq!(
            slope(Some(levels)).map(|s| (s.persons_per_month, s.per_year_ppm)),
            expected,
            "{levels:?}"
        );
    };
    // 100, 110, ... 210: ten a month; the mean is 155, so a year's 120 are 774,194 ppm.
    check(&(0..12).map(|i| 100 + 10 * i).collect::<Vec<_>>(), Some((10, 774_194)));
    check(&[7; 12], Some((0, 0)));
    // x = -1, 0, 1 and y = 1, 2, 6: slope (6-1)/2 = 2.5, rounded away from zero; 12 * 2.5 / 3.
    check(&[1, 2, 6], Some((3, 10_000_000)));
    check(&[6, 2, 1], Some((-3, -10_000_000)));
    check(&[5], None);
    check(&[0, 0], None);
    check(&[], None);
    assert_eq!(slope(None), None);
}

#[test]
fn a_season_put_in_comes_out() {
    // Shows: a level series with a bump every March has a season in March only, wherever in the year it begins.
    for first in 0..12 {
        let level = |at: usize| if (first + at) % 12 == 2 { 1_120 } else { 1_000 };
        let values: Vec<i64> = (0..60).map(level).collect();
        // The mean of every year is 1,010: March is 110 above it, the others 10 below.
        let expected = std::array::from_fn(|place| if place == 2 { 108_911 } else { -9_901 });
        assert_eq!(season(&values, first), Some(expected), "beginning in {}", crate::month::name(first));
    }
    assert_eq!(season(&[1_000; 48], 5), Some([0; 12]));
    assert_eq!(season(&[1_000; 47], 5), None);
    assert_eq!(season(&[0; 60], 5), None);
}

#[test]
fn turning_points_are_the_extremes_of_a_year() {
    // Shows: peaks and troughs by hand; edges and plateaus; and that they alternate.
    let check = |levels: &[i64], expected: &[(&str, Turn, i64)]| {
        let found = turning_points(levels, month("2010-12"));
        let found: Vec<_> =
            found.iter().map(|turn| (turn.month.to_string(), turn.turn, turn.level)).collect();
        let expected: Vec<_> =
            expected.iter().map(|(at, turn, level)| ((*at).to_owned(), *turn, *level)).collect();
        assert_eq!(found, expected, "{levels:?}");
    };
    let up: Vec<i64> = (0..20).collect();
    let hill: Vec<i64> = (0..10).chain((0..9).rev()).collect();
    let valley: Vec<i64> = hill.iter().map(|v| 100 - v).collect();
    check(&up, &[]);
    check(&[5; 30], &[]);
    // Nineteen months, the peak nine before the last.
    check(&hill, &[("2010-03", Turn::Peak, 9)]);
    check(&valley, &[("2010-03", Turn::Trough, 91)]);
    // The last six months can hold no turn yet.
    check(&[1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2], &[]);
    check(&[1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1], &[("2010-06", Turn::Peak, 7)]);
    // A plateau turns where it begins.
    check(&[1, 2, 3, 4, 5, 6, 7, 7, 7, 4, 3, 2, 1], &[("2010-06", Turn::Peak, 7)]);
    // Two peaks without a trough between them: the higher counts.
    let two = [0, 1, 2, 3, 4, 5, 9, 5, 5, 5, 5, 5, 5, 5, 6, 7, 12, 7, 6, 5, 4, 3, 2];
    check(&two, &[("2010-06", Turn::Peak, 12)]);
    // Waves of a year: only the latest four are shown, and they alternate.
    let waves: Vec<i64> = (0..84).map(|i| 100 + (i % 14 - 7i64).abs()).collect();
    let turns = turning_points(&waves, month("2010-12"));
    assert_eq!(turns.len(), TURNS_MAX);
    assert!(turns.windows(2).all(|pair| pair[0].turn != pair[1].turn && pair[0].month < pair[1].month));
}

#[test]
fn volatility_is_the_spread_of_changes() {
    // Shows: by hand: even growth has none, changes of +10% and -10% in turn have ten per cent.
    let check = |levels: &[i64], expected: i64| assert_eq!(volatility_ppm(levels), expected, "{levels:?}");
    check(&[100, 110, 121], 0);
    check(&[100, 110, 99], 100_000);
    check(&[100, 110], 0);
    check(&[], 0);
    check(&[0, 0, 0], 0);
    // Capped: two changes of 10^12 and one of -10^6 spread by (10^12 + 10^6) * sqrt(2) / 3.
    check(&[1, i64::MAX / 2_000_000, 1, i64::MAX / 2_000_000], 471_404_992_195);
}

#[test]
fn directions_have_a_bound() {
    // Shows: flat up to and with the bound, either way.
    let check = |ppm, expected| assert_eq!(direction(ppm), expected, "{ppm}");
    check(0, Direction::Flat);
    check(FLAT_PPM, Direction::Flat);
    check(FLAT_PPM + 1, Direction::Rising);
    check(-FLAT_PPM, Direction::Flat);
    check(-FLAT_PPM - 1, Direction::Falling);
}

#[test]
fn a_trend_looks_back_and_never_ahead() {
    // Shows: a table cut off after the month gives the same trend as the whole one.
    let whole = Data::bundled().unwrap();
    let head = |text: &str, lines: usize| text.lines().take(lines).collect::<Vec<_>>().join("\n");
    // The first line is the header, the second is 2006-01.
    let cut = Data::read(&head(crate::data::EMPLOYMENT, 1 + 42), crate::data::UNEMPLOYMENT).unwrap();
    let sector = find("construction").unwrap();
    let trend = compute(&whole, sector, month("2009-06")).unwrap();
    assert_eq!(compute(&cut, sector, month("2009-06")), Ok(trend.clone()));
    assert!(compute(&cut, sector, month("2009-07")).is_err());
    assert_eq!(trend.direction, Direction::Falling);
    assert_eq!(
        trend.seasons.last().map(|season| (season.measure, season.until)),
        Some((Measure::UnemploymentRate, month("2009-06")))
    );
}

#[test]
fn a_trend_that_cannot_be_given_says_why() {
    // Shows: not counted, not known, too short; and that three years are needed for the longer line only.
    let data = Data::bundled().unwrap();
    let check = |sector: &str, at: &str, part: &str| {
        let error = compute(&data, find(sector).unwrap(), month(at)).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    check("agriculture", "2009-07", "no employment");
    check("construction", "2016-01", "2015-12");
    check("construction", "2005-12", "2006-01");
    check("construction", "2006-11", "only 11 months");
    let long =
        |at: &str| compute(&data, find("construction").unwrap(), month(at)).unwrap().slope_36.is_some();
    assert!(compute(&data, find("construction").unwrap(), month("2006-12")).is_ok());
    assert!(!long("2008-11"));
    assert!(long("2008-12"));
}

fn levels() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(1_000_000i64..20_000_000, 12..60)
}

proptest! {
    #[test]
    fn a_shift_moves_the_level_and_not_the_slope(levels in levels(), shift in 0i64..1_000_000_000) {
        // Shows: adding a constant to every month leaves the slope in persons as it was, and so the peaks.
        let shifted: Vec<i64> = levels.iter().map(|level| level + shift).collect();
        let (one, other) = (slope(Some(&levels)).unwrap(), slope(Some(&shifted)).unwrap());
        prop_assert_eq!(one.persons_per_month, other.persons_per_month);
        prop_assert!(other.per_year_ppm.abs() <= one.per_year_ppm.abs());
        let end = month("2010-12");
        let turns = |levels: &[i64]| turning_points(levels, end).iter().map(|turn| (turn.month, turn.turn)).collect::<Vec<_>>();
        prop_assert_eq!(turns(&levels), turns(&shifted));
    }

    #[test]
    fn a_series_backwards_has_the_slope_backwards(mut levels in levels()) {
        // Shows: time's arrow only turns the sign.
        let forwards = slope(Some(&levels)).unwrap();
        levels.reverse();
        let backwards = slope(Some(&levels)).unwrap();
        prop_assert_eq!(forwards.persons_per_month, -backwards.persons_per_month);
        prop_assert_eq!(forwards.per_year_ppm, -backwards.per_year_ppm);
    }

    #[test]
    fn the_unit_does_not_matter_to_relative_measures(levels in prop::collection::vec(1_000_000i64..20_000_000, 48..80), times in 2i64..1_000) {
        // Shows: counting in other units changes neither season nor relative slope nor spread.
        let scaled: Vec<i64> = levels.iter().map(|level| level * times).collect();
        prop_assert_eq!(season(&levels, 3), season(&scaled, 3));
        prop_assert_eq!(slope(Some(&levels)).unwrap().per_year_ppm, slope(Some(&scaled)).unwrap().per_year_ppm);
        prop_assert_eq!(volatility_ppm(&levels), volatility_ppm(&scaled));
    }

    #[test]
    fn turning_points_alternate(levels in prop::collection::vec(0i64..50, 0..200)) {
        // Shows: for any series at all, peaks and troughs take turns, in order, and are few.
        let turns = turning_points(&levels, month("2010-12"));
        prop_assert!(turns.len() <= TURNS_MAX);
        prop_assert!(turns.windows(2).all(|pair| pair[0].turn != pair[1].turn && pair[0].month < pair[1].month));
    }

    #[test]
    fn nothing_overflows(levels in prop::collection::vec(any::<i64>(), 0..80), first in 0usize..12) {
        // Shows: the widest values there are give an answer or none, never a panic.
        let _ = (slope(Some(&levels)), season(&levels, first), volatility_ppm(&levels), turning_points(&levels, month("2010-12")));
    }
}
