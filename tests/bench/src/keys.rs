//! Which keys records have: each its own, or a few very often (Zipf), as in life. The same on every run.

/// A small generator of numbers that look random (splitmix64).
#[derive(Clone, Copy, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same numbers.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The next number in `0.0..1.0`.
    pub fn fraction(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// How keys are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// No two records have the same.
    Distinct,
    /// The n-th most frequent of [`ZIPF_KEYS`] keys is drawn 1/n as often as the first.
    Zipf,
}

/// Keys under Zipf's law.
pub const ZIPF_KEYS: usize = 10_000;

impl Keys {
    /// For the tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Distinct => "distinct keys",
            Self::Zipf => "Zipf keys",
        }
    }

    /// The keys of `count` records, as numbers.
    #[must_use]
    pub fn draw(self, count: u64) -> Vec<u64> {
        match self {
            Self::Distinct => (0..count).collect(),
            Self::Zipf => zipf(count),
        }
    }
}

fn zipf(count: u64) -> Vec<u64> {
    let mut below = Vec::with_capacity(ZIPF_KEYS);
    let mut sum = 0.0;
    for rank in 1..=ZIPF_KEYS {
        sum += 1.0 / rank as f64;
        below.push(sum);
    }
    let mut dice = Dice::new(1);
    let mut draw = || {
        let at = dice.fraction() * sum;
        below.partition_point(|upper| *upper <= at).min(ZIPF_KEYS - 1) as u64
    };
    (0..count).map(|_| draw()).collect()
}

#[cfg(test)]
mod tests {
    //! Keys are drawn as often as Zipf's law says.

    use super::Keys;

    /// The first key comes about twice as often as the second, ten times as often as the tenth, and all
    /// draws are the same on the next run.
    #[test]
    fn follows_the_law() {
        let keys = Keys::Zipf.draw(200_000);
        let count = |wanted: u64| keys.iter().filter(|key| **key == wanted).count() as f64;
        for (rank, tolerance) in [(2, 0.1), (10, 0.15), (100, 0.4)] {
            let ratio = count(0) / count(rank - 1) / rank as f64;
            assert!((ratio - 1.0).abs() < tolerance, "rank {rank}: {ratio}");
        }
        assert_eq!(keys, Keys::Zipf.draw(200_000));
        assert_eq!(Keys::Distinct.draw(3), [0, 1, 2]);
    }
}
