//! One question: prepared, bound, run within its bounds, and its answer or what was wrong with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Batch, ErrorCode, Row, Statement, ToSql, params_from_iter};
use schemas_records::tool::{Cell, SqlQuery, Table};

use super::guard::{CELL_BYTES_MAX, Guarded, STATEMENT_BYTES_MAX};
use super::shape;
use crate::tool::Error;

/// Most rows of an answer: more belong into a statement that sums them up.
pub const ROWS_MAX: i32 = 1_000;

/// Most parameters of a statement.
pub const PARAMETERS_MAX: usize = 100;

/// Most steps of SQLite's machine that a statement may take: a second or two. Reading a row and comparing a
/// cell are some five of them.
pub const STEPS_MAX: u64 = 50_000_000;

/// How many steps pass between two looks at the bounds.
const STEPS_BETWEEN: i32 = 1_000;

/// Runs one question. `stop` ends it from outside.
pub(super) fn run(
    guarded: &mut Guarded,
    query: &SqlQuery,
    bytes_max: usize,
    stop: &Arc<AtomicBool>,
) -> Result<Table, Error> {
    check(query)?;
    let steps = Arc::new(AtomicU64::new(0));
    let (counted, stopped) = (Arc::clone(&steps), Arc::clone(stop));
    let watch = move || {
        let between = u64::from(STEPS_BETWEEN.unsigned_abs());
        let passed = counted.fetch_add(between, Ordering::Relaxed) + between;
        passed > STEPS_MAX || stopped.load(Ordering::Relaxed)
    };
    guarded.connection.progress_handler(STEPS_BETWEEN, Some(watch)).map_err(Error::failed)?;
    let _ = guarded.take_refused();
    let asked = ask(guarded, query, bytes_max);
    let lifted = guarded.connection.progress_handler(0, None::<fn() -> bool>);
    let table = asked.map_err(|wrong| wrong.explain(guarded, steps.load(Ordering::Relaxed)))?;
    lifted.map_err(Error::failed)?;
    Ok(table)
}

/// What can be said before SQLite sees it.
fn check(query: &SqlQuery) -> Result<(), Error> {
    let bytes = query.statement.len();
    if bytes > STATEMENT_BYTES_MAX {
        let message = format!("the statement has {bytes} bytes, at most {STATEMENT_BYTES_MAX} are allowed");
        return Err(Error::refused(message));
    }
    if !(1..=ROWS_MAX).contains(&query.rows_max) {
        let message = format!("rows_max is {}, 1 to {ROWS_MAX} are allowed", query.rows_max);
        return Err(Error::refused(message));
    }
    let parameters = query.parameters.len();
    if parameters > PARAMETERS_MAX {
        let message = format!("{parameters} parameters are given, at most {PARAMETERS_MAX} are allowed");
        return Err(Error::refused(message));
    }
    Ok(())
}

/// What was wrong.
enum Wrong {
    /// SQLite says so.
    Sql(rusqlite::Error),
    /// We do.
    Ours(String),
}

