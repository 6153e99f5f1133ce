//! The journal: what each call was answered. The first answer stands, and it is what is reported.
//!
//! It is no cache: a row is found by its call alone, and another call asks anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use schemas_records::{CallId, Failure, Message};
use serde::{Deserialize, Serialize};
use topics_guard::{Guard, stands};
use topics_runtime::Error;

use crate::asked::Asked;
use crate::attempts::{Attempt, Attempts};
use crate::flights::{Landed, Passengers};
use crate::report::Reporter;
use crate::store::Rows;
use crate::unreadable;

/// Entries of one flight that are written at once: enough to hide a store's latency, few enough that a
/// flight of a thousand does not crowd others out of it.
const WRITES_AT_ONCE: usize = 16;

/// What a journal's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalOutcome {
    /// A kind this version does not know.
    Unknown,
    /// The answer that its asker waits for.
    Ok,
    /// A [`schemas_records::Failure`].
    Failed,
}

/// The row of a call that was answered. The gateway writes it once, reads it when the request comes again,
/// and it expires when none can come any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Names the request that was answered; another request under this call must not get this answer.
    pub request_hash: String,
    /// What the value is.
    pub outcome: JournalOutcome,
    /// The value of the answer record, framed.
    pub value: Bytes,
    /// Requests sent.
    pub attempts: i32,
    /// Of these, those whose outcome nobody knows: an earlier owner's, or one that the deadline cut off.
    pub unknown_attempts: i32,
    /// Calls taken out of the asker's allotment.
    pub calls_charged: i32,
}

impl Message for JournalEntry {
    const NAME: &'static str = "tributary.JournalEntry";
    const SCHEMA: &'static str = include_str!("../../../schemas/avro/JournalEntry.avsc");
}

/// What came of asking, as every waiting call is told.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The framed answer, or why there is none. A failure's path and what was spent are filled in.
    pub result: Result<Bytes, Failure>,
    /// Requests sent.
    pub attempts: i32,
    /// Of these, those whose outcome nobody knows.
    pub unknown_attempts: i32,
    /// Calls taken out of each asker's allotment.
    pub calls_charged: i32,
}

impl Verdict {
    /// A failure after the attempts that a row tells of, one that is open being unknown.
    #[must_use]
    pub fn failed(failure: Failure, attempt: Option<&Attempt>, calls_charged: i32) -> Self {
        Self {
            result: Err(failure),
            attempts: attempt.map_or(0, |attempt| attempt.attempts),
            unknown_attempts: attempt.map_or(0, Attempt::unknown),
            calls_charged,
        }
    }
}

/// The journal.
pub struct Journal {
    rows: Rows,
    reporter: Reporter,
    /// The counter of attempts of an earlier owner whose outcome nobody knows.
    pub(crate) unknown_attempts: &'static str,
}

impl Journal {
    /// A journal in these rows, in this reporter's words; `unknown_attempts` names the counter of attempts
    /// of an earlier owner whose outcome nobody knows.
    #[must_use]
    pub fn new(rows: Rows, reporter: Reporter, unknown_attempts: &'static str) -> Self {
        Self { rows, reporter, unknown_attempts }
    }

    /// What a call was answered, if it was.
    ///
    /// # Errors
    /// The store's, tried once.
    pub async fn find(&self, call: CallId) -> Result<Option<JournalEntry>, Error> {
        if !stands(Guard::JournalFirst) {
            return Ok(None);
        }
        self.rows.find_entry(call).await
    }

    /// Writes what was heard under every waiting call, then removes the attempts, and returns what the
    /// journal holds. Who joins meanwhile is served too: rounds end because each waiter holds one of the
    /// loop's bounded places until he is served.
    ///
    /// # Errors
    /// [`crate::Ended::Failed`] with the store's or the codec's, if only an operator can mend it.
    pub async fn keep<Q: Send + Sync + 'static>(
        &self,
        verdict: &Verdict,
        attempts: &Attempts,
        passengers: &Passengers<Q>,
    ) -> Landed {
        let mut kept = BTreeMap::new();
        loop {
            let unserved = passengers.unserved(&kept);
            let writes = unserved.into_values().map(|asked| self.keep_one(verdict, asked));
            let entries: Vec<_> =
                futures::stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_collect().await?;
            kept.extend(entries);
            if passengers.is_owned() {
                attempts.clear().await?;
            }
            if passengers.close_if_served(&kept) {
                return Ok(Arc::new(kept));
            }
        }
    }

    /// Writes an entry if there is none, and returns the one that stands.
    ///
    /// # Errors
    /// The store's, if only an operator can mend it.
    pub async fn insert(&self, call: CallId, entry: JournalEntry) -> Result<JournalEntry, Error> {
        self.rows.keep_entry(call, entry).await
    }

    /// The entry of a call with this verdict.
    ///
    /// # Errors
    /// `Stop` if the failure cannot be written.
    pub fn entry<Q>(&self, verdict: &Verdict, asked: &Asked<Q>) -> Result<JournalEntry, Error> {
        let (outcome, value) = match &verdict.result {
            Ok(value) => (JournalOutcome::Ok, value.clone()),
            Err(failure) => {
                let mut failure = failure.clone();
                failure.path = asked.envelope.path.as_str().to_owned();
                failure.calls_spent = verdict.calls_charged;
                let value = self.reporter.codec().encode(&failure);
                let value = value.map_err(|error| unreadable("write the failure", asked.call, &error))?;
                (JournalOutcome::Failed, value)
            }
        };
        Ok(JournalEntry {
            request_hash: asked.hash.clone(),
            outcome,
            value,
            attempts: verdict.attempts,
            unknown_attempts: verdict.unknown_attempts,
            calls_charged: verdict.calls_charged,
        })
    }

    async fn keep_one<Q>(
        &self,
        verdict: &Verdict,
        asked: Arc<Asked<Q>>,
    ) -> Result<(CallId, JournalEntry), Error> {
        let entry = self.entry(verdict, &asked)?;
        Ok((asked.call, self.rows.keep_entry(asked.call, entry).await?))
    }
}
