//! What a step makes of a record: values that show every step that is in them, and the code that made it.
//!
//! It knows nothing of who steps, or when.

use std::fmt;

/// A version of the code. What `Z` writes is larger in bytes than what `A` writes of the same record, so
/// that at equal timestamps it would stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Writes `a0` of record 0.
    A,
    /// Writes `z0`.
    Z,
}

/// A key's state: which records were stepped into it, and by which code. Two bits a record: 0 not, 1 by
/// code `a`, 2 by code `z`, 3 more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(u8);

/// More records do not fit into a value.
pub const RECORDS_MAX: usize = 4;

/// Two bits of a value.
const TWICE: u8 = 3;

impl Value {
    /// What reads as no state.
    pub const NONE: Self = Self(0);

    /// This state after a step of a record.
    #[must_use]
    pub fn with(self, offset: u8, code: Code) -> Self {
        let bits = if self.of(offset) == 0 { code as u8 + 1 } else { TWICE };
        Self(self.0 | bits << (2 * offset))
    }

    fn of(self, offset: u8) -> u8 {
        self.0 >> (2 * offset) & TWICE
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::Z => "z",
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NONE {
            return f.write_str("nothing");
        }
        for offset in 0..RECORDS_MAX as u8 {
            match self.of(offset) {
                0 => {}
                1 => write!(f, "a{offset}")?,
                2 => write!(f, "z{offset}")?,
                _ => write!(f, "<{offset} twice>")?,
            }
        }
        Ok(())
    }
}
