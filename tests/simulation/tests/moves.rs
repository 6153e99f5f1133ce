//! Inboxes that move to another generation in the midst of a storm, while nodes that know the new one and nodes
//! that do not send side by side, and the operator's command dies between any two of its steps.
//!
//! `SEED=17 cargo test -p tests-simulation --test moves` shows one seed of each story.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, a value that is not there is the failure")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use schemas_records::headers::{KIND, MOVED_FROM};
use tests_kit::simulation::team::{errands, some_errands};
use tests_kit::simulation::{Chance, Failed, Moves, Simulation, Storm};

/// Seeds of each story in CI: enough that records of every kind are passed on, and some sent back.
const SEEDS: u64 = 32;

/// The agents of the errands' team.
const AGENTS: usize = 5;

fn storms(moves: Moves) -> Simulation {
    let storm = move |chance: &Chance| {
        let mut storm = Storm::of(chance);
        // One agent, or all of them one after another: then a fork, its parts and its join move at once.
        let first = chance.of("mover").below(2 * AGENTS);
        let movers = if first < AGENTS { first..first + 1 } else { 0..AGENTS };
        for agent in movers {
            storm = storm.moving(&chance.of(&format!("mover {agent}")), agent, moves);
        }
        storm
    };
    Simulation::of(errands())
        .tasks(|chance| some_errands(chance, 8))
        .storms(storm)
        .command("SEED={seed} cargo test -p tests-simulation --test moves -- --nocapture")
}

/// Runs every seed; how many records of each kind were passed on, by whether they came back.
fn run(simulation: &Simulation) -> BTreeMap<String, usize> {
    if let Some(seed) = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        match simulation.show(seed) {
            Ok(report) => println!("{}\n{:?}", report.trace.join("\n"), report.counts),
            Err(failed) => panic!("{}\n{failed}", failed.trace.join("\n")),
        }
        return BTreeMap::new();
    }
    let seeds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let next = Mutex::new(0..seeds);
    let (failed, moved) = (Mutex::new(Vec::<Failed>::new()), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some(seed) = { next.lock().unwrap().next() } {
            match simulation.evidence(seed) {
                Err(failure) => failed.lock().unwrap().push(failure),
                Ok(evidence) => {
                    for record in &evidence.records {
                        if record.headers.get(MOVED_FROM).is_some() {
                            let is_back = record.topic_partition.topic.ends_with(".g1");
                            let way = if is_back { "sent back" } else { "passed on" };
                            let kind = record.headers.text(KIND).unwrap_or("?");
                            *moved.lock().unwrap().entry(format!("{kind} {way}")).or_default() += 1;
                        }
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let failed = failed.into_inner().unwrap();
    failed.iter().for_each(|failure| println!("{failure}\n"));
    let bad: Vec<u64> = failed.iter().map(|failure| failure.seed).collect();
    assert!(bad.is_empty(), "{} of {seeds} seeds broke a promise: {bad:?}; see above", bad.len());
    let moved = moved.into_inner().unwrap();
    println!("{moved:#?}");
    moved
}

/// To a generation with as many partitions: every promise holds, and every step made again on nothing but the
/// log says the same.
#[test]
fn every_step_is_a_function_of_its_position() {
    let moved = run(&storms(Moves::ToSame));
    for kind in ["input passed on", "expectation passed on", "part passed on"] {
        assert!(moved.is_empty() || moved.contains_key(kind), "in no seed: {kind}");
    }
}

/// To a generation with one partition more: every task has one outcome, which is the one of a calm.
#[test]
fn another_partition_count_changes_no_outcome() {
    let moved = run(&storms(Moves::ToOther));
    for kind in ["input passed on", "input sent back", "cancellation passed on"] {
        assert!(moved.is_empty() || moved.contains_key(kind), "in no seed: {kind}");
    }
}