impl From<rusqlite::Error> for Wrong {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

fn ask(guarded: &Guarded, query: &SqlQuery, bytes_max: usize) -> Result<Table, Wrong> {
    let mut statements = Batch::new(&guarded.connection, &query.statement);
    let Some(mut statement) = statements.next()? else {
        return Err(Wrong::Ours("the statement is empty; write one SELECT".to_owned()));
    };
    // A second one is refused whatever it says, also if it says nothing that SQLite understands.
    if !matches!(statements.next(), Ok(None)) {
        return Err(Wrong::Ours("there is more than one statement; write one SELECT".to_owned()));
    }
    if !statement.readonly() || statement.is_explain() != 0 || statement.column_count() == 0 {
        return Err(Wrong::Ours("the statement is no question; write one SELECT".to_owned()));
    }
    let (wanted, given) = (statement.parameter_count(), query.parameters.len());
    if wanted != given {
        let message = format!("the statement has {wanted} parameters, {given} are given");
        return Err(Wrong::Ours(message));
    }
    read(&mut statement, query, bytes_max)
}

fn read(statement: &mut Statement<'_>, query: &SqlQuery, bytes_max: usize) -> Result<Table, Wrong> {
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut room = Room { left: bytes_max, max: bytes_max };
    for column in &columns {
        room.take(column.len(), 0)?;
    }
    let rows_max = usize::try_from(query.rows_max).unwrap_or(0);
    let mut rows = statement.query(params_from_iter(query.parameters.iter().map(Parameter)))?;
    let mut table = Table { columns, rows: Vec::new(), is_cut: false };
    while let Some(row) = rows.next()? {
        if table.rows.len() == rows_max {
            table.is_cut = true;
            break;
        }
        let cells = cells(row, &table, &mut room)?;
        table.rows.push(cells);
    }
    Ok(table)
}

fn cells(row: &Row<'_>, table: &Table, room: &mut Room) -> Result<Vec<Cell>, Wrong> {
    let mut cells = Vec::with_capacity(table.columns.len());
    for (number, column) in table.columns.iter().enumerate() {
        let cell = match row.get_ref(number)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Long(number),
            ValueRef::Real(number) => Cell::Double(number),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Cell::Text(text.to_owned()),
                Err(_) => {
                    let message = format!("column {column} holds text that is not UTF-8; use hex({column})");
                    return Err(Wrong::Ours(message));
                }
            },
            ValueRef::Blob(_) => {
                let message = format!("column {column} holds bytes; use hex({column}), or leave it out");
                return Err(Wrong::Ours(message));
            }
        };
        room.take(size(&cell), table.rows.len())?;
        cells.push(cell);
    }
    Ok(cells)
}

/// Room for the answer, counted as it grows.
struct Room {
    left: usize,
    max: usize,
}

impl Room {
    fn take(&mut self, bytes: usize, rows: usize) -> Result<(), Wrong> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Wrong::Ours(format!(
                "the answer has more than {} bytes after {rows} rows; ask for fewer rows or columns",
                self.max
            ))),
        }
    }
}

/// Bytes of a cell in an answer, at most: a number takes up to ten, a text its length in up to five before
/// it, either its kind in one.
fn size(cell: &Cell) -> usize {
    match cell {
        Cell::Text(text) => text.len() + 6,
        _ => 11,
    }
}

/// A parameter as SQLite takes it; it is bound, never pasted.
struct Parameter<'p>(&'p Cell);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Cell::Null => ToSqlOutput::Owned(Value::Null),
            Cell::Long(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Cell::Double(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Cell::Boolean(truth) => ToSqlOutput::Owned(Value::Integer(i64::from(*truth))),
        })
    }
}

impl Wrong {
    /// For whoever asked: what was wrong, in SQLite's words, and what there is.
    fn explain(self, guarded: &Guarded, steps: u64) -> Error {
        let error = match self {
            Self::Ours(message) => return Error::refused(message),
            Self::Sql(error) => error,
        };
        if let Some(reason) = guarded.take_refused() {
            return Error::refused(reason);
        }
        let words = words(&error);
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) if steps > STEPS_MAX => Error::refused(format!(
                "the statement took more than {STEPS_MAX} steps and was stopped; ask for less of the data"
            )),
            Some(ErrorCode::OperationInterrupted) => Error::transient("the statement was stopped"),
            Some(ErrorCode::TooBig) => Error::refused(format!(
                "{words}: a text inside the statement has more than {CELL_BYTES_MAX} bytes"
            )),
            Some(ErrorCode::OutOfMemory) => {
                Error::transient("there is not enough memory for all statements at once; ask for less")
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::transient(words),
            Some(
                ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen,
            ) => Error::failed(format!("the database cannot be read: {words}")),
            _ => {
                let meant =
                    shape::meant(&words, &guarded.tables).map_or(String::new(), |meant| format!("; {meant}"));
                let there = shape::describe(&guarded.tables);
                Error::refused(format!("SQLite says: {words}{meant}; {there}"))
            }
        }
    }
}

/// SQLite's own words, without the statement.
fn words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}
