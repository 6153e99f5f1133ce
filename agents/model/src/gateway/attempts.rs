//! Attempts: what is written down before anything leaves, so that a takeover knows what may be under way.

use schemas_records::{CallId, Key, Message};
use serde::{Deserialize, Serialize};
use topics_runtime::Error;

use super::asked::Asked;
use super::journal::Journal;
use super::store::Rows;
use crate::names;

/// The row of a request that is being sent: there from before the first sending until the answer is in
/// the journal. It stands under the request's routing key: one row a flight, however many wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelAttempt {
    /// Names the request.
    pub request_hash: String,
    /// The call it is sent for; of several that share it, the first.
    pub call: CallId,
    /// Requests sent so far, the last of which may not have left yet.
    pub attempts: i32,
    /// Of these, those of earlier owners whose outcome nobody knows.
    pub unknown_attempts: i32,
    /// Whether the outcome of the last one is still awaited.
    pub open: bool,
}

impl Message for ModelAttempt {
    const NAME: &'static str = "tributary.ModelAttempt";
    const SCHEMA: &'static str = include_str!("../../../../schemas/avro/ModelAttempt.avsc");
}

/// The attempts of one flight, in memory as in the row.
pub(super) struct Attempts {
    rows: Rows,
    key: Key,
    row: ModelAttempt,
}

impl Attempts {
    /// Begins where an earlier owner stopped: its last attempt, if still open, is counted unknown. A row
    /// whose call is answered was only not removed any more, and counts for nothing.
    pub(super) async fn take_over(rows: &Rows, journal: &Journal, asked: &Asked) -> Result<Self, Error> {
        let mut row = ModelAttempt {
            request_hash: asked.hash.clone(),
            call: asked.call,
            attempts: 0,
            unknown_attempts: 0,
            open: false,
        };
        if let Some(old) = rows.find_attempt(&asked.key, asked.call).await?
            && old.request_hash == asked.hash
            && journal.find(old.call).await?.is_none()
        {
            row.attempts = old.attempts;
            row.unknown_attempts = old.unknown_attempts.saturating_add(i32::from(old.open));
            if old.open {
                tracing::warn!(call = %asked.call, attempts = old.attempts, "an attempt's outcome is unknown");
                metrics::counter!(names::UNKNOWN_ATTEMPTS).increment(1);
            }
        }
        Ok(Self { rows: rows.clone(), key: asked.key.clone(), row })
    }

    /// Writes down that one more is about to leave.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        self.row.attempts = self.row.attempts.saturating_add(1);
        self.row.open = true;
        self.write().await
    }

    /// Writes down that the last one ended without an answer, so that a takeover during the pause that
    /// follows does not count it unknown.
    pub(super) async fn end(&mut self) -> Result<(), Error> {
        self.row.open = false;
        self.write().await
    }

    /// Removes the row: the answer is in the journal.
    pub(super) async fn clear(&self) -> Result<(), Error> {
        self.rows.clear_attempt(&self.key).await
    }

    /// The call that asks, of several the first.
    pub(super) fn call(&self) -> CallId {
        self.row.call
    }

    /// Requests sent, unknown ones among them.
    pub(super) fn sent(&self) -> i32 {
        self.row.attempts
    }

    /// Those of earlier owners whose outcome nobody knows.
    pub(super) fn unknown(&self) -> i32 {
        self.row.unknown_attempts
    }

    async fn write(&self) -> Result<(), Error> {
        self.rows.put_attempt(&self.key, self.row.call, &self.row).await
    }
}
