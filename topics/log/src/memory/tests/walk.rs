//! Seeded walks: workers that keep the contract and nothing more copy records while members are killed,
//! frozen and rebalanced and calls fail, are delayed or lose their answers. Each record is copied once.

use std::sync::Mutex;

use tokio::task::JoinHandle;

use super::*;
use crate::memory::{Door, Fate, Faults, Operation, Strike};

/// Walks in a test run: enough to meet each kind of trouble many times within a few seconds.
const SEEDS: u64 = 60;
const PARTITIONS: i32 = 3;
/// Records that come to each partition between two blows, so that the workers are never idle for long.
const RECORDS_A_BLOW: usize = 3;
const WORKERS: [&str; 3] = ["one", "two", "three"];
/// Blows of fate before the workers are left in peace.
const BLOWS: usize = 40;
/// Virtual time within which everything must be copied after the last blow.
const PEACE: Duration = Duration::from_secs(300);

/// A small generator (SplitMix64): the seed decides everything.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn millis(&mut self, bound: u64) -> Duration {
        Duration::from_millis(self.below(bound))
    }
}

/// Trouble at one call in eight.
struct Trouble(Mutex<Chance>);

impl Faults for Trouble {
    fn strike(&self, door: &Door<'_>) -> Strike {
        let mut chance = self.0.lock().unwrap();
        if door.operation == Operation::Admin || chance.below(8) > 0 {
            return Strike::None;
        }
        match (chance.below(6), door.operation) {
            (0 | 1, Operation::Commit) => Strike::Delay(chance.millis(9_000)),
            (0 | 1, _) => Strike::Delay(chance.millis(2_000)),
            (2, Operation::Commit) => Strike::Unknown(Fate::Happened),
            (3, Operation::Commit) => Strike::Unknown(Fate::Never),
            (4, Operation::Commit) => Strike::Unknown(Fate::Late(chance.millis(20_000))),
            (5, Operation::Commit) => Strike::Unknown(Fate::UnderWay(chance.millis(20_000))),
            (2, _) if !door.transactor.is_empty() => Strike::Fail(Remedy::Abort),
            (3, _) if !door.transactor.is_empty() => Strike::Fail(Remedy::Unknown),
            _ => Strike::Fail(Remedy::Retry),
        }
    }
}

/// A worker that starts anew whenever it is told anything it cannot mend.
async fn work(log: MemoryLog, instance: &'static str) {
    loop {
        let ended = live(&log, instance).await;
        let error = ended.expect_err("a life ends with an error");
        assert_ne!(error.remedy, Remedy::Stop, "{error}");
        tokio::time::sleep(Duration::from_millis(10)).await; // virtual clock
    }
}

