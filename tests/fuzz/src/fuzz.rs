//! The program that `scripts/fuzz` builds: libFuzzer around one of the targets, which the variable
//! `TRIBUTARY_FUZZ_TARGET` names. It writes the target's seeds into the folder that `TRIBUTARY_FUZZ_SEEDS`
//! names before it reads any.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tests_fuzz::Target;
use tests_fuzz::memory::Bounded;

#[global_allocator]
static MEMORY: Bounded = Bounded;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("TRIBUTARY_FUZZ_TARGET").unwrap_or_default();
    let target = tests_fuzz::find(&name);
    assert!(target.is_some(), "TRIBUTARY_FUZZ_TARGET is {name:?}, which is no target");
    target.unwrap_or_else(|| std::process::abort())
});

fn begin() {
    let seeds = (TARGET.seeds)();
    if let Ok(folder) = std::env::var("TRIBUTARY_FUZZ_SEEDS") {
        for (number, seed) in seeds.iter().enumerate() {
            let written = std::fs::write(format!("{folder}/seed-{number:03}"), seed);
            assert!(written.is_ok(), "write seeds into {folder}: {written:?}");
        }
    }
}

fuzz_target!(init: begin(), |bytes: &[u8]| {
    (TARGET.run)(bytes);
});
