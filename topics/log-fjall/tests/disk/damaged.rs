//! Damaged files: the journal's end is mended, everything else is refused or reads as it was written.

use std::fs;
use std::path::{Path, PathBuf};

use topics_log::{Error, Log, Remedy};
use topics_log_fjall::{Disk, Durability};
use topics_state::Timestamp;

use crate::stage::{Member, open, read, record, topic, values};

/// Transactions that [`worked`] makes.
const TRANSACTIONS: usize = 5;

/// A log with some transactions, each of two outputs and an offset.
async fn worked(folder: &Path) {
    let log = open(folder).unwrap();
    log.create(&[topic("in", 1, &[]), topic("out", 2, &[])]).await.unwrap();
    let mut member = Member::join(&log, "worker", "in").await;
    let mut transactor = member.consumer.transactor("worker").await.unwrap();
    for n in 0..TRANSACTIONS {
        transactor.begin().await.unwrap();
        let outputs = [0, 1].map(|partition| record("out", partition, &n.to_string()));
        transactor.produce(outputs.to_vec()).await.unwrap();
        transactor.send_offsets(&[member.offset(0, n as i64 + 1, "")]).await.unwrap();
        transactor.commit().await.unwrap();
    }
}

/// How many transactions are there: outputs in both partitions and the offset agree.
async fn found(folder: &Path) -> Result<usize, Error> {
    let log = open(folder)?;
    let (one, _) = read(&log, "out", 0).await?;
    let (other, _) = read(&log, "out", 1).await?;
    let committed = Member::join(&log, "worker", "in").await.committed().await.remove(0);
    let committed = committed.map_or(0, |committed| committed.offset);
    let numbers: Vec<_> = (0..committed).map(|number| number.to_string()).collect();
    assert_eq!((&values(&one), &values(&other)), (&numbers, &numbers), "no offset without its outputs");
    Ok(numbers.len())
}

/// The only journal of a log.
fn journal(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder.join("rows")).unwrap().map(|entry| entry.unwrap().path());
    let mut journals: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "jnl")).collect();
    assert_eq!(journals.len(), 1);
    journals.remove(0)
}

/// What is written in a file, without the zeros behind it.
fn written(path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(path).unwrap();
    let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(length);
    bytes
}

/// Shows that a journal whose last bytes are cut off or garbage is read up to the last whole change, which
/// is told, and that no half transaction is seen.
#[tokio::test]
async fn at_the_end() {
    let whole = tempfile::tempdir().unwrap();
    worked(whole.path()).await;
    let length = written(&journal(whole.path())).len();
    let cuts = [1, 4, 13, 60, 100].map(|bytes| (length - bytes, TRANSACTIONS - 1));
    let garbage = [(length + 1, TRANSACTIONS), (length + 700, TRANSACTIONS)];
    for (new_length, expected) in cuts.into_iter().chain(garbage) {
        let folder = tempfile::tempdir().unwrap();
        worked(folder.path()).await;
        let path = journal(folder.path());
        let mut bytes = written(&path);
        bytes.resize(new_length, 0xab);
        fs::write(&path, bytes).unwrap();
        let disk = Disk::open(folder.path(), Timestamp(0), Durability::Process).unwrap();
        let told = disk.mended().unwrap().to_owned();
        assert!(told.contains(path.to_str().unwrap()) && told.contains("cut off"), "{told}");
        drop(disk);
        assert_eq!(found(folder.path()).await.unwrap(), expected, "{new_length} of {length} bytes");
        worked_on(folder.path()).await;
    }
}

/// Appends once more, and finds that too.
async fn worked_on(folder: &Path) {
    let log = open(folder).unwrap();
    log.publisher().await.unwrap().publish(vec![record("in", 0, "more")]).await.unwrap();
    drop(log);
    let (records, _) = read(&open(folder).unwrap(), "in", 0).await.unwrap();
    assert_eq!(values(&records), ["more"]);
}

