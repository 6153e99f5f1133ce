//! Many seeds: all of them, in order; of those that fail, the lowest.

use super::*;

/// Whatever the threads do, the answer is the one that a single thread would give.
#[test]
fn the_lowest_that_fails_is_told() {
    let check = |seeds: std::ops::Range<u64>, bad: &[u64], expected: Result<Vec<u64>, (u64, String)>| {
        let run = |seed: u64| if bad.contains(&seed) { Err(format!("{seed} is bad")) } else { Ok(seed * 10) };
        for _ in 0..20 {
            assert_eq!(each(seeds.clone(), run), expected, "{seeds:?} without {bad:?}");
        }
    };
    check(0..0, &[], Ok(vec![]));
    check(3..6, &[], Ok(vec![30, 40, 50]));
    check(3..6, &[7], Ok(vec![30, 40, 50]));
    check(0..200, &[5, 6, 7, 150], Err((5, "5 is bad".into())));
    check(0..200, &[199], Err((199, "199 is bad".into())));
}
