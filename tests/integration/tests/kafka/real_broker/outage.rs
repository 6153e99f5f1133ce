//! A broker that dies and comes back under load. This test has a broker of its own to kill.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tests_integration::{Member, Stage, offset, settings};
use topics_log::{Error, NewRecord, OffsetCommit, Record, Remedy, Transactor};
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

/// What became of the copier's calls.
#[derive(Debug, Default)]
struct Tally {
    transactions: usize,
    retry: usize,
    abort: usize,
    unknown: usize,
}

/// A broker that is killed twice in mid-load costs time and nothing else: every record is copied once and
/// in order, all trouble is told as passing, to be aborted, or unknown, and following the remedies is
/// enough to go on.
#[tokio::test(flavor = "multi_thread")]
async fn copies_each_record_once_while_the_broker_dies_and_returns() {
    let (broker, brokers) = Broker::start();
    let stage = Stage::with("outage", Settings { brokers, ..settings() }).await;
    let (input, output) = (stage.topic("in", 4).await, stage.topic("out", 4).await);
    stage.publish(&input, 4, 0..RECORDS).await;
    let mut member = stage.member("one", &input).await;
    let mut tally = Tally::default();
    let since = Instant::now();
    let killer = tokio::task::spawn_blocking(move || {
        for _ in 0..2 {
            // The copier is in full swing by then; what it is doing at that moment must not matter.
            std::thread::park_timeout(Duration::from_millis(1500));
            broker.stack("kill");
            broker.stack("up");
        }
        broker
    });
    let copied = async {
        let mut transactor = take_name(&mut member, &stage, &mut tally).await;
        let mut copied = 0;
        while copied < RECORDS {
            assert!(since.elapsed() < BOUND, "copied {copied} of {RECORDS}: {tally:?}");
            match copy(&mut member, &mut *transactor, &output).await {
                Ok(count) => {
                    copied += count;
                    tally.transactions += usize::from(count > 0);
                    continue;
                }
                Err(error) => sort_out(&error, &mut tally),
            }
            drop(transactor);
            transactor = take_name(&mut member, &stage, &mut tally).await;
            copied = read_on(&mut member, &mut tally).await;
        }
    };
    copied.await;
    let broker = killer.await.expect("the killer");
    println!("copied {RECORDS} in {:?}: {tally:?}", since.elapsed());
    assert!(tally.retry + tally.abort + tally.unknown > 0, "the broker's death was not noticed");
    let found = stage.everything(&output, 4).await;
    let expected: Vec<String> = (0..4)
        .flat_map(|partition| (partition..RECORDS).step_by(4))
        .map(|number| number.to_string())
        .collect();
    let mut seen = std::collections::HashMap::new();
    for (index, value) in found.iter().enumerate() {
        if let Some(first) = seen.insert(value, index) {
            println!("{value} at {first} and {index}");
        }
    }
    assert_eq!(found.len(), RECORDS, "records found");
    assert!(found == expected, "each once and in order");
    drop(broker);
}

/// Remedies that may come of a broker's death; any other fails the test.
fn sort_out(error: &Error, tally: &mut Tally) {
    println!("{:?}: {error}", error.remedy);
    match error.remedy {
        Remedy::Retry => tally.retry += 1,
        Remedy::Abort | Remedy::Lost => tally.abort += 1,
        Remedy::Unknown => tally.unknown += 1,
        Remedy::Fenced | Remedy::Stop => panic!("{:?}: {error}", error.remedy),
    }
}

async fn take_name(member: &mut Member, stage: &Stage, tally: &mut Tally) -> Box<dyn Transactor> {
    let since = Instant::now();
    loop {
        assert!(since.elapsed() < BOUND, "the transactional name was not to be had: {tally:?}");
        match member.consumer.transactor(&stage.name("copier")).await {
            Ok(transactor) => return transactor,
            Err(error) => sort_out(&error, tally),
        }
    }
}

/// Goes back to the committed offsets and says how many records they stand for.
async fn read_on(member: &mut Member, tally: &mut Tally) -> usize {
    let since = Instant::now();
    loop {
        assert!(since.elapsed() < BOUND, "the committed offsets were not to be had: {tally:?}");
        member.owned.retain(|own| own.token.is_alive());
        let owned = member.owned.clone();
        match member.read_on(&owned).await {
            Ok(()) => break,
            Err(error) => sort_out(&error, tally),
        }
    }
    let mut copied = 0;
    for own in member.owned.clone() {
        // Offsets of the input have no gaps: it was published outside transactions.
        copied += member.committed(&own).await.unwrap_or(0);
    }
    usize::try_from(copied).unwrap_or(0)
}

/// One turn: a batch, copied in one transaction.
async fn copy(member: &mut Member, transactor: &mut dyn Transactor, to: &str) -> Result<usize, Error> {
    let records = match member.turn(BATCH).await {
        Ok(records) => records,
        // A poll that failed for a while changes nothing.
        Err(error) if error.remedy == Remedy::Retry => return Ok(0),
        Err(error) => return Err(error),
    };
    if records.is_empty() {
        return Ok(0);
    }
    transactor.begin().await?;
    transactor.produce(records.iter().map(|record| copy_of(record, to)).collect()).await?;
    transactor.send_offsets(&offsets(member, &records)).await?;
    transactor.commit().await?;
    Ok(records.len())
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

/// The offset behind the last record of each partition.
fn offsets(member: &Member, records: &[Record]) -> Vec<OffsetCommit> {
    let last = |partition: &topics_log::TopicPartition| {
        records
            .iter()
            .rev()
            .find(|record| record.topic_partition == *partition)
            .map(|record| record.offset + 1)
    };
    let next = |own: &topics_log::Assignment| last(&own.topic_partition).map(|next| offset(own, next));
    member.owned.iter().filter_map(next).collect()
}
