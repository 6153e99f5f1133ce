//! The body of a message, checked before anything is built from it.
//!
//! apache-avro trusts a writer: it takes a cut-off string or union for null, allocates what a length
//! claims before it looks, follows an array of nulls for as many items as are claimed, and recurses
//! as deep as a recursive schema's bytes say. So every body is walked first, by the schema that wrote it:
//! what passes is whole, holds no more items than bytes, and is no deeper than [`DEPTH_MAX`]. The walk
//! allocates nothing.

use apache_avro::Schema;
use apache_avro::schema::{DecimalSchema, InnerDecimalSchema, UuidSchema};

use crate::canonical;
use crate::cursor::{Block, Cursor};
use crate::error::Error;
use crate::known::KnownSchema;
use crate::path::Flaw;

/// Deepest nesting of records, arrays, maps and unions in one message. Only a schema that refers to itself
/// gets deeper than it is written; 64 is far beyond any such tree an agent would read, and far from
/// the end of a worker's stack.
pub const DEPTH_MAX: usize = 64;

/// Most bytes that apache-avro may allocate for one length or collection, set once for the process.
/// Building values takes up to 56 bytes for an item of one byte: 64 MiB let every body of 1 MiB, the
/// largest record a broker takes by default, be read whatever it holds.
pub const ALLOCATION_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Most records without a byte in one message. A schema of another team or registry may nest records that
/// hold only records in each other, two in each: few lines of schema, and no bytes, for 2 to the power of
/// [`DEPTH_MAX`] of them. Nobody sends a hundred thousand empty ones.
pub const EMPTY_RECORDS_MAX: u64 = 100_000;

/// What can be wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The bytes end early.
    #[error("the bytes end before the {expected} does")]
    Ends {
        /// The Avro type that was being read.
        expected: &'static str,
    },
    /// A number is longer than Avro's variable-length form allows, or outside its type.
    #[error("no {expected} is that large")]
    NumberTooLarge {
        /// `int` or `long`.
        expected: &'static str,
    },
    /// A length or count below zero, or beyond the bytes that are there.
    #[error("a length of {found} does not fit the bytes that are left")]
    Length {
        /// The length.
        found: i64,
    },
    /// An array or map claims more items than the message has bytes.
    #[error("a block claims {found} items, more than there are bytes")]
    TooManyItems {
        /// Items claimed.
        found: u64,
    },
    /// More records without a byte than [`EMPTY_RECORDS_MAX`].
    #[error("it has more than {EMPTY_RECORDS_MAX} records without a byte")]
    TooManyRecords,
    /// A block's size in bytes is not what its items take.
    #[error("a block claims {claimed} bytes but its items take {found}")]
    BlockSize {
        /// Bytes claimed.
        claimed: i64,
        /// Bytes taken.
        found: usize,
    },
    /// Neither 0 nor 1.
    #[error("{found} is no boolean")]
    NotBoolean {
        /// The byte.
        found: u8,
    },
    /// A string that is not UTF-8.
    #[error("the string is not UTF-8")]
    NotUtf8,
    /// No such symbol or branch.
    #[error("there is no {what} number {found}")]
    NoSuchIndex {
        /// `symbol` or `branch`.
        what: &'static str,
        /// Its index.
        found: i64,
    },
    /// Deeper than [`DEPTH_MAX`].
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// The schema refers to a type it does not define; the parser lets no such schema through.
    #[error("the schema refers to an unknown type {name}")]
    UnknownType {
        /// The type's name.
        name: String,
    },
}

/// Checks that `body` is exactly one record of `schema`.
///
/// # Errors
/// [`Error::Malformed`] and [`Error::TrailingBytes`].
pub fn check(schema: &KnownSchema, body: &[u8]) -> Result<(), Error> {
    let bytes = body.len() as u64;
    // A byte lies in no more records than there are levels.
    let records_left = bytes * DEPTH_MAX as u64 + EMPTY_RECORDS_MAX;
    let mut walk = Walk { schema, cursor: Cursor::new(body), items_left: bytes, records_left };
    walk.value(schema.avro(), 0).map_err(|flaw| Error::Malformed {
        record: schema.name().to_owned(),
        path: flaw.path(),
        problem: flaw.problem,
    })?;
    match walk.cursor.left() {
        0 => Ok(()),
        bytes => Err(Error::TrailingBytes { record: schema.name().to_owned(), bytes }),
    }
}

