//! A tool that answers questions to a database by SQL, and can do nothing else with it.
//!
//! A statement may come from a model, so it is taken for a stranger's. In the order in which it meets them:
//! its length, its parameters, `guard` (read-only in every way SQLite has, only tables that are there, only
//! functions that give the same answer every time), `query` (bounds on steps, rows, cells and memory). Who is
//! refused is told by SQLite's words, what there is, and what was probably meant.
//!
//! Equal database, equal question, equal bytes: nothing here reads a clock or draws a number, and the bound
//! on time is one on steps of SQLite's machine. (Rows come in an order only if the statement says so; the
//! same version of SQLite picks the same one.)

mod database;
mod guard;
mod pool;
mod query;
mod shape;
mod tables;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::CallId;
use schemas_records::tool::{SqlQuery, Table};

use self::pool::Pool;
use crate::tool::{Bounds, Declaration, Effects, Error, Schema, Tool};

pub use self::database::{Database, LoadError};
pub use self::guard::STATEMENT_BYTES_MAX;
pub use self::query::{PARAMETERS_MAX, ROWS_MAX, STEPS_MAX};
pub use self::shape::TableShape;

/// Most statements that run at once, each on a thread and a connection of its own: what two cores do, and
/// no more memory than so many times what one may take.
const CONNECTIONS_MAX: usize = 4;

/// Longest that one statement may take, its wait for a thread included: many times what [`STEPS_MAX`] steps
/// take on a machine that has other things to do.
const TIME_MAX: Duration = Duration::from_secs(30);

/// Reads a database.
pub struct SqlTool {
    declaration: Declaration,
    pool: Pool,
    codec: Codec,
}

impl SqlTool {
    /// A tool of this name over a database.
    #[must_use]
    pub fn new(name: &str, database: Database, codec: Codec) -> Self {
        let bounds = Bounds { time: TIME_MAX, in_flight: CONNECTIONS_MAX, ..Bounds::default() };
        let declaration = Declaration {
            name: name.to_owned(),
            effects: Effects::Idempotent,
            arguments: Schema::of::<SqlQuery>(),
            answer: Schema::of::<Table>(),
            bounds,
        };
        Self { declaration, pool: Pool::new(database, CONNECTIONS_MAX), codec }
    }

    /// The tables there are, for prompts and for people.
    #[must_use]
    pub fn tables(&self) -> &[TableShape] {
        self.pool.database().tables()
    }

    /// Asks. Dropping the future stops the statement.
    ///
    /// # Errors
    /// Refused with what is wrong with the question; failed if the database is.
    pub async fn ask(&self, query: SqlQuery) -> Result<Table, Error> {
        let bytes_max = self.declaration.bounds.answer_bytes;
        self.pool.run(move |connection, stop| query::run(connection, &query, bytes_max, stop)).await
    }
}

#[async_trait]
impl Tool for SqlTool {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    async fn call(&self, _: CallId, arguments: Bytes) -> Result<Bytes, Error> {
        let query: SqlQuery = self.codec.decode(&arguments).map_err(Error::refused)?;
        let table = self.ask(query).await?;
        self.codec.encode(&table).map_err(Error::failed)
    }
}

#[cfg(test)]
mod tests;
