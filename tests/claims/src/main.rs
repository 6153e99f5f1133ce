//! `scripts/claims`: takes each guard away in turn and looks whether the test that stands for it fails.

use std::process::ExitCode;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, stream};
use tests_claims::binaries::Binaries;
use tests_claims::{Guarded, REGISTER, Register, trial};

/// Trials at once: each keeps one core busy, and the machines of CI have two.
const AT_ONCE: usize = 2;

fn main() -> anyhow::Result<ExitCode> {
    let register = Register::read(REGISTER)?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["--table"] {
        print!("{}", register.table());
        return Ok(ExitCode::SUCCESS);
    }
    let guards = register.chosen(&arguments)?;
    let binaries = Binaries::build()?;
    let missing = if arguments.is_empty() { missing(&register, &binaries)? } else { 0 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let held = runtime.block_on(try_all(&guards, &binaries))?;
    println!("{held} of {} guards are missed by their test when they are gone", guards.len());
    Ok(if held == guards.len() && missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How many tests that the register names are not there.
fn missing(register: &Register, binaries: &Binaries) -> anyhow::Result<usize> {
    let mut missing = 0;
    for test in register.tests()? {
        if !binaries.of(&test)?.lists(&test)? {
            println!("{} {} {}: there is no such test", test.package, test.target, test.path);
            missing += 1;
        }
    }
    Ok(missing)
}

/// Tries guards side by side, says of each what came of it, and returns how many are held.
async fn try_all(guards: &[&Guarded], binaries: &Binaries) -> anyhow::Result<usize> {
    let trials = stream::iter(guards).map(|guard| try_one(guard, binaries)).buffer_unordered(AT_ONCE);
    trials.try_fold(0, |held, is_held| async move { Ok(held + usize::from(is_held)) }).await
}

/// Whether a guard's test passes with it and fails without.
async fn try_one(guard: &Guarded, binaries: &Binaries) -> anyhow::Result<bool> {
    let test = guard.test()?;
    let binary = binaries.of(&test)?;
    let began = Instant::now();
    let with = trial::run(binary, &test, None).await?;
    let without = trial::run(binary, &test, Some(&guard.name)).await?;
    let is_held = trial::is_held(with, without);
    let verdict = if is_held { "held" } else { "NOT HELD" };
    println!(
        "{verdict:8} {:24} without it {}: {} {} with it, {} without ({:.1} s)",
        guard.name,
        guard.without,
        test.path,
        with.word(),
        without.word(),
        began.elapsed().as_secs_f64()
    );
    Ok(is_held)
}
