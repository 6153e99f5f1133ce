//! The gateway's loop on the log in memory: out of order, cancelled, killed, drained.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, a value that is not there is the failure"
)]

mod deadlines;
mod owners;
mod places;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::protocol::DeadLetter;
use schemas_records::{
    Address, Budget, CallId, Envelope, Headers, Key, Kind, Limits, Origin, Position, ReplyKind, ReplyTo,
    TaskId, Timestamp, WorkId, WorkPath,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use topics_log::memory::{Door, Faults, MemoryLog, Operation, Strike};
use topics_log::{Group, Log, NewRecord, NewTopic, Record, Remedy, Start, TopicPartition, VirtualClock};
use topics_runtime::gateway::{Answered, Gateway, Parts, Request, Settings, run};
use topics_runtime::{Error, NoProbe};

const REQUESTS: &str = "n.requests";
const INBOX: &str = "n.inbox";
const DEAD: &str = "n.dead";

/// What the log's clock shows first.
const EPOCH: Timestamp = Timestamp(1_700_000_000_000);

/// The deadline of a request of which nothing else is said: behind all that happens here.
const DEADLINE: Duration = Duration::from_secs(7_200);

/// Answers after as many milliseconds as the request says, and counts what it was asked and ended.
#[derive(Default)]
struct Slow {
    asked: AtomicUsize,
    ended: AtomicUsize,
    expired: AtomicUsize,
    order: Mutex<Vec<String>>,
}

#[async_trait]
impl Gateway for Slow {
    async fn answer(&self, request: Request) -> Result<Answered, Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let text = String::from_utf8(request.record.value.to_vec()).unwrap();
        self.order.lock().unwrap().push(request.envelope.task.to_string());
        tokio::time::sleep(Duration::from_millis(text.parse().unwrap())).await; // virtual clock
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(answer(&request, request.envelope.task.to_string()))
    }

    async fn expired(&self, request: Request) -> Result<Answered, Error> {
        self.expired.fetch_add(1, Ordering::SeqCst);
        Ok(answer(&request, format!("{} too late", request.envelope.task)))
    }
}

fn answer(request: &Request, words: String) -> Answered {
    let to = request.envelope.reply_to.clone().unwrap().address;
    let answer = NewRecord {
        topic: to.topic.as_str().into(),
        partition: Some(to.partition),
        key: to.key,
        value: Bytes::from(words),
        headers: Headers::new(),
    };
    Answered { records: vec![answer], dead: None }
}

struct Bench {
    log: MemoryLog,
    gateway: Arc<Slow>,
}

impl Bench {
    async fn new() -> Self {
        let log = MemoryLog::new(Arc::new(VirtualClock::starting_at(EPOCH)));
        let topic = |name: &str| NewTopic {
            name: name.into(),
            partitions: 1,
            replication: 1,
            config: BTreeMap::new(),
        };
        log.create(&[topic(REQUESTS), topic(INBOX), topic(DEAD)]).await.unwrap();
        Self { log, gateway: Arc::default() }
    }

    fn start(&self, in_flight_max: usize) -> (JoinHandle<Result<(), Error>>, CancellationToken) {
        self.start_with(|settings| settings.in_flight_max = in_flight_max)
    }

    fn start_with(
        &self,
        change: impl FnOnce(&mut Settings),
    ) -> (JoinHandle<Result<(), Error>>, CancellationToken) {
        let parts = Parts {
            log: Arc::new(self.log.clone()),
            gateway: Arc::clone(&self.gateway) as Arc<dyn Gateway>,
            codec: Codec::new(Registry::new().unwrap()),
            probe: Arc::new(NoProbe),
        };
        let group = Group { id: "n.slow".into(), instance: "one".into() };
        let mut settings = Settings::new("slow", group, REQUESTS.into(), DEAD.into(), "store=x".into());
        change(&mut settings);
        let shutdown = CancellationToken::new();
        (tokio::spawn(run(parts, settings, shutdown.clone())), shutdown)
    }

