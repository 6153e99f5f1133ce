//! The gate: when a model asks for a pause, all its requests wait, none retries alone; and when the pause is
//! over they do not all leave at once.
//!
//! It begins with one request, and each that is let in lets two more leave, so that a provider which still
//! refuses is asked once and one which does not has everybody within seconds. What a provider's limits
//! really are it does not know: that is the quota's matter, once there is one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use crate::names;

/// Shortest pause: a provider that asks for none (zero, or a date in the past) was still too fast for.
pub(super) const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The first pause if the provider names none; each further one in a row is twice as long.
pub(super) const PAUSE_UNNAMED: Duration = Duration::from_secs(1);

/// The longest pause if the provider names none: as long as most providers' windows (a minute), halved.
pub(super) const PAUSE_UNNAMED_MAX: Duration = Duration::from_secs(30);

/// The longest pause that is believed. Windows are a minute, or a day for the smallest accounts; who asks
/// again each ten minutes learns early that a header lied, and sends little enough if it did not.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(600);

/// How long a request is under way until it counts as let in: providers refuse within tens of
/// milliseconds, while answers may take a minute, for which nobody shall wait.
pub(super) const LET_IN_AFTER: Duration = Duration::from_secs(1);

/// How many must be let in after a pause until the gate is forgotten: as many as a gateway has in flight.
pub(super) const LET_IN_ENOUGH: u32 = 64;

/// One gate for each model that asked for a pause lately. Shared by all requests.
#[derive(Debug, Default)]
pub(super) struct Gate {
    models: Mutex<BTreeMap<String, Closed>>,
}

/// A model that asked for a pause.
#[derive(Debug)]
struct Closed {
    until: Instant,
    /// Counts closings, so that a pass from before one does not open the next.
    closing: u64,
    /// How often in a row it was closed and nothing was let in between.
    in_a_row: u32,
    /// How many may leave now.
    places: u32,
    /// How many were let in since the pause.
    let_in: u32,
    /// Told whenever any of these changes.
    changed: Arc<Notify>,
}

/// What a request waits for.
enum Wait {
    Until(Instant),
    Change(OwnedNotified),
}

impl Gate {
    /// Waits until the model may be asked.
    pub(super) async fn pass<'a>(&'a self, model: &'a str) -> Pass<'a> {
        loop {
            match self.try_pass(model) {
                Ok(pass) => return pass,
                // Asked again afterwards: somebody may have closed it for longer.
                Err(Wait::Until(until)) => tokio::time::sleep_until(until).await,
                Err(Wait::Change(changed)) => changed.await,
            }
        }
    }

    fn try_pass<'a>(&'a self, model: &'a str) -> Result<Pass<'a>, Wait> {
        let mut models = self.lock();
        let Some(closed) = models.get_mut(model) else {
            return Ok(Pass { gate: self, model, closing: None });
        };
        if closed.until > Instant::now() {
            return Err(Wait::Until(closed.until));
        }
        if closed.places == 0 {
            // Made under the lock, so that no change is missed.
            return Err(Wait::Change(Arc::clone(&closed.changed).notified_owned()));
        }
        closed.places -= 1;
        Ok(Pass { gate: self, model, closing: Some(closed.closing) })
    }

    fn close(&self, model: &str, after: Option<Duration>) {
        let now = Instant::now();
        let mut models = self.lock();
        let closed = models.entry(model.to_owned()).or_insert_with(|| Closed::new(now));
        let named = after.map(|named| named.clamp(PAUSE_MIN, PAUSE_MAX));
        if closed.until > now {
            // Requests that were under way together are refused together: that is one closing, not many.
            closed.until = named.map_or(closed.until, |named| closed.until.max(now + named));
            return;
        }
        closed.closing += 1;
        closed.in_a_row = closed.in_a_row.saturating_add(1);
        closed.places = 1;
        closed.let_in = 0;
        let pause = named.unwrap_or_else(|| unnamed(closed.in_a_row));
        closed.until = now + pause;
        closed.changed.notify_waiters();
        tracing::warn!(model, pause_ms = pause.as_millis(), "the provider asks for a pause");
        metrics::histogram!(names::PAUSE_SECONDS).record(pause.as_secs_f64());
    }

    /// Gives places to a gate that was not closed since; forgets it when enough were let in.
    fn open(&self, model: &str, closing: u64, places: u32, let_in: u32) {
        let mut models = self.lock();
        let Some(closed) = models.get_mut(model).filter(|closed| closed.closing == closing) else { return };
        closed.places = closed.places.saturating_add(places);
        closed.let_in += let_in;
        if let_in > 0 {
            closed.in_a_row = 0;
        }
        closed.changed.notify_waiters();
        if closed.let_in >= LET_IN_ENOUGH {
            models.remove(model);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Closed>> {
        // No change can panic half way: a poisoned lock may be used on.
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Closed {
    fn new(now: Instant) -> Self {
        Self { until: now, closing: 0, in_a_row: 0, places: 0, let_in: 0, changed: Arc::default() }
    }
}

/// The right to send one request. Dropping it gives the place to another.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    model: &'a str,
    /// The closing behind which this pass was given; `None` if there was no gate, or it is settled.
    closing: Option<u64>,
}

impl Pass<'_> {
    /// The request was let in: it is answered, or under way for [`LET_IN_AFTER`]. Two more may leave.
    pub(super) fn let_in(&mut self) {
        if let Some(closing) = self.closing.take() {
            self.gate.open(self.model, closing, 2, 1);
        }
    }

    /// The model asked for a pause, `after` long if it said so.
    pub(super) fn refused(mut self, after: Option<Duration>) {
        self.closing = None;
        self.gate.close(self.model, after);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if let Some(closing) = self.closing.take() {
            self.gate.open(self.model, closing, 1, 0);
        }
    }
}

/// The pause nobody named, after so many closings in a row.
fn unnamed(in_a_row: u32) -> Duration {
    let doublings = in_a_row.saturating_sub(1).min(16);
    PAUSE_UNNAMED.saturating_mul(1 << doublings).min(PAUSE_UNNAMED_MAX)
}

#[cfg(test)]
mod tests;
