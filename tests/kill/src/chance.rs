//! The moments of killing: drawn from a seed before anything starts, so that neither side can influence them.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::time::Duration;

/// How often both are killed.
pub const KILLS: usize = 6;

/// How long a life lasts, in milliseconds. Evenly drawn over exactly one interval of the naive consumer's
/// commits (librdkafka commits every 5 s, counted from the start): so each phase of that interval is as
/// likely to meet a kill as it is in the long run, and neither side is favoured by the choice.
const LIFE_MS: Range<u64> = 2_500..7_500;

/// Seeds that are made here are short enough to be typed again.
const SEEDS: u64 = 100_000;

/// A seed that nobody chose.
pub fn seed() -> u64 {
    RandomState::new().hash_one(0) % SEEDS
}

/// When both are killed, counted from their first start.
pub fn kills(seed: u64) -> Vec<Duration> {
    // xorshift, after a step that makes neighbouring seeds differ (and none of them 0): enough to spread kills.
    let mut state = (seed.wrapping_add(1)).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut at = Duration::ZERO;
    let mut moments = Vec::new();
    for _ in 0..KILLS {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        at += Duration::from_millis(LIFE_MS.start + (state >> 16) % (LIFE_MS.end - LIFE_MS.start));
        moments.push(at);
    }
    moments
}

#[cfg(test)]
mod tests {
    //! Chance comes of the seed alone and stays within its bounds.

    use super::{KILLS, LIFE_MS, kills};

    /// A seed gives its moments again, another gives others, and every life has a length that is allowed.
    #[test]
    fn moments_come_of_the_seed() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in [0, 1, 2, 3, 77_777, u64::MAX] {
            let moments = kills(seed);
            assert_eq!(moments, kills(seed), "{seed}");
            assert_eq!(moments.len(), KILLS, "{seed}");
            let mut before = std::time::Duration::ZERO;
            for at in &moments {
                let life = u64::try_from((*at - before).as_millis()).expect("a short life");
                assert!(LIFE_MS.contains(&life), "{seed}: a life of {life} ms");
                before = *at;
            }
            assert!(seen.insert(moments), "{seed} gives another seed's moments");
        }
    }
}
