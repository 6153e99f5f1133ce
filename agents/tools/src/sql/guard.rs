//! The guard: what a statement may be at all. It is set on a connection once, before any stranger's word.
//!
//! Three locks on the same door, because each has been opened somewhere: the file is opened read-only,
//! `query_only` is on, and an authorizer allows selecting, reading known tables and known functions, and
//! nothing else that SQLite will ever invent.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::shape::TableShape;

/// Longest statement: what a person writes fits a tenth of it.
pub const STATEMENT_BYTES_MAX: usize = 16 * 1024;

/// Longest text or blob inside SQLite, also on the way to a result.
pub(super) const CELL_BYTES_MAX: i32 = 64 * 1024;

/// Most memory that SQLite takes in this process, all connections together: sorting and grouping a few
/// hundred thousand rows, on every connection at once.
const HEAP_BYTES_MAX: i64 = 256 * 1024 * 1024;

/// What one connection keeps of the file in memory, in KiB.
const CACHE_KIB: i64 = 8 * 1024;

/// The functions that give the same answer every time. What is missing here reads a clock, draws numbers,
/// tells of the connection, or is nothing one asks data for.
const FUNCTIONS: [&str; 69] = [
    "->",
    "->>",
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "format",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json_array_length",
    "json_each",
    "json_extract",
    "json_type",
    "json_valid",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "max",
    "median",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "pow",
    "power",
    "printf",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sqrt",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "total",
    "trim",
    "typeof",
    "upper",
];

/// A connection that only answers.
pub(super) struct Guarded {
    /// SQLite's.
    pub(super) connection: Connection,
    /// Why the authorizer refused last.
    refused: Arc<Mutex<Option<String>>>,
    /// What there is.
    pub(super) tables: Arc<[TableShape]>,
}

impl Guarded {
    /// Opens a file to be read.
    pub(super) fn open(path: &Path, tables: Arc<[TableShape]>) -> rusqlite::Result<Self> {
        let mut connection = open_read_only(path)?;
        limit(&connection)?;
        let refused = Arc::<Mutex<Option<String>>>::default();
        let (known, notes) = (Known::of(&tables), Arc::clone(&refused));
        connection.authorizer(Some(move |context: AuthContext<'_>| match known.check(&context.action) {
            Ok(()) => Authorization::Allow,
            Err(reason) => {
                // The first is what the statement says; others follow from it.
                notes.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
                Authorization::Deny
            }
        }))?;
        Ok(Self { connection, refused, tables })
    }

    /// Why the authorizer refused since the last time this was asked.
    pub(super) fn take_refused(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Opens a file to be read, unguarded: for looking at what it holds.
pub(super) fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// Every limit SQLite has, and its settings that make a file's own schema harmless.
fn limit(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // Sorts in memory, where the heap's limit holds, instead of on a disk that it would fill.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update_and_check(None, "hard_heap_limit", HEAP_BYTES_MAX, |_| Ok(()))?;
    let statement = i32::try_from(STATEMENT_BYTES_MAX).unwrap_or(i32::MAX);
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, CELL_BYTES_MAX),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, statement),
        (Limit::SQLITE_LIMIT_COLUMN, 200),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 20),
        (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 20),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, most)?;
    }
    Ok(())
}

/// What a statement may name.
struct Known {
    tables: BTreeSet<String>,
    listed: String,
}

impl Known {
    fn of(tables: &[TableShape]) -> Self {
        let tables: BTreeSet<String> = tables.iter().map(|table| table.name.to_lowercase()).collect();
        let listed = tables.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
        Self { tables, listed }
    }

    /// Allows what only reads, or says why not.
    fn check(&self, action: &AuthAction<'_>) -> Result<(), String> {
        match action {
            AuthAction::Select | AuthAction::Recursive => Ok(()),
            // Without a column it is counted, not read; it may be a statement's own name for a subquery.
            AuthAction::Read { column_name: "", .. } => Ok(()),
            AuthAction::Read { table_name, .. } if self.tables.contains(&table_name.to_lowercase()) => Ok(()),
            // The one table that a function makes: of what a cell holds as JSON.
            AuthAction::Read { table_name: "json_each", .. } => Ok(()),
            AuthAction::Read { table_name, .. } => {
                Err(format!("table {table_name} cannot be read; there are: {}", self.listed))
            }
            AuthAction::Function { function_name } => check_function(function_name),
            AuthAction::Pragma { pragma_name, .. } => Err(format!("PRAGMA {pragma_name} is not allowed")),
            AuthAction::Attach { .. } | AuthAction::Detach { .. } => {
                Err("ATTACH and DETACH are not allowed".to_owned())
            }
            AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
                Err("transactions are not allowed: a statement is one by itself".to_owned())
            }
            _ => Err("only SELECT is allowed: the database is read-only".to_owned()),
        }
    }
}

fn check_function(name: &str) -> Result<(), String> {
    let lower = name.to_lowercase();
    if FUNCTIONS.contains(&lower.as_str()) {
        return Ok(());
    }
    let reason = match lower.as_str() {
        "date" | "time" | "datetime" | "julianday" | "unixepoch" | "strftime" | "timediff"
        | "current_date" | "current_time" | "current_timestamp" => {
            "it can read the clock, and an answer must be the same every time; dates are text, so compare them, or \
             use substr"
        }
        "random" | "randomblob" => "an answer must be the same every time",
        _ => "only functions that compute from their arguments are",
    };
    Err(format!("function {name} is not allowed: {reason}"))
}
