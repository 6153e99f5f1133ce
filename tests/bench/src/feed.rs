//! A producer that keeps to a schedule, on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use topics_log::NewRecord;

use crate::pace::Schedule;
use crate::raw;

/// A thread that sends.
pub struct Feed {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<u64>>,
}

impl Feed {
    /// Sends record after record, each when it is due, without waiting for any.
    ///
    /// # Errors
    /// A thread that cannot be started.
    pub fn begin(
        brokers: &str,
        schedule: Schedule,
        make: impl FnMut(u64) -> anyhow::Result<NewRecord> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let ends = Arc::new(AtomicBool::new(false));
        let (told, brokers) = (Arc::clone(&ends), brokers.to_owned());
        let thread = thread::Builder::new()
            .name("feed".into())
            .spawn(move || send(&brokers, schedule, make, &told))?;
        Ok(Self { ends, thread })
    }

    /// Ends it. How many records it sent.
    ///
    /// # Errors
    /// What went wrong while it sent.
    pub fn end(self) -> anyhow::Result<u64> {
        self.ends.store(true, Ordering::Release);
        self.thread.join().map_err(|_| anyhow::anyhow!("the feeding thread panicked"))?
    }
}

fn send(
    brokers: &str,
    schedule: Schedule,
    mut make: impl FnMut(u64) -> anyhow::Result<NewRecord>,
    ends: &AtomicBool,
) -> anyhow::Result<u64> {
    let sender = raw::sender(brokers)?;
    let mut outcome = Ok(0);
    schedule.run(|number| {
        outcome = make(number).and_then(|record| raw::send(&sender, &record)).map(|()| number + 1);
        outcome.is_ok() && !ends.load(Ordering::Acquire)
    });
    raw::flush(&sender)?;
    outcome
}
