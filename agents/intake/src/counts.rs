//! What stands beside the committed offset of a task partition: how many tasks were taken, refused and
//! closed below it, and how far the closings were counted.

use std::fmt;

/// The counts of one task partition, since its first committed offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tasks below the offset that became inputs.
    pub accepted: u64,
    /// Tasks below the offset that were refused.
    pub refused: u64,
    /// Closings below `closings`.
    pub closed: u64,
    /// The offset of the next closing to be counted.
    pub closings: i64,
}

/// The fields in their order.
const FIELDS: [&str; 4] = ["accepted", "refused", "closed", "c"];

impl Counts {
    /// Tasks that are open now.
    ///
    /// A group whose offsets were lost begins to count anew, and closings of tasks that it took before
    /// still come: they free no room that was not taken.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.accepted.saturating_sub(self.closed)
    }

    /// Reads `accepted=12;refused=1;closed=7;c=9`.
    ///
    /// # Errors
    /// A sentence that says what was found and what to do.
    pub fn read(metadata: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{metadata:?} stands beside its offset, which no intake of this version wrote; give the group's \
                 offsets up, or run the version that wrote them"
            )
        };
        let mut fields = metadata.split(';');
        let mut next = |name: &str| -> Result<i64, String> {
            let field = fields.next().and_then(|field| field.split_once('='));
            let number =
                field.filter(|(found, _)| *found == name).and_then(|(_, number)| number.parse().ok());
            number.filter(|number| *number >= 0).ok_or_else(wrong)
        };
        let [accepted, refused, closed, closings] =
            [next(FIELDS[0])?, next(FIELDS[1])?, next(FIELDS[2])?, next(FIELDS[3])?];
        if fields.next().is_some() {
            return Err(wrong());
        }
        let [accepted, refused, closed] = [accepted, refused, closed].map(i64::cast_unsigned);
        Ok(Self { accepted, refused, closed, closings })
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, refused, closed, closings } = self;
        let [a, r, d, c] = FIELDS;
        write!(f, "{a}={accepted};{r}={refused};{d}={closed};{c}={closings}")
    }
}

#[cfg(test)]
mod tests;
