//! Workers on threads of their own, and a bounded queue before them. What a job is they do not know.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Why a job was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// As many wait as may.
    Full,
    /// There is no worker left.
    Closed,
}

/// Workers. They end when it is dropped and what waits is done.
pub(crate) struct Pool<J> {
    queue: SyncSender<J>,
}

impl<J: Send + 'static> Pool<J> {
    /// Starts `workers` threads that do `work`; at most `waiting_max` jobs wait for them. A job whose work
    /// panics is dropped, and its worker goes on.
    pub(crate) fn start(
        workers: usize,
        waiting_max: usize,
        work: impl Fn(J) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(waiting_max);
        let (jobs, work) = (Arc::new(Mutex::new(jobs)), Arc::new(work));
        for worker in 0..workers {
            let (jobs, work) = (Arc::clone(&jobs), Arc::clone(&work));
            let name = format!("offline-model-{worker}");
            std::thread::Builder::new().name(name).spawn(move || serve(&jobs, &*work))?;
        }
        Ok(Self { queue })
    }

    /// Hands a job over, without waiting.
    pub(crate) fn submit(&self, job: J) -> Result<(), Rejected> {
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Rejected::Full,
            TrySendError::Disconnected(_) => Rejected::Closed,
        })
    }
}

fn serve<J>(jobs: &Mutex<Receiver<J>>, work: &(impl Fn(J) + ?Sized)) {
    loop {
        // One worker waits for a job, the others for their turn to.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Nothing of a job outlives it, so there is nothing that a panic could leave half done.
        if catch_unwind(AssertUnwindSafe(|| work(job))).is_err() {
            tracing::error!("an answer of the offline model is lost: its work panicked");
        }
    }
}

#[cfg(test)]
mod tests;