async fn live(log: &MemoryLog, instance: &str) -> Result<(), Error> {
    let mut consumer = log.join(Group { id: GROUP.into(), instance: instance.into() }, &[IN]).await?;
    let mut transactor = consumer.transactor(instance).await?;
    let mut owned: Vec<Assignment> = Vec::new();
    loop {
        let records = match consumer.poll(5, Duration::from_secs(1)).await {
            Ok(Polled::Records(records)) => records,
            Ok(Polled::Assigned(assigned)) => {
                read_on(&mut *consumer, &assigned).await?;
                owned.extend(assigned);
                continue;
            }
            Ok(Polled::Revoked(_)) => {
                owned.retain(|assignment| assignment.token.is_alive());
                continue;
            }
            Err(error) if error.remedy == Remedy::Retry => continue,
            Err(error) => return Err(error),
        };
        match copy(&mut *transactor, &owned, &records).await {
            Ok(()) => {}
            Err(error) if matches!(error.remedy, Remedy::Retry | Remedy::Abort | Remedy::Lost) => {
                transactor.abort().await?;
                read_on(&mut *consumer, &owned).await?;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn read_on(consumer: &mut dyn Consumer, of: &[Assignment]) -> Result<(), Error> {
    let committed = consumer.committed(of).await?;
    let place = |at: Option<crate::Committed>| at.map_or(Start::Beginning, |at| Start::At(at.offset));
    let starts: Vec<_> = of.iter().cloned().zip(committed.into_iter().map(place)).collect();
    consumer.read_from(&starts).await
}

async fn copy(
    transactor: &mut dyn Transactor,
    owned: &[Assignment],
    records: &[Record],
) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    let copies = records.iter().map(|from| NewRecord {
        topic: OUT.into(),
        partition: Some(from.topic_partition.partition),
        key: from.key.clone(),
        value: from.value.clone(),
        headers: Headers::new(),
    });
    let last_of =
        |own: &&Assignment| records.iter().rfind(|record| record.topic_partition == own.topic_partition);
    let offsets: Vec<_> =
        owned.iter().filter_map(|own| last_of(&own).map(|last| offset(own, last.offset + 1))).collect();
    transactor.begin().await?;
    transactor.produce(copies.collect()).await?;
    transactor.send_offsets(&offsets).await?;
    transactor.commit().await
}

/// Appends the next record to every partition, whatever the faults.
async fn publish_next(log: &MemoryLog, number: usize) {
    let records = || (0..PARTITIONS).map(|partition| record(IN, partition, &number.to_string())).collect();
    let publisher = log.publisher().await.unwrap();
    while publisher.publish(records()).await.is_err() {}
}

/// One walk; returns what stands in the log at its end.
async fn walk(seed: u64) -> Vec<Record> {
    let (log, control) = log(PARTITIONS).await;
    let mut chance = Chance(seed);
    let log = log.with_faults(Arc::new(Trouble(Mutex::new(Chance(!seed)))));
    let start = |victim: usize| tokio::spawn(work(log.clone(), WORKERS[victim]));
    let mut workers: Vec<JoinHandle<()>> = (0..WORKERS.len()).map(start).collect();
    for blow in 0..BLOWS {
        for number in 0..RECORDS_A_BLOW {
            tokio::time::sleep(chance.millis(2_000)).await; // virtual clock
            publish_next(&log, blow * RECORDS_A_BLOW + number).await;
        }
        let victim = usize::try_from(chance.below(3)).unwrap();
        match chance.below(12) {
            0 | 1 => workers[victim].abort(),
            2..6 if workers[victim].is_finished() => workers[victim] = start(victim),
            2..8 => drop(control.freeze(GROUP, WORKERS[victim])),
            8 => control.thaw(GROUP, WORKERS[victim]),
            9 => drop(control.rebalance(GROUP)),
            _ => {}
        }
    }
    workers.iter().for_each(JoinHandle::abort);
    let log = log.clone().with_faults(Arc::new(crate::memory::NoFaults));
    let workers: Vec<JoinHandle<()>> = (0..WORKERS.len()).map(start).collect();
    let inputs = control.size(IN).records;
    let peace = tokio::time::Instant::now() + PEACE;
    while outputs(&control).len() < inputs && tokio::time::Instant::now() < peace {
        tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
        let fallen = workers.iter().any(JoinHandle::is_finished);
        assert!(!fallen, "seed {seed}: a worker stopped");
    }
    // Long enough for whatever is still under way to do harm.
    tokio::time::sleep(PEACE).await; // virtual clock
    workers.iter().for_each(JoinHandle::abort);
    drop(log);
    control.committed_records()
}

/// Every walk ends with each record of every partition copied once and in order.
#[tokio::test(start_paused = true)]
async fn walks_copy_every_record_once() {
    for seed in 0..SEEDS {
        let records = walk(seed).await;
        for partition in 0..PARTITIONS {
            let of = |topic: &str| {
                let own = records
                    .iter()
                    .filter(|record| record.topic_partition == TopicPartition::new(topic, partition));
                values(&own.cloned().collect::<Vec<_>>())
            };
            assert_eq!(of(OUT), of(IN), "seed {seed}, partition {partition}");
        }
    }
}

/// A seed decides everything: the same walk twice leaves the same offsets and times.
#[test]
fn a_walk_can_be_walked_again() {
    let again = |seed: u64| {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(walk(seed))
    };
    for seed in [3, 1_000] {
        assert_eq!(again(seed), again(seed), "seed {seed}");
    }
}
