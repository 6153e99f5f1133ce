//! The journal: what each call was answered. The first answer stands, and it is what is reported.
//!
//! It is no cache: a row is found by its call alone, and another call asks anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use schemas_records::{CallId, Message};
use serde::{Deserialize, Serialize};
use topics_runtime::Error;

use super::asked::Asked;
use super::attempts::Attempts;
use super::budget::CALL_CHARGE;
use super::flights::{Landed, Passengers};
use super::report::Reporter;
use super::retry::Heard;
use super::store::Rows;
use super::{unreadable, verdict};
use crate::names;

/// Entries of one flight that are written at once: enough to hide a store's latency, few enough that a
/// flight of a thousand does not crowd others out of it.
const WRITES_AT_ONCE: usize = 16;

/// What a journal's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalOutcome {
    /// A kind this version does not know.
    Unknown,
    /// A [`schemas_records::model::ModelAnswer`].
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
    /// Requests sent, those with unknown outcome among them.
    pub attempts: i32,
    /// Attempts of an earlier owner whose outcome nobody knows.
    pub unknown_attempts: i32,
    /// Calls taken out of the asker's allotment.
    pub calls_charged: i32,
}

impl Message for JournalEntry {
    const NAME: &'static str = "tributary.JournalEntry";
    const SCHEMA: &'static str = include_str!("../../../../schemas/avro/JournalEntry.avsc");
}

/// The journal.
pub(super) struct Journal {
    rows: Rows,
    reporter: Reporter,
    answer_bytes_max: usize,
}

impl Journal {
    pub(super) fn new(rows: Rows, reporter: Reporter, answer_bytes_max: usize) -> Self {
        Self { rows, reporter, answer_bytes_max }
    }

    /// What a call was answered, if it was.
    pub(super) async fn find(&self, call: CallId) -> Result<Option<JournalEntry>, Error> {
        self.rows.find_entry(call).await
    }

    /// Writes what was heard under every waiting call, then removes the attempts, and returns what the
    /// journal holds. Who joins meanwhile is served too: rounds end because each waiter holds one of the
    /// loop's bounded places until he is served.
    pub(super) async fn keep(&self, heard: &Heard, attempts: &Attempts, passengers: &Passengers) -> Landed {
        count_tokens(heard);
        let mut kept = BTreeMap::new();
        loop {
            let unserved = passengers.unserved(&kept);
            let writes = unserved.into_values().map(|asked| self.keep_one(heard, attempts, asked));
            let entries: Vec<_> =
                futures::stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_collect().await?;
            kept.extend(entries);
            attempts.clear().await?;
            if passengers.close_if_served(&kept) {
                return Ok(Arc::new(kept));
            }
        }
    }

    async fn keep_one(
        &self,
        heard: &Heard,
        attempts: &Attempts,
        asked: Arc<Asked>,
    ) -> Result<(CallId, JournalEntry), Error> {
        let entry = self.entry(heard, attempts, &asked)?;
        Ok((asked.call, self.rows.keep_entry(asked.call, entry).await?))
    }

    fn entry(&self, heard: &Heard, attempts: &Attempts, asked: &Asked) -> Result<JournalEntry, Error> {
        let charged = i32::try_from(CALL_CHARGE).unwrap_or(i32::MAX);
        let encoded = match verdict::of(heard, attempts, self.answer_bytes_max) {
            Ok(answer) => self.reporter.codec().encode(&answer).map(|value| (JournalOutcome::Ok, value)),
            Err(mut failure) => {
                failure.path = asked.envelope.path.as_str().to_owned();
                failure.calls_spent = charged;
                self.reporter.codec().encode(&failure).map(|value| (JournalOutcome::Failed, value))
            }
        };
        let (outcome, value) = encoded.map_err(|error| unreadable("write the answer", asked.call, &error))?;
        Ok(JournalEntry {
            request_hash: asked.hash.clone(),
            outcome,
            value,
            attempts: attempts.sent(),
            unknown_attempts: attempts.unknown(),
            calls_charged: charged,
        })
    }
}

fn count_tokens(heard: &Heard) {
    if let Ok(completion) = &heard.result {
        metrics::counter!(names::TOKENS, "direction" => "input")
            .increment(u64::from(completion.usage.input_tokens));
        metrics::counter!(names::TOKENS, "direction" => "output")
            .increment(u64::from(completion.usage.output_tokens));
    }
}
