//! Every seed and every input that once went wrong, as they are and changed: all return.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tests_fuzz::memory::Bounded;
use tests_fuzz::mutation::Chance;
use tests_fuzz::{TARGETS, Target};

#[global_allocator]
static MEMORY: Bounded = Bounded;

/// Of all targets; the changes are the same on every run.
const SEED: u64 = 20_260_101;

/// Runs one input. It lies in a file meanwhile, so that it can be looked at, and kept in the corpus, whatever
/// becomes of the process.
fn check(target: &Target, input: &[u8], kept: &Path) {
    std::fs::write(kept, input).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    assert!(outcome.is_ok(), "{} goes wrong with the input in {}", target.name, kept.display());
}

/// The inputs of a target: its seeds, and what lies in its corpus.
fn inputs(target: &Target) -> Vec<Vec<u8>> {
    let mut inputs = (target.seeds)();
    assert!(!inputs.is_empty(), "{} has no seeds", target.name);
    assert!(inputs.iter().any(|input| !input.is_empty()), "{} has empty seeds", target.name);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    inputs.extend(paths.iter().map(|path| std::fs::read(path).unwrap()));
    inputs
}

fn replay(name: &str) {
    let target = tests_fuzz::find(name).unwrap();
    let inputs = inputs(&target);
    let kept = std::env::temp_dir().join(format!("tributary-fuzz-{name}-{}", std::process::id()));
    let mut chance = Chance::new(SEED);
    for (number, input) in inputs.iter().enumerate() {
        check(&target, input, &kept);
        let other = &inputs[(number * 7 + 1) % inputs.len()];
        for _ in 0..target.changes {
            check(&target, &chance.change(input, other), &kept);
        }
    }
    std::fs::remove_file(kept).unwrap();
}

/// One test a target, so that each is named when it fails and they run side by side.
macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        /// No target is left out below.
        #[test]
        fn every_target_is_replayed() {
            assert_eq!([$(stringify!($name)),*], TARGETS.map(|target| target.name));
        }

        $(
            /// The decoder of this name returns, whatever it is given.
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )*
    };
}

targets!(message, state, schema, headers, inbox, answer, doors, registry, team, rows, folder);
