//! Changing inputs by a seed: always the same ones, so that a test never fails by luck. It knows nothing of
//! what it changes; libFuzzer, which learns, is `scripts/fuzz`'s.

/// Numbers that lie at the edges of others.
const EDGES: [u8; 8] = [0, 1, 2, 0x7e, 0x7f, 0x80, 0xfe, 0xff];

/// Longest input that is made.
const BYTES_MAX: usize = 64 * 1024;

/// A sequence of numbers that looks like chance (splitmix64).
pub struct Chance(u64);

impl Chance {
    /// The sequence of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// An input made of `input`, with pieces of `other`.
    #[must_use]
    pub fn change(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut out = input.to_vec();
        for _ in 0..=self.below(4) {
            self.change_once(&mut out, other);
        }
        out.truncate(BYTES_MAX);
        out
    }

    fn change_once(&mut self, out: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(out.len());
        let length = 1 + self.below(16);
        let end = (at + length).min(out.len());
        match self.below(8) {
            0 => out.truncate(at),
            1 => drop(out.drain(at.min(end)..end)),
            2 if !out.is_empty() => out[at] ^= 1 << self.below(8),
            3 if !out.is_empty() => out[at] = EDGES[self.below(EDGES.len())],
            4 if !out.is_empty() => out[at] = out[at].wrapping_add(1),
            5 => {
                let again = out[at.min(end)..end].to_vec();
                out.splice(at..at, again);
            }
            6 => {
                let from = self.below(other.len());
                let piece = other[from..(from + length).min(other.len())].to_vec();
                out.splice(at..end.max(at), piece);
            }
            _ => {
                let edge = EDGES[self.below(EDGES.len())];
                out.splice(at..at, std::iter::repeat_n(edge, length));
            }
        }
    }
}
