//! A plan comes of the seed, holds what there are means for, and no moment is one that there is not.

use std::collections::BTreeSet;

use topics_runtime::Moment;

use super::{Kind, MOMENTS, Means, TAKEOVERS, plan};

const ALL: Means = Means { servers: true, brokers: true, kafka_door: true, cql_door: true };

/// The same seed plans the same, another something else; thirty faults hold every kind for which there are means.
#[test]
fn a_plan_comes_of_the_seed() {
    let kinds = |seed, means| plan(seed, 30, means).into_iter().map(|fault| fault.kind).collect::<Vec<_>>();
    assert_eq!(kinds(1, ALL), kinds(1, ALL));
    assert_ne!(kinds(1, ALL), kinds(2, ALL));
    let check = |means: Means, names: usize| {
        for seed in 0..20 {
            let found: BTreeSet<&str> = kinds(seed, means).into_iter().map(Kind::name).collect();
            assert_eq!(found.len(), names, "{means:?}, seed {seed}: {found:?}");
        }
    };
    check(Means::default(), 7);
    check(Means { cql_door: true, ..Means::default() }, 10);
    check(Means { brokers: false, ..ALL }, 16);
    check(ALL, 17);
}

/// From two nodes to one, to four, to two, and over again.
#[test]
fn nodes_come_and_go_in_turn() {
    let scales = plan(5, 150, ALL).into_iter().filter_map(|fault| match fault.kind {
        Kind::Scale(nodes) => Some(nodes),
        _ => None,
    });
    assert_eq!(scales.take(6).collect::<Vec<_>>(), [1, 4, 2, 1, 4, 2]);
}

/// Every moment that is named exists, and none is left out but the one at which partitions are taken away, which
/// comes with each node that is started.
#[test]
fn every_moment_exists() {
    let all = MOMENTS.iter().chain(&TAKEOVERS).flat_map(|(_, moments)| moments.iter().copied());
    let named: BTreeSet<&str> = all.collect();
    let known: BTreeSet<&str> = Moment::ALL.iter().map(|moment| moment.as_str()).collect();
    let missing: Vec<_> = known.difference(&named).collect();
    assert!(named.is_subset(&known), "{named:?}");
    assert_eq!(missing, [&"revoked"]);
}
