//! A base: texts, of a folder or given, read and indexed at start, asked ever after.
//!
//! Equal folder, equal question, equal bytes: passages come by their score, then by their id, and the score
//! is a function of the words alone. Nothing here watches the folder; what has changed in it counts from the
//! next start on.

use std::path::{Path, PathBuf};

use schemas_records::tool::{KnowledgeQuery, Passage, Passages};

use crate::document::{self, PASSAGE_BYTES_MAX, Piece, TITLE_BYTES_MAX};
use crate::index::Index;

/// Most passages of an answer.
pub const TOP_MAX: i32 = 20;

/// Longest query: a paragraph. What matters of a longer text should be asked for.
pub const QUERY_BYTES_MAX: usize = 4 * 1024;

/// Largest document.
pub const DOCUMENT_BYTES_MAX: u64 = 1 << 20;

/// Most text of a base: it lies in memory, and is indexed at each start.
pub const BASE_BYTES_MAX: u64 = 32 << 20;

/// Most documents of a base.
pub const DOCUMENTS_MAX: usize = 10_000;

/// Most passages of a base: each query may score all of them, in a few milliseconds.
pub const PASSAGES_MAX: usize = 50_000;

/// Most folders in folders: also ends those that hold themselves.
const DEPTH_MAX: usize = 8;

/// What an answer may have stays far from a record's limit, whatever is found.
const _: () = assert!(TOP_MAX as usize * (PASSAGE_BYTES_MAX + 3 * TITLE_BYTES_MAX + 512) < 64 * 1024);

/// Longest path of a document below its base's folder: it is part of each passage's id.
const PATH_BYTES_MAX: usize = 400;

/// Why there is no base.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A folder or document cannot be read.
    #[error("knowledge {base:?}: could not read {path}: {cause}")]
    Unreadable {
        /// The base.
        base: String,
        /// Which.
        path: String,
        /// What the system says.
        cause: String,
    },
    /// A document cannot be used, or there are too many.
    #[error("knowledge {base:?}: {path}: {problem}")]
    Document {
        /// The base.
        base: String,
        /// Which document or folder.
        path: String,
        /// What was found and what is allowed.
        problem: String,
    },
    /// The index could not be built.
    #[error("knowledge {base:?}: could not build the index: {cause}")]
    Index {
        /// The base.
        base: String,
        /// What it says.
        cause: String,
    },
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It cannot be asked so.
    #[error("{0}")]
    Query(String),
    /// The index failed, which is a bug.
    #[error("could not search: {0}")]
    Index(String),
}

/// A folder of texts.
pub struct Base {
    name: String,
    ids: Vec<String>,
    pieces: Vec<Piece>,
    index: Index,
}

impl Base {
    /// Reads every `.md` and `.txt` below a folder.
    ///
    /// # Errors
    /// What is wrong with the first document that cannot be used; a folder without any.
    pub fn load(name: &str, folder: &Path) -> Result<Self, LoadError> {
        let mut reading = Reading { base: name, folder, paths: Vec::new(), bytes: 0 };
        reading.list(folder, 0)?;
        reading.paths.sort();
        let mut gathered = Gathered::default();
        for path in std::mem::take(&mut reading.paths) {
            let (document, text) = reading.read(&path)?;
            gathered.add(&document, &text).map_err(|problem| reading.unusable(&path, &problem))?;
        }
        if gathered.pieces.is_empty() {
            return Err(reading.unusable(folder, "it holds no document; put .md or .txt files there"));
        }
        gathered.indexed(name)
    }

    /// A base of texts that a program brings with it: each a document's name, such as `notice.md`, and its
    /// text, under the same bounds as a folder's.
    ///
    /// # Errors
    /// What is wrong with the first document that cannot be used; no document at all; two of one name.
    pub fn of_texts(name: &str, texts: &[(&str, &str)]) -> Result<Self, LoadError> {
        let unusable = |path: &str, problem: &str| LoadError::Document {
            base: name.to_owned(),
            path: path.to_owned(),
            problem: problem.to_owned(),
        };
        let mut reading = Reading { base: name, folder: Path::new(""), paths: Vec::new(), bytes: 0 };
        let mut gathered = Gathered::default();
        let mut sorted = texts.to_vec();
        sorted.sort_unstable();
        for (at, (document, text)) in sorted.iter().enumerate() {
            if at > 0 && sorted[at - 1].0 == *document {
                return Err(unusable(document, "it is there twice; rename one"));
            }
            reading.count(Path::new(document), u64::try_from(text.len()).unwrap_or(u64::MAX))?;
            reading.paths.push(PathBuf::from(document));
            gathered.add(document, text).map_err(|problem| unusable(document, &problem))?;
        }
        if gathered.pieces.is_empty() {
            return Err(unusable("(no path)", "it holds no document; give it some"));
        }
        gathered.indexed(name)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many passages it holds.
    #[must_use]
    pub fn passages(&self) -> usize {
        self.pieces.len()
    }

    /// The passages that fit best, at most `top`, by score and then by id; none if no word is found.
    ///
    /// # Errors
    /// A query without words, too long, or for too many or no passages.
    pub fn ask(&self, query: &KnowledgeQuery) -> Result<Passages, QueryError> {
        let wrong = |message: String| Err(QueryError::Query(message));
        let bytes = query.text.len();
        if bytes > QUERY_BYTES_MAX {
            return wrong(format!("the query has {bytes} bytes, at most {QUERY_BYTES_MAX} are allowed"));
        }
        if !(1..=TOP_MAX).contains(&query.top) {
            return wrong(format!("top is {}, 1 to {TOP_MAX} are allowed", query.top));
        }
        let words = self.index.words(&query.text);
        if words.is_empty() {
            return wrong("the query has no words; say what is looked for".to_owned());
        }
        let mut found = self.index.find(&words).map_err(|error| QueryError::Index(error.to_string()))?;
        found.sort_by(|(a, a_score), (b, b_score)| {
            b_score.total_cmp(a_score).then_with(|| self.ids[*a].cmp(&self.ids[*b]))
        });
        found.truncate(usize::try_from(query.top).unwrap_or(0));
        let passages = found.into_iter().map(|(number, score)| self.passage(number, score)).collect();
        Ok(Passages { passages })
    }

    fn passage(&self, number: usize, score: f32) -> Passage {
        let Piece { source, title, text } = self.pieces[number].clone();
        Passage { id: self.ids[number].clone(), source, title, text, score: f64::from(score) }
    }
}

/// Passages as they are gathered, each with its id.
#[derive(Default)]
struct Gathered {
    ids: Vec<String>,
    pieces: Vec<Piece>,
}

impl Gathered {
    /// Adds a document's passages, or says what is wrong with it.
    fn add(&mut self, document: &str, text: &str) -> Result<(), String> {
        let split = document::split(document, text);
        if split.is_empty() {
            return Err("it holds no text; write some, or remove it".to_owned());
        }
        for (number, piece) in (1..).zip(split) {
            self.ids.push(format!("{document}#{number:04}"));
            self.pieces.push(piece);
        }
        if self.pieces.len() > PASSAGES_MAX {
            return Err(format!("with it there are more than {PASSAGES_MAX} passages; split the base"));
        }
        Ok(())
    }

