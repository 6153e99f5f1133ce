//! Which name is near.

use super::*;

const WORDS: (&str, &str) = ("allowed", "none is allowed");

/// A slip is recognised, another word is not, and the allowed names are listed up to a bound.
#[test]
fn hints() {
    let check = |found: &str, allowed: &[&str], expected: &str| {
        assert_eq!(hint(found, allowed.iter().copied(), WORDS), expected, "{found}");
    };
    let sectors = ["healthcare", "retail", "construction"];
    check("helthcare", &sectors, "did you mean healthcare? allowed: healthcare, retail, construction");
    check("Retail", &sectors, "did you mean retail? allowed: healthcare, retail, construction");
    check("agriculture", &sectors, "allowed: healthcare, retail, construction");
    check("helathcare", &sectors, "did you mean healthcare? allowed: healthcare, retail, construction");
    check("", &["a"], "allowed: a");
    check("x", &[], "none is allowed");
    check(&"healthcare".repeat(100), &["healthcare"], "allowed: healthcare");
    let many: Vec<String> = (0..30).map(|number| format!("name{number}")).collect();
    let many = hint("zzzzzzzz", many.iter().map(String::as_str), WORDS);
    assert!(many.ends_with("name18, name19, ..."), "{many}");
}
