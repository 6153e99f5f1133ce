//! A gateway's rows: spaces, lives, and writing until it is written.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::{CallId, Key};
use topics_guard::{Guard, stands};
use topics_runtime::Error;
use topics_state::{KeyedStore, Remedy};

use crate::attempts::{Attempt, Claim};
use crate::journal::JournalEntry;
use crate::unreadable;

/// How rows are kept.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// Begins the names of the gateway's spaces, so that namespaces and gateways share a store.
    pub prefix: String,
    /// How long rows live: as long as a duplicate may come.
    pub life: Duration,
    /// The pause before a row that could not be written is written again.
    pub pause: Duration,
}

/// The three spaces of a gateway in its store.
#[derive(Clone)]
pub struct Rows {
    store: Arc<dyn KeyedStore>,
    codec: Codec,
    journal: Arc<str>,
    attempts: Arc<str>,
    intents: Arc<str>,
    life: Duration,
    pause: Duration,
}

impl Rows {
    /// Rows in a store.
    #[must_use]
    pub fn new(store: Arc<dyn KeyedStore>, codec: Codec, keeping: &Keeping) -> Self {
        let Keeping { prefix, life, pause } = keeping;
        Self {
            store,
            codec,
            journal: format!("{prefix}.journal").into(),
            attempts: format!("{prefix}.attempts").into(),
            intents: format!("{prefix}.intents").into(),
            life: *life,
            pause: *pause,
        }
    }

    /// What the journal holds under a call. Tried once: nothing has been paid for yet.
    ///
    /// # Errors
    /// The store's, and a row that cannot be read.
    pub async fn find_entry(&self, call: CallId) -> Result<Option<JournalEntry>, Error> {
        let found = self.store.get(&self.journal, call.key().as_bytes()).await?;
        found.map(|bytes| self.entry(call, &bytes)).transpose()
    }

    /// Writes an entry if there is none, until it is written, and returns the one that stands.
    ///
    /// # Errors
    /// The store's or the codec's, if only an operator can mend it.
    pub async fn keep_entry(&self, call: CallId, entry: JournalEntry) -> Result<JournalEntry, Error> {
        let key = call.key();
        let bytes = self
            .codec
            .encode_state(&entry)
            .map_err(|error| unreadable("write the journal entry", call, &error))?;
        let insert =
            || self.store.insert_if_absent(&self.journal, key.as_bytes(), bytes.clone(), Some(self.life));
        match self.insist(insert).await? {
            Some(_) if !stands(Guard::FirstInJournal) => Ok(entry),
            Some(standing) => self.entry(call, &standing),
            None => Ok(entry),
        }
    }

    /// What an earlier owner wrote of its attempts.
    ///
    /// # Errors
    /// The store's, and a row that cannot be read.
    pub async fn find_attempt(&self, key: &Key, call: CallId) -> Result<Option<Attempt>, Error> {
        self.find(&self.attempts, key, call).await
    }

    /// The intent that somebody wrote.
    ///
    /// # Errors
    /// The store's, and a row that cannot be read.
    pub async fn find_intent(&self, key: &Key, call: CallId) -> Result<Option<Attempt>, Error> {
        self.find(&self.intents, key, call).await
    }

    /// Writes an intent if there is none, until it is known what stands. Made again after an error it may
    /// find its own row, which nobody can tell from another's: then it counts as taken, and what must not
    /// happen twice does not happen.
    ///
    /// # Errors
    /// The store's or the codec's, if only an operator can mend it.
    pub async fn claim_intent(&self, key: &Key, call: CallId, intent: &Attempt) -> Result<Claim, Error> {
        let bytes =
            self.codec.encode_state(intent).map_err(|error| unreadable("write the intent", call, &error))?;
        let insert =
            || self.store.insert_if_absent(&self.intents, key.as_bytes(), bytes.clone(), Some(self.life));
        Ok(if self.insist(insert).await?.is_none() { Claim::Ours } else { Claim::Taken })
    }

    /// Writes down attempts, until it is written.
    ///
    /// # Errors
    /// The store's or the codec's, if only an operator can mend it.
    pub async fn put_attempt(&self, key: &Key, call: CallId, attempt: &Attempt) -> Result<(), Error> {
        let bytes = self
            .codec
            .encode_state(attempt)
            .map_err(|error| unreadable("write the attempts", call, &error))?;
        self.insist(|| self.store.put(&self.attempts, key.as_bytes(), bytes.clone(), Some(self.life))).await
    }

    /// Removes attempts whose answer is in the journal, until it is done.
    ///
    /// # Errors
    /// The store's or the codec's, if only an operator can mend it.
    pub async fn clear_attempt(&self, key: &Key) -> Result<(), Error> {
        self.insist(|| self.store.remove(&self.attempts, key.as_bytes())).await
    }

    /// Removes attempts, tried once.
    ///
    /// # Errors
    /// The store's.
    pub async fn remove_attempt(&self, key: &Key) -> Result<(), Error> {
        Ok(self.store.remove(&self.attempts, key.as_bytes()).await?)
    }

    async fn find(&self, space: &str, key: &Key, call: CallId) -> Result<Option<Attempt>, Error> {
        let Some(bytes) = self.store.get(space, key.as_bytes()).await? else { return Ok(None) };
        let read = self.codec.decode_state(&bytes);
        read.map(Some).map_err(|error| unreadable("read the attempts", call, &error))
    }

    fn entry(&self, call: CallId, bytes: &Bytes) -> Result<JournalEntry, Error> {
        self.codec.decode_state(bytes).map_err(|error| unreadable("read the journal entry", call, &error))
    }

    /// Makes a call of the store again until it goes well or cannot. Ends early only by being dropped.
    async fn insist<T, F, C>(&self, call: C) -> Result<T, Error>
    where
        F: Future<Output = Result<T, topics_state::Error>>,
        C: Fn() -> F,
    {
        loop {
            match call().await {
                Err(error) if error.remedy == Remedy::Retry => {
                    // The store says itself, once, that it is away.
                    tracing::info!(%error, "trying again");
                    tokio::time::sleep(self.pause).await;
                }
                other => return other.map_err(Error::from),
            }
        }
    }
}
