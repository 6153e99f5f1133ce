//! A calendar month, written `YYYY-MM` on the wire: the only notion of time this team has.
//!
//! It is data, not a clock: nothing here asks what month it is now.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// The earliest year read: before it no series exists, and a smaller number is more likely a slip of the keyboard.
pub const FIRST_YEAR: i32 = 1900;
/// The last year read, for the same reason.
pub const LAST_YEAR: i32 = 2199;

const NAMES: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// One month of one year. Counts months, so that differences are plain subtraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(i32);

/// The text is not a month. Remedy: write it as the message says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "cannot read \"{found}\" as a month: write YYYY-MM with a year from 1900 to 2199, for example 2014-03"
)]
pub struct Error {
    /// What stood in the place of a month, cut to 20 characters.
    pub found: String,
}

impl Month {
    /// Reads `YYYY-MM`, strictly: four digits, a hyphen, two digits.
    ///
    /// # Errors
    /// [`struct@Error`] on anything else, with a year outside [`FIRST_YEAR`] to [`LAST_YEAR`], or a month outside 01 to 12.
    pub fn parse(text: &str) -> Result<Month, Error> {
        let wrong = || Error { found: text.chars().take(20).collect() };
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits =
            |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(wrong());
        }
        let year: i32 = year.parse().map_err(|_| wrong())?;
        let month: i32 = month.parse().map_err(|_| wrong())?;
        if !(FIRST_YEAR..=LAST_YEAR).contains(&year) || !(1..=12).contains(&month) {
            return Err(wrong());
        }
        Ok(Month(year * 12 + month - 1))
    }

    /// The month `months` later (earlier if negative). Saturates at the ends of what an `i32` counts.
    #[must_use]
    pub fn plus(self, months: i32) -> Month {
        Month(self.0.saturating_add(months))
    }

    /// How many months this one lies after `earlier` (negative if it lies before).
    #[must_use]
    pub fn since(self, earlier: Month) -> i32 {
        self.0.saturating_sub(earlier.0)
    }

    /// The place in the year: 0 for January to 11 for December.
    #[must_use]
    pub fn calendar(self) -> usize {
        // rem_euclid(12) lies in 0..12 for every i32, so the conversion cannot lose anything.
        usize::try_from(self.0.rem_euclid(12)).unwrap_or(0)
    }

    /// The English name of the calendar month, for example `March`.
    #[must_use]
    pub fn name(self) -> &'static str {
        name(self.calendar())
    }
}

/// The English name of calendar month `place` (0 is January; beyond 11 it begins again).
#[must_use]
pub fn name(place: usize) -> &'static str {
    NAMES[place % 12]
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

impl TryFrom<String> for Month {
    type Error = Error;

    fn try_from(text: String) -> Result<Month, Error> {
        Month::parse(&text)
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}
