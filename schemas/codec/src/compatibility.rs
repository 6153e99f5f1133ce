//! Whether a new version of a record can read what an older one wrote (`BACKWARD`, version by version).
//!
//! apache-avro's own check decides about types without parts (which number becomes which, which bytes
//! become text). The rest is walked here, for four reasons: it lets an enum with unknown symbols pass
//! as half compatible, it refuses a named type that one version spells out where the other refers to it,
//! it honours field aliases that its own reader ignores, and its errors print whole schemas where one
//! needs the field's name.

use std::collections::BTreeSet;

use apache_avro::Schema;
use apache_avro::schema::{EnumSchema, RecordSchema};
use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};

use crate::canonical::primitive_name;
use crate::error::Error;
use crate::known::KnownSchema;
use crate::path::Flaw;

/// Most pairs of types that one check compares. Two versions of a schema of a hundred records take some
/// thousands; whoever names many records the same, in unions of unions, can ask for any number.
const PAIRS_MAX: usize = 100_000;

/// Deepest nesting that is followed. A schema's text ends at 128 levels, so only types that refer to each other get
/// deeper, and 256 are far from the end of a worker's stack.
const DEPTH_MAX: usize = 256;

/// Checks that `newer` reads whatever `older` wrote.
///
/// # Errors
/// [`Error::Incompatible`], which names the first field in the way and the way out.
pub fn check(older: &KnownSchema, newer: &KnownSchema) -> Result<(), Error> {
    let mut walk = Walk {
        older,
        newer,
        begun: BTreeSet::new(),
        order: Vec::new(),
        refused: BTreeSet::new(),
        pairs_left: PAIRS_MAX,
        depth: 0,
        given_up: None,
    };
    let mut outcome = walk.pair(older.avro(), newer.avro());
    if let Some(why) = walk.given_up {
        outcome = Err(Flaw::here(format!("{why}; make the types that refer to each other fewer")));
    }
    outcome.map_err(|flaw| Error::Incompatible {
        record: newer.name().to_owned(),
        older: older.id(),
        path: flaw.path(),
        problem: flaw.problem,
    })
}

struct Walk<'s> {
    older: &'s KnownSchema,
    newer: &'s KnownSchema,
    /// Pairs of record names that were met, so that records which hold themselves come to an end.
    begun: BTreeSet<(&'s str, &'s str)>,
    /// The same in the order in which they were met.
    order: Vec<(&'s str, &'s str)>,
    /// Pairs of record names that do not fit. They were refused although every pair that was begun was taken to
    /// fit, so no other way of meeting them makes them fit.
    refused: BTreeSet<(&'s str, &'s str)>,
    /// How many pairs of types may still be compared.
    pairs_left: usize,
    depth: usize,
    /// Why no more pairs are compared. From then on every one is refused, so that the walk comes to its end.
    given_up: Option<String>,
}

impl<'s> Walk<'s> {
    fn pair(&mut self, writer: &'s Schema, reader: &'s Schema) -> Result<(), Flaw<String>> {
        if self.pairs_left == 0 {
            self.given_up = Some(format!("comparing the versions takes more than {PAIRS_MAX} steps"));
        } else if self.depth == DEPTH_MAX {
            self.given_up = Some(format!("its types refer to each other {DEPTH_MAX} deep"));
        }
        if self.given_up.is_some() {
            return Err(Flaw::here(String::new()));
        }
        (self.pairs_left, self.depth) = (self.pairs_left - 1, self.depth + 1);
        let outcome = self.compare(writer, reader);
        self.depth -= 1;
        outcome
    }

