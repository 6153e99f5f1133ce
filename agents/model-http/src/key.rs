//! The API key: read once at the start, never shown.

use std::fmt;
use std::path::PathBuf;

use reqwest::header::HeaderValue;

use crate::settings::BuildError;

/// Longest key file: keys have a hundred characters, some are tokens of a few thousand.
const KEY_BYTES_MAX: u64 = 16 * 1024;

/// Where the key comes from. Only the place is configuration; the key itself never stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// An environment variable's name.
    Environment(String),
    /// A file that holds nothing else.
    File(PathBuf),
}

/// A key. Its `Debug` shows that there is one.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

impl ApiKey {
    /// Reads the key; white space around it is not part of it.
    ///
    /// # Errors
    /// [`BuildError::Key`], if there is none, or it cannot stand in a header.
    pub fn read(source: &KeySource) -> Result<Self, BuildError> {
        let (place, text) = match source {
            KeySource::Environment(name) => (format!("environment variable {name}"), from_environment(name)),
            KeySource::File(path) => (format!("file {}", path.display()), from_file(path)),
        };
        let wrong = |problem: &str| BuildError::Key { place: place.clone(), problem: problem.to_owned() };
        let text = text.map_err(|problem| wrong(&problem))?;
        let key = text.trim();
        if key.is_empty() {
            return Err(wrong("it is empty; put the key there, or configure none"));
        }
        // The error of a bad header does not show the value.
        let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
            .map_err(|_| wrong("it holds characters that no key has; put the bare key there, on one line"))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The value of the Authorization header, marked sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

fn from_environment(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|error| match error {
        std::env::VarError::NotPresent => "it is not set; export it, or configure no key".to_owned(),
        std::env::VarError::NotUnicode(_) => "it is not text; export the bare key".to_owned(),
    })
}

fn from_file(path: &PathBuf) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > KEY_BYTES_MAX {
        return Err(format!("it has {size} bytes, at most {KEY_BYTES_MAX} are a key; is it the right file?"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
