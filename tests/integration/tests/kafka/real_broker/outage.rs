//! A broker that dies and comes back under load. This test has a broker of its own to kill.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tests_integration::{Member, Stage, offset, settings};
use topics_log::{Error, NewRecord, OffsetCommit, Record, Remedy, TopicPartition, Transactor};
use topics_log_kafka::Settings;

/// Records that are copied while the broker dies twice.
const RECORDS: usize = 30_000;

/// Most records in one transaction, so that many are under way when the broker dies.
const BATCH: usize = 50;

/// How long all of it may take, the broker's starts included.
const BOUND: Duration = Duration::from_secs(120);

/// A broker in a folder of its own, stopped when the test ends, however it ends.
struct Broker {
    folder: PathBuf,
}

impl Broker {
    fn start() -> (Self, String) {
        let folder = std::env::temp_dir().join(format!("tributary-outage-{}", std::process::id()));
        let broker = Self { folder };
        let line = broker.stack("up");
        let brokers = line.trim().strip_prefix("brokers=").expect("the stack's answer").to_owned();
        (broker, brokers)
    }

    fn stack(&self, command: &str) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/stack");
        let mut call = Command::new(script);
        let output = call.args([command, "kafka"]).env("TRIBUTARY_STACK_DIR", &self.folder).output();
        let output = output.expect("run scripts/stack");
        assert!(
            output.status.success(),
            "scripts/stack {command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stack("down");
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// A broker that is killed twice in mid-load costs time and nothing else: every record is copied once and
/// in order, all trouble is told as passing, lost, to be aborted or unknown, and following the remedies is
/// enough to go on.
#[tokio::test(flavor = "multi_thread")]
async fn copies_each_record_once_while_the_broker_dies_and_returns() {
    let (broker, brokers) = Broker::start();
    // A lone broker that ends a transaction while it is still starting forgets to say so in the
    // partitions; so transactions are given longer than its start takes.
    let transaction_timeout = Settings::default().transaction_timeout;
    let stage = Stage::with("outage", Settings { brokers, transaction_timeout, ..settings() }).await;
    let (input, output) = (stage.topic("in", 4).await, stage.topic("out", 4).await);
    stage.publish(&input, 4, 0..RECORDS).await;
    let member = stage.member("one", &input).await;
    let (name, done, tally) = (stage.name("copier"), BTreeMap::new(), Tally::default());
    let mut copier = Copier { member, name, output, done, tally };
    let killer = tokio::task::spawn_blocking(move || {
        for _ in 0..2 {
            // The copier is in full swing by then; what it is doing at that moment must not matter.
            std::thread::park_timeout(Duration::from_millis(1500));
            broker.stack("kill");
            broker.stack("up");
        }
        broker
    });
    let since = Instant::now();
    copier.run().await;
    println!("copied {RECORDS} in {:?}: {:?}", since.elapsed(), copier.tally);
    let broker = killer.await.expect("the killer");
    let found = stage.everything(&copier.output, 4).await;
    let expected: Vec<String> = (0..4)
        .flat_map(|partition| (partition..RECORDS).step_by(4))
        .map(|number| number.to_string())
        .collect();
    assert_eq!(found.len(), RECORDS, "records found");
    assert!(found == expected, "each once and in order");
    drop(broker);
}

/// What became of the copier's calls.
#[derive(Debug, Default)]
struct Tally {
    transactions: usize,
    retry: usize,
    abort: usize,
    lost: usize,
    unknown: usize,
}

/// Copies what it reads, and does what each error says.
struct Copier {
    member: Member,
    name: String,
    output: String,
    /// The offset behind what is known to be copied of each partition.
    done: BTreeMap<TopicPartition, i64>,
    tally: Tally,
}

impl Copier {
    /// Copies until all is copied. Offsets of the input have no gaps: it was published outside
    /// transactions.
    async fn run(&mut self) {
        let deadline = Instant::now() + BOUND;
        let mut transactor = None;
        while self.done.values().sum::<i64>() < RECORDS as i64 {
            assert!(Instant::now() < deadline, "{:?} of {RECORDS}: {:?}", self.done, self.tally);
            let turn = match &mut transactor {
                None => self.take_name().await.map(|taken| transactor = Some(taken)),
                Some(transactor) => self.copy(&mut **transactor).await,
            };
            let Err(error) = turn else { continue };
            println!("{:?}: {error}", error.remedy);
            match error.remedy {
                Remedy::Retry => self.tally.retry += 1,
                Remedy::Abort => self.tally.abort += 1,
                Remedy::Lost => self.tally.lost += 1,
                Remedy::Unknown => self.tally.unknown += 1,
                Remedy::Fenced | Remedy::Stop => panic!("{:?}: {error}", error.remedy),
            }
            // Dropping it and making it again ends its transaction, whatever became of it.
            transactor = None;
        }
    }

    /// Takes the transactional name and goes back to what is committed.
    async fn take_name(&mut self) -> Result<Box<dyn Transactor>, Error> {
        let transactor = self.member.consumer.transactor(&self.name).await?;
        loop {
            self.member.owned.retain(|own| own.token.is_alive());
            match self.member.read_on(&self.member.owned.clone()).await {
                Ok(()) => return Ok(transactor),
                Err(error) if error.remedy == Remedy::Lost => {}
                Err(error) => return Err(error),
            }
            // Whoever was lost is told so, and let in again, when it polls. No records are asked for:
            // they would be of the place before.
            self.member.turn(0).await.map(drop).or_else(passing)?;
        }
    }

    /// One turn: a batch, copied in one transaction.
    async fn copy(&mut self, transactor: &mut dyn Transactor) -> Result<(), Error> {
        // A poll that fails for a while changes nothing.
        let records = self.member.turn(BATCH).await.or_else(|error| passing(error).map(|()| Vec::new()))?;
        if records.is_empty() {
            return self.look_back().await;
        }
        let offsets = self.offsets(&records);
        transactor.begin().await?;
        transactor.produce(records.iter().map(|record| copy_of(record, &self.output)).collect()).await?;
        transactor.send_offsets(&offsets).await?;
        transactor.commit().await?;
        self.tally.transactions += 1;
        self.done.extend(offsets.into_iter().map(|one| (one.assignment.topic_partition, one.next)));
        Ok(())
    }

    /// Learns what was committed without this copier's knowledge.
    async fn look_back(&mut self) -> Result<(), Error> {
        match self.member.consumer.committed(&self.member.owned).await {
            Ok(found) => {
                for (own, committed) in self.member.owned.iter().zip(found) {
                    let next = committed.map_or(0, |committed| committed.offset);
                    self.done.insert(own.topic_partition.clone(), next);
                }
                Ok(())
            }
            Err(error) => passing(error),
        }
    }

    /// The offset behind the last record of each partition.
    fn offsets(&self, records: &[Record]) -> Vec<OffsetCommit> {
        let mut offsets = Vec::new();
        for own in &self.member.owned {
            let last = records.iter().rev().find(|record| record.topic_partition == own.topic_partition);
            offsets.extend(last.map(|record| offset(own, record.offset + 1)));
        }
        offsets
    }
}

/// Errors that polling on mends.
fn passing(error: Error) -> Result<(), Error> {
    match error.remedy {
        Remedy::Retry | Remedy::Lost => Ok(()),
        _ => Err(error),
    }
}

fn copy_of(record: &Record, to: &str) -> NewRecord {
    NewRecord {
        topic: to.into(),
        partition: Some(record.topic_partition.partition),
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record.headers.clone(),
    }
}
