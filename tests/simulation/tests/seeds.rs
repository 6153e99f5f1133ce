//! The house under many seeds.

use tests_kit::simulation::{Simulation, team};

#[test]
fn errands() {
    let simulation = Simulation::of(team::errands()).tasks(|chance| team::some_errands(chance, 8));
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|it| it.parse().ok()).unwrap_or(20);
    if let Some(seed) = std::env::var("SEED").ok().and_then(|it| it.parse().ok()) {
        match simulation.show(seed) {
            Ok(report) => println!("{}\n{:?}", report.trace.join("\n"), report.counts),
            Err(failed) => { println!("{}", failed.trace.join("\n")); panic!("{failed}") },
        }
        return;
    }
    let mut bad = vec![];
    for seed in 0..seeds {
        let began = std::time::Instant::now();
        match simulation.run(seed) {
            Ok(report) => println!("{seed}: {:?} {:?}", began.elapsed(), report.counts),
            Err(failed) => { println!("{seed}: {:?} {}", began.elapsed(), failed.violations.join("\n    ")); bad.push(seed) },
        }
    }
    assert!(bad.is_empty(), "{bad:?}");
}
