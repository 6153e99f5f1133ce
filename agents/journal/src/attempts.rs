//! Attempts: what is written down before anything leaves, so that a takeover knows what may be under way.
//!
//! There are two sorts of rows. An *attempt* is rewritten as often as something leaves and goes when the
//! answer is in the journal; a takeover goes on where it stands. An *intent*, for what must not be done
//! twice, is inserted only if there is none, by the one who then may go on, and stays until it expires: an
//! owner that was frozen for an hour finds it too.

use schemas_records::{CallId, Key, Message};
use serde::{Deserialize, Serialize};
use topics_guard::{Guard, stands};
use topics_runtime::Error;

use crate::asked::Asked;
use crate::journal::Journal;
use crate::store::Rows;

/// The row of a request that is being sent: there from before the first sending until the answer is in
/// the journal. It stands under the request's routing key: one row a flight, however many wait for it.
/// (Its name in rows is from the time when only models were asked.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "ModelAttempt")]
pub struct Attempt {
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

impl Attempt {
    /// Attempts whose outcome nobody knows if whoever made the last one is gone.
    #[must_use]
    pub fn unknown(&self) -> i32 {
        self.unknown_attempts.saturating_add(i32::from(self.open))
    }

    /// None so far, of this question.
    fn none<Q>(asked: &Asked<Q>) -> Self {
        Self {
            request_hash: asked.hash.clone(),
            call: asked.call,
            attempts: 0,
            unknown_attempts: 0,
            open: false,
        }
    }
}

impl Message for Attempt {
    const NAME: &'static str = "tributary.ModelAttempt";
    const SCHEMA: &'static str = include_str!("../../../schemas/avro/ModelAttempt.avsc");
}

/// The row of this very question, if one is there.
///
/// # Errors
/// The store's, and a row that cannot be read.
pub async fn find<Q>(rows: &Rows, asked: &Asked<Q>) -> Result<Option<Attempt>, Error> {
    let row = rows.find_attempt(&asked.key, asked.call).await?;
    Ok(row.filter(|row| row.request_hash == asked.hash))
}

/// The intent of this very question, if somebody has written one.
///
/// # Errors
/// As [`find`].
pub async fn find_intent<Q>(rows: &Rows, asked: &Asked<Q>) -> Result<Option<Attempt>, Error> {
    let row = rows.find_intent(&asked.key, asked.call).await?;
    Ok(row.filter(|row| row.request_hash == asked.hash))
}

/// Whose an intent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Written just now, by whoever asked: he may go on.
    Ours,
    /// Somebody's, or nobody knows whose.
    Taken,
}

/// The attempts of one flight, in memory as in the row.
pub struct Attempts {
    rows: Rows,
    key: Key,
    row: Attempt,
    /// Whether the row is an intent, which nobody changes or removes.
    is_intent: bool,
}

impl Attempts {
    /// Begins where an earlier owner stopped: its last attempt, if still open, is counted unknown. A row
    /// whose call is answered was only not removed any more, and counts for nothing.
    ///
    /// # Errors
    /// The store's, tried once: nothing has been paid for yet.
    pub async fn take_over<Q>(rows: &Rows, journal: &Journal, asked: &Asked<Q>) -> Result<Self, Error> {
        let mut row = Attempt::none(asked);
        if let Some(old) = find(rows, asked).await?
            && journal.find(old.call).await?.is_none()
        {
            row.attempts = old.attempts;
            row.unknown_attempts = old.unknown();
            if old.open {
                tracing::warn!(call = %asked.call, attempts = old.attempts, "an attempt's outcome is unknown");
                metrics::counter!(journal.unknown_attempts).increment(1);
            }
        }
        Ok(Self { rows: rows.clone(), key: asked.key.clone(), row, is_intent: false })
    }

    /// Writes the intent to send once, if nobody has. If somebody has, or may have, nothing may be sent, now
    /// or later: it counts as sent with unknown outcome.
    ///
    /// # Errors
    /// The store's, if only an operator can mend it.
    pub async fn claim<Q>(rows: &Rows, asked: &Asked<Q>) -> Result<(Self, Claim), Error> {
        let mut row = Attempt { attempts: 1, open: true, ..Attempt::none(asked) };
        let claim = rows.claim_intent(&asked.key, asked.call, &row).await?;
        if claim == Claim::Taken {
            row.unknown_attempts = 1;
        }
        Ok((Self { rows: rows.clone(), key: asked.key.clone(), row, is_intent: true }, claim))
    }

    /// Writes down that one more is about to leave.
    ///
    /// # Errors
    /// The store's, if only an operator can mend it.
    pub async fn begin(&mut self) -> Result<(), Error> {
        self.row.attempts = self.row.attempts.saturating_add(1);
        self.row.open = true;
        if !stands(Guard::AttemptFirst) {
            return Ok(());
        }
        self.write().await
    }

    /// Writes down that the last one ended without an answer, so that a takeover during the pause that
    /// follows does not count it unknown.
    ///
    /// # Errors
    /// As for [`Self::begin`].
    pub async fn end(&mut self) -> Result<(), Error> {
        self.row.open = false;
        self.write().await
    }

    /// Removes the row: the answer is in the journal. An owner who knows that he lost the partition leaves
    /// it, since it may be his successor's by now; one who does not know yet may take it away. Then a crash
    /// of the successor leaves an attempt uncounted; to exclude that the store would have to remove a value
    /// only if it is still the one that was written. An intent stays: see the module's own words.
    ///
    /// # Errors
    /// As for [`Self::begin`].
    pub async fn clear(&self) -> Result<(), Error> {
        if self.is_intent { Ok(()) } else { self.rows.clear_attempt(&self.key).await }
    }

    /// The call that asks, of several the first.
    #[must_use]
    pub fn call(&self) -> CallId {
        self.row.call
    }

    /// Requests sent, unknown ones among them.
    #[must_use]
    pub fn sent(&self) -> i32 {
        self.row.attempts
    }

    /// Those of earlier owners whose outcome nobody knows.
    #[must_use]
    pub fn unknown(&self) -> i32 {
        self.row.unknown_attempts
    }

    async fn write(&self) -> Result<(), Error> {
        self.rows.put_attempt(&self.key, self.row.call, &self.row).await
    }
}
