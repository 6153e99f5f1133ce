//! Words of an answer: as many tokens as wanted, the same for the same seed, model and prompt.

use super::chance;

/// Each is one token by [`super::tokens`].
const WORDS: [&str; 32] = [
    "rain", "fell", "on", "the", "old", "road", "and", "by", "noon", "it", "was", "dry", "sun", "came",
    "out", "over", "hill", "two", "men", "sat", "near", "a", "well", "some", "bees", "flew", "past", "then",
    "all", "grew", "calm", "so",
];

/// An answer as its tokens; white space stands before each but the first.
#[must_use]
pub fn answer(seed: u64, model: &str, prompt: &str, tokens: u64) -> Vec<String> {
    let names = [model.as_bytes(), prompt.as_bytes()];
    let mut state = chance::draw(seed, "words", &names);
    let mut words = Vec::new();
    for place in 0..tokens {
        state = chance::name(state, &place.to_le_bytes());
        let word = WORDS[usize::try_from(state % WORDS.len() as u64).unwrap_or(0)];
        words.push(if place == 0 { word.to_owned() } else { format!(" {word}") });
    }
    words
}
