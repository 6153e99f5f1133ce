//! Makes a seed that fails smaller: leaves out of it what can be left out while it fails in the same way.
//!
//! Greedy, large pieces first, then smaller ones, then part by part until none can go. Another order might leave less;
//! a bound on the runs matters more, since somebody waits.

use std::collections::BTreeSet;

use super::run::{self, Broken};
use super::scene::Scene;
use super::without::{Part, Without};
use super::{Shrunk, Simulation};

/// Most runs that are spent on one seed: three times what the largest storms (some forty parts) took where it was
/// measured, and a minute at a tenth of a second to half a second a run.
const RUNS_MAX: usize = 200;

/// What is left of a seed that failed, and what is still broken then. `None` if it failed before anything happened.
pub(super) fn shrunk(simulation: &Simulation, seed: u64, broken: Broken) -> (Option<Shrunk>, Broken) {
    let Some(scene) = &broken.scene else { return (None, broken) };
    let mut left = parts(scene);
    let kinds = kinds(&broken.violations);
    let mut search = Search { simulation, seed, kinds, without: Without::default(), broken, runs: 0 };
    let mut size = left.len();
    while size > 0 && search.runs < RUNS_MAX {
        let before = left.len();
        let mut at = 0;
        while at < left.len() {
            let behind = (at + size).min(left.len());
            if search.can_go(&left[at..behind]) {
                left.drain(at..behind);
            } else {
                at = behind;
            }
        }
        // The last round is repeated while something goes: what stays may have been needed only by what went later.
        size = match size {
            1 if left.len() < before => 1,
            1 => 0,
            more => more.div_ceil(2),
        };
    }
    let Search { without, broken, runs, .. } = search;
    let shrunk = broken.scene.as_ref().map(|scene| Shrunk { left: scene.left(&without), without, runs });
    (shrunk, broken)
}

/// A search for less.
struct Search<'a> {
    simulation: &'a Simulation,
    seed: u64,
    /// The kinds of violation of the seed as it was.
    kinds: BTreeSet<String>,
    without: Without,
    broken: Broken,
    runs: usize,
}

impl Search<'_> {
    /// Whether it fails in the same way without these too; then they are left out from here on.
    fn can_go(&mut self, parts: &[Part]) -> bool {
        if self.runs == RUNS_MAX {
            return false;
        }
        self.runs += 1;
        let without = self.without.and(parts);
        match run::attempt(self.simulation, self.seed, &without, false) {
            Err(broken) if kinds(&broken.violations).iter().any(|kind| self.kinds.contains(kind)) => {
                (self.without, self.broken) = (without, broken);
                true
            }
            _ => false,
        }
    }
}

/// All that can be left out: what disturbs first, then what is sent, then who works.
fn parts(scene: &Scene) -> Vec<Part> {
    let storm = &scene.storm;
    let trouble = [
        (Part::Model, storm.model_per_mille),
        (Part::Log, storm.log_per_mille),
        (Part::Store, storm.store_per_mille),
    ];
    let mut parts: Vec<Part> =
        trouble.into_iter().filter(|(_, often)| *often > 0).map(|(part, _)| part).collect();
    parts.extend((0..storm.deaths.len()).map(Part::Death));
    parts.extend((0..storm.events.len()).map(Part::Event));
    parts.extend((0..scene.sent.len()).map(Part::Sent));
    parts.extend((1..storm.instances).map(Part::Instance));
    parts
}

/// What violations are about: their first words, without what is named or counted in them.
fn kinds(violations: &[String]) -> BTreeSet<String> {
    let kind = |violation: &String| {
        let first = violation.split(':').next().unwrap_or_default();
        let words = first.split(' ').filter(|word| !word.contains(|letter: char| letter.is_ascii_digit()));
        words.collect::<Vec<_>>().join(" ")
    };
    violations.iter().map(kind).collect()
}

#[cfg(test)]
mod tests;
