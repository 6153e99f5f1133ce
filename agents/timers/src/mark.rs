//! What stands beside the committed offset: which store holds the rows, and how far they were fired.
//!
//! `<note>;fired-through=<minute>`: an owner that keeps its rows in another store finds another note and
//! refuses; the right one looks for rows from the next minute on.

/// The last minute, in minutes since 1970, of which no row is left and none will be written.
pub type Minute = i64;

const FIELD: &str = ";fired-through=";

/// Writes the mark.
#[must_use]
pub fn write(note: &str, fired_through: Minute) -> String {
    format!("{note}{FIELD}{fired_through}")
}

/// Reads the mark of an owner whose note is `note`.
///
/// # Errors
/// A sentence that says what was found and what to do.
pub fn read(note: &str, metadata: &str) -> Result<Minute, String> {
    let wrong = || format!("{metadata:?} stands beside its offset, which no timer gateway wrote");
    let (found, minute) = metadata.rsplit_once(FIELD).ok_or_else(wrong)?;
    if found != note {
        return Err(format!(
            "its last owner kept its timers in another store ({found:?}, this one is {note:?}); start this node with \
             that store, or give the group's offsets up"
        ));
    }
    minute.parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests;
