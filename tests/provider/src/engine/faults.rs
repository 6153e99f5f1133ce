//! Faults by chance, and the health of a server: what goes wrong although nobody wrote a script for it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bill::Ending;
use super::chance;
use crate::script::Fault;

/// Most kinds of faults at once: each call draws for all of them.
pub const CHANCES_MAX: usize = 100;

/// A fault that befalls a share of the calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chance {
    /// Which share: 0 to 1. The shares of all faults together are at most 1.
    pub rate: f64,
    /// What happens.
    pub fault: Fault,
}

/// How a server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Health {
    /// It serves.
    #[default]
    Well,
    /// It answers each call with an error, and quickly.
    Sick {
        /// The error's status.
        status: u16,
        /// After so many simulated milliseconds.
        after_ms: u64,
    },
    /// It takes each call and never answers.
    Silent,
}

/// What befalls the n-th call; the same for the same seed.
#[must_use]
pub fn befalls(seed: u64, chances: &[Chance], call: u64) -> Option<Fault> {
    let mut left = chance::share(chance::draw(seed, "fault", &[&call.to_le_bytes()]));
    for chance in chances {
        if left < chance.rate {
            return Some(chance.fault.clone());
        }
        left -= chance.rate;
    }
    None
}

/// Tokens that are made under a fault, of so many.
#[must_use]
pub const fn made(fault: Option<&Fault>, whole: u64) -> u64 {
    match fault {
        Some(Fault::TruncateStream | Fault::EndEarly | Fault::Stall) => whole.div_ceil(2),
        _ => whole,
    }
}

/// How a call under a fault ends, if nobody leaves.
#[must_use]
pub const fn ending(fault: Option<&Fault>) -> Ending {
    match fault {
        Some(Fault::TruncateStream | Fault::EndEarly | Fault::Stall) => Ending::Cut,
        Some(Fault::Hang | Fault::KeepAlive) => Ending::Unsent,
        _ => Ending::Whole,
    }
}

/// What a fault makes of a time.
#[must_use]
pub fn slowed(fault: Option<&Fault>, time: Duration) -> Duration {
    match fault {
        Some(Fault::Slow { times }) => time.saturating_mul(*times),
        _ => time,
    }
}
