//! Months: what is read, what is refused, and that counting agrees with writing.

use proptest::prelude::*;

use super::*;

#[test]
fn a_month_is_four_digits_a_hyphen_and_two_digits() {
    // Shows: only YYYY-MM within the named years is a month, and the error shows what was found.
    let check = |text: &str, expected: Option<&str>| match (Month::parse(text), expected) {
        (Ok(month), Some(expected)) => assert_eq!(month.to_string(), expected),
        (Err(error), None) => assert!(error.to_string().contains("YYYY-MM"), "{text}: {error}"),
        (got, expected) => panic!("{text}: got {got:?}, expected {expected:?}"),
    };
    check("2014-03", Some("2014-03"));
    check("1900-01", Some("1900-01"));
    check("2199-12", Some("2199-12"));
    for wrong in [
        "",
        "2014",
        "2014-3",
        "2014-13",
        "2014-00",
        "14-03",
        "2014-03-01",
        "+014-03",
        "1899-12",
        "2200-01",
        "märz",
        "2014-0३",
    ] {
        check(wrong, None);
    }
}

#[test]
fn a_month_knows_its_place_in_the_year() {
    // Shows: calendar places, names and arithmetic across the turn of the year.
    let check = |text: &str, plus: i32, expected: &str, place: usize, name: &str| {
        let month = Month::parse(text).unwrap().plus(plus);
        assert_eq!((month.to_string().as_str(), month.calendar(), month.name()), (expected, place, name));
    };
    check("2014-12", 1, "2015-01", 0, "January");
    check("2014-01", -1, "2013-12", 11, "December");
    check("2010-02", 24, "2012-02", 1, "February");
}

proptest! {
    #[test]
    fn adding_and_subtracting_agree(start in 0i32..3600, step in -1000i32..1000) {
        // Shows: since undoes plus, and what is written is read back.
        let month = Month::parse("1900-01").unwrap().plus(start);
        prop_assert_eq!(month.plus(step).since(month), step);
        prop_assert_eq!(Month::parse(&month.to_string()).unwrap(), month);
    }
}
