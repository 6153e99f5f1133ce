//! What the environment asks for.

use super::*;
use crate::simulation::Part;

/// Each variable is what it says; one that cannot be read is refused instead of running something else.
#[test]
fn the_environment_says_which() {
    let check = |set: &[(&str, &str)], expected: Result<Asked, &str>| {
        let variable =
            |name: &str| set.iter().find(|(it, _)| *it == name).map(|(_, text)| (*text).to_owned());
        match (Asked::of(variable, 2_000), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{set:?}"),
            (Err(found), Err(words)) => assert!(found.contains(words), "{set:?}: {found}"),
            (found, expected) => panic!("{set:?}: {found:?} instead of {expected:?}"),
        }
    };
    let shrunk = Without::default().and(&[Part::Sent(0), Part::Sent(1), Part::Log]);
    check(&[], Ok(Asked::First(2_000)));
    check(&[("SEEDS", "10000")], Ok(Asked::First(10_000)));
    check(&[("SEED", "17"), ("SEEDS", "3")], Ok(Asked::One(17, Without::default())));
    check(&[("SEED", "17"), ("SHRUNK", "s0-1.log")], Ok(Asked::One(17, shrunk)));
    check(&[("SEED", "x")], Err("read SEED=x"));
    check(&[("SEEDS", "-1")], Err("read SEEDS=-1"));
    check(&[("SEED", "17"), ("SHRUNK", "everything")], Err("\"everything\" is none of"));
    check(&[("SHRUNK", "s1")], Err("name that one by SEED"));
}
