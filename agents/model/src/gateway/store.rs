//! The gateway's rows: spaces, lives, and writing until it is written.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::{CallId, Key};
use topics_runtime::Error;
use topics_state::{KeyedStore, Remedy};

use super::attempts::ModelAttempt;
use super::journal::JournalEntry;
use super::{Settings, unreadable};

/// The two spaces of the gateway in its store.
#[derive(Clone)]
pub(super) struct Rows {
    store: Arc<dyn KeyedStore>,
    codec: Codec,
    journal: Arc<str>,
    attempts: Arc<str>,
    life: Duration,
    pause: Duration,
}

impl Rows {
    pub(super) fn new(store: Arc<dyn KeyedStore>, codec: Codec, settings: &Settings) -> Self {
        Self {
            store,
            codec,
            journal: format!("{}.journal", settings.namespace).into(),
            attempts: format!("{}.attempts", settings.namespace).into(),
            life: settings.journal_life,
            pause: settings.store_pause,
        }
    }

    /// What the journal holds under a call. Tried once: nothing has been paid for yet.
    pub(super) async fn find_entry(&self, call: CallId) -> Result<Option<JournalEntry>, Error> {
        let found = self.store.get(&self.journal, call.key().as_bytes()).await?;
        found.map(|bytes| self.entry(call, &bytes)).transpose()
    }

    /// Writes an entry if there is none, until it is written, and returns the one that stands.
    pub(super) async fn keep_entry(&self, call: CallId, entry: JournalEntry) -> Result<JournalEntry, Error> {
        let key = call.key();
        let bytes = self
            .codec
            .encode_state(&entry)
            .map_err(|error| unreadable("write the journal entry", call, &error))?;
        let insert =
            || self.store.insert_if_absent(&self.journal, key.as_bytes(), bytes.clone(), Some(self.life));
        match self.insist(insert).await? {
            Some(standing) => self.entry(call, &standing),
            None => Ok(entry),
        }
    }

    /// What an earlier owner wrote of its attempts.
    pub(super) async fn find_attempt(&self, key: &Key, call: CallId) -> Result<Option<ModelAttempt>, Error> {
        let Some(bytes) = self.store.get(&self.attempts, key.as_bytes()).await? else { return Ok(None) };
        let read = self.codec.decode_state(&bytes);
        read.map(Some).map_err(|error| unreadable("read the attempts", call, &error))
    }

    /// Writes down attempts, until it is written.
    pub(super) async fn put_attempt(
        &self,
        key: &Key,
        call: CallId,
        attempt: &ModelAttempt,
    ) -> Result<(), Error> {
        let bytes = self
            .codec
            .encode_state(attempt)
            .map_err(|error| unreadable("write the attempts", call, &error))?;
        self.insist(|| self.store.put(&self.attempts, key.as_bytes(), bytes.clone(), Some(self.life))).await
    }

    /// Removes attempts whose answer is in the journal, until it is done.
    pub(super) async fn clear_attempt(&self, key: &Key) -> Result<(), Error> {
        self.insist(|| self.store.remove(&self.attempts, key.as_bytes())).await
    }

    /// Removes attempts, tried once.
    pub(super) async fn remove_attempt(&self, key: &Key) -> Result<(), Error> {
        Ok(self.store.remove(&self.attempts, key.as_bytes()).await?)
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
                    tracing::warn!(%error, "trying again");
                    tokio::time::sleep(self.pause).await;
                }
                other => return other.map_err(Error::from),
            }
        }
    }
}
