//! The tables: the bundled ones read whole, and every way another can be wrong.

use super::*;
use crate::sectors::{SECTORS, WHOLE, find};

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

#[test]
fn the_bundled_tables_read_exactly() {
    // Shows: every sector of the table finds its series, with the source's first and last values in persons and basis points.
    let data = Data::bundled().unwrap();
    assert_eq!((data.employment.len(), data.unemployment.len()), (22, 14));
    for sector in &SECTORS {
        assert_eq!(data.employment(sector).is_some(), sector.employment.is_some(), "{}", sector.id);
        assert_eq!(data.unemployment(sector).is_some(), sector.unemployment.is_some(), "{}", sector.id);
    }
    let used: Vec<_> = SECTORS.iter().filter_map(|sector| sector.employment).collect();
    assert!(data.employment.keys().all(|name| used.contains(&name.as_str())));

    let check =
        |sector: &str, at: &str, employed: Option<i64>, unemployed: Option<i64>, rate: Option<i64>| {
            let sector = find(sector).unwrap();
            let industry = data.unemployment(sector).map(|(_, industry)| industry);
            assert_eq!(data.employment(sector).and_then(|series| series.at(month(at))), employed);
            assert_eq!(industry.and_then(|industry| industry.unemployed.at(month(at))), unemployed);
            assert_eq!(industry.and_then(|industry| industry.rate.at(month(at))), rate);
        };
    check("nonfarm", "2006-01", Some(135_450_000), None, None);
    check("wholesale_trade", "2006-01", Some(5_840_400), Some(1_203_000), Some(570));
    check("construction", "2010-02", Some(5_500_000), Some(2_440_000), Some(2_710));
    check("construction", "2010-03", Some(5_537_000), None, None);
    check("construction", "2005-12", None, Some(813_000), Some(820));
    check("agriculture", "2010-02", None, Some(285_000), Some(1_880));
    check("government", "2015-12", Some(22_100_000), None, None);
    check("government", "2016-01", None, None, None);
}

#[test]
fn the_totals_are_the_sums_of_their_parts() {
    // Shows: the trimmed table is the source's: private and government make all, durable and nondurable make manufacturing.
    let data = Data::bundled().unwrap();
    let at = |name: &str, m: Month| data.employment(find(name).unwrap()).unwrap().at(m).unwrap();
    let whole = data.employment(find(WHOLE).unwrap()).unwrap();
    let mut m = whole.first();
    while m <= whole.last() {
        assert_eq!(at("private", m) + at("government", m), at(WHOLE, m), "{m}");
        assert_eq!(at("durable_goods", m) + at("nondurable_goods", m), at("manufacturing", m), "{m}");
        m = m.plus(1);
    }
}

#[test]
fn a_wrong_table_is_refused_by_table_and_line() {
    // Shows: each error names where and what; an empty cell is no error.
    let check = |employment: &str, unemployment: &str, expected: &[&str]| {
        let error = Data::read(employment, unemployment).unwrap_err();
        let text = format!("{error}");
        for part in expected {
            assert!(text.contains(part), "{text} lacks {part}");
        }
    };
    let good = "month,a,b\n2006-01,1,\n2006-02,1.5,2\n";
    let fine = "series,month,count,rate\nX,2000-01,1,2.5\nX,2000-02,,\nY,2001-05,1,1\n";
    assert!(Data::read(good, fine).is_ok());
    check("", fine, &["employment", "first line"]);
    check(good, "series,month\n", &["unemployment", "series,month,count,rate"]);
    check("month,a,b\n2006-01,1\n", fine, &["line 2", "2 cells instead of 3"]);
    check("month,a\n2006-01,1\n2006-03,1\n", fine, &["line 3", "2006-03", "2006-02"]);
    check("month,a\n2006-13,1\n", fine, &["month", "line 2"]);
    check("month,a\n2006-01,1.2345\n", fine, &["1.2345", "3 places"]);
    check(good, "series,month,count,rate\nX,2000-01,1,2.5\nX,2000-01,1,2.5\n", &["line 3", "2000-02"]);
    check(good, "series,month,count,rate\nX,2000-01,many,2.5\n", &["many"]);
}

#[test]
fn a_series_is_known_as_far_as_it_has_no_hole() {
    // Shows: look-ups outside and in a hole, and that the known run stops at a hole.
    let series = Series::new(month("2010-01"), vec![Some(1), None, Some(3), Some(4)]);
    let check = |at: &str, value: Option<i64>, run: &[i64]| {
        assert_eq!((series.at(month(at)), series.known_up_to(month(at)).as_slice()), (value, run), "{at}");
    };
    check("2009-12", None, &[]);
    check("2010-01", Some(1), &[1]);
    check("2010-02", None, &[]);
    check("2010-04", Some(4), &[3, 4]);
    check("2010-05", None, &[]);
    assert_eq!(series.last(), month("2010-04"));
}
