//! A value as the one payload cell of its row: whole, or its beginning and where the rest lies.
//!
//! At equal timestamps servers keep the larger cell, byte by byte. What is added to a value stands behind
//! it, so that cells are ordered as their values are: a whole value ends with 0, a beginning goes on with
//! 1. Only large values with equal beginnings are ordered by length and id instead.

use bytes::{BufMut, Bytes, BytesMut};

/// Largest value that lies in its row, and size of a chunk: both kinds of server slow down or refuse
/// where cells reach mebibytes.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

/// Largest value. The largest that is known are model answers of 5 MB; twelve times that still fits into
/// memory many times over.
pub(crate) const VALUE_BYTES_MAX: usize = 64 << 20;

/// Names the chunks of a large value.
pub(crate) type Id = [u8; 32];

/// What a cell of a large value ends with: a mark, the value's length, the id of its chunks.
const TRAILER_BYTES: usize = 1 + 8 + 32;

/// What a cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// All of a value.
    Whole(Bytes),
    /// The beginning of a value, and how to find the rest.
    Large(Large),
}

/// A value of which only the beginning lies in its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Large {
    /// The first [`CHUNK_BYTES`].
    pub beginning: Bytes,
    /// Bytes in all.
    pub length: usize,
    /// Whose chunks the rest is.
    pub id: Id,
}

impl Large {
    /// How many chunks the rest has.
    pub fn chunks(&self) -> usize {
        self.length.saturating_sub(CHUNK_BYTES).div_ceil(CHUNK_BYTES)
    }
}

/// Whether a value does not fit into its row.
pub(crate) fn is_large(value: &[u8]) -> bool {
    value.len() > CHUNK_BYTES
}

/// The cell of a value that fits.
pub(crate) fn whole(value: &[u8]) -> Bytes {
    let mut cell = BytesMut::with_capacity(value.len() + 1);
    cell.put_slice(value);
    cell.put_u8(0);
    cell.freeze()
}

/// The cell of a value that does not.
pub(crate) fn large(value: &[u8], id: &Id) -> Bytes {
    let beginning = &value[..CHUNK_BYTES.min(value.len())];
    let mut cell = BytesMut::with_capacity(beginning.len() + TRAILER_BYTES);
    cell.put_slice(beginning);
    cell.put_u8(1);
    cell.put_u64(value.len() as u64);
    cell.put_slice(id);
    cell.freeze()
}

/// What a cell says; `None` if it is none of ours. Its length tells the two kinds apart.
pub(crate) fn read(cell: &Bytes) -> Option<Cell> {
    if cell.len() <= CHUNK_BYTES + 1 {
        let (last, value) = cell.split_last()?;
        return (*last == 0).then(|| Cell::Whole(cell.slice(..value.len())));
    }
    let (beginning, trailer) = cell.split_at_checked(CHUNK_BYTES)?;
    let [1, trailer @ ..] = trailer else { return None };
    let (length, id) = trailer.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    let id = Id::try_from(id).ok()?;
    let is_possible = length > CHUNK_BYTES && length <= VALUE_BYTES_MAX;
    is_possible.then(|| Cell::Large(Large { beginning: cell.slice(..beginning.len()), length, id }))
}

#[cfg(test)]
mod tests;
