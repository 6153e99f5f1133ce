//! A database: a SQLite file as it is, or one made at start from tables: those of a folder, or texts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::guard::{Guarded, open_read_only};
use super::shape::{self, TableShape};
use super::tables;
use crate::tool::Error;

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file or folder cannot be read.
    #[error("could not read {path}: {cause}")]
    Unreadable {
        /// Which.
        path: String,
        /// What the system or SQLite says.
        cause: String,
    },
    /// A table's file is not what it should be.
    #[error("could not load table {path}: {problem}")]
    Table {
        /// Which file.
        path: String,
        /// What was found, where, and what is allowed.
        problem: String,
    },
    /// SQLite did not take what was loaded.
    #[error("could not load table {path}: SQLite says: {cause}")]
    Sqlite {
        /// Which file.
        path: String,
        /// SQLite's words.
        cause: String,
    },
}

/// What statements are asked of. A clone is the same database.
#[derive(Clone, Debug)]
pub struct Database {
    path: PathBuf,
    tables: Arc<[TableShape]>,
    /// Where it was made; gone when the last clone is.
    _folder: Option<Arc<TempDir>>,
}

impl Database {
    /// A SQLite file, which is opened to be read and never written.
    ///
    /// # Errors
    /// [`LoadError::Unreadable`] if it is missing or no database.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        Self::at(path.to_owned(), None)
    }

    /// The tables of a folder: each `NAME.csv` with a line of column names, and each `NAME.json` with an
    /// array of objects, becomes table `NAME` (with `_` for `-`). Other files are left alone. A column of
    /// whole numbers is INTEGER, one of numbers REAL, any other TEXT; what is empty is NULL.
    ///
    /// # Errors
    /// What is wrong with the first table that cannot be used.
    pub fn load(folder: &Path) -> Result<Self, LoadError> {
        Self::made_of(&tables::read(folder)?)
    }

    /// Tables from texts: each a name and a CSV with a line of column names, read as [`Database::load`] reads
    /// a file. Equal texts make equal files, byte for byte.
    ///
    /// # Errors
    /// What is wrong with the first table that cannot be used.
    pub fn of_csv(texts: &[(&str, &str)]) -> Result<Self, LoadError> {
        let found: Vec<tables::Found> =
            texts.iter().map(|(name, text)| tables::of_csv(name, text)).collect::<Result<_, _>>()?;
        Self::made_of(&found)
    }

    /// A file of its own in a folder that nobody else can read, both gone with the process (what a `kill -9`
    /// leaves behind is the system's to clear away, like all in its folder for what is temporary).
    fn made_of(found: &[tables::Found]) -> Result<Self, LoadError> {
        let made = tempfile::tempdir().map_err(|cause| LoadError::Unreadable {
            path: std::env::temp_dir().display().to_string(),
            cause: cause.to_string(),
        })?;
        let path = made.path().join("tables.sqlite");
        tables::write(&path, found)?;
        Self::at(path, Some(Arc::new(made)))
    }

    /// The tables there are.
    #[must_use]
    pub fn tables(&self) -> &[TableShape] {
        &self.tables
    }

    /// The file's own bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> std::io::Result<Vec<u8>> {
        std::fs::read(&self.path)
    }

    fn at(path: PathBuf, folder: Option<Arc<TempDir>>) -> Result<Self, LoadError> {
        let unreadable = |error: rusqlite::Error| LoadError::Unreadable {
            path: path.display().to_string(),
            cause: error.to_string(),
        };
        let connection = open_read_only(&path).map_err(unreadable)?;
        let tables = shape::read(&connection).map_err(unreadable)?.into();
        Ok(Self { path, tables, _folder: folder })
    }

    /// A connection that only answers.
    pub(super) fn connect(&self) -> Result<Guarded, Error> {
        Guarded::open(&self.path, Arc::clone(&self.tables))
            .map_err(|error| Error::failed(format!("open database {}: {error}", self.path.display())))
    }
}