/// Shows that damage to the journal with acknowledged changes behind it is refused, naming the file, and
/// does not lose them in silence.
#[tokio::test]
async fn within_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    worked(folder.path()).await;
    let path = journal(folder.path());
    let bytes = written(&path);
    for at in [0, bytes.len() / 3, bytes.len() / 2] {
        let mut spoilt = bytes.clone();
        spoilt[at..at + 8].fill(0xab);
        fs::write(&path, spoilt).unwrap();
        let error = open(folder.path()).map(drop).unwrap_err();
        assert_eq!(error.remedy, Remedy::Stop);
        for part in [path.to_str().unwrap(), "damaged at byte", "restore a backup"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
    fs::write(&path, bytes).unwrap();
    assert_eq!(found(folder.path()).await.unwrap(), TRANSACTIONS, "restored");
}

/// Shows that no damaged byte in any other file is taken for a record: either the log reads as it was
/// written, or it says that it cannot, and where.
#[tokio::test]
async fn in_other_files() {
    let original = tempfile::tempdir().unwrap();
    let payload = "p".repeat(64 * 1024);
    let log = open(original.path()).unwrap();
    log.create(&[topic("out", 1, &[])]).await.unwrap();
    let publisher = log.publisher().await.unwrap();
    // More than gathers in memory: some of it lies in files.
    for n in 0..135 {
        publisher.publish(vec![record("out", 0, &format!("{n} {payload}"))]).await.unwrap();
    }
    drop((publisher, log));
    // Once more: then the journal is as long as what is in it.
    let (whole, _) = read(&open(original.path()).unwrap(), "out", 0).await.unwrap();
    let mut refused = 0;
    for path in files(&original.path().join("rows")) {
        let bytes = fs::read(&path).unwrap();
        if bytes.is_empty() || path.extension().is_some_and(|end| end == "jnl") {
            continue;
        }
        for at in [0, bytes.len() / 2] {
            let folder = tempfile::tempdir().unwrap();
            copy(original.path(), folder.path());
            let spoilt = folder.path().join(path.strip_prefix(original.path()).unwrap());
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x40;
            fs::remove_file(&spoilt).unwrap();
            fs::write(&spoilt, bytes).unwrap();
            let found = match open(folder.path()) {
                Ok(log) => read(&log, "out", 0).await.map(|(records, _)| records),
                Err(error) => Err(error),
            };
            let what = format!("byte {at} of {}", spoilt.display());
            match found {
                Ok(records) => assert!(records == whole, "{what} is misread"),
                Err(error) => {
                    println!("{what}: {error}");
                    assert_eq!(error.remedy, Remedy::Stop);
                    assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 0, "some damage was met");
}

/// Shows that a row whose checksum is right and which nobody can have written is refused by name, not believed: not
/// when the log is opened, and not when a record is read.
#[tokio::test]
async fn in_rows() {
    let (eight, topic) = ([u8::MAX; 8], 1_u64.to_be_bytes());
    let place = [&topic[..], &[0; 4]].concat();
    let rows: [(&str, &[u8], &[u8], &str); 7] = [
        ("topics", &topic, b"\x7f\xff\xff\xff\0\0\0\x02in", "a topic"),
        ("topics", &eight, b"\0\0\0\x01\0\0\0\x01x", "a topic"),
        ("topics", &2_u64.to_be_bytes(), b"\0\0\0\x01\0\0\0\x02in", "a topic"),
        ("topics", &0_u64.to_be_bytes(), &eight, "a topic"),
        ("extents", &place, &[0x7f; 40], "a partition"),
        ("offsets", &[&place[..], b"worker"].concat(), &eight, "an offset"),
        ("records", &[&place[..], &[0; 9]].concat(), b"", "a record"),
    ];
    for (table, key, value, what) in rows {
        let folder = tempfile::tempdir().unwrap();
        worked(folder.path()).await;
        open(folder.path())
            .unwrap()
            .publisher()
            .await
            .unwrap()
            .publish(vec![record("in", 0, "x")])
            .await
            .unwrap();
        let disk = Disk::open(folder.path(), Timestamp(0), Durability::Process).unwrap();
        let mut batch = disk.batch();
        batch.insert(&disk.table(&format!("log-{table}"), 1 << 20).unwrap(), key.to_vec(), value.to_vec());
        batch.commit().unwrap();
        drop(disk);
        let error = match open(folder.path()) {
            Ok(log) => read(&log, "in", 0).await.map(drop).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.remedy, Remedy::Stop);
        assert!(error.to_string().contains(what), "{table}: {error}");
    }
}

/// Copies a folder: what is never written again is the same file in both.
fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let place = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        let is_written_once = path.parent().is_some_and(|folder| folder.ends_with("tables"));
        if is_written_once {
            fs::hard_link(&path, &place).unwrap();
        } else {
            fs::copy(&path, &place).unwrap();
        }
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
