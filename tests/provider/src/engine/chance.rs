//! Chance by a seed: the same seed, purpose and names draw the same number, whoever asks and in which order.
//!
//! Good enough to fill distributions and to tell blocks apart; nothing here withstands an adversary.

/// Mixes 64 bits so that each depends on all (the finalizer of splitmix64).
const fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// Names some bytes below another name.
#[must_use]
pub fn name(above: u64, bytes: &[u8]) -> u64 {
    let mut state = mix(above ^ (bytes.len() as u64));
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = mix(state ^ u64::from_le_bytes(word));
    }
    state
}

/// A number for a purpose and the names of what it is drawn for.
#[must_use]
pub fn draw(seed: u64, purpose: &str, names: &[&[u8]]) -> u64 {
    names.iter().fold(name(seed, purpose.as_bytes()), |above, bytes| name(above, bytes))
}

/// A drawn number as a share: 0 or more, less than 1.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "53 bits are what a share has")]
pub fn share(number: u64) -> f64 {
    (number >> 11) as f64 / (1_u64 << 53) as f64
}

/// A drawn number as one of the standard normal distribution (Box and Muller).
#[must_use]
pub fn normal(number: u64) -> f64 {
    // Never zero, whose logarithm is none.
    let radius = (-2.0 * (1.0 - share(number)).ln()).sqrt();
    radius * (std::f64::consts::TAU * share(mix(number))).cos()
}
