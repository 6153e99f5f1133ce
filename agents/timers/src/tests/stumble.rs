//! The log and the store, with a crash before or after the n-th call of any of their futures: what is
//! called never returns, and a bell says that it is time to drop the gateway.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_records::Timestamp;
use tokio::sync::Notify;
use topics_log::{
    Appended, Assignment, Committed, Consumer, Group, Log, NewRecord, NewTopic, OffsetCommit, Polled,
    Publisher, Reader, Start, TopicDescription, TopicPartition, Transactor,
};
use topics_state::{DueRow, KeyedStore};

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
struct StumblingPublisher(Box<dyn Publisher>, Arc<Stumble>);
pub struct StumblingStore(pub Arc<dyn KeyedStore>, pub Arc<Stumble>);

type LogResult<T> = Result<T, topics_log::Error>;
type StoreResult<T> = Result<T, topics_state::Error>;

#[async_trait]
impl Log for StumblingLog {
    async fn join(&self, group: Group, topics: &[&str]) -> LogResult<Box<dyn Consumer>> {
        let consumer = self.1.around(self.0.join(group, topics)).await?;
        Ok(Box::new(StumblingConsumer(consumer, self.1.clone())))
    }

    async fn publisher(&self) -> LogResult<Box<dyn Publisher>> {
        let publisher = self.1.around(self.0.publisher()).await?;
        Ok(Box::new(StumblingPublisher(publisher, self.1.clone())))
    }

    async fn reader(&self, from: &[(TopicPartition, Start)]) -> LogResult<Box<dyn Reader>> {
        self.0.reader(from).await
    }

    async fn topics(&self, prefix: &str) -> LogResult<Vec<TopicDescription>> {
        self.0.topics(prefix).await
    }

    async fn create(&self, topics: &[NewTopic]) -> LogResult<()> {
        self.0.create(topics).await
    }

    async fn remove(&self, topics: &[String]) -> LogResult<()> {
        self.0.remove(topics).await
    }
}

#[async_trait]
impl Consumer for StumblingConsumer {
    async fn poll(&mut self, max: usize, wait: Duration) -> LogResult<Polled> {
        // An idle poll changes nothing: only those that bring something are steps.
        let polled = self.0.poll(max, wait).await;
        if !matches!(&polled, Ok(Polled::Records(records)) if records.is_empty()) {
            self.1.step().await;
        }
        polled
    }

    async fn committed(&mut self, of: &[Assignment]) -> LogResult<Vec<Option<Committed>>> {
        self.1.around(self.0.committed(of)).await
    }

    async fn read_from(&mut self, at: &[(Assignment, Start)]) -> LogResult<()> {
        self.1.around(self.0.read_from(at)).await
    }

    async fn commit(&mut self, offsets: &[OffsetCommit]) -> LogResult<()> {
        self.1.around(self.0.commit(offsets)).await
    }

    async fn transactor(&mut self, name: &str) -> LogResult<Box<dyn Transactor>> {
        self.0.transactor(name).await
    }

    async fn close(self: Box<Self>) {
        self.0.close().await;
    }
}

#[async_trait]
impl Publisher for StumblingPublisher {
    async fn publish(&self, records: Vec<NewRecord>) -> LogResult<Vec<Appended>> {
        self.1.around(self.0.publish(records)).await
    }
}

#[async_trait]
impl KeyedStore for StumblingStore {
    async fn get(&self, space: &str, key: &[u8]) -> StoreResult<Option<Bytes>> {
        self.0.get(space, key).await
    }

    async fn put(&self, space: &str, key: &[u8], value: Bytes, lives: Option<Duration>) -> StoreResult<()> {
        self.0.put(space, key, value, lives).await
    }

    async fn insert_if_absent(
        &self,
        space: &str,
        key: &[u8],
        value: Bytes,
        lives: Option<Duration>,
    ) -> StoreResult<Option<Bytes>> {
        self.0.insert_if_absent(space, key, value, lives).await
    }

    async fn remove(&self, space: &str, key: &[u8]) -> StoreResult<()> {
        self.0.remove(space, key).await
    }

    async fn schedule(&self, space: &str, bucket: i32, minute: i64, row: DueRow) -> StoreResult<()> {
        self.1.around(self.0.schedule(space, bucket, minute, row)).await
    }

    async fn due(
        &self,
        space: &str,
        bucket: i32,
        minute: i64,
        after: Option<(Timestamp, Bytes)>,
        max: usize,
    ) -> StoreResult<Vec<DueRow>> {
        self.1.around(self.0.due(space, bucket, minute, after, max)).await
    }

    async fn unschedule(
        &self,
        space: &str,
        bucket: i32,
        minute: i64,
        due: Timestamp,
        key: &[u8],
    ) -> StoreResult<()> {
        self.1.around(self.0.unschedule(space, bucket, minute, due, key)).await
    }
}
