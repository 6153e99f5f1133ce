//! Asking until there is an answer, a refusal, or no hope: gate, attempt, ownership, time-out, provider.

use std::sync::Arc;
use std::time::Duration;

use agents_journal::{Attempts, Ended, Pauses};
use schemas_records::model::ModelRequest;
use tokio::time::Instant;

use super::gate::{Gate, LET_IN_AFTER, Pass};
use super::{Passengers, Settings};
use crate::model::{Completion, Error, Model};
use crate::names;

/// What came of asking.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// The answer, or the last error.
    pub(super) result: Result<Completion, Error>,
    /// From sending the last attempt to its end.
    pub(super) latency: Duration,
}

/// Asks the model as often as it takes and is allowed.
pub(super) struct Retry {
    model: Arc<dyn Model>,
    gate: Gate,
    settings: Settings,
    pauses: Pauses,
}

impl Retry {
    pub(super) fn new(model: Arc<dyn Model>, gate: Gate, settings: Settings) -> Self {
        let pauses = Pauses { first: settings.pause_first, max: settings.pause_max };
        Self { model, gate, settings, pauses }
    }

    /// Asks. A pause that the provider asks for is waited out, as often as it asks; a failure that may pass
    /// is tried again within the bound; all else is the outcome.
    pub(super) async fn ask(
        &self,
        request: &ModelRequest,
        attempts: &mut Attempts,
        passengers: &Passengers,
    ) -> Result<Heard, Ended> {
        let mut failures = 0;
        loop {
            let mut pass = self.gate.pass(&request.model).await;
            passengers.check_owned()?;
            attempts.begin().await?;
            // Again, and last: the row may have taken its time.
            passengers.check_owned()?;
            let heard = self.send(request, &mut pass).await;
            match &heard.result {
                Ok(_) => {
                    pass.let_in();
                    return Ok(heard);
                }
                Err(Error::RateLimited { after, .. }) => {
                    pass.refused(*after);
                    // The row may be another owner's by now.
                    passengers.check_owned()?;
                    attempts.end().await?;
                }
                Err(error @ Error::Transient { after, .. }) => {
                    failures += 1;
                    if failures >= self.settings.failures_max {
                        return Ok(heard);
                    }
                    tracing::warn!(%error, failures, "trying again");
                    drop(pass);
                    passengers.check_owned()?;
                    attempts.end().await?;
                    tokio::time::sleep(self.pauses.after(failures, *after, attempts.call())).await;
                }
                Err(Error::Refused { .. } | Error::BadAnswer { .. }) => {
                    pass.let_in();
                    return Ok(heard);
                }
            }
        }
    }

    /// One attempt, within its time. Once it is under way for a while, it was let in.
    async fn send(&self, request: &ModelRequest, pass: &mut Pass<'_>) -> Heard {
        let sent = Instant::now();
        let time_max = self.settings.attempt_time_max;
        let mut answer = std::pin::pin!(tokio::time::timeout(time_max, self.model.complete(request)));
        let result = tokio::select! {
            biased;
            result = &mut answer => result,
            () = tokio::time::sleep(LET_IN_AFTER) => {
                pass.let_in();
                answer.await
            }
        };
        let result = result.unwrap_or_else(|_| {
            Err(Error::Transient { after: None, message: format!("no answer within {time_max:?}") })
        });
        let latency = sent.elapsed();
        let outcome = result.as_ref().map_or_else(Error::word, |_| "ok");
        metrics::counter!(names::ATTEMPTS, "outcome" => outcome).increment(1);
        metrics::histogram!(names::ATTEMPT_SECONDS, "outcome" => outcome).record(latency.as_secs_f64());
        Heard { result, latency }
    }
}
