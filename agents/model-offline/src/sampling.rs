//! From scores to the next token: the best one, or one of the good ones by chance that can be repeated.

use schemas_records::model::ModelRequest;

use crate::llama::soften;

/// How much of the whole probability is drawn from, best tokens first: what the model's makers advise. The
/// long tail behind it is noise in a model this small.
const NUCLEUS: f32 = 0.9;

/// Chooses tokens for one answer.
pub(crate) struct Sampler {
    /// 0 for the best token always.
    temperature: f32,
    chance: Chance,
}

impl Sampler {
    /// A sampler for a request: the same request gives the same choices.
    ///
    /// # Errors
    /// A temperature that is none.
    pub(crate) fn new(request: &ModelRequest) -> Result<Self, String> {
        let temperature = request.temperature;
        if !(0.0..=f64::from(f32::MAX)).contains(&temperature) {
            return Err(format!("the temperature is {temperature}, use 0 or more"));
        }
        // Who asks does not matter here: this is the question's own hash.
        let hash = request.hash("");
        let seed = hash.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        Ok(Self { temperature: temperature as f32, chance: Chance(seed.unwrap_or_default()) })
    }

    /// The next token. What is forbidden must have been scored minus infinity.
    pub(crate) fn choose(&mut self, scores: Vec<f32>) -> u32 {
        let mut ranked: Vec<(u32, f32)> = (0..).zip(scores).collect();
        // Scores divided by next to nothing are infinite: then the best is as good as certain.
        let is_certain =
            ranked.iter().any(|(_, score)| (score / self.temperature).is_infinite() && *score > 0.0);
        if self.temperature == 0.0 || is_certain {
            return best(&ranked);
        }
        ranked.sort_unstable_by(|(one, left), (other, right)| right.total_cmp(left).then(one.cmp(other)));
        let mut weights: Vec<f32> = ranked.iter().map(|(_, score)| score / self.temperature).collect();
        soften(&mut weights);
        self.draw(&ranked, &weights)
    }

    /// One of the best that together make the nucleus.
    fn draw(&mut self, ranked: &[(u32, f32)], weights: &[f32]) -> u32 {
        let mut sums = Vec::new();
        let mut sum = 0.0;
        for weight in weights {
            sum += weight;
            sums.push(sum);
            if sum >= NUCLEUS {
                break;
            }
        }
        let drawn = self.chance.next() * sum;
        let place = sums.iter().position(|sum| drawn < *sum).unwrap_or(sums.len().saturating_sub(1));
        ranked.get(place).map_or(0, |(token, _)| *token)
    }
}

/// The token with the highest score; of several, the first.
fn best(ranked: &[(u32, f32)]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (token, score) in ranked {
        if *score > best.1 {
            best = (*token, *score);
        }
    }
    best.0
}

/// SplitMix64: numbers that look random and follow from a seed.
struct Chance(u64);

impl Chance {
    /// A number from 0 to below 1.
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The upper 24 bits are what a number of this size can tell apart.
        (mixed >> 40) as f32 / (1_u32 << 24) as f32
    }
}

#[cfg(test)]
mod tests;