struct Walk<'a> {
    schema: &'a KnownSchema,
    cursor: Cursor<'a>,
    /// Items that arrays and maps may still have together. Whoever writes something writes at least a
    /// byte an item; only items without bytes (nulls) could be claimed without end.
    items_left: u64,
    /// Records that may still come, with bytes in them and without.
    records_left: u64,
}

impl<'a> Walk<'a> {
    fn value(&mut self, schema: &'a Schema, depth: usize) -> Result<(), Flaw<Problem>> {
        if depth > DEPTH_MAX {
            return Err(Flaw::here(Problem::TooDeep));
        }
        let target = self.schema.target(schema);
        match target {
            Schema::Record(record) => {
                let left = self.records_left.checked_sub(1);
                self.records_left = left.ok_or(Flaw::here(Problem::TooManyRecords))?;
                for field in &record.fields {
                    self.value(&field.schema, depth + 1).map_err(|flaw| flaw.in_field(&field.name))?;
                }
                Ok(())
            }
            Schema::Array(array) => self.array(&array.items, depth),
            Schema::Map(map) => self.map(&map.types, depth),
            Schema::Union(union) => {
                let branch = self.cursor.index("branch", union.variants().len()).map_err(Flaw::here)?;
                self.value(&union.variants()[branch], depth + 1)
            }
            leaf => self.leaf(leaf).map_err(Flaw::here),
        }
    }

    fn array(&mut self, items: &'a Schema, depth: usize) -> Result<(), Flaw<Problem>> {
        let mut index = 0;
        while let Some(block) = self.block().map_err(Flaw::here)? {
            for _ in 0..block.count {
                self.value(items, depth + 1).map_err(|flaw| flaw.in_item(index))?;
                index += 1;
            }
            block.close(&self.cursor).map_err(Flaw::here)?;
        }
        Ok(())
    }

    fn map(&mut self, values: &'a Schema, depth: usize) -> Result<(), Flaw<Problem>> {
        while let Some(block) = self.block().map_err(Flaw::here)? {
            for _ in 0..block.count {
                let key = self.cursor.text().map_err(Flaw::here)?;
                self.value(values, depth + 1).map_err(|flaw| flaw.in_key(key))?;
            }
            block.close(&self.cursor).map_err(Flaw::here)?;
        }
        Ok(())
    }

    fn block(&mut self) -> Result<Option<Block>, Problem> {
        let block = self.cursor.block()?;
        if let Some(block) = &block {
            self.items_left = self
                .items_left
                .checked_sub(block.count)
                .ok_or(Problem::TooManyItems { found: block.count })?;
        }
        Ok(block)
    }

    fn leaf(&mut self, schema: &Schema) -> Result<(), Problem> {
        match schema {
            Schema::Boolean => self.cursor.boolean().map(drop),
            Schema::Enum(symbols) => self.cursor.index("symbol", symbols.symbols.len()).map(drop),
            Schema::Float => self.cursor.take(4, "float").map(drop),
            Schema::Double => self.cursor.take(8, "double").map(drop),
            Schema::Ref { name } => Err(Problem::UnknownType { name: name.to_string() }),
            other => match (fixed_size(other), canonical::primitive_name(other)) {
                (Some(size), _) => self.cursor.take(size, "fixed").map(drop),
                (None, "int") => self.cursor.int().map(drop),
                (None, "long") => self.cursor.long().map(drop),
                (None, "string") => self.cursor.text().map(drop),
                (None, "bytes") => self.cursor.bytes("bytes").map(drop),
                // Null takes no bytes; everything else is met above.
                _ => Ok(()),
            },
        }
    }
}

/// The size of a type that is written as Avro's `fixed`.
pub(crate) const fn fixed_size(schema: &Schema) -> Option<usize> {
    match schema {
        Schema::Fixed(fixed)
        | Schema::Duration(fixed)
        | Schema::Uuid(UuidSchema::Fixed(fixed))
        | Schema::Decimal(DecimalSchema { inner: InnerDecimalSchema::Fixed(fixed), .. }) => Some(fixed.size),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
