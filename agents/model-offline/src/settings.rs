//! What the model is told. Every bound stands here with its reason.

use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Most workers nobody asked for: each keeps a core busy and, with a long prompt, 190 MB of memory, and
/// this process has a runtime to run beside them.
const WORKERS_DEFAULT_MAX: usize = 2;

/// Most workers at all: a machine for so many has better models to run.
pub(crate) const WORKERS_MAX: usize = 64;

/// Requests that wait for each worker. An answer takes some four seconds, so the last of them waits for
/// about a minute: half of what the gateway gives an attempt. Who comes later is asked to pause.
pub(crate) const QUEUE_PER_WORKER: usize = 16;

/// Most tokens of prompt and answer together. The network was trained on 8,192; half of it keeps what a
/// worker remembers of them (46 KB a token) below 190 MB, and reading a whole one below two minutes.
pub const CONTEXT_TOKENS_MAX: usize = 4_096;

/// Most tokens of an answer, whatever is asked for: at some 30 a second this is a quarter of a minute, and
/// a model this small has long begun to repeat itself.
pub const ANSWER_TOKENS_MAX: usize = 512;

/// The model's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder where the weights lie; see [`crate::weights`].
    pub folder: PathBuf,
    /// Answers that are worked on at once, each on one thread of its own. More threads for one answer do
    /// not pay: these matrices are too small to be divided.
    pub workers: usize,
}

impl Settings {
    /// The starting values: as many workers as there are cores, at most two.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { folder: folder.into(), workers: cores.min(WORKERS_DEFAULT_MAX) }
    }
}
