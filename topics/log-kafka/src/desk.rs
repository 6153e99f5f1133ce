//! A thread that owns a client of librdkafka and does one job after the other with it.
//!
//! librdkafka's calls block, and so does dropping its clients: neither may happen on an async worker.
//! Whoever asks waits asynchronously. A job whose asker has gone before it began is not begun; one that
//! has begun is finished. When the desk is dropped, its thread finishes the job in hand, drops the
//! client and ends by itself; nobody waits for it.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use topics_log::{Error, Remedy};

/// Jobs that may wait at one desk; further askers wait outside. Only publishers are asked for several
/// things at a time.
const JOBS_MAX: usize = 64;

/// How long an asker waits outside before it looks again.
const OUTSIDE_PAUSE: Duration = Duration::from_millis(2);

/// How often it looks: some 10 s, within which a desk does one of its jobs or is stuck.
const OUTSIDE_TRIES: u32 = 5_000;

type Job<W> = Box<dyn FnOnce(&mut W) + Send>;

/// The asking side.
pub(crate) struct Desk<W> {
    jobs: SyncSender<Job<W>>,
    ended: oneshot::Receiver<()>,
}

/// The asker as the job sees it.
pub(crate) struct Asker<'a>(&'a dyn Fn() -> bool);

impl Asker<'_> {
    /// Whether nobody waits for the answer any more.
    pub(crate) fn is_gone(&self) -> bool {
        (self.0)()
    }
}

impl<W: 'static> Desk<W> {
    /// Starts a thread of this name, makes the client there and returns once it is made.
    ///
    /// # Errors
    /// That of `make`, or `Stop` if the thread cannot be started.
    pub(crate) async fn open(
        name: &str,
        make: impl FnOnce() -> Result<W, Error> + Send + 'static,
    ) -> Result<Self, Error> {
        let (jobs, queue) = sync_channel::<Job<W>>(JOBS_MAX);
        let (made, is_made) = oneshot::channel();
        let (ending, ended) = oneshot::channel::<()>();
        let run = move || {
            match make() {
                Ok(mut client) => {
                    if made.send(Ok(())).is_ok() {
                        while let Ok(job) = queue.recv() {
                            job(&mut client);
                        }
                    }
                }
                Err(error) => drop(made.send(Err(error))),
            }
            // The client is gone by now: `close` may return.
            drop(ending);
        };
        let spawned = thread::Builder::new().name(name.to_owned()).spawn(run);
        if let Err(error) = spawned {
            return Err(Error::new(Remedy::Stop, format!("start the thread {name}"), error.to_string()));
        }
        match is_made.await {
            Ok(outcome) => outcome.map(|()| Self { jobs, ended }),
            Err(_) => Err(ended_early(name)),
        }
    }

    /// Has one job done and waits for its answer.
    ///
    /// # Errors
    /// The job's own; `Retry` if too many abandoned jobs are waiting.
    pub(crate) async fn ask<R: Send + 'static>(
        &self,
        attempted: &str,
        job: impl FnOnce(&mut W, &Asker<'_>) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        let (reply, answer) = oneshot::channel();
        let job: Job<W> = Box::new(move |client| {
            if reply.is_closed() {
                return;
            }
            let outcome = job(client, &Asker(&|| reply.is_closed()));
            // An asker that has gone meanwhile was told so: jobs leave nothing precious in an answer.
            drop(reply.send(outcome));
        });
        self.enqueue(attempted, job).await?;
        answer.await.unwrap_or_else(|_| Err(ended_early(attempted)))
    }

    async fn enqueue(&self, attempted: &str, mut job: Job<W>) -> Result<(), Error> {
        for _ in 0..OUTSIDE_TRIES {
            job = match self.jobs.try_send(job) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(ended_early(attempted)),
                Err(TrySendError::Full(job)) => job,
            };
            tokio::time::sleep(OUTSIDE_PAUSE).await;
        }
        let cause = format!("{JOBS_MAX} calls are waiting and none was done for a while");
        Err(Error::new(Remedy::Retry, attempted, cause))
    }

    /// Waits until the client is dropped, at most `bound`.
    pub(crate) async fn close(self, bound: Duration) {
        drop(self.jobs);
        if tokio::time::timeout(bound, self.ended).await.is_err() {
            tracing::warn!(target: "kafka", "a client takes more than {bound:?} to close; not waiting for it");
        }
    }
}

fn ended_early(attempted: &str) -> Error {
    Error::new(
        Remedy::Unknown,
        attempted,
        "the client's thread has ended: this is a bug; make the client again and report it",
    )
}

#[cfg(test)]
mod tests;
