//! Many seeds on all cores: in rising order, until one fails.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most threads that run seeds at once. A run has a thread and a world of its own, some tens of megabytes with what is
/// judged by in the end: on more cores than this, memory would be the next to run out.
const THREADS_MAX: usize = 64;

/// What is handed out, and what came of it.
struct Shared<I, T, E> {
    seeds: I,
    good: Vec<(u64, T)>,
    bad: Option<(u64, E)>,
}

/// Runs every seed, on as many threads as the machine has cores. `seeds` rise.
///
/// # Errors
/// The lowest seed that failed, with what came of it, however the threads went: once one has failed no higher one is
/// begun, and the lower ones are run to their end.
pub(super) fn each<T: Send, E: Send>(
    seeds: impl Iterator<Item = u64> + Send,
    run: impl Fn(u64) -> Result<T, E> + Sync,
) -> Result<Vec<T>, (u64, E)> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(THREADS_MAX);
    let shared = Mutex::new(Shared { seeds, good: Vec::new(), bad: None });
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(seed) = next(&shared) {
                    let result = run(seed);
                    let mut shared = lock(&shared);
                    match result {
                        Ok(good) => shared.good.push((seed, good)),
                        Err(_) if shared.bad.as_ref().is_some_and(|(lowest, _)| *lowest < seed) => {}
                        Err(bad) => shared.bad = Some((seed, bad)),
                    }
                }
            });
        }
    });
    let Shared { mut good, bad, .. } = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    good.sort_by_key(|(seed, _)| *seed);
    bad.map_or_else(|| Ok(good.into_iter().map(|(_, good)| good).collect()), Err)
}

fn next<T, E>(shared: &Mutex<Shared<impl Iterator<Item = u64>, T, E>>) -> Option<u64> {
    let mut shared = lock(shared);
    if shared.bad.is_some() { None } else { shared.seeds.next() }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
