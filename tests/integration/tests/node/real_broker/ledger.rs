//! The verifier: knows the topics, the provider's bill and what a quiet run gives; says what is lost, doubled,
//! different or paid for too often.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};
use schemas_codec::Codec;
use schemas_records::protocol::{Closing, DeadLetter};
use schemas_records::{Failure, headers};
use serde_json::Value;
use tests_provider::Paid;
use tokio_util::sync::CancellationToken;
use topics_catalog::Kind;
use topics_log::{Record, Remedy};

use super::house::{House, PARTITIONS, SETTLE, all_records, reader};
use super::life::Life;
use super::tasks::{Task, records};

/// What a run without any trouble gives.
pub struct Quiet {
    /// Each task's result.
    pub results: BTreeMap<String, Value>,
    /// What it cost.
    pub paid: Paid,
}

/// What a result record says.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The task's id.
    pub task: String,
    /// `result` or `refused`.
    pub kind: String,
    /// `ok` or `failed`.
    pub outcome: String,
    /// The value as JSON.
    pub value: Value,
}

/// Reads a record of the results topic.
pub fn ended(codec: &Codec, record: &Record) -> Ended {
    let header = |name: &str| record.headers.text(name).unwrap_or_default().to_owned();
    Ended {
        task: header(headers::TASK_ID),
        kind: header(headers::KIND),
        outcome: header(headers::OUTCOME),
        value: codec.to_json(&record.value).expect("a value of a known schema"),
    }
}

/// Runs tasks where nothing happens to them.
pub async fn quiet(house: &House, tasks: &[Task]) -> Quiet {
    let before = house.provider.paid();
    let node = house.quiet().await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (node, shutdown) = (node.clone(), shutdown.clone());
        async move { infra_node::run(&node, shutdown).await }
    });
    let log = &*node.doors().log;
    log.publisher().await.expect("a publisher").publish(records(node.names(), tasks)).await.expect("publish");
    let topic = node.names().topic(Kind::Results);
    let mut reader = reader(log, &topic, PARTITIONS).await;
    let (mut results, deadline) = (BTreeMap::new(), Instant::now() + SETTLE);
    while results.len() < tasks.len() {
        assert!(Instant::now() < deadline, "the quiet run ended {} of {} tasks", results.len(), tasks.len());
        for record in reader.read(1_000, Duration::from_millis(100)).await.expect("read") {
            let ended = ended(node.codec(), &record);
            assert_eq!(ended.outcome, "ok", "{ended:?}");
            results.insert(ended.task, ended.value);
        }
    }
    shutdown.cancel();
    running.await.expect("the quiet node").expect("a good end");
    let paid = since(&before, house.provider.paid());
    assert_eq!(paid.again(), 0, "the prompts of these tasks differ, so each is paid for once");
    Quiet { results, paid }
}

/// What was paid for since.
pub fn since(before: &Paid, mut after: Paid) -> Paid {
    after.calls -= before.calls;
    for (prompt, count) in &before.by_prompt {
        if let Some(paid) = after.by_prompt.get_mut(prompt) {
            *paid -= count;
        }
    }
    after.by_prompt.retain(|_, count| *count > 0);
    after
}

