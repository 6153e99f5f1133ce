//! Rounding and writing of whole numbers.

use proptest::prelude::*;

use super::*;

#[test]
fn ratios_round_half_away_from_zero() {
    // Shows: rounding at and around the half, both signs, and what has no answer.
    let check =
        |numerator, denominator, scale, expected| assert_eq!(ratio(numerator, denominator, scale), expected);
    check(1, 2, 1, Some(1));
    check(-1, 2, 1, Some(-1));
    check(1, -2, 1, Some(-1));
    check(49, 100, 1, Some(0));
    check(1, 3, PPM, Some(333_333));
    check(2, 3, PPM, Some(666_667));
    check(5, 0, PPM, None);
    check(i64::MAX, 1, i64::MAX, None);
    check(i64::MIN, i64::MIN, PPM, Some(PPM));
}

#[test]
fn decimals_lose_no_digit() {
    // Shows: a decimal is read exactly or not at all.
    let check = |text, places, expected| assert_eq!(decimal(text, places), expected, "{text}");
    check("5840.4", 3, Some(5_840_400));
    check("549", 3, Some(549_000));
    check("-0.5", 1, Some(-5));
    check("4.9", 2, Some(490));
    for wrong in
        ["", ".", ".5", "-", "1e3", "1.2345", "1,000", " 1", "+1", "1.-5", "n/a", "99999999999999999999"]
    {
        check(wrong, 3, None);
    }
}

#[test]
fn numbers_are_written_for_people() {
    // Shows: thousands, per cents, money and plurals as a brief prints them.
    let check = |text: String, expected: &str| assert_eq!(text, expected);
    check(thousands(0), "0");
    check(thousands(999), "999");
    check(thousands(-6_632_000), "-6,632,000");
    check(percent(53_536), "5.35%");
    check(percent(-499), "-0.05%");
    check(signed_percent(0), "+0.00%");
    check(signed_percent(-168_526), "-16.85%");
    check(basis_points(2_710), "27.10%");
    check(points(-360), "3.60 points");
    check(dollars(725), "$7.25");
    check(dollars(-5), "-$0.05");
    check(count(1, "rule"), "1 rule");
    check(count(0, "rule"), "0 rules");
}

proptest! {
    #[test]
    fn shares_of_a_whole_add_up(parts in prop::collection::vec(0i64..1_000_000_000, 1..30)) {
        // Shows: the shares of all parts sum to one whole, up to half a part per million each.
        let total: i64 = parts.iter().sum();
        prop_assume!(total > 0);
        let sum: i64 = parts.iter().map(|part| ratio(*part, total, PPM).unwrap()).sum();
        prop_assert!((sum - PPM).abs() * 2 <= parts.len() as i64, "{sum}");
    }

    #[test]
    fn a_written_number_reads_back(value in -1_000_000_000i64..1_000_000_000) {
        // Shows: two-decimal text and thousands carry the whole value.
        prop_assert_eq!(decimal(basis_points(value).trim_end_matches('%'), 2), Some(value));
        prop_assert_eq!(thousands(value).replace(',', "").parse::<i64>().unwrap(), value);
    }
}
