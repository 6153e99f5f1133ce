//! The log's rows as another version, or a mistake, may have left them: checksums are right, and what is in
//! the rows is anything.

use std::sync::Arc;

use schemas_records::Timestamp;
use topics_log::{Clock, Log, Start, TopicPartition};
use topics_log_fjall::{Disk, Durability, FjallLog};

use crate::bytes::{first_line, joined, parts};

/// The log's tables.
const TABLES: [&str; 5] = ["log-topics", "log-extents", "log-records", "log-offsets", "log-gone"];

/// How much of a table is held before it is written out; small, since thousands are opened.
const TABLE_BYTES: u64 = 1024 * 1024;

/// It is always the same time.
pub(super) struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }
}

/// Parts: rows, each of a line `TABLE KEY` with the key in hexadecimal digits, then its value.
pub(super) fn run(bytes: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let clock: Arc<dyn Clock> = Arc::new(Now);
    let Ok(disk) = Disk::open(folder.path(), clock.now(), Durability::Process) else { return };
    let mut batch = disk.batch();
    for part in parts(bytes) {
        let (line, value) = first_line(part);
        let (name, key) = line.split_once(' ').unwrap_or((&line, ""));
        let name = TABLES.into_iter().find(|table| *table == name).unwrap_or(TABLES[line.len() % 5]);
        let Ok(table) = disk.table(name, TABLE_BYTES) else { return };
        let key = unhex(key);
        if !key.is_empty() {
            batch.insert(&table, key, value.to_vec());
        }
    }
    let _ = batch.commit();
    if let Ok(log) = FjallLog::on(disk, clock) {
        read_all(&log);
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whatever can be read of a log: what its partitions hold, as (topic, partition, offset, value).
pub(super) fn read_all(log: &FjallLog) -> Vec<(String, i32, i64, Vec<u8>)> {
    let mut found = Vec::new();
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()
    else {
        return found;
    };
    runtime.block_on(async {
        for topic in log.topics("").await.unwrap_or_default() {
            for partition in 0..topic.partitions.min(4) {
                let place = (TopicPartition::new(topic.name.as_str(), partition), Start::Beginning);
                let Ok(mut reader) = log.reader(&[place]).await else { continue };
                let _ = reader.ends().await;
                let Ok(records) = reader.read(100, std::time::Duration::from_millis(1)).await else {
                    continue;
                };
                for record in records {
                    found.push((topic.name.clone(), partition, record.offset, record.value.to_vec()));
                }
            }
        }
    });
    found
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let number = 1_u64.to_be_bytes();
    let place = [&number[..], &0_i32.to_be_bytes()].concat();
    let row = |table: &str, key: &[u8], value: &[u8]| {
        [format!("{table} {}\n", hex(key)).as_bytes(), value].concat()
    };
    let part = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat();
    let topic = [&1_i32.to_be_bytes()[..], &part(b"t"), &part(b"retention.ms"), &part(b"1000")].concat();
    let extent: Vec<u8> = [0_i64, 1, 1, 1, 3].iter().flat_map(|number| number.to_be_bytes()).collect();
    let record =
        [&7_i64.to_be_bytes()[..], &part(b"k"), &part(b"v"), &part(b"kind"), &part(b"input")].concat();
    let offset = [&1_i64.to_be_bytes()[..], b"store=x"].concat();
    vec![joined(&[
        &row("log-topics", &0_u64.to_be_bytes(), &number),
        &row("log-topics", &number, &topic),
        &row("log-extents", &place, &extent),
        &row("log-records", &[&place[..], &0_i64.to_be_bytes()].concat(), &record),
        &row("log-offsets", &[&place[..], b"group"].concat(), &offset),
        &row("log-gone", &2_u64.to_be_bytes(), b""),
    ])]
}
