//! The embedded registry: which schemas this process knows, by id, by fingerprint, by record and by type.
//!
//! It asks nobody: ids are made from the schemas themselves, so two processes that know the same schema
//! call it the same. It keeps no topics either; a schema's subject is a name ([`subject`]), for registries
//! that file by it.

use std::any::TypeId;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use schemas_records::Message;

use crate::body::ALLOCATION_BYTES_MAX;
use crate::compatibility;
use crate::error::Error;
use crate::json;
use crate::known::{KnownSchema, SchemaId};
use crate::released;

/// The subject of a record on a topic, as `TopicRecordNameStrategy` makes it.
#[must_use]
pub fn subject(topic: &str, record: &str) -> String {
    format!("{topic}-{record}")
}

/// The schemas of this process. Registering is for the start; looking up is for every record.
#[derive(Debug)]
pub struct Registry {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_id: BTreeMap<SchemaId, Arc<KnownSchema>>,
    by_fingerprint: BTreeMap<u64, Arc<KnownSchema>>,
    /// All versions of a record in the order they were registered.
    by_name: BTreeMap<String, Vec<Arc<KnownSchema>>>,
    /// The schema each Rust type is written with; for look-ups only.
    by_type: HashMap<TypeId, Arc<KnownSchema>>,
}

impl Registry {
    /// A registry with every released version of the runtime's own schemas.
    ///
    /// # Errors
    /// None that a released build returns: one of the runtime's schemas would have to be broken.
    pub fn new() -> Result<Self, Error> {
        // Whoever sets it first in a process wins; nobody else here does.
        let _ = apache_avro::util::max_allocation_bytes(ALLOCATION_BYTES_MAX);
        let registry = Self { known: RwLock::new(Known::default()) };
        for (name, text) in released::FILES {
            registry.register_text(name, text)?;
        }
        Ok(registry)
    }

    /// Registers the schema that `M` is written with, as the newest version of its record. Again is no
    /// matter.
    ///
    /// # Errors
    /// Those of [`Registry::register_text`], and [`Error::NameMismatch`].
    pub fn register<M: Message>(&self) -> Result<SchemaId, Error> {
        self.of_type::<M>().map(|schema| schema.id())
    }

    /// Registers a record's schema from its text, as the newest version of that record: register older
    /// versions first. `name` (a file's or the record's) stands in errors only; the record is the one that
    /// the schema itself names. Again is no matter.
    ///
    /// # Errors
    /// [`Error::Schema`], [`Error::Default`], [`Error::Collision`], and [`Error::Incompatible`] if it
    /// cannot read what any earlier version wrote (`BACKWARD_TRANSITIVE`).
    pub fn register_text(&self, name: &str, json: &str) -> Result<SchemaId, Error> {
        self.add(KnownSchema::parse(name, json)?).map(|schema| schema.id())
    }

    /// Whether a schema could be registered, without registering it.
    ///
    /// # Errors
    /// Those of [`Registry::register_text`].
    pub fn check(&self, name: &str, json: &str) -> Result<(), Error> {
        let schema = KnownSchema::parse(name, json)?;
        json::check_defaults(&schema)?;
        self.read().admit(&schema)
    }

    /// The schema with this id.
    ///
    /// # Errors
    /// [`Error::UnknownSchema`].
    pub fn schema(&self, id: SchemaId) -> Result<Arc<KnownSchema>, Error> {
        let found = self.read().by_id.get(&id).cloned();
        found.ok_or(Error::UnknownSchema { id })
    }

    /// The schema with this fingerprint.
    ///
    /// # Errors
    /// [`Error::UnknownFingerprint`].
    pub fn schema_of_fingerprint(&self, fingerprint: u64) -> Result<Arc<KnownSchema>, Error> {
        let found = self.read().by_fingerprint.get(&fingerprint).cloned();
        found.ok_or(Error::UnknownFingerprint { fingerprint })
    }

    /// The newest schema of the record with this full name.
    ///
    /// # Errors
    /// [`Error::UnknownRecord`].
    pub fn newest(&self, name: &str) -> Result<Arc<KnownSchema>, Error> {
        let found = self.versions(name).pop();
        found.ok_or_else(|| Error::UnknownRecord { name: name.to_owned() })
    }

    /// All versions of the record with this full name, oldest first.
    #[must_use]
    pub fn versions(&self, name: &str) -> Vec<Arc<KnownSchema>> {
        self.read().by_name.get(name).cloned().unwrap_or_default()
    }

    /// The full names of all records, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.read().by_name.keys().cloned().collect()
    }

    /// The schema that `M` is written with; the first call registers it.
    pub(crate) fn of_type<M: Message>(&self) -> Result<Arc<KnownSchema>, Error> {
        let found = self.read().by_type.get(&TypeId::of::<M>()).cloned();
        if let Some(schema) = found {
            return Ok(schema);
        }
        let schema = KnownSchema::parse(M::NAME, M::SCHEMA)?;
        if schema.name() != M::NAME {
            return Err(Error::NameMismatch {
                expected: M::NAME.to_owned(),
                found: schema.name().to_owned(),
            });
        }
        let schema = self.add(schema)?;
        self.write().by_type.insert(TypeId::of::<M>(), schema.clone());
        Ok(schema)
    }

    fn add(&self, schema: KnownSchema) -> Result<Arc<KnownSchema>, Error> {
        json::check_defaults(&schema)?;
        let mut known = self.write();
        known.admit(&schema)?;
        let schema = Arc::new(schema);
        known.by_fingerprint.insert(schema.fingerprint(), schema.clone());
        known.by_id.insert(schema.id(), schema.clone());
        let versions = known.by_name.entry(schema.name().to_owned()).or_default();
        match versions.iter_mut().find(|version| version.id() == schema.id()) {
            // The same bytes, but perhaps other defaults and docs: the last text counts.
            Some(same) => *same = schema.clone(),
            None => versions.push(schema.clone()),
        }
        Ok(schema)
    }

    // Every change below is one insertion after all checks, so a panic elsewhere leaves nothing half done
    // and a poisoned lock may be used on.
    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether `schema` may join: its id is free or its own, and it reads what every earlier version wrote.
    fn admit(&self, schema: &KnownSchema) -> Result<(), Error> {
        if let Some(other) = self.by_id.get(&schema.id())
            && other.canonical() != schema.canonical()
        {
            return Err(Error::Collision {
                id: schema.id(),
                first: other.name().to_owned(),
                second: schema.name().to_owned(),
            });
        }
        let versions = self.by_name.get(schema.name()).into_iter().flatten();
        for older in versions.take_while(|version| version.id() != schema.id()) {
            compatibility::check(older, schema)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
