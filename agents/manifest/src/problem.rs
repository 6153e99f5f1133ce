//! What is wrong with a team's folder: all of it at once, each with its place and the nearest right word.

use std::fmt;

/// Most problems that are reported: whoever has more mends these first.
pub const PROBLEMS_MAX: usize = 100;

/// A place in a file, as people and editors count: from 1. Line 0 is the file as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl Place {
    /// The place of a byte of `text`.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column }
    }
}

/// Something with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    /// What.
    pub value: T,
    /// Where.
    pub place: Place,
}

impl<T> At<T> {
    /// Something at a place.
    pub const fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }
}

impl<T> std::ops::Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, from the team's folder.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// The field, for example `step plan, answer`; empty for the file as a whole.
    pub field: String,
    /// What was found.
    pub found: String,
    /// What is allowed, with the nearest right word.
    pub allowed: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.place.line > 0 {
            write!(f, ":{}:{}", self.place.line, self.place.column)?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        write!(f, ": {}; {}", self.found, self.allowed)
    }
}

/// Everything that is wrong with a team's folder, in the order of its files and lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems.
    #[must_use]
    pub fn list(&self) -> &[Problem] {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one.
    pub(crate) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// In order, each once, no more than are read.
    pub(crate) fn sorted(mut self) -> Self {
        self.0.sort();
        self.0.dedup();
        self.0.truncate(PROBLEMS_MAX);
        self
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Where problems of one file are gathered.
pub(crate) struct Report<'a> {
    problems: &'a mut Problems,
    file: String,
}

impl<'a> Report<'a> {
    pub(crate) fn new(problems: &'a mut Problems, file: &str) -> Self {
        Self { problems, file: file.to_owned() }
    }

    /// The same, for another file.
    pub(crate) fn of_file(&mut self, file: &str) -> Report<'_> {
        Report { problems: self.problems, file: file.to_owned() }
    }

    /// The same once more, for a shorter while.
    pub(crate) fn again(&mut self) -> Report<'_> {
        Report { problems: self.problems, file: self.file.clone() }
    }

    pub(crate) fn add(
        &mut self,
        place: Place,
        field: impl Into<String>,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        self.problems.add(Problem {
            file: self.file.clone(),
            place,
            field: field.into(),
            found: found.into(),
            allowed: allowed.into(),
        });
    }

    /// A name that stands for nothing.
    pub(crate) fn unknown<'n>(
        &mut self,
        place: Place,
        field: impl Into<String>,
        what: &str,
        name: &str,
        allowed: impl Iterator<Item = &'n str>,
    ) {
        let allowed: Vec<&str> = allowed.collect();
        self.add(place, field, format!("there is no {what} {name:?}"), hint(name, &allowed));
    }
}

/// `did you mean x?`, if something is near; and which words are allowed.
pub(crate) fn hint(found: &str, allowed: &[&str]) -> String {
    let mut words: Vec<&str> = allowed.to_vec();
    words.sort_unstable();
    words.dedup();
    schemas_codec::nearest::hint(found, words, ("allowed", "none is declared"))
}
