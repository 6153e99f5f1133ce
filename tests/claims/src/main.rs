//! `scripts/claims`: takes each guard away in turn and looks whether the test that stands for it fails.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, bail};
use tests_claims::binaries::Binaries;
use tests_claims::trial::{self, Outcome};
use tests_claims::{Guarded, REGISTER, Register};

/// Trials at once: most wait for virtual time and use a core each.
const AT_ONCE: usize = 2;

fn main() -> anyhow::Result<ExitCode> {
    let register = Register::read(REGISTER)?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["--table"] {
        print!("{}", register.table());
        return Ok(ExitCode::SUCCESS);
    }
    let guards: Vec<&Guarded> = match arguments.as_slice() {
        [] => register.guards().collect(),
        names => names
            .iter()
            .map(|name| {
                register.guards().find(|guard| guard.name == *name).context(format!("no guard {name}"))
            })
            .collect::<Result<_, _>>()?,
    };
    let binaries = Binaries::build()?;
    let missing = if arguments.is_empty() { missing(&register, &binaries)? } else { 0 };
    let held = try_all(&guards, &binaries)?;
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
fn try_all(guards: &[&Guarded], binaries: &Binaries) -> anyhow::Result<usize> {
    let (next, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failure: Mutex<Option<anyhow::Error>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(guard) = guards.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match try_one(guard, binaries) {
                        Ok(true) => drop(held.fetch_add(1, Ordering::Relaxed)),
                        Ok(false) => {}
                        Err(error) => {
                            if let Ok(mut failure) = failure.lock() {
                                failure.get_or_insert(error);
                            }
                            return;
                        }
                    }
                }
            });
        }
    });
    match failure.into_inner() {
        Ok(None) => Ok(held.into_inner()),
        Ok(Some(error)) => Err(error),
        Err(_) => bail!("a trial panicked"),
    }
}

/// Whether a guard's test passes with it and fails without.
fn try_one(guard: &Guarded, binaries: &Binaries) -> anyhow::Result<bool> {
    let test = guard.test()?;
    let binary = binaries.of(&test)?;
    let began = Instant::now();
    let with = trial::run(binary, &test, None)?;
    let without = trial::run(binary, &test, Some(&guard.name))?;
    let is_held = with == Outcome::Passed && matches!(without, Outcome::Failed | Outcome::Endless);
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
