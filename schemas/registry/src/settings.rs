//! What the client is told. Every bound stands here with its reason.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;

/// Longest file of a secret: tokens have a few thousand characters.
const SECRET_BYTES_MAX: u64 = 16 * 1024;

/// How a registry is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where its API begins, for example `https://registry.example.com` or
    /// `http://127.0.0.1:8080/apis/ccompat/v7`.
    pub url: String,
    /// Who asks.
    pub credentials: Credentials,
    /// Certificates (PEM) that are trusted beside the system's, for a registry with a private authority.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take. A registry answers in milliseconds; one that is waking up takes
    /// seconds.
    pub request_max: Duration,
    /// How long an id that is met for the first time may take, with all that its schema refers to: a step
    /// waits for it, so less than what anybody notices in a partition.
    pub lookup_max: Duration,
    /// How long an id that could not be had is not asked for again, and nothing at all of a registry that
    /// does not answer: short enough that a schema which was registered late is found soon, long enough
    /// that a flood of unknown ids costs one wait in that time.
    pub absent_for: Duration,
    /// How long a start waits for a registry that is away: as long as one takes to boot on a busy machine.
    /// `Duration::MAX` for a service, which waits until somebody ends it.
    pub start_max: Duration,
    /// A file in which what was heard is kept, so that a restart survives a registry that is away.
    pub cache: Option<PathBuf>,
}

impl Settings {
    /// The starting values, for a registry.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            credentials: Credentials::None,
            ca_file: None,
            request_max: Duration::from_secs(5),
            lookup_max: Duration::from_secs(2),
            absent_for: Duration::from_secs(5),
            start_max: Duration::from_secs(30),
            cache: None,
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody in particular.
    #[default]
    None,
    /// A user with a password (HTTP basic authentication; an API key and its secret are the same).
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// Whoever holds this token.
    Bearer(Secret),
}

/// A password or token. Its `Debug` shows that there is one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret; white space around it is not part of it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Reads a file that holds nothing else.
    ///
    /// # Errors
    /// [`Error::Settings`], naming the file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let wrong = |problem: String| Error::Settings {
            problem: format!("read the secret in {}: {problem}", path.display()),
        };
        let length = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
        if length > SECRET_BYTES_MAX {
            return Err(wrong(format!("it has {length} bytes; put the bare secret there")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let secret = Self::new(&text);
        if secret.0.is_empty() {
            return Err(wrong("it is empty; put the secret there, or name no file".to_owned()));
        }
        Ok(secret)
    }

    pub(crate) fn shown_to_the_registry(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}
