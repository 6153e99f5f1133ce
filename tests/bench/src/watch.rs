//! Watches a topic as whoever waits for results would: reads what is committed, on a thread of its own,
//! and notes when each record was seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context;
use rdkafka::consumer::Consumer as _;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Offset, TopicPartitionList};

use crate::raw;

/// How long one wait lasts before it looks whether it is to end.
const POLL_WAIT: Duration = Duration::from_millis(50);

/// A thread that watches.
pub struct Watch {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Watch {
    /// Watches all of a topic from its beginning.
    ///
    /// # Errors
    /// A broker that cannot be reached.
    pub fn begin(
        brokers: &str,
        topic: &str,
        partitions: i32,
        mut see: impl FnMut(&BorrowedMessage<'_>, Instant) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let reader = raw::reader(brokers)?;
        let mut from = TopicPartitionList::new();
        for partition in 0..partitions {
            from.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
        reader.assign(&from)?;
        let ends = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ends);
        let watch = move || {
            while !told.load(Ordering::Acquire) {
                if let Some(message) = reader.poll(POLL_WAIT) {
                    see(&message.context("could not watch")?, Instant::now());
                }
            }
            Ok(())
        };
        let thread = thread::Builder::new().name("watch".into()).spawn(watch)?;
        Ok(Self { ends, thread })
    }

    /// Ends it.
    ///
    /// # Errors
    /// What went wrong while it watched.
    pub fn end(self) -> anyhow::Result<()> {
        self.ends.store(true, Ordering::Release);
        self.thread.join().map_err(|_| anyhow::anyhow!("the watching thread panicked"))?
    }
}
