//! The log, with a crash before or after the n-th call of any of its futures: what is called never
//! returns, and a bell says that it is time to drop intake.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use topics_log::{
    Assignment, Committed, Consumer, Error, Group, Log, NewRecord, NewTopic, OffsetCommit, Polled, Publisher,
    Reader, Record, Start, TopicDescription, TopicPartition, Transactor,
};

/// Decides when to crash.
pub struct Stumble {
    seen: AtomicUsize,
    at: usize,
    pub bell: Notify,
}

impl Stumble {
    pub fn at(step: usize) -> Arc<Self> {
        Arc::new(Self { seen: AtomicUsize::new(0), at: step, bell: Notify::new() })
    }

    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }

    async fn step(&self) {
        if self.seen.fetch_add(1, Ordering::Relaxed) == self.at {
            self.bell.notify_one();
            std::future::pending::<()>().await;
        }
    }

    async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        self.step().await;
        let done = call.await;
        self.step().await;
        done
    }
}

pub struct StumblingLog(pub Arc<dyn Log>, pub Arc<Stumble>);
struct StumblingConsumer(Box<dyn Consumer>, Arc<Stumble>);
struct StumblingTransactor(Box<dyn Transactor>, Arc<Stumble>);
struct StumblingReader(Box<dyn Reader>, Arc<Stumble>);

#[async_trait]
impl Log for StumblingLog {
    async fn join(&self, group: Group, topics: &[&str]) -> Result<Box<dyn Consumer>, Error> {
        let consumer = self.1.around(self.0.join(group, topics)).await?;
        Ok(Box::new(StumblingConsumer(consumer, self.1.clone())))
    }

    async fn publisher(&self) -> Result<Box<dyn Publisher>, Error> {
        self.0.publisher().await
    }

    async fn reader(&self, from: &[(TopicPartition, Start)]) -> Result<Box<dyn Reader>, Error> {
        let reader = self.1.around(self.0.reader(from)).await?;
        Ok(Box::new(StumblingReader(reader, self.1.clone())))
    }

    async fn topics(&self, prefix: &str) -> Result<Vec<TopicDescription>, Error> {
        self.0.topics(prefix).await
    }

    async fn create(&self, topics: &[NewTopic]) -> Result<(), Error> {
        self.0.create(topics).await
    }

    async fn remove(&self, topics: &[String]) -> Result<(), Error> {
        self.0.remove(topics).await
    }
}

#[async_trait]
impl Consumer for StumblingConsumer {
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, Error> {
        // An idle poll changes nothing: only those that bring something are steps.
        let polled = self.0.poll(max, wait).await;
        if !matches!(&polled, Ok(Polled::Records(records)) if records.is_empty()) {
            self.1.step().await;
        }
        polled
    }

    async fn committed(&mut self, of: &[Assignment]) -> Result<Vec<Option<Committed>>, Error> {
        self.1.around(self.0.committed(of)).await
    }

    async fn read_from(&mut self, at: &[(Assignment, Start)]) -> Result<(), Error> {
        self.1.around(self.0.read_from(at)).await
    }

    async fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error> {
        self.1.around(self.0.commit(offsets)).await
    }

    async fn transactor(&mut self, name: &str) -> Result<Box<dyn Transactor>, Error> {
        let transactor = self.1.around(self.0.transactor(name)).await?;
        Ok(Box::new(StumblingTransactor(transactor, self.1.clone())))
    }

    async fn close(self: Box<Self>) {
        self.0.close().await;
    }
}

#[async_trait]
impl Transactor for StumblingTransactor {
    async fn begin(&mut self) -> Result<(), Error> {
        self.1.around(self.0.begin()).await
    }

    async fn produce(&mut self, records: Vec<NewRecord>) -> Result<(), Error> {
        self.1.around(self.0.produce(records)).await
    }

    async fn send_offsets(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error> {
        self.1.around(self.0.send_offsets(offsets)).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.1.around(self.0.commit()).await
    }

    async fn abort(&mut self) -> Result<(), Error> {
        self.1.around(self.0.abort()).await
    }
}

#[async_trait]
impl Reader for StumblingReader {
    async fn read(&mut self, max: usize, wait: Duration) -> Result<Vec<Record>, Error> {
        let records = self.0.read(max, wait).await;
        if !matches!(&records, Ok(records) if records.is_empty()) {
            self.1.step().await;
        }
        records
    }

    async fn ends(&mut self) -> Result<Vec<i64>, Error> {
        self.1.around(self.0.ends()).await
    }
}
