//! How long answers are: log-normal, by seed, model and prompt, so that the same prompt has the same length.
//!
//! A prompt may say it itself: each `{{tokens:N}}` in it asks for N tokens, and the answer has their sum. So a
//! bench that puts k items into one prompt gets an answer as long as k answers.

use serde::{Deserialize, Serialize};

use super::chance;

const MARK: &str = "{{tokens:";

/// The distribution of answers' lengths. The default is what Azure's public trace of conversations (2023)
/// fits: a geometric mean of 151 tokens, a sigma of 0.86.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lengths {
    /// Half of the answers are shorter; tokens.
    pub median: u64,
    /// The standard deviation of the length's natural logarithm.
    pub sigma: f64,
}

impl Default for Lengths {
    fn default() -> Self {
        Self { median: 151, sigma: 0.86 }
    }
}

impl Lengths {
    /// Draws a length for a prompt: one token or more.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a median of 2^53 tokens is none")]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is at least 1 by then")]
    pub fn draw(&self, seed: u64, model: &str, prompt: &str) -> u64 {
        let normal = chance::normal(chance::draw(seed, "length", &[model.as_bytes(), prompt.as_bytes()]));
        (self.median as f64 * (self.sigma * normal).exp()).round().max(1.0) as u64
    }
}

/// The length that a prompt's texts ask for, if they do.
#[must_use]
pub fn asked<'a>(texts: impl Iterator<Item = &'a str>) -> Option<u64> {
    let mut sum = None;
    for text in texts {
        for behind in text.split(MARK).skip(1) {
            let number = behind.split_once("}}").and_then(|(number, _)| number.parse::<u64>().ok());
            sum = number.map(|number| number.saturating_add(sum.unwrap_or(0))).or(sum);
        }
    }
    sum
}
