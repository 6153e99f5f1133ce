//! The schemas that this process knows, by id, by fingerprint, by record and by type.
//!
//! Which id stands for a schema in frames its [`Authority`] says: by default nobody is asked, ids are made
//! from the schemas themselves, and two processes that know the same schema call it the same. It keeps no
//! topics either; a schema's subject is a name ([`subject`]), for registries that file by it.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use schemas_records::Message;

use crate::authority::{Authority, Embedded};
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
    /// Who is asked for ids; nobody but this process, as long as there is none.
    authority: OnceLock<Arc<dyn Authority>>,
}

/// Most schemas kept that were asked for by their ids. More than all versions of all messages that a
/// process meets; a parsed schema takes some tens of kilobytes, and ids come from outside.
const ASKED_MAX: usize = 1_000;

#[derive(Debug, Default)]
struct Known {
    by_id: BTreeMap<SchemaId, Arc<KnownSchema>>,
    by_fingerprint: BTreeMap<u64, Arc<KnownSchema>>,
    /// All versions of a record in the order they were registered.
    by_name: BTreeMap<String, Vec<Arc<KnownSchema>>>,
    /// The schema each Rust type is written with; for look-ups only.
    by_type: HashMap<TypeId, Arc<KnownSchema>>,
    /// What ids mean that are in frames but not made from a schema known here: told by the authority, or
    /// given by it. At most [`ASKED_MAX`]; beyond, all are forgotten, and those in use asked for again.
    by_frame: BTreeMap<SchemaId, Arc<KnownSchema>>,
    /// The records that were registered as messages, by name.
    messages: BTreeSet<String>,
}

impl Registry {
    /// A registry with every released version of the runtime's own schemas.
    ///
    /// # Errors
    /// None that a released build returns: one of the runtime's schemas would have to be broken.
    pub fn new() -> Result<Self, Error> {
        // Whoever sets it first in a process wins; nobody else here does.
        let _ = apache_avro::util::max_allocation_bytes(ALLOCATION_BYTES_MAX);
        let registry = Self { known: RwLock::new(Known::default()), authority: OnceLock::new() };
        for schema in released::schemas()? {
            registry.add(schema.unframed())?;
        }
        Ok(registry)
    }

    /// Another registry of the same schemas, which are not parsed again. It has asked nobody for ids yet, and may be
    /// entrusted to somebody else.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { known: RwLock::new(self.read().unframed()), authority: OnceLock::new() }
    }

    /// Lets `authority` say from now on which id stands for which schema, instead of [`Embedded`]; for the
    /// start, before anything is written. What was framed without it stays readable, unless an id means
    /// something else to it. Once only: whether this was the first time.
    pub fn entrust(&self, authority: Arc<dyn Authority>) -> bool {
        self.authority.set(authority).is_ok()
    }

    /// Registers the schema that `M` is written with, as the newest version of its record. Again is no
    /// matter.
    ///
    /// # Errors
    /// Those of [`Registry::register_text`], and [`Error::NameMismatch`].
    pub fn register<M: Message>(&self) -> Result<SchemaId, Error> {
        let schema = self.of_type::<M>()?;
        self.write().messages.insert(M::NAME.to_owned());
        Ok(schema.id())
    }

    /// The same for a record that only rows hold: no registry is told of it.
    ///
    /// # Errors
    /// Those of [`Registry::register`].
    pub fn register_state<M: Message>(&self) -> Result<SchemaId, Error> {
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
        let schema = self.add(KnownSchema::parse(name, json)?)?;
        self.write().messages.insert(schema.name().to_owned());
        Ok(schema.id())
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

    /// The schema with this id in a frame. One that is not known here is asked for, which may take as long
    /// as the authority takes; once, if there is an answer.
    ///
    /// # Errors
    /// [`Error::UnknownSchema`].
    pub fn schema(&self, id: SchemaId) -> Result<Arc<KnownSchema>, Error> {
        let known = self.read();
        // What the authority says goes before what was framed without one.
        let found = known.by_frame.get(&id).or_else(|| known.by_id.get(&id)).cloned();
        drop(known);
        match found {
            Some(schema) => Ok(schema),
            None => self.ask(id),
        }
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

    /// The full names of the records that were registered as messages, beside the runtime's own, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        self.read().messages.iter().cloned().collect()
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
        let known = self.versions(M::NAME).into_iter().find(|schema| schema.is_of(M::SCHEMA));
        let schema = match known {
            Some(schema) => schema,
            None => self.add(parsed::<M>()?)?,
        };
        self.write().by_type.insert(TypeId::of::<M>(), schema.clone());
        Ok(schema)
    }

    /// The id that stands in frames for `schema`; the first call asks for it.
    pub(crate) fn frame_id(&self, schema: &Arc<KnownSchema>) -> Result<SchemaId, Error> {
        if let Some(id) = schema.framed() {
            return Ok(id);
        }
        let unregistered = |reason: String| Error::Unregistered { record: schema.name().to_owned(), reason };
        let id = schema.frame_with(self.authority().id_of(schema).map_err(unregistered)?);
        if id != schema.id() {
            self.write().keep_asked(id, schema.clone());
        }
        Ok(id)
    }

    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.read().by_frame.len()
    }

    fn authority(&self) -> &dyn Authority {
        self.authority.get().map_or(&Embedded, |authority| &**authority)
    }

    /// Asks what an id means. Nothing is locked meanwhile.
    fn ask(&self, id: SchemaId) -> Result<Arc<KnownSchema>, Error> {
        let unknown = |reason: String| Error::UnknownSchema { id, reason };
        let text = self.authority().text_of(id).map_err(unknown)?;
        let asked = KnownSchema::parse(&format!("of id {id}"), &text)
            .map_err(|error| unknown(format!("what the registry has under it cannot be used: {error}")))?;
        let mut known = self.write();
        // One that is known here already serves better: its reader is there.
        let same = known.by_fingerprint.get(&asked.fingerprint()).cloned();
        let schema = same.unwrap_or_else(|| Arc::new(asked));
        known.keep_asked(id, schema.clone());
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

/// The schema that `M` names its own, if it is one of that record.
fn parsed<M: Message>() -> Result<KnownSchema, Error> {
    let schema = KnownSchema::parse(M::NAME, M::SCHEMA)?;
    if schema.name() == M::NAME {
        return Ok(schema);
    }
    Err(Error::NameMismatch { expected: M::NAME.to_owned(), found: schema.name().to_owned() })
}

impl Known {
    /// The same schemas, without what an authority said of them.
    fn unframed(&self) -> Self {
        let by_id: BTreeMap<SchemaId, Arc<KnownSchema>> =
            self.by_id.iter().map(|(id, schema)| (*id, Arc::new(schema.unframed()))).collect();
        let own = |schema: &Arc<KnownSchema>| by_id.get(&schema.id()).unwrap_or(schema).clone();
        let versions = |all: &Vec<Arc<KnownSchema>>| all.iter().map(own).collect();
        Self {
            by_fingerprint: self.by_fingerprint.iter().map(|(print, it)| (*print, own(it))).collect(),
            by_name: self.by_name.iter().map(|(name, all)| (name.clone(), versions(all))).collect(),
            by_type: self.by_type.iter().map(|(id, it)| (*id, own(it))).collect(),
            by_frame: BTreeMap::new(),
            messages: self.messages.clone(),
            by_id,
        }
    }

    fn keep_asked(&mut self, id: SchemaId, schema: Arc<KnownSchema>) {
        if self.by_frame.len() >= ASKED_MAX {
            self.by_frame.clear();
        }
        self.by_frame.insert(id, schema);
    }

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