    fn indexed(self, name: &str) -> Result<Base, LoadError> {
        let Self { ids, pieces } = self;
        let index = Index::build(&pieces)
            .map_err(|error| LoadError::Index { base: name.to_owned(), cause: error.to_string() })?;
        Ok(Base { name: name.to_owned(), ids, pieces, index })
    }
}

/// A base that is being read.
struct Reading<'r> {
    base: &'r str,
    folder: &'r Path,
    paths: Vec<PathBuf>,
    bytes: u64,
}

impl Reading<'_> {
    /// Gathers the documents of a folder and of those in it.
    fn list(&mut self, folder: &Path, depth: usize) -> Result<(), LoadError> {
        if depth > DEPTH_MAX {
            let problem = format!("it lies more than {DEPTH_MAX} folders deep; move it up");
            return Err(self.unusable(folder, &problem));
        }
        for entry in std::fs::read_dir(folder).map_err(|error| self.unreadable(folder, &error))? {
            let path = entry.map_err(|error| self.unreadable(folder, &error))?.path();
            // Follows links: some put a folder's files elsewhere.
            let found = std::fs::metadata(&path).map_err(|error| self.unreadable(&path, &error))?;
            let ending = path.extension().and_then(|ending| ending.to_str());
            if found.is_dir() {
                self.list(&path, depth + 1)?;
            } else if matches!(ending, Some("md" | "txt")) {
                self.count(&path, found.len())?;
                self.paths.push(path);
            }
        }
        Ok(())
    }

    fn count(&mut self, path: &Path, bytes: u64) -> Result<(), LoadError> {
        if bytes > DOCUMENT_BYTES_MAX {
            let problem = format!("it has {bytes} bytes, at most {DOCUMENT_BYTES_MAX} are allowed; split it");
            return Err(self.unusable(path, &problem));
        }
        self.bytes += bytes;
        if self.bytes > BASE_BYTES_MAX {
            let problem = format!("with it the base has more than {BASE_BYTES_MAX} bytes; split the base");
            return Err(self.unusable(path, &problem));
        }
        if self.paths.len() == DOCUMENTS_MAX {
            let problem = format!("it is one document too many, {DOCUMENTS_MAX} are allowed; split the base");
            return Err(self.unusable(path, &problem));
        }
        Ok(())
    }

    /// A document's name, its path below the folder with `/` in it, and its text.
    fn read(&self, path: &Path) -> Result<(String, String), LoadError> {
        let below = path.strip_prefix(self.folder).unwrap_or(path);
        let pieces: Option<Vec<&str>> = below.iter().map(|piece| piece.to_str()).collect();
        let Some(name) = pieces.map(|pieces| pieces.join("/")) else {
            return Err(self.unusable(path, "its name is not UTF-8; rename it"));
        };
        if name.len() > PATH_BYTES_MAX {
            let problem = format!("its path has {} bytes, at most {PATH_BYTES_MAX} are allowed", name.len());
            return Err(self.unusable(path, &problem));
        }
        let bytes = std::fs::read(path).map_err(|error| self.unreadable(path, &error))?;
        match String::from_utf8(bytes) {
            // Windows' line ends are no part of what is said.
            Ok(text) => Ok((name, text.replace("\r\n", "\n"))),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                Err(self.unusable(path, &format!("it is not UTF-8 at byte {at}; save it as UTF-8")))
            }
        }
    }

    fn unreadable(&self, path: &Path, error: &std::io::Error) -> LoadError {
        let (base, path) = (self.base.to_owned(), path.display().to_string());
        LoadError::Unreadable { base, path, cause: error.to_string() }
    }

    fn unusable(&self, path: &Path, problem: &str) -> LoadError {
        let (base, path) = (self.base.to_owned(), path.display().to_string());
        LoadError::Document { base, path, problem: problem.to_owned() }
    }
}

#[cfg(test)]
mod tests;