impl House {
    /// Waits until so many records stand on its results topic, while its node lives.
    pub async fn wait_for_results(&self, count: usize, life: &mut Life) {
        let mut reader = reader(&*self.log, &self.names.topic(Kind::Results), PARTITIONS).await;
        let (mut found, deadline) = (0, Instant::now() + SETTLE);
        while found < count {
            assert!(!life.has_ended(), "the node ended by itself:\n{}", life.words());
            assert!(
                Instant::now() < deadline,
                "{found} of {count} results; the node said:\n{}",
                life.words()
            );
            match reader.read(1_000, Duration::from_millis(100)).await {
                Ok(records) => found += records.len(),
                // The broker is away.
                Err(error) if error.remedy == Remedy::Retry => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// What stands on its results topic.
    pub async fn ended(&self) -> Vec<Ended> {
        self.records(Kind::Results).await.iter().map(|record| ended(&self.codec, record)).collect()
    }

    /// What stands on its dead-letter topic.
    pub async fn dead_letters(&self) -> Vec<DeadLetter> {
        let letters = self.records(Kind::DeadLetters).await;
        letters.iter().map(|record| self.codec.decode(&record.value).expect("a dead letter")).collect()
    }

    /// Waits until so many records stand on its dead-letter topic: gateways write theirs in their own time.
    pub async fn wait_for_letters(&self, count: usize, life: &mut Life) {
        let deadline = Instant::now() + SETTLE;
        while self.records(Kind::DeadLetters).await.len() < count {
            assert!(!life.has_ended(), "the node ended by itself:\n{}", life.words());
            assert!(Instant::now() < deadline, "too few dead letters; the node said:\n{}", life.words());
        }
    }

    /// Waits until its node has read everything that is addressed to its agents and gateways: whatever still
    /// could make a second result has been handled then.
    pub async fn wait_until_read(&self, life: &mut Life) {
        let deadline = Instant::now() + SETTLE;
        let mut behind = Vec::new();
        loop {
            for (group, topic) in self.read_by() {
                let ends = ends(&all_records(&*self.log, &topic, PARTITIONS).await);
                let committed = committed(&self.brokers, &group, &topic).await;
                if committed.iter().zip(&ends).any(|(committed, end)| committed < end) {
                    behind.push(format!("{group}: committed {committed:?}, ends {ends:?}"));
                }
            }
            if behind.is_empty() {
                return;
            }
            assert!(!life.has_ended(), "the node ended by itself:\n{}", life.words());
            assert!(Instant::now() < deadline, "unread: {behind:?}\n{}", life.words());
            behind.clear();
        }
    }

    /// Each group with the topic it reads. The timers' records come in at all times, and they answer nobody
    /// whose work has ended.
    pub fn read_by(&self) -> Vec<(String, String)> {
        let agents = self.who.agents();
        let mut read_by: Vec<(String, String)> =
            agents.iter().map(|agent| (self.names.group(agent), self.names.inbox(agent))).collect();
        let supplying = self.who.supplying().iter();
        read_by.extend(supplying.map(|(role, kind)| (self.names.group(role), self.names.topic(*kind))));
        read_by.push((self.names.gateway_group("model-gateway"), self.names.topic(Kind::ModelRequests)));
        read_by.push((self.names.group("intake"), self.names.topic(Kind::Tasks)));
        read_by
    }

    /// Every task has exactly the result of the quiet run, is closed once, and nothing is a dead letter; no
    /// call was paid for more often than once and once for each crash. Returns what was paid again.
    pub async fn verify(&self, before: &Paid, quiet: &Quiet, crashes: u64) -> u64 {
        let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for ended in self.ended().await {
            assert_eq!((ended.kind.as_str(), ended.outcome.as_str()), ("result", "ok"), "{ended:?}");
            found.entry(ended.task).or_default().push(ended.value);
        }
        for (task, result) in &quiet.results {
            let results = found.remove(task).unwrap_or_default();
            assert_eq!(results.len(), 1, "results of {task}");
            assert_eq!(&results[0], result, "result of {task}");
        }
        assert!(found.is_empty(), "results of tasks that nobody submitted: {found:?}");
        let letters = self.dead_letters().await;
        assert!(letters.is_empty(), "{letters:?}");
        let mut closed: BTreeMap<(i32, i64), u32> = BTreeMap::new();
        for record in self.records(Kind::Closings).await {
            let closing: Closing = self.codec.decode(&record.value).expect("a closing");
            *closed.entry((closing.partition, closing.offset)).or_default() += 1;
        }
        assert_eq!(closed.len(), quiet.results.len(), "closed tasks");
        assert!(closed.values().all(|times| *times == 1), "closed twice: {closed:?}");
        let paid = since(before, self.provider.paid());
        let prompts: Vec<&String> = quiet.paid.by_prompt.keys().collect();
        assert_eq!(paid.by_prompt.keys().collect::<Vec<_>>(), prompts, "prompts paid for");
        for (prompt, times) in &paid.by_prompt {
            assert!(
                *times <= 1 + crashes,
                "prompt {prompt} was paid for {times} times after {crashes} crashes"
            );
        }
        paid.again()
    }
}

/// A failure that stands where a result could.
pub fn failure(ended: &Ended) -> Failure {
    serde_json::from_value(ended.value.clone()).expect("a failure")
}

fn ends(records: &[Record]) -> Vec<i64> {
    let mut ends = vec![0; usize::try_from(PARTITIONS).unwrap_or(0)];
    for record in records {
        ends[usize::try_from(record.topic_partition.partition).unwrap_or(0)] = record.offset + 1;
    }
    ends
}

/// The committed offsets of a group, asked for by somebody who is not in it; 0 where there is none.
async fn committed(brokers: &str, group: &str, topic: &str) -> Vec<i64> {
    let (brokers, group, topic) = (brokers.to_owned(), group.to_owned(), topic.to_owned());
    let ask = move || {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("group.id", group);
        config.set("isolation.level", "read_committed");
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let mut list = TopicPartitionList::new();
        list.add_partition_range(&topic, 0, PARTITIONS - 1);
        let committed = consumer.committed_offsets(list, SETTLE).expect("committed offsets");
        let offset = |offset| if let Offset::Offset(offset) = offset { offset } else { 0 };
        committed.elements().iter().map(|element| offset(element.offset())).collect()
    };
    tokio::task::spawn_blocking(ask).await.expect("a thread")
}
