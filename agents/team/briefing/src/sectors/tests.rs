//! Names of sectors: found, and not found but helped.

use super::*;

#[test]
fn a_sector_is_found_by_the_names_people_give_it() {
    // Shows: ids, other names, and indifference to case, spaces and filler words.
    let check = |name: &str, id: &str| assert_eq!(find(name).unwrap().id, id, "{name}");
    for sector in &SECTORS {
        check(sector.id, sector.id);
        for also in sector.also {
            check(also, sector.id);
        }
    }
    check("Retail Trade", "retail_trade");
    check("the construction industry", "construction");
    check("Self-employed", "self_employed");
    check("Trade, transportation & utilities", "trade_transportation_utilities");
    check("the private sector", "private");
    check("public sector", "government");
}

#[test]
fn an_unknown_sector_is_answered_with_the_nearest_name() {
    // Shows: a slip of the keyboard and a foreign subject both lead to a word that works.
    let check = |name: &str, nearest: &str| {
        let error = find(name).unwrap_err();
        assert_eq!(error.nearest, nearest, "{name}");
        assert!(error.to_string().contains(nearest));
        assert!(find(error.nearest).is_ok());
    };
    check("constuction", "construction");
    check("helth", "education_and_health_services");
    check("asteroid mining", "mining_and_logging");
    check("goverment", "government");
    check("manufactoring", "manufacturing");
    check("", "nonfarm");
    check(&"z".repeat(10_000), "nonfarm");
}

#[test]
fn names_are_never_ambiguous() {
    // Shows: no id or other name belongs to two sectors.
    let mut names: Vec<&str> = SECTORS.iter().flat_map(|s| s.also.iter().copied().chain([s.id])).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn edit_distance_is_a_distance() {
    // Shows: known distances, symmetry, and zero only for equals.
    let check = |one: &str, other: &str, expected: usize| {
        let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
        assert_eq!((edits(&one, &other), edits(&other, &one)), (expected, expected));
    };
    check("", "", 0);
    check("abc", "abc", 0);
    check("", "abc", 3);
    check("kitten", "sitting", 3);
    check("retail", "retial", 2);
}
