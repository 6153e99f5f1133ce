//! The bundled tasks: questions people might really ask of this team, one JSON object a line, each exactly a [`Question`].
//!
//! They carry no ids: whoever submits them makes those (`briefing-01`, `briefing-02`, ... in the order of the file).

use thiserror::Error;

use crate::messages::Question;
use crate::messages::question::Invalid;

#[cfg(test)]
mod tests;

/// The bundled file, as it stands in this crate's folder.
pub const TASKS: &str = include_str!("../tasks.jsonl");

/// A line that is no question. Remedy: mend the line named.
#[derive(Debug, Error)]
pub enum Error {
    /// It is not JSON, lacks a field, or has one that no question has.
    #[error("cannot read line {line} of the tasks as a question")]
    Json {
        /// Which line, counted from 1.
        line: usize,
        /// What was wrong with it.
        #[source]
        cause: serde_json::Error,
    },
    /// It cannot be worked on.
    #[error("cannot take line {line} of the tasks")]
    Invalid {
        /// Which line, counted from 1.
        line: usize,
        /// What was wrong with it.
        #[source]
        cause: Invalid,
    },
}

/// The bundled questions.
///
/// # Errors
/// Never with the file this crate is built from; see [`read`].
pub fn bundled() -> Result<Vec<Question>, Error> {
    read(TASKS)
}

/// Reads one question a line, strictly; blank lines are passed over.
///
/// # Errors
/// [`enum@Error`] naming the first line that is no question, or one that cannot be worked on.
pub fn read(text: &str) -> Result<Vec<Question>, Error> {
    let mut questions = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let question: Question =
            serde_json::from_str(line).map_err(|cause| Error::Json { line: at + 1, cause })?;
        question.check().map_err(|cause| Error::Invalid { line: at + 1, cause })?;
        questions.push(question);
    }
    Ok(questions)
}
