//! Queries that a model writes: what it is asked, what of its answer may be run, and what of the result may be used.
//!
//! A model chooses *what to look at*; it never says a number. Its statement must be one `SELECT`, of bounded size, without
//! a word that changes anything; the tool's guard allows only reading known tables, within its bounds; its rows must be
//! cells of the employment table, of known sectors and no later month; and each number is compared with what the fixed
//! query finds in the same cell. Whatever fails any of these is not used, and the brief says so.

use schemas_records::model::{Finish, ModelAnswer};
use schemas_records::tool::{SqlQuery, Table};
use thiserror::Error;

use crate::messages::{Asked, Level, Question};
use crate::month::Month;
use crate::prompts::{self, Prompt};
use crate::queries;
use crate::sectors::{self, Sector};
use crate::tables;

#[cfg(test)]
mod tests;

/// The query that a model wrote, as figures call it, and the call.
pub const PROPOSED: &str = "proposed";
/// The longest statement, in bytes: four times what the question needs.
pub const STATEMENT_BYTES_MAX: usize = 2_000;
/// Most rows of its result: some six sectors with a year before and a month before each.
pub const LEVELS_MAX: usize = 24;
/// Tokens of the answer that asks for it.
pub const ANSWER_TOKENS_MAX: u32 = 400;

/// Words that no question has. The tool's guard would refuse what they begin; refused here, it is never sent.
const NO_QUESTION: [&str; 19] = [
    "alter",
    "analyze",
    "attach",
    "begin",
    "commit",
    "create",
    "delete",
    "detach",
    "drop",
    "insert",
    "load_extension",
    "pragma",
    "reindex",
    "release",
    "rollback",
    "savepoint",
    "truncate",
    "update",
    "vacuum",
];

/// The rules of the game.
const SYSTEM: &str =
    "You write one SQLite SELECT statement and nothing else: no words around it, no second statement.";

/// Why a model's query is not used. Remedy: the fixed query, which is used instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// There was no answer.
    #[error("none came: {reason}")]
    None {
        /// What came instead.
        reason: String,
    },
    /// It is too long, or was cut.
    #[error("it has {found} bytes or was cut, at most {STATEMENT_BYTES_MAX} are allowed")]
    TooLong {
        /// Its bytes.
        found: usize,
    },
    /// It is no question.
    #[error("it is not one SELECT: {reason}")]
    NoQuestion {
        /// What it is.
        reason: String,
    },
    /// The tool did not answer it.
    #[error("the tables refused it: {reason}")]
    Tool {
        /// In the tool's words.
        reason: String,
    },
    /// It answered with something else than it should.
    #[error("its result is not what was asked for: {reason}")]
    Shape {
        /// What is wrong with it.
        reason: String,
    },
    /// A number of it is not the tables'.
    #[error("it says {said} persons in {sector} in {month}, the tables say {found}")]
    Differs {
        /// The sector.
        sector: String,
        /// The month.
        month: Month,
        /// The query's number.
        said: i64,
        /// What the fixed query finds, in words.
        found: String,
    },
}

/// What `data-analyst` asks a model that may write its query.
#[must_use]
pub fn prompt(question: &Question, sector: &Sector) -> Prompt {
    let month = question.month;
    let user = format!(
        "Tables:\n{}\nThe sectors are: {}.\nSomeone asked, as of {month}, about the sector {}: \"{}\"\n\
         Write one SELECT over the table employment with exactly the columns sector, month, persons. It must return \
         rows of {} for {month}, {} and {}, and may return rows of up to three other sectors for the same months, if \
         they help to answer. No month after {month}, no empty persons, at most {LEVELS_MAX} rows.",
        tables::SHAPE,
        sectors::SECTORS
            .iter()
            .filter(|s| s.employment.is_some())
            .map(|s| s.id)
            .collect::<Vec<_>>()
            .join(", "),
        sector.id,
        prompts::quoted(&question.question),
        sector.id,
        month.plus(-1),
        month.plus(-crate::figures::YEAR),
    );
    Prompt { system: SYSTEM.to_owned(), user, facts: Vec::new(), answer_tokens_max: ANSWER_TOKENS_MAX }
}

