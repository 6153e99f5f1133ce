//! The tokens that open the public door. Only their hashes are kept, so that nothing can log them.

use std::path::Path;

/// Shortest token, in characters: 16 random ones cannot be guessed through a rate limit.
const TOKEN_CHARS_MIN: usize = 16;

/// Most tokens: each request is compared with all of them.
const TOKENS_MAX: usize = 100;

/// Some tokens.
#[derive(Clone, Default)]
pub struct Tokens(Vec<blake3::Hash>);

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tokens", self.0.len())
    }
}

impl Tokens {
    /// Takes tokens, one a line; blank lines and lines that begin with `#` do not count.
    ///
    /// # Errors
    /// A sentence that does not quote them, if one is too short or there are too many.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut tokens = Vec::new();
        for (index, token) in lines.enumerate() {
            if token.chars().count() < TOKEN_CHARS_MIN {
                return Err(format!(
                    "token {} has fewer than {TOKEN_CHARS_MIN} characters: use `openssl rand -hex 32`",
                    index + 1
                ));
            }
            tokens.push(blake3::hash(token.as_bytes()));
        }
        if tokens.len() > TOKENS_MAX {
            return Err(format!("there are {} tokens, at most {TOKENS_MAX} are taken", tokens.len()));
        }
        Ok(Self(tokens))
    }

    /// Reads a file of tokens.
    ///
    /// # Errors
    /// A sentence that names the file: it cannot be read, holds no token, or one that is too short.
    pub fn read(file: &Path) -> Result<Self, String> {
        let refused = |cause: String| format!("could not take tokens from {}: {cause}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
        let tokens = Self::parse(&text).map_err(refused)?;
        if tokens.is_empty() { Err(refused("there is none; write one a line".into())) } else { Ok(tokens) }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Which token this is. Hashes are compared in constant time, and always all of them.
    pub(super) fn find(&self, given: &str) -> Option<usize> {
        let given = blake3::hash(given.as_bytes());
        let mut found = None;
        for (index, token) in self.0.iter().enumerate() {
            if *token == given {
                found = Some(index);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    //! Tokens are taken from lines, and are not shown.

    use super::Tokens;

    /// Each line opens, and nothing else.
    #[test]
    fn opens_with_its_own() {
        let tokens = Tokens::parse("# ours\n0123456789abcdef\n\n  fedcba9876543210  \n").unwrap();
        assert_eq!(tokens.find("0123456789abcdef"), Some(0));
        assert_eq!(tokens.find("fedcba9876543210"), Some(1));
        for wrong in ["", "0123456789abcde", "0123456789abcdef0", "# ours", "Bearer 0123456789abcdef"] {
            assert_eq!(tokens.find(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{tokens:?}"), "2 tokens");
    }

    /// What is too weak or too much is refused, without being quoted.
    #[test]
    fn refuses() {
        let error = Tokens::parse("hunter2").unwrap_err();
        assert!(error.contains("token 1") && !error.contains("hunter2"), "{error}");
        assert!(Tokens::parse(&"0123456789abcdef\n".repeat(101)).unwrap_err().contains("at most 100"));
        assert!(Tokens::read(std::path::Path::new("/nowhere")).unwrap_err().contains("/nowhere"));
    }
}
