//! Avro's primitives, read from bytes one after another, each within the bytes that are there.
//!
//! It knows how things are written, not which thing comes next: that is the schema's to say.

use crate::body::Problem;

/// One block of an array or map.
pub(crate) struct Block {
    /// Items in it.
    pub(crate) count: u64,
    /// Bytes they take, if the writer said so, and where they began.
    claimed: Option<(i64, usize)>,
}

impl Block {
    /// Checks the block's size, once its items are read.
    pub(crate) fn close(&self, cursor: &Cursor<'_>) -> Result<(), Problem> {
        let Some((claimed, began)) = self.claimed else {
            return Ok(());
        };
        let found = cursor.at - began;
        if usize::try_from(claimed) == Ok(found) {
            Ok(())
        } else {
            Err(Problem::BlockSize { claimed, found })
        }
    }
}

/// Reads Avro's primitives from bytes, one after another.
pub(crate) struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Cursor<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes not read yet.
    pub(crate) const fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize, expected: &'static str) -> Result<&'b [u8], Problem> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..count).ok_or(Problem::Ends { expected })?;
        self.at += count;
        Ok(taken)
    }

    /// Exactly `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], Problem> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N, expected)?);
        Ok(out)
    }

    /// A zigzag variable-length number.
    pub(crate) fn long(&mut self) -> Result<i64, Problem> {
        self.number("long")
    }

    /// The same within 32 bits.
    pub(crate) fn int(&mut self) -> Result<i32, Problem> {
        let expected = "int";
        i32::try_from(self.number(expected)?).map_err(|_| Problem::NumberTooLarge { expected })
    }

    fn number(&mut self, expected: &'static str) -> Result<i64, Problem> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array(expected)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err(Problem::NumberTooLarge { expected })
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, Problem> {
        match self.array("boolean")? {
            [0] => Ok(false),
            [1] => Ok(true),
            [found] => Err(Problem::NotBoolean { found }),
        }
    }

    /// Bytes preceded by their length.
    pub(crate) fn bytes(&mut self, expected: &'static str) -> Result<&'b [u8], Problem> {
        let found = self.number(expected)?;
        match usize::try_from(found) {
            Ok(length) if length <= self.left() => self.take(length, expected),
            _ => Err(Problem::Length { found }),
        }
    }

    pub(crate) fn text(&mut self) -> Result<&'b str, Problem> {
        std::str::from_utf8(self.bytes("string")?).map_err(|_| Problem::NotUtf8)
    }

    /// The index of a symbol or branch, below `count`.
    pub(crate) fn index(&mut self, what: &'static str, count: usize) -> Result<usize, Problem> {
        let found = self.number(what)?;
        match usize::try_from(found) {
            Ok(index) if index < count => Ok(index),
            _ => Err(Problem::NoSuchIndex { what, found }),
        }
    }

    /// The head of a block; `None` at the end of the array or map. A negative count is followed by the
    /// block's size in bytes.
    pub(crate) fn block(&mut self) -> Result<Option<Block>, Problem> {
        let count = self.number("array or map")?;
        if count == 0 {
            return Ok(None);
        }
        let claimed = if count < 0 {
            let size = self.number("array or map")?;
            Some((size, self.at))
        } else {
            None
        };
        Ok(Some(Block { count: count.unsigned_abs(), claimed }))
    }
}