    fn compare(&mut self, writer: &'s Schema, reader: &'s Schema) -> Result<(), Flaw<String>> {
        let (writer, reader) = (self.older.target(writer), self.newer.target(reader));
        match (writer, reader) {
            (Schema::Record(writer), Schema::Record(reader)) => self.records(writer, reader),
            (Schema::Enum(writer), Schema::Enum(reader)) => enums(writer, reader).map_err(Flaw::here),
            (Schema::Array(writer), Schema::Array(reader)) => self.pair(&writer.items, &reader.items),
            (Schema::Map(writer), Schema::Map(reader)) => self.pair(&writer.types, &reader.types),
            (Schema::Union(writer), _) => {
                for branch in writer.variants() {
                    self.pair(branch, reader)?;
                }
                Ok(())
            }
            (_, Schema::Union(branches)) => self.one_of(writer, branches.variants()),
            _ => match SchemaCompatibility::can_read(writer, reader) {
                Ok(Compatibility::Full) => Ok(()),
                _ => Err(mismatch(writer, reader)),
            },
        }
    }

    fn records(&mut self, writer: &'s RecordSchema, reader: &'s RecordSchema) -> Result<(), Flaw<String>> {
        if writer.name.name() != reader.name.name() {
            return Err(Flaw::here(renamed(writer.name.name(), reader.name.name())));
        }
        let names = (writer.name.as_ref(), reader.name.as_ref());
        if self.refused.contains(&names) {
            let (writer, reader) = names;
            return Err(Flaw::here(format!("the older version's {writer} cannot be read as {reader}")));
        }
        if !self.begun.insert(names) {
            return Ok(());
        }
        self.order.push(names);
        let outcome = self.fields(writer, reader);
        if outcome.is_err() {
            self.refused.insert(names);
        }
        outcome
    }

    fn fields(&mut self, writer: &'s RecordSchema, reader: &'s RecordSchema) -> Result<(), Flaw<String>> {
        for field in &reader.fields {
            let written = writer.fields.iter().find(|candidate| candidate.name == field.name);
            let outcome = match written {
                Some(written) => self.pair(&written.schema, &field.schema),
                None if field.default.is_some() => Ok(()),
                None => Err(Flaw::here(
                    "the older version does not have this field; give it a default".to_owned(),
                )),
            };
            outcome.map_err(|flaw| flaw.in_field(&field.name))?;
        }
        Ok(())
    }

    /// The first branch's objection that is about its inside says most; else that none fits.
    fn one_of(&mut self, writer: &'s Schema, branches: &'s [Schema]) -> Result<(), Flaw<String>> {
        let mut objection = None;
        for branch in branches {
            let begun = self.order.len();
            match self.pair(writer, branch) {
                Ok(()) => return Ok(()),
                Err(flaw) => {
                    // What a failed try began was not found compatible.
                    for names in self.order.drain(begun..) {
                        self.begun.remove(&names);
                    }
                    let same_kind = primitive_name(writer) == primitive_name(self.newer.target(branch));
                    if same_kind && objection.is_none() {
                        objection = Some(flaw);
                    }
                }
            }
        }
        Err(objection.unwrap_or_else(|| {
            Flaw::here(format!(
                "the union has no branch for the older version's {}; keep it",
                primitive_name(writer)
            ))
        }))
    }
}

fn enums(writer: &EnumSchema, reader: &EnumSchema) -> Result<(), String> {
    if writer.name.name() != reader.name.name() {
        return Err(renamed(writer.name.name(), reader.name.name()));
    }
    let missing = writer.symbols.iter().find(|symbol| !reader.symbols.contains(symbol));
    match missing {
        Some(symbol) if reader.default.is_none() => Err(format!(
            "the enum {} has lost the symbol {symbol}; keep it, or give the enum a default",
            reader.name.name()
        )),
        _ => Ok(()),
    }
}

fn renamed(old: &str, new: &str) -> String {
    format!("{old} is now called {new}; keep the name, or give the field a new name and a default")
}

fn mismatch(writer: &Schema, reader: &Schema) -> Flaw<String> {
    Flaw::here(format!(
        "the older version's {} cannot be read as {}; keep the type, or add a field with a default",
        primitive_name(writer),
        primitive_name(reader)
    ))
}

#[cfg(test)]
mod tests;
