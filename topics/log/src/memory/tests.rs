//! What only the embedded log can show: stories that need a frozen member, a lost answer or virtual time.
//! What every log must keep is in the conformance suite.

mod faults;
mod membership;
mod ownership;
mod time;
mod transactions;
mod wakes;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Control, MemoryLog};
use crate::{
    Assignment, Consumer, Error, Group, Headers, Key, Log, NewRecord, NewTopic, OffsetCommit, Polled, Record,
    Remedy, Start, Timestamp, TopicPartition, Transactor, VirtualClock,
};

/// The group all stories play in.
const GROUP: &str = "group";
/// The topic it reads; [`OUT`] has as many partitions.
const IN: &str = "in";
/// The topic it writes.
const OUT: &str = "out";

/// A log under virtual time with [`IN`] and [`OUT`].
async fn log(partitions: i32) -> (MemoryLog, Control) {
    let log = MemoryLog::new(Arc::new(VirtualClock::starting_at(Timestamp(1_000_000))));
    let topic =
        |name: &str| NewTopic { name: name.into(), partitions, replication: 1, config: Default::default() };
    log.create(&[topic(IN), topic(OUT)]).await.unwrap();
    let control = log.control();
    (log, control)
}

async fn join(log: &MemoryLog, instance: &str) -> Box<dyn Consumer> {
    log.join(Group { id: GROUP.into(), instance: instance.into() }, &[IN]).await.unwrap()
}

/// Polls until partitions are assigned, and starts nothing.
async fn assigned(consumer: &mut dyn Consumer) -> Vec<Assignment> {
    match consumer.poll(10, Duration::from_secs(60)).await.unwrap() {
        Polled::Assigned(assigned) => assigned,
        other => panic!("expected partitions, got {other:?}"),
    }
}

async fn revoked(consumer: &mut dyn Consumer) -> Vec<Assignment> {
    match consumer.poll(10, Duration::from_secs(60)).await.unwrap() {
        Polled::Revoked(revoked) => revoked,
        other => panic!("expected a revocation, got {other:?}"),
    }
}

/// Polls once, for a moment, and returns the values of what came; anything but records is a failure.
async fn polled(consumer: &mut dyn Consumer) -> Vec<String> {
    match consumer.poll(100, Duration::from_millis(1)).await.unwrap() {
        Polled::Records(records) => values(&records),
        other => panic!("expected records or nothing, got {other:?}"),
    }
}

fn record(topic: &str, partition: i32, value: &str) -> NewRecord {
    let value = Bytes::copy_from_slice(value.as_bytes());
    NewRecord {
        topic: topic.into(),
        partition: Some(partition),
        key: Key::new(b"key"),
        value,
        headers: Headers::new(),
    }
}

async fn publish(log: &MemoryLog, values: &[&str]) {
    let records = values.iter().map(|value| record(IN, 0, value)).collect();
    log.publisher().await.unwrap().publish(records).await.unwrap();
}

fn values(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| String::from_utf8_lossy(&record.value).into_owned()).collect()
}

/// What is committed and visible in [`OUT`].
fn outputs(control: &Control) -> Vec<String> {
    let mut records = control.committed_records();
    records.retain(|record| &*record.topic_partition.topic == OUT);
    values(&records)
}

fn offset(assignment: &Assignment, next: i64) -> OffsetCommit {
    OffsetCommit { assignment: assignment.clone(), next, metadata: String::new() }
}

/// Begins a transaction, writes one output and sends an offset; not yet ended.
async fn half(transactor: &mut dyn Transactor, output: &str, commit: OffsetCommit) -> Result<(), Error> {
    transactor.begin().await?;
    transactor.produce(vec![record(OUT, 0, output)]).await?;
    transactor.send_offsets(&[commit]).await
}

/// The committed offset of one partition.
async fn committed(consumer: &mut dyn Consumer, of: &Assignment) -> Option<i64> {
    let found = consumer.committed(std::slice::from_ref(of)).await.unwrap();
    found[0].as_ref().map(|committed| committed.offset)
}

/// What a call was told to do about its error; none if it succeeded.
fn remedy<T>(told: Result<T, Error>) -> Option<Remedy> {
    told.err().map(|error| error.remedy)
}