    async fn request(&self, task: &str, millis: &str, change: impl Fn(&mut Envelope)) {
        let id = TaskId::new(task).unwrap();
        let work = WorkId::of_task("t", &id);
        let call = CallId::of("a", work, Position { generation: 1, partition: 0, offset: 0 }, 0);
        let address = Address { topic: INBOX.into(), partition: 0, key: work.key() };
        let mut envelope = Envelope {
            kind: Kind::Input,
            task: id,
            path: WorkPath::root("a"),
            call: Some(call),
            branch: None,
            outcome: None,
            reply_to: Some(ReplyTo { kind: ReplyKind::Answer, address, call }),
            limits: Limits {
                deadline: EPOCH.plus(DEADLINE),
                budget: Budget { calls: 1 },
                priority: 4,
                tenant: "t".into(),
            },
            origin: Origin { topic: "t".into(), partition: 0, offset: 0 },
            accepted_at: Timestamp(1),
            asked_at: None,
            depth: 0,
            hops: 1,
            traceparent: None,
            agent_version: String::new(),
        };
        change(&mut envelope);
        let record = NewRecord {
            topic: REQUESTS.into(),
            partition: Some(0),
            key: call.key(),
            value: Bytes::from(millis.to_owned()),
            headers: envelope.write(),
        };
        self.publish(record).await;
    }

    async fn publish(&self, record: NewRecord) {
        self.log.publisher().await.unwrap().publish(vec![record]).await.unwrap();
    }

    async fn read(&self, topic: &str) -> Vec<Record> {
        let mut reader = self.log.reader(&[(TopicPartition::new(topic, 0), Start::Beginning)]).await.unwrap();
        reader.read(10_000, Duration::ZERO).await.unwrap()
    }

    async fn answers(&self) -> Vec<String> {
        self.read(INBOX)
            .await
            .iter()
            .map(|record| String::from_utf8(record.value.to_vec()).unwrap())
            .collect()
    }

    /// How many requests were begun, ended by themselves, and were too late.
    fn counts(&self) -> (usize, usize, usize) {
        let count = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        (count(&self.gateway.asked), count(&self.gateway.ended), count(&self.gateway.expired))
    }

    async fn wait_for_answers(&self, count: usize) {
        let wait = async {
            while self.answers().await.len() < count {
                tokio::time::sleep(Duration::from_millis(10)).await; // virtual clock
            }
        };
        tokio::time::timeout(Duration::from_secs(600), wait).await.expect("answers come");
    }
}

