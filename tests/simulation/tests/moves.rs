//! Inboxes that move to another generation in the midst of a storm, while nodes that know the new one and nodes
//! that do not send side by side, and the operator's command dies between any two of its steps.
//!
//! `SEED=17 cargo test -p tests-simulation --test moves` shows one seed of each story.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, a value that is not there is the failure")]

use std::collections::BTreeMap;

use schemas_records::headers::{KIND, MOVED_FROM};
use tests_kit::simulation::team::{errands, some_errands};
use tests_kit::simulation::{Asked, Chance, Moves, Simulation, Storm};
use tests_kit::verify::Evidence;

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
    let seeds = match Asked::of_environment(SEEDS).unwrap() {
        Asked::First(seeds) => seeds,
        Asked::One(seed, without) => match simulation.show(seed, &without) {
            Ok(report) => {
                println!("{}\n{:?}", report.trace.join("\n"), report.counts);
                return BTreeMap::new();
            }
            Err(failed) => panic!("{}\n{failed}", failed.trace.join("\n")),
        },
    };
    let of_seeds = simulation.judge(0..seeds, |_, evidence| passed_on(&evidence));
    let mut moved = BTreeMap::new();
    for (kind, count) in of_seeds.unwrap_or_else(|failed| panic!("{failed}")).into_iter().flatten() {
        *moved.entry(kind).or_default() += count;
    }
    println!("{moved:#?}");
    moved
}

/// How many records of each kind were passed on in one seed.
fn passed_on(evidence: &Evidence) -> BTreeMap<String, usize> {
    let mut moved = BTreeMap::new();
    for record in evidence.records.iter().filter(|record| record.headers.get(MOVED_FROM).is_some()) {
        let is_back = record.topic_partition.topic.ends_with(".g1");
        let way = if is_back { "sent back" } else { "passed on" };
        let kind = record.headers.text(KIND).unwrap_or("?");
        *moved.entry(format!("{kind} {way}")).or_default() += 1;
    }
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
