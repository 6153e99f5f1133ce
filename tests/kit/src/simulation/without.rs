//! What is left out of a seed: the parts of its storm and of what is sent that do not happen, in a line that one can
//! read and type.
//!
//! What stays is as it was: chances are drawn for the parts that are left out too, so that leaving one out moves
//! no other.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A part of a seed that may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A record that a producer sends, by its number among all of the seed.
    Sent(usize),
    /// A death at a moment, by its number in the storm.
    Death(usize),
    /// What fate does, by its number in the storm.
    Event(usize),
    /// An instance; the first stays, somebody has to do the work.
    Instance(usize),
    /// All trouble with the log.
    Log,
    /// All trouble with the store.
    Store,
    /// All trouble with the model.
    Model,
}

/// The parts of a seed that are left out. As text the letters `s`, `d`, `e` and `i` with a number or a range, and
/// `log`, `store`, `model`, with dots between: `s0-3.s7.e1.log`. Nothing is the empty text.
///
/// ```
/// use tests_kit::simulation::{Part, Without};
///
/// let without: Without = "s0-1.log".parse()?;
/// assert!(without.has(Part::Sent(1)) && without.has(Part::Log) && !without.has(Part::Store));
/// assert_eq!(without.to_string(), "s0-1.log");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Without(BTreeSet<Part>);

/// Makes a part of its number.
type Numbered = fn(usize) -> Part;

/// The numbered parts, each with its letter.
const LETTERS: [(char, Numbered); 4] =
    [('s', Part::Sent), ('d', Part::Death), ('e', Part::Event), ('i', Part::Instance)];

/// The others, each with its word.
const WORDS: [(&str, Part); 3] = [("log", Part::Log), ("store", Part::Store), ("model", Part::Model)];

/// The highest number of a part: far above what any seed has, and few enough that a slip of the hand in a range
/// does no harm.
const NUMBER_MAX: usize = 9_999;

impl Without {
    /// Nothing is left out.
    #[must_use]
    pub const fn nothing() -> Self {
        Self(BTreeSet::new())
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this part is left out.
    #[must_use]
    pub fn has(&self, part: Part) -> bool {
        self.0.contains(&part)
    }

    /// The same, and without these.
    #[must_use]
    pub fn and(&self, parts: &[Part]) -> Self {
        Self(self.0.iter().chain(parts).copied().collect())
    }
}

impl fmt::Display for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written: Vec<String> = Vec::new();
        for (letter, part) in LETTERS {
            let numbers = self.0.iter().filter_map(|it| number(*it).filter(|number| part(*number) == *it));
            written.extend(ranges(numbers).into_iter().map(|range| match (range.start(), range.end()) {
                (first, last) if first == last => format!("{letter}{first}"),
                (first, last) => format!("{letter}{first}-{last}"),
            }));
        }
        let words = WORDS.iter().filter(|(_, part)| self.has(*part));
        written.extend(words.map(|(word, _)| (*word).to_owned()));
        f.write_str(&written.join("."))
    }
}

fn number(part: Part) -> Option<usize> {
    match part {
        Part::Sent(number) | Part::Death(number) | Part::Event(number) | Part::Instance(number) => {
            Some(number)
        }
        Part::Log | Part::Store | Part::Model => None,
    }
}

/// Numbers in rising order, those that follow one another together.
fn ranges(numbers: impl Iterator<Item = usize>) -> Vec<RangeInclusive<usize>> {
    let mut ranges: Vec<RangeInclusive<usize>> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(last) if last.end() + 1 == number => *last = *last.start()..=number,
            _ => ranges.push(number..=number),
        }
    }
    ranges
}

impl FromStr for Without {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = BTreeSet::new();
        for piece in text.split('.').filter(|_| !text.is_empty()) {
            let wrong = || {
                format!(
                    "read what is left out of a seed: {piece:?} is none of s, d, e or i with a number up to \
                     {NUMBER_MAX} or a range of them, log, store, model"
                )
            };
            if let Some((_, part)) = WORDS.iter().find(|(word, _)| *word == piece) {
                parts.insert(*part);
                continue;
            }
            let letter = LETTERS.iter().find_map(|(letter, part)| Some((part, piece.strip_prefix(*letter)?)));
            let (part, numbers) = letter.ok_or_else(wrong)?;
            parts.extend(range(numbers).ok_or_else(wrong)?.map(part));
        }
        Ok(Self(parts))
    }
}

/// A number, or two with a dash between.
fn range(text: &str) -> Option<RangeInclusive<usize>> {
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| is_number && *number <= NUMBER_MAX)
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests;