/// The statement of a model's answer, if it may be run.
///
/// # Errors
/// [`Refused`], naming the first thing that is wrong with it.
pub fn accept(answer: &ModelAnswer) -> Result<Asked, Refused> {
    let found = answer.text.len();
    if found > STATEMENT_BYTES_MAX || answer.finish == Finish::Length {
        return Err(Refused::TooLong { found });
    }
    let statement = bare(&answer.text);
    let no_question = |reason: String| Err(Refused::NoQuestion { reason });
    if statement.is_empty() {
        return no_question("it is empty".to_owned());
    }
    if statement.chars().any(|letter| letter.is_control() && !letter.is_whitespace()) {
        return no_question("it holds control characters".to_owned());
    }
    let code = code(statement);
    if code.contains(';') {
        return no_question("there is more than one statement".to_owned());
    }
    if code.contains("--") || code.contains("/*") {
        return no_question("it has comments, which may hide something".to_owned());
    }
    if code.contains('?') {
        return no_question("it has parameters, which nobody would fill".to_owned());
    }
    let lower = code.to_lowercase();
    let mut words = lower.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    if let Some(word) = words.clone().find(|word| NO_QUESTION.contains(word)) {
        return no_question(format!("the word {} is not allowed", word.to_uppercase()));
    }
    if !matches!(words.next(), Some("select" | "with")) {
        return no_question("it begins with another word".to_owned());
    }
    Ok(Asked {
        name: PROPOSED.to_owned(),
        statement: statement.split_whitespace().collect::<Vec<_>>().join(" "),
        parameters: Vec::new(),
        rows: 0,
        author: answer.model.clone(),
    })
}

/// The statement without the fence and the semicolon that models like to put around it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let inner = inner.map_or(text, |inner| inner.strip_prefix("sql").unwrap_or(inner));
    inner.trim().trim_end_matches(';').trim()
}

/// A statement without what stands in quotes, which is data. An open quote goes to the end: SQLite will refuse it.
fn code(statement: &str) -> String {
    let mut code = String::new();
    let mut quote = None;
    for letter in statement.chars() {
        match quote {
            Some(end) if letter == end => quote = None,
            Some(_) => {}
            None if matches!(letter, '\'' | '"' | '`') => {
                quote = Some(letter);
                code.push(' ');
            }
            None => code.push(letter),
        }
    }
    code
}

/// The same as the tool takes it.
#[must_use]
pub fn request(proposal: &Asked) -> SqlQuery {
    let rows_max = i32::try_from(LEVELS_MAX).unwrap_or(i32::MAX);
    SqlQuery { statement: proposal.statement.clone(), parameters: Vec::new(), rows_max }
}

/// The rows of its result, if they are cells of the employment table that a brief as of `question`'s month may look at.
///
/// # Errors
/// [`Refused::Shape`].
pub fn claimed(table: &Table, sector: &Sector, month: Month) -> Result<Vec<Level>, Refused> {
    let wrong = |reason: String| Err(Refused::Shape { reason });
    let levels = queries::levels(table).map_err(|reason| Refused::Shape { reason })?;
    for (at, level) in levels.iter().enumerate() {
        let known = sectors::SECTORS.iter().any(|s| s.id == level.sector && s.employment.is_some());
        if !known {
            let name: String = level.sector.chars().take(sectors::SHOWN_CHARS).collect();
            return wrong(format!("there is no sector {name:?}"));
        }
        if level.month > month {
            return wrong(format!("{} is later than {month}, as of which was asked", level.month));
        }
        let twice = |other: &Level| (&other.sector, other.month) == (&level.sector, level.month);
        if levels[..at].iter().any(twice) {
            return wrong(format!("{} in {} is there twice", level.sector, level.month));
        }
    }
    if !levels.iter().any(|level| level.sector == sector.id && level.month == month) {
        return wrong(format!("it has no row of {} in {month}", sector.id));
    }
    Ok(levels)
}

/// Whether every number that a model's query found is the one that the fixed query finds in the same cell.
///
/// # Errors
/// [`Refused::Differs`] for the first that is not.
pub fn agree(claimed: &[Level], found: &[Level]) -> Result<(), Refused> {
    for claim in claimed {
        let same = |level: &&Level| (&level.sector, level.month) == (&claim.sector, claim.month);
        let persons = found.iter().find(same).map(|level| level.persons);
        if persons != Some(claim.persons) {
            return Err(Refused::Differs {
                sector: claim.sector.clone(),
                month: claim.month,
                said: claim.persons,
                found: persons.map_or_else(|| "nothing".to_owned(), |persons| persons.to_string()),
            });
        }
    }
    Ok(())
}