/// A quick request does not wait for a slow one before it.
#[tokio::test(start_paused = true)]
async fn completes_out_of_order() {
    let bench = Bench::new().await;
    bench.request("slow", "5000", |_| {}).await;
    bench.request("quick", "10", |_| {}).await;
    let (running, shutdown) = bench.start(8);
    bench.wait_for_answers(2).await;
    assert_eq!(bench.answers().await, ["quick", "slow"]);
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

/// With one place, the urgent goes first: priority, then deadline, then the oldest task.
#[tokio::test(start_paused = true)]
async fn admits_by_urgency() {
    let bench = Bench::new().await;
    bench.request("first", "100", |_| {}).await;
    bench.request("young", "1", |e| e.accepted_at = Timestamp(5)).await;
    bench.request("old", "1", |e| e.accepted_at = Timestamp(2)).await;
    bench.request("near", "1", |e| e.limits.deadline = EPOCH.plus(DEADLINE / 2)).await;
    bench.request("urgent", "1", |e| e.limits.priority = 9).await;
    let (running, shutdown) = bench.start(1);
    bench.wait_for_answers(5).await;
    assert_eq!(bench.gateway.order.lock().unwrap()[1..], ["near", "first", "old", "young"]);
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

/// While what waits is large, nothing more is read: not even what would go first.
#[tokio::test(start_paused = true)]
async fn reads_no_further_while_what_waits_is_large() {
    for (waiting_bytes_max, expected) in
        [(1, ["a", "b", "c", "urgent"]), (1_000_000, ["a", "urgent", "b", "c"])]
    {
        let bench = Bench::new().await;
        for task in ["a", "b", "c"] {
            bench.request(task, "1000", |_| {}).await;
        }
        let (running, shutdown) = bench.start_with(|settings| {
            settings.in_flight_max = 1;
            settings.waiting_bytes_max = waiting_bytes_max;
        });
        tokio::time::sleep(Duration::from_millis(500)).await; // virtual clock
        bench.request("urgent", "1", |e| e.limits.priority = 9).await;
        bench.wait_for_answers(4).await;
        assert_eq!(*bench.gateway.order.lock().unwrap(), expected, "{waiting_bytes_max} bytes");
        shutdown.cancel();
        running.await.unwrap().unwrap();
    }
}

/// Killed with one slow request open, the watermark stands below it: it is asked again, and so is what
/// was answered behind it; what lay below is not.
#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_from_the_watermark() {
    let bench = Bench::new().await;
    bench.request("below", "10", |_| {}).await;
    bench.request("open", "60000", |_| {}).await;
    bench.request("above", "10", |_| {}).await;
    let (running, _) = bench.start(8);
    bench.wait_for_answers(2).await;
    tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
    running.abort();
    let _ = running.await;
    assert_eq!(bench.gateway.asked.load(Ordering::SeqCst), 3);
    let (running, shutdown) = bench.start(8);
    bench.wait_for_answers(4).await;
    assert_eq!(bench.answers().await, ["below", "above", "above", "open"]);
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

/// A cancellation ends what waits and what is in flight, and passes the watermark.
#[tokio::test(start_paused = true)]
async fn cancellations_end_requests() {
    let bench = Bench::new().await;
    bench.request("flying", "600000", |_| {}).await;
    bench.request("waiting", "600000", |_| {}).await;
    let (running, shutdown) = bench.start(1);
    tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
    bench.request("flying", "", |e| e.kind = Kind::Cancellation).await;
    bench.request("waiting", "", |e| e.kind = Kind::Cancellation).await;
    bench.request("next", "1", |_| {}).await;
    bench.wait_for_answers(1).await;
    assert_eq!(
        (bench.gateway.asked.load(Ordering::SeqCst), bench.gateway.ended.load(Ordering::SeqCst)),
        (2, 1)
    );
    shutdown.cancel();
    running.await.unwrap().unwrap();
    let committed = &bench.log.control().committed_offsets()["n.slow"];
    assert_eq!(committed.values().next().map(|committed| committed.offset), Some(5));
}

/// What cannot be read, is of a wrong kind, or is to be answered where there is nothing, is a dead letter;
/// the gateway goes on.
#[tokio::test(start_paused = true)]
async fn strange_requests_are_dead_letters() {
    let bench = Bench::new().await;
    let mut broken = NewRecord {
        topic: REQUESTS.into(),
        partition: Some(0),
        key: Key::new(b"k"),
        value: Bytes::from_static(b"1"),
        headers: Headers::new(),
    };
    broken.headers.push("kind", "input");
    bench.publish(broken).await;
    bench.request("wrong", "1", |e| e.kind = Kind::Part).await;
    bench
        .request("lost", "1", |e| {
            if let Some(to) = &mut e.reply_to {
                to.address.topic = "n.nowhere".into();
            }
        })
        .await;
    bench.request("good", "1", |_| {}).await;
    let (running, shutdown) = bench.start(1);
    bench.wait_for_answers(1).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    let codec = Codec::new(Registry::new().unwrap());
    let codes: Vec<String> =
        bench.read(DEAD).await.iter().map(|r| codec.decode::<DeadLetter>(&r.value).unwrap().code).collect();
    assert_eq!(codes, ["bad-headers", "wrong-kind", "unreachable-reply"]);
}

/// Refuses the first commit, as a coordinator does whose group has just moved on.
#[derive(Default)]
struct RefusesOnce(AtomicUsize);

impl Faults for RefusesOnce {
    fn strike(&self, door: &Door<'_>) -> Strike {
        let is_first =
            door.operation == Operation::CommitOffsets && self.0.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first { Strike::Fail(Remedy::Lost) } else { Strike::None }
    }
}

/// A watermark whose commit the group refused is committed once the group is settled, also if nothing
/// else comes.
#[tokio::test(start_paused = true)]
async fn a_refused_watermark_is_committed_later() {
    let bench = Bench::new().await;
    let _ = bench.log.clone().with_faults(Arc::<RefusesOnce>::default());
    bench.request("a", "10", |_| {}).await;
    let (running, shutdown) = bench.start(8);
    tokio::time::sleep(Duration::from_secs(2)).await; // virtual clock
    let committed = bench.log.control().committed_offsets();
    let offset = committed["n.slow"].values().next().map(|committed| committed.offset);
    assert_eq!(offset, Some(1));
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

/// A polite shutdown waits for what is in flight and commits it: nothing is asked again.
#[tokio::test(start_paused = true)]
async fn a_shutdown_drains() {
    let bench = Bench::new().await;
    bench.request("a", "3000", |_| {}).await;
    let (running, shutdown) = bench.start(8);
    tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
    shutdown.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(bench.answers().await, ["a"]);
    let (running, shutdown) = bench.start(8);
    tokio::time::sleep(Duration::from_secs(5)).await; // virtual clock
    shutdown.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(bench.gateway.asked.load(Ordering::SeqCst), 1);
}
