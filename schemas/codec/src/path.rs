//! A flaw and where it lies: the path is gathered while an error travels up, so that the good way pays
//! nothing for it.

use std::fmt::Write;

/// A problem somewhere inside a message or a schema.
#[derive(Debug)]
pub(crate) struct Flaw<P> {
    /// The steps from the inside out.
    steps: Vec<String>,
    /// What is wrong there.
    pub(crate) problem: P,
}

impl<P> Flaw<P> {
    /// A problem right here.
    pub(crate) const fn here(problem: P) -> Self {
        Self { steps: Vec::new(), problem }
    }

    /// The same problem, seen from the record that holds `field`.
    #[must_use]
    pub(crate) fn in_field(mut self, field: &str) -> Self {
        self.steps.push(format!(".{field}"));
        self
    }

    /// The same problem, seen from the array that holds item `index`.
    #[must_use]
    pub(crate) fn in_item(mut self, index: usize) -> Self {
        self.steps.push(format!("[{index}]"));
        self
    }

    /// The same problem, seen from the map that holds `key`.
    #[must_use]
    pub(crate) fn in_key(mut self, key: &str) -> Self {
        self.steps.push(format!("[{key:?}]"));
        self
    }

    /// The path from the outermost record: `plan.sectors[2].name`; `(top)` for the record itself.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            // Writing to a string cannot fail.
            let _ = write!(path, "{step}");
        }
        match path.strip_prefix('.') {
            Some(rest) => rest.to_owned(),
            None if path.is_empty() => "(top)".to_owned(),
            None => path,
        }
    }
}
