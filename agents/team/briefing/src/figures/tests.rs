//! Figures against hand-computed tables, and the laws of shares.

use proptest::prelude::*;

use super::*;
use crate::data::{EMPLOYMENT, UNEMPLOYMENT};
use crate::sectors::{self, find};

const NO_UNEMPLOYMENT: &str = "series,month,count,rate\n";

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

#[test]
fn figures_are_what_the_tables_say() {
    // Shows: level, share, changes and rate of a month both tables know, computed by hand from the source's rows.
    let found = compute(&Data::bundled().unwrap(), find("construction").unwrap(), month("2009-06")).unwrap();
    let expected = Employment {
        level: 6_010_000,
        total: 131_022_000,
        share_ppm: 45_870,
        change_month: Some(-90_000),
        change_month_ppm: Some(-14_754),
        change_year: Some(-1_203_000),
        change_year_ppm: Some(-166_782),
    };
    assert_eq!(found.employment, Some(expected));
    let unemployment = found.unemployment.unwrap();
    assert_eq!((unemployment.rate_bp, unemployment.change_year_bp), (1_740, Some(920)));
    assert!(found.gaps.is_empty() && found.wording.is_empty() && found.model.is_empty());
}

#[test]
fn what_is_not_known_is_a_gap_and_not_a_guess() {
    // Shows: which half is there by sector and month, how many gaps are named, and the error if neither is.
    let data = Data::bundled().unwrap();
    let check = |sector: &str, at: &str, employment: bool, unemployment: bool, gaps: &[&str]| {
        let found = compute(&data, find(sector).unwrap(), month(at)).unwrap();
        assert_eq!(
            (found.employment.is_some(), found.unemployment.is_some()),
            (employment, unemployment),
            "{sector} {at}"
        );
        assert_eq!(found.gaps.len(), gaps.len(), "{sector} {at}: {:?}", found.gaps);
        for (gap, part) in found.gaps.iter().zip(gaps) {
            assert!(gap.contains(part), "{gap} lacks {part}");
        }
    };
    check("construction", "2010-02", true, true, &[]);
    check("construction", "2010-03", true, false, &["2010-02"]);
    check("construction", "2003-05", false, true, &["from 2006-01 to 2015-12"]);
    check("construction", "2006-08", true, true, &["2005-08"]);
    check("durable_goods", "2012-01", true, false, &["no unemployment"]);
    check("agriculture", "2009-07", false, true, &["no employment"]);
    for (sector, at) in [
        ("construction", "2016-01"),
        ("construction", "1999-12"),
        ("agriculture", "2010-03"),
        ("nonfarm", "2005-12"),
    ] {
        let error = compute(&data, find(sector).unwrap(), month(at)).unwrap_err();
        assert!(error.to_string().contains("counted"), "{error}");
    }
}

#[test]
fn a_hole_in_the_table_is_a_gap() {
    // Shows: an emptied cell takes away exactly what hangs on it.
    let data = Data::read(
        "month,nonfarm,construction\n2010-01,100,10\n2010-02,100,\n2010-03,100,12\n",
        NO_UNEMPLOYMENT,
    )
    .unwrap();
    let sector = find("construction").unwrap();
    assert!(compute(&data, sector, month("2010-02")).is_err());
    let after = compute(&data, sector, month("2010-03")).unwrap().employment.unwrap();
    assert_eq!((after.level, after.change_month, after.change_year), (12_000, None, None));
}

#[test]
fn no_month_of_the_tables_is_beyond_computing() {
    // Shows: every sector and month from before the first to after the last gives figures or a named error.
    let data = Data::read(EMPLOYMENT, UNEMPLOYMENT).unwrap();
    let mut found = 0;
    for sector in &sectors::SECTORS {
        let mut at = month("1999-11");
        while at < month("2016-03") {
            found += usize::from(compute(&data, sector, at).is_ok());
            at = at.plus(1);
        }
    }
    // 22 columns of 120 months; 14 sectors and the two that share a series have 72 months before those; two have 122 alone.
    let with_unemployment =
        sectors::SECTORS.iter().filter(|s| s.unemployment.is_some() && s.employment.is_some()).count();
    assert_eq!(found, 22 * 120 + with_unemployment * 72 + 2 * 122);
}

proptest! {
    #[test]
    fn shares_of_the_parts_make_the_whole(levels in prop::collection::vec(1i64..50_000_000, 2..20)) {
        // Shows: the shares of all sectors of an economy sum to one, up to half a part per million each.
        let total: i64 = levels.iter().sum();
        let text = |value: i64| format!("{}.{:03}", value / 1000, value % 1000);
        let columns: Vec<_> = sectors::SECTORS.iter().filter_map(|s| s.employment).filter(|name| *name != WHOLE).take(levels.len()).collect();
        let header = format!("month,nonfarm,{}", columns.join(","));
        let row = levels.iter().map(|level| text(*level)).collect::<Vec<_>>().join(",");
        let data = Data::read(&format!("{header}\n2010-01,{},{row}\n", text(total)), NO_UNEMPLOYMENT).unwrap();
        let mut sum = 0;
        for (column, level) in columns.iter().zip(&levels) {
            let employment = compute(&data, find(column).unwrap(), month("2010-01")).unwrap().employment.unwrap();
            prop_assert_eq!(employment.level, *level);
            sum += employment.share_ppm;
        }
        prop_assert!((sum - PPM).abs() * 2 <= levels.len() as i64);
    }

    #[test]
    fn changes_tell_the_way_back(now in 1i64..200_000_000, before in 1i64..200_000_000) {
        // Shows: level minus change is the level before, and the relative change has the same sign.
        let text = |value: i64| format!("{}.{:03}", value / 1000, value % 1000);
        let table = format!("month,nonfarm,construction\n2010-01,1,{}\n2010-02,1,{}\n", text(before), text(now));
        let data = Data::read(&table, NO_UNEMPLOYMENT).unwrap();
        let employment = compute(&data, find("construction").unwrap(), month("2010-02")).unwrap().employment.unwrap();
        let change = employment.change_month.unwrap();
        prop_assert_eq!(employment.level - change, before);
        prop_assert!(employment.change_month_ppm.unwrap().signum() * change.signum() >= 0);
    }
}
