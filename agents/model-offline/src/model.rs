//! The model behind the seam: requests go to workers, answers come back, and who stops waiting stops the
//! work.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agents_model::Model;
use agents_model::model::{Completion, Error};
use async_trait::async_trait;
use schemas_records::model::ModelRequest;
use tokio::sync::{oneshot, watch};

use crate::generation;
use crate::load::{LoadError, Loaded};
use crate::pool::{Pool, Rejected};
use crate::settings::{QUEUE_PER_WORKER, Settings, WORKERS_MAX};
use crate::weights::{self, SMOLLM2};

/// What the model calls itself in its answers.
pub const NAME: &str = "SmolLM2-135M-Instruct";

/// How long a request may take, its waiting included. Below the gateway's own bound of two minutes, so that
/// this one's message, which says more, comes first.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(110);

/// The pause that is asked for when the queue is full: by then a worker has taken the next.
const PAUSE: Duration = Duration::from_secs(2);

/// SmolLM2-135M-Instruct in this process.
///
/// The weights are read by a worker at the first request, not at the start: a node without the model
/// gateway's role, and a command that only looks at topics, need neither the two seconds nor the 150 MB.
/// Whether they are there at all is seen at the start, where it can still be mended. If they cannot be read,
/// the request is refused with the reason, and the next one tries again.
///
/// A request's `model` is not looked at: there is one, and its answers name it. `max_tokens` counts up to
/// [`ANSWER_TOKENS_MAX`](crate::ANSWER_TOKENS_MAX). The same request gives the same text on one machine,
/// also with a temperature; another processor may round otherwise.
pub struct OfflineModel {
    pool: Pool<Job>,
    under_way: watch::Receiver<usize>,
}

/// A request, and where its answer goes. Nobody waits any more when `reply` is closed.
struct Job {
    request: ModelRequest,
    reply: oneshot::Sender<Result<Completion, Error>>,
}

impl OfflineModel {
    /// Starts the workers, if weights are there.
    ///
    /// # Errors
    /// [`LoadError`], if there is no file of the right length, or no thread to be had.
    pub fn new(settings: &Settings) -> Result<Self, LoadError> {
        let path = weights::path(&settings.folder, &SMOLLM2);
        weights::look(&path, &SMOLLM2)?;
        let workers = settings.workers.clamp(1, WORKERS_MAX);
        let shelf = Shelf { path, loaded: Mutex::default() };
        let (counter, under_way) = watch::channel(0);
        let pool = Pool::start(workers, workers * QUEUE_PER_WORKER, move |job| {
            let _counted = Counted::new(&counter);
            answer(&shelf, job);
        });
        let pool = pool.map_err(|error| LoadError::part("a thread", &error))?;
        Ok(Self { pool, under_way })
    }

    /// How many requests are being worked on; those that wait do not count.
    #[must_use]
    pub fn under_way(&self) -> watch::Receiver<usize> {
        self.under_way.clone()
    }
}

#[async_trait]
impl Model for OfflineModel {
    async fn complete(&self, request: &ModelRequest) -> Result<Completion, Error> {
        let (reply, answer) = oneshot::channel();
        self.pool.submit(Job { request: request.clone(), reply }).map_err(|rejected| match rejected {
            Rejected::Full => Error::RateLimited {
                after: Some(PAUSE),
                message: "the offline model has more waiting than it can answer in time".to_owned(),
            },
            Rejected::Closed => {
                let message = "the offline model's workers are gone; restart this process".to_owned();
                Error::Refused { message }
            }
        })?;
        match tokio::time::timeout(ANSWER_TIME_MAX, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::BadAnswer {
                message: "the offline model panicked at this prompt; please report it".to_owned(),
            }),
            Err(_) => Err(Error::Transient {
                after: None,
                message: format!("the offline model had no answer within {ANSWER_TIME_MAX:?}"),
            }),
        }
    }
}

/// What a worker does with a job.
fn answer(shelf: &Shelf, job: Job) {
    let Job { request, reply } = job;
    if reply.is_closed() {
        return;
    }
    let result = match shelf.take() {
        Ok(loaded) => generation::complete(&loaded, &request, &|| !reply.is_closed()),
        Err(error) => Some(Err(Error::Refused { message: error.to_string() })),
    };
    if let Some(result) = result {
        // Who stopped waiting just now does not miss it.
        let _ = reply.send(result);
    }
}

/// Where the network stands once it is read.
struct Shelf {
    path: PathBuf,
    loaded: Mutex<Option<Arc<Loaded>>>,
}

impl Shelf {
    /// The network; the first who asks reads it, while the others wait.
    fn take(&self) -> Result<Arc<Loaded>, LoadError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        match &*loaded {
            Some(loaded) => Ok(Arc::clone(loaded)),
            None => Ok(Arc::clone(loaded.insert(Arc::new(Loaded::read(&self.path)?)))),
        }
    }
}

/// Counts a request while it is worked on, also if that panics.
struct Counted<'a>(&'a watch::Sender<usize>);

impl<'a> Counted<'a> {
    fn new(counter: &'a watch::Sender<usize>) -> Self {
        counter.send_modify(|under_way| *under_way += 1);
        Self(counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|under_way| *under_way -= 1);
    }
}
