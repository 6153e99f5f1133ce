//! What of a model's answer may stand in a brief: its first sentence, if every number in it was given to the model.
//!
//! It checks numbers, not sense: a sentence that turns a rise into a fall with the right number passes. That is why the
//! brief shows code's sentences beside it, and why no verdict depends on it.

use thiserror::Error;

#[cfg(test)]
mod tests;

/// The longest sentence taken, in characters: three lines of a terminal. Longer answers ramble.
pub const SENTENCE_CHARS_MAX: usize = 240;

/// An answer that may not stand in a brief. Remedy: leave the wording empty; the brief shows that no model spoke.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Rejected {
    /// Nothing was said.
    #[error("cannot use the model's answer: it is blank; the brief goes without its wording")]
    Blank,
    /// The first sentence has no end in sight.
    #[error(
        "cannot use the model's answer: its first sentence is longer than 240 characters; ask for one short sentence"
    )]
    TooLong,
    /// A number was made up.
    #[error(
        "cannot use the model's answer: the number {number} is in none of the facts it was given; the brief goes without its wording"
    )]
    Number {
        /// The number, as it was written.
        number: String,
    },
}

/// The first sentence of `answer`, on one line, if each of its numbers stands in `facts`.
///
/// # Errors
/// [`Rejected`] if it is blank, too long, or holds a number of its own.
pub fn accept(answer: &str, facts: &[String]) -> Result<String, Rejected> {
    let sentence = first_sentence(answer);
    if sentence.is_empty() {
        return Err(Rejected::Blank);
    }
    if sentence.chars().count() > SENTENCE_CHARS_MAX {
        return Err(Rejected::TooLong);
    }
    let given: Vec<String> = facts.iter().flat_map(|fact| numbers(fact)).collect();
    for number in numbers(&sentence) {
        if !given.contains(&number) {
            return Err(Rejected::Number { number });
        }
    }
    Ok(sentence)
}

/// How much of a reason that another wrote is repeated, in characters: enough to know what to do about it.
const REASON_CHARS_MAX: usize = 200;

/// A reason that a tool or a model's answer gave, on one line and cut to a readable length.
#[must_use]
pub fn short(reason: &str) -> String {
    let line = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= REASON_CHARS_MAX {
        return line;
    }
    let kept: String = line.chars().take(REASON_CHARS_MAX).collect();
    format!("{}...", kept.trim_end())
}

/// Up to the first full stop, exclamation or question mark that ends a word of more than one letter and is followed by a space or nothing.
fn first_sentence(answer: &str) -> String {
    let mut sentence: Vec<&str> = Vec::new();
    for word in answer.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        sentence.push(word);
        // "U.S." and initials end in a full stop too, but a letter and a full stop come before it.
        let body = word.trim_end_matches(['"', '\'', ')', '”']).trim_end_matches(['.', '!', '?']);
        let ends = body.len() < word.trim_end_matches(['"', '\'', ')', '”']).len();
        let abbreviation = body.contains('.') && body.chars().all(|c| c == '.' || c.is_alphabetic());
        if ends && body.chars().count() > 1 && !abbreviation {
            break;
        }
    }
    sentence.join(" ").trim_matches('"').trim().to_owned()
}

/// The numbers in a text, without their thousands commas: `6,632,000` and `6632000` are the same.
fn numbers(text: &str) -> Vec<String> {
    let runs = text.split(|c: char| !(c.is_numeric() || c == '.' || c == ','));
    let trimmed = runs.map(|run| run.trim_matches(['.', ',']).replace(',', ""));
    trimmed.filter(|run| !run.is_empty()).collect()
}
