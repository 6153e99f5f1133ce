//! Deaths at named moments: the probe of an instance, and who decides that it must not return.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use topics_log::{Clock, Timestamp};
use topics_runtime::{Moment, Probe};

use super::storm::Death;
use super::trace::Trace;
use super::weather::Weather;

/// One life of an instance: from its start to its death, or until it has left.
pub struct Life {
    /// Under which name.
    pub name: String,
    /// Which instance.
    pub slot: usize,
    /// Cancelled at its death: everything of it is dropped, wherever it is.
    pub death: CancellationToken,
    /// Cancelled when it is asked to leave.
    pub leave: CancellationToken,
    /// The roles that have reached a moment: whoever ends before that could not start.
    begun: Mutex<BTreeSet<String>>,
    stopped: Mutex<Stopped>,
}

/// Whether a process is stopped, and who is to be woken when it goes on.
#[derive(Default)]
struct Stopped {
    is_stopped: bool,
    waiting: Vec<Waker>,
}

impl Life {
    /// A life that begins.
    #[must_use]
    pub fn new(name: String, slot: usize) -> Self {
        let (death, leave) = (CancellationToken::new(), CancellationToken::new());
        Self { name, slot, death, leave, begun: Mutex::default(), stopped: Mutex::default() }
    }

    /// Stops the process: nothing of it runs until [`Life::go_on`].
    pub fn stop(&self) {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).is_stopped = true;
    }

    /// Lets it go on where it was.
    pub fn go_on(&self) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.is_stopped = false;
        stopped.waiting.drain(..).for_each(Waker::wake);
    }

    /// Whether it is stopped; then it is woken when it may go on.
    fn must_wait(&self, cx: &Context<'_>) -> bool {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if stopped.is_stopped {
            stopped.waiting.push(cx.waker().clone());
        }
        stopped.is_stopped
    }

    /// Whether a role has reached any moment.
    pub fn has_begun(&self, role: &str) -> bool {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).contains(role)
    }
}

/// A future of a life, which stands still while that is stopped.
pub struct Of<F> {
    /// Whose.
    pub life: Arc<Life>,
    /// What it does.
    pub future: Pin<Box<F>>,
}

impl<F: Future> Future for Of<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if self.life.must_wait(cx) { Poll::Pending } else { self.future.as_mut().poll(cx) }
    }
}

/// Which deaths are still to come, and which moments were reached.
pub struct Reaper {
    weather: Arc<Weather>,
    trace: Arc<Trace>,
    clock: Arc<dyn Clock>,
    start: Instant,
    waiting: Mutex<Vec<Death>>,
    /// When a role was assigned partitions.
    takeovers: Mutex<Vec<(String, Timestamp)>>,
}

impl Reaper {
    /// Sees to these deaths, counted from now.
    #[must_use]
    pub fn new(deaths: Vec<Death>, weather: Arc<Weather>, trace: Arc<Trace>, clock: Arc<dyn Clock>) -> Self {
        let (start, waiting, takeovers) = (Instant::now(), Mutex::new(deaths), Mutex::default());
        Self { weather, trace, clock, start, waiting, takeovers }
    }

    /// Whether whoever has reached this moment dies of it.
    fn takes(&self, moment: Moment) -> bool {
        if !self.weather.is_stormy() {
            return false;
        }
        let now = self.start.elapsed();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let due = |death: &&mut Death| death.moment == moment && death.from <= now;
        let Some(death) = waiting.iter_mut().find(due) else { return false };
        if death.after > 0 {
            death.after -= 1;
            return false;
        }
        let gone = *death;
        waiting.retain(|death| *death != gone);
        true
    }

    /// When roles of this name were assigned partitions.
    pub fn takeovers(&self, role: &str) -> Vec<Timestamp> {
        let all = self.takeovers.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|(who, _)| who == role).map(|(_, at)| *at).collect()
    }
}

/// The probe of one life.
pub struct Mortal {
    /// Whose.
    pub life: Arc<Life>,
    /// Who decides.
    pub reaper: Arc<Reaper>,
}

#[async_trait]
impl Probe for Mortal {
    async fn at(&self, who: &str, moment: Moment) {
        let Self { life, reaper } = self;
        reaper.trace.whisper(|| format!("{} {who} {}", life.name, moment.as_str()));
        life.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(who.to_owned());
        if moment == Moment::Assigned {
            let mut takeovers = reaper.takeovers.lock().unwrap_or_else(PoisonError::into_inner);
            takeovers.push((who.to_owned(), reaper.clock.now()));
        }
        if reaper.takes(moment) {
            let at = || format!("{} in {who} at {}", life.name, moment.as_str());
            reaper.trace.say(&format!("death at {}", moment.as_str()), at);
            reaper.trace.count("death");
            life.death.cancel();
        }
        if life.death.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }
}
