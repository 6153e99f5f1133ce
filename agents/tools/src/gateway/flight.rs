//! One call from its first step that costs to the journal: again as often as it takes and is allowed, or
//! once and never again.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use agents_journal::{Attempts, Claim, Ended, Journal, JournalEntry, Landed, Pauses, Reporter, Rows};
use futures::FutureExt;
use tokio::time::Instant;
use topics_runtime::Error as Trouble;

use super::asked::Asked;
use super::bulkhead::Bulkheads;
use super::verdict::{self, Heard};
use super::{Passengers, Settings};
use crate::names;
use crate::tool::{Effects, Error, Tool};

/// What came of calling at most once.
enum Once {
    /// Something that is ours to write into the journal.
    Ours(Heard, Attempts),
    /// Another owner's answer, which stands there.
    Anothers(JournalEntry),
}

/// What a flight works with.
pub(super) struct Flight {
    pub(super) rows: Rows,
    pub(super) journal: Arc<Journal>,
    pub(super) bulkheads: Arc<Bulkheads>,
    pub(super) reporter: Reporter,
    pub(super) settings: Settings,
    pub(super) tool: Arc<dyn Tool>,
}

impl Flight {
    /// The way of one call, of those deliveries of it that wait for the same answer.
    pub(super) async fn fly(self, asked: Arc<Asked>, passengers: Passengers) -> Landed {
        let (heard, attempts) = match self.tool.declaration().effects {
            Effects::Idempotent | Effects::Keyed => {
                let mut attempts = Attempts::take_over(&self.rows, &self.journal, &asked).await?;
                (self.again(&asked, &mut attempts, &passengers).await?, attempts)
            }
            Effects::AtMostOnce => match self.once(&asked, &passengers).await? {
                Once::Ours(heard, attempts) => (heard, attempts),
                Once::Anothers(entry) => return Ok(Arc::new(BTreeMap::from([(asked.call, entry)]))),
            },
        };
        let verdict = verdict::of(heard, &attempts, self.tool.declaration(), self.reporter.codec());
        self.journal.keep(&verdict, &attempts, &passengers).await
    }

    /// Calls until there is an answer, a refusal, or no hope.
    async fn again(
        &self,
        asked: &Asked,
        attempts: &mut Attempts,
        passengers: &Passengers,
    ) -> Result<Heard, Ended> {
        let pauses = Pauses { first: self.settings.pause_first, max: self.settings.pause_max };
        let mut failures = 0;
        loop {
            let place = self.bulkheads.enter(self.tool.declaration()).await;
            passengers.check_owned()?;
            attempts.begin().await?;
            // Again, and last: the row may have taken its time.
            passengers.check_owned()?;
            let heard = self.call(asked).await;
            drop(place);
            let Err(Error::Transient { after, message }) = &heard else { return Ok(Heard::Said(heard)) };
            failures += 1;
            if failures >= self.settings.failures_max {
                return Ok(Heard::Said(heard));
            }
            tracing::warn!(tool = self.tool.declaration().name, message, failures, "trying again");
            // The row may be another owner's by now.
            passengers.check_owned()?;
            attempts.end().await?;
            tokio::time::sleep(pauses.after(failures, *after, asked.call)).await;
        }
    }

    /// Calls once, unless somebody has or may have.
    async fn once(&self, asked: &Asked, passengers: &Passengers) -> Result<Once, Ended> {
        let place = self.bulkheads.enter(self.tool.declaration()).await;
        passengers.check_owned()?;
        let (attempts, claim) = Attempts::claim(&self.rows, asked).await?;
        if claim == Claim::Ours {
            // Last. What is lost just now leaves an intent: the next owner takes it for a call.
            passengers.check_owned()?;
            return Ok(Once::Ours(Heard::Said(self.call(asked).await), attempts));
        }
        drop(place);
        if let Some(entry) = self.await_another(asked).await? {
            return Ok(Once::Anothers(entry));
        }
        tracing::warn!(call = %asked.call, "the outcome of a call that is made at most once is unknown");
        metrics::counter!(names::UNKNOWN_ATTEMPTS).increment(1);
        let message = "an earlier owner was about to, and left no answer".to_owned();
        Ok(Once::Ours(Heard::Unknown(message), attempts))
    }

    /// The answer of an owner who may be alive and calling, if one comes while his call can last.
    async fn await_another(&self, asked: &Asked) -> Result<Option<JournalEntry>, Trouble> {
        let until = Instant::now() + self.tool.declaration().bounds.time;
        loop {
            let found = self.journal.find(asked.call).await?;
            if found.is_some() || Instant::now() >= until {
                return Ok(found);
            }
            tokio::time::sleep(self.settings.store_pause).await;
        }
    }

    /// One call, within its time.
    async fn call(&self, asked: &Asked) -> Result<bytes::Bytes, Error> {
        let declaration = self.tool.declaration();
        let (begin, time) = (Instant::now(), declaration.bounds.time);
        let call = self.tool.call(asked.call, asked.request.arguments.clone());
        let result = match tokio::time::timeout(time, AssertUnwindSafe(call).catch_unwind()).await {
            Ok(Ok(result)) => result,
            // Transient of a tool that acts each time: it may have, before it panicked.
            Ok(Err(_)) if declaration.effects == Effects::AtMostOnce => Err(Error::transient("it panicked")),
            Ok(Err(_)) => Err(Error::failed("it panicked, which is a bug of the tool's")),
            Err(_) => Err(Error::transient(format!("no answer within {time:?}"))),
        };
        let outcome = result.as_ref().map_or_else(Error::word, |_| "ok");
        let tool = declaration.name.clone();
        metrics::counter!(names::ATTEMPTS, "tool" => tool.clone(), "outcome" => outcome).increment(1);
        metrics::histogram!(names::ATTEMPT_SECONDS, "tool" => tool, "outcome" => outcome)
            .record(begin.elapsed().as_secs_f64());
        result
    }
}
