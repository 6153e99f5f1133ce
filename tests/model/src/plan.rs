//! What lies in the inbox, and how far an exploration goes: the bounds, each by name.

use std::fmt;

use crate::value::{Code, RECORDS_MAX, Value};

/// More keys are not needed: what goes wrong between keys goes wrong between two.
pub const KEYS_MAX: usize = 2;

/// More processes are not told apart.
pub const OWNERS_MAX: usize = 3;

/// What a record does to its key's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Both codes write themselves into it.
    Plain,
    /// Code `z` writes itself into it; for code `a` it changes nothing, and where there is nothing, that is
    /// a row that reads as no state and may expire.
    Quiet,
    /// Both codes write themselves into it, and the key's life is over: a tombstone, which may expire once
    /// nothing lies below it. It is the last record of its key.
    End,
}

/// How long a row is to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// For ever.
    Value,
    /// Until nothing of its work can be on its way: a tombstone.
    Ended,
    /// As long, and it reads as no state: there was nothing and there is nothing.
    Absent,
}

/// One record of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which key.
    pub key: u8,
    /// What its steps do.
    pub kind: Kind,
}

/// The inbox and the bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What it is called in tables.
    pub name: &'static str,
    /// The inbox, from offset 0 on; all of it is there from the beginning.
    pub records: Vec<Record>,
    /// How many processes there may be, one after another or at once.
    pub owners: u8,
    /// How often an epoch may be taken, by all owners together: each takeover and each recovery takes one.
    pub epochs: u8,
    /// How many records a batch may have.
    pub batch: u8,
    /// Which code a process may start with.
    pub codes: Vec<Code>,
    /// Whether a process that runs code `z` may load code `a`.
    pub reloads: bool,
    /// Whether a process that lost the partition may be given it again.
    pub again: bool,
    /// Whether owners prune.
    pub prunes: bool,
}

impl Plan {
    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> u8 {
        self.records.len().min(RECORDS_MAX) as u8
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The key of a record.
    #[must_use]
    pub fn key(&self, offset: u8) -> u8 {
        self.records[usize::from(offset)].key
    }

    /// The offsets of a key's records below an offset, newest first.
    pub fn below(&self, key: u8, offset: u8) -> impl Iterator<Item = u8> {
        (0..offset.min(self.len())).rev().filter(move |at| self.key(*at) == key)
    }

    /// The step: a pure function of the code, the record and the state.
    #[must_use]
    pub fn step(&self, code: Code, offset: u8, before: Value) -> (Value, Life) {
        let kind = self.records[usize::from(offset)].kind;
        match (kind, code) {
            (Kind::Quiet, Code::A) if before == Value::NONE => (Value::NONE, Life::Absent),
            (Kind::Quiet, Code::A) => (before, Life::Value),
            (Kind::Plain | Kind::Quiet, _) => (before.with(offset, code), Life::Value),
            (Kind::End, _) => (before.with(offset, code), Life::Ended),
        }
    }

    /// How long a row at an offset is to stand that has a value.
    #[must_use]
    pub fn life(&self, offset: u8, value: Value) -> Life {
        match self.records[usize::from(offset)].kind {
            _ if value == Value::NONE => Life::Absent,
            Kind::End => Life::Ended,
            Kind::Plain | Kind::Quiet => Life::Value,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "records")?;
        for (offset, Record { key, kind }) in self.records.iter().enumerate() {
            let key = key_name(*key);
            match kind {
                Kind::Plain => write!(f, " {offset}:{key}")?,
                Kind::Quiet => write!(f, " {offset}:{key}(quiet)")?,
                Kind::End => write!(f, " {offset}:{key}(end)")?,
            }
        }
        let codes: Vec<String> = self.codes.iter().map(ToString::to_string).collect();
        write!(f, "; {} owners, {} epochs, ", self.owners, self.epochs)?;
        write!(f, "batches up to {}, code {}", self.batch, codes.join(" or "))?;
        for (is_on, what) in [(self.reloads, "reloads"), (self.again, "comes back"), (self.prunes, "prunes")]
        {
            if is_on {
                write!(f, ", {what}")?;
            }
        }
        Ok(())
    }
}

/// A key's name in stories.
#[must_use]
pub fn key_name(key: u8) -> char {
    char::from(b'k' + key)
}
