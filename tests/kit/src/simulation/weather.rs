//! The faults of the doors: asked at every call of the log and of the store, while the storm lasts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use topics_log::memory::{Door, Fate, Faults, Operation, Strike};
use topics_state::memory as state;

use super::chance::Chance;
use super::storm::Storm;
use super::trace::Trace;

/// What goes wrong at the doors.
pub struct Weather {
    is_stormy: AtomicBool,
    chance: Mutex<Chance>,
    log_per_mille: usize,
    store_per_mille: usize,
    trace: Arc<Trace>,
}

impl Weather {
    /// Fair until [`Weather::begin`].
    #[must_use]
    pub fn new(chance: &Chance, storm: &Storm, trace: Arc<Trace>) -> Self {
        Self {
            is_stormy: AtomicBool::new(false),
            chance: Mutex::new(chance.of("weather")),
            log_per_mille: storm.log_per_mille,
            store_per_mille: storm.store_per_mille,
            trace,
        }
    }

    /// From here on things go wrong.
    pub fn begin(&self) {
        self.is_stormy.store(true, Ordering::SeqCst);
    }

    /// From here on nothing does.
    pub fn end(&self) {
        self.is_stormy.store(false, Ordering::SeqCst);
    }

    /// Whether things go wrong now.
    #[must_use]
    pub fn is_stormy(&self) -> bool {
        self.is_stormy.load(Ordering::SeqCst)
    }

    /// The chance, if something is to go wrong this time.
    fn strikes(&self, per_mille: usize) -> Option<Chance> {
        if !self.is_stormy() || per_mille == 0 {
            return None;
        }
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        // Ten thousandths, so that polls can be struck ten times less often than the rest.
        (chance.below(10_000) < per_mille).then(|| chance.of_next())
    }
}

impl Chance {
    /// A stream that begins with the next number.
    fn of_next(&mut self) -> Self {
        Self::new(self.number())
    }
}

impl Faults for Weather {
    fn strike(&self, door: &Door<'_>) -> Strike {
        let often = match door.operation {
            Operation::Poll | Operation::Read => self.log_per_mille,
            _ => self.log_per_mille * 10,
        };
        let Some(mut chance) = self.strikes(often) else { return Strike::None };
        let strike = log_strike(door.operation, &mut chance);
        if strike != Strike::None {
            self.trace.say(&format!("log {}", word(strike)), || format!("{door} {strike:?}"));
        }
        strike
    }
}

fn log_strike(operation: Operation, chance: &mut Chance) -> Strike {
    use topics_log::Remedy::{Abort, Lost, Retry};
    let delay = Strike::Delay(chance.millis(1, 3_000));
    let fates = [
        Fate::Happened,
        Fate::Never,
        Fate::Late(chance.millis(1, 5_000)),
        Fate::UnderWay(chance.millis(1, 14_000)),
    ];
    let fate = Strike::Unknown(fates[chance.below(fates.len())]);
    let never = Strike::Unknown(Fate::Never);
    let of: &[Strike] = match operation {
        Operation::Join
        | Operation::Poll
        | Operation::Committed
        | Operation::ReadFrom
        | Operation::Read
        | Operation::Admin => &[Strike::Fail(Retry), delay],
        Operation::CommitOffsets => &[Strike::Fail(Retry), Strike::Fail(Lost), never, delay],
        Operation::MakeTransactor => &[Strike::Fail(Retry), never, delay],
        Operation::Begin | Operation::Produce => &[Strike::Fail(Abort), Strike::Fail(Retry), never, delay],
        Operation::SendOffsets => &[Strike::Fail(Abort), Strike::Fail(Lost), never, delay],
        Operation::Commit => &[Strike::Fail(Abort), fate, fate, delay],
        Operation::Abort => &[Strike::Fail(Retry), never, delay],
        Operation::Publish => &[Strike::Fail(Retry), fate, delay],
    };
    chance.pick(of).copied().unwrap_or(Strike::None)
}

/// A strike's kind, as it is counted.
fn word(strike: Strike) -> &'static str {
    use topics_log::Remedy::{Abort, Fenced, Lost, Retry, Stop, Unknown};
    match strike {
        Strike::None => "none",
        Strike::Delay(_) => "delay",
        Strike::Fail(Retry) => "retry",
        Strike::Fail(Abort) => "abort",
        Strike::Fail(Lost) => "lost",
        Strike::Fail(Unknown | Fenced | Stop) => "other",
        Strike::Unknown(Fate::Happened) => "unknown-happened",
        Strike::Unknown(Fate::Never) => "unknown-never",
        Strike::Unknown(Fate::Late(_)) => "unknown-late",
        Strike::Unknown(Fate::UnderWay(_)) => "unknown-under-way",
    }
}

impl state::Faults for Weather {
    fn strike(&self, door: state::Door) -> state::Strike {
        let Some(mut chance) = self.strikes(self.store_per_mille * 10) else { return state::Strike::None };
        let (kind, strike) = match chance.below(10) {
            0..2 => ("delay", state::Strike::Delay(chance.millis(1, 200))),
            2..4 => ("slow", state::Strike::Delay(chance.millis(200, 9_000))),
            4..6 => ("fail", state::Strike::Fail(topics_state::Remedy::Retry)),
            6..8 => ("fail-written", state::Strike::FailWritten),
            _ => ("late", state::Strike::Late(chance.millis(1, 30_000))),
        };
        self.trace.say(&format!("store {kind}"), || format!("{door:?} {strike:?}"));
        strike
    }
}
