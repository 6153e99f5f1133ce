//! A log's folder whose files are damaged: it opens or it is refused; and a record that is read is one that
//! was written, since bytes that changed on the disk must not be believed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use schemas_records::{Headers, Key};
use topics_log::{Clock, Log, NewRecord, NewTopic};
use topics_log_fjall::FjallLog;

use super::rows::{Now, read_all};

/// Most changes of one input.
const CHANGES_MAX: usize = 16;

/// How many bytes of an input make one change.
const CHANGE_BYTES: usize = 8;

/// A whole folder: its files, and what its log holds.
struct Whole {
    files: Vec<(PathBuf, Vec<u8>)>,
    records: BTreeSet<(String, i32, i64, Vec<u8>)>,
}

static WHOLE: LazyLock<Whole> = LazyLock::new(|| {
    let whole = make();
    assert!(whole.is_ok(), "a folder to damage: {:?}", whole.as_ref().err());
    whole.unwrap_or_else(|_| std::process::abort())
});

fn make() -> Result<Whole, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let clock: Arc<dyn Clock> = Arc::new(Now);
    // Opened twice, so that there is something in a journal and something behind it.
    for round in 0..2 {
        let log = FjallLog::open(folder.path(), Arc::clone(&clock)).map_err(|error| error.to_string())?;
        fill(&log, round)?;
    }
    let log = FjallLog::open(folder.path(), clock).map_err(|error| error.to_string())?;
    let records: BTreeSet<_> = read_all(&log).into_iter().collect();
    drop(log);
    let mut files = Vec::new();
    gather(folder.path(), folder.path(), &mut files);
    files.sort();
    if records.len() < 20 || files.is_empty() {
        return Err(format!("{} records in {} files", records.len(), files.len()));
    }
    Ok(Whole { files, records })
}

fn fill(log: &FjallLog, round: usize) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let topic = NewTopic { name: "t".into(), partitions: 2, replication: 0, config: BTreeMap::new() };
        if round == 0 {
            log.create(&[topic]).await.map_err(|error| error.to_string())?;
        }
        let record = |number: usize| NewRecord {
            topic: "t".into(),
            partition: None,
            key: Key::new(format!("k{number}").as_bytes()),
            value: Bytes::from(format!("round {round} number {number} ").repeat(number)),
            headers: Headers::new(),
        };
        let publisher = log.publisher().await.map_err(|error| error.to_string())?;
        publisher.publish((0..20).map(record).collect()).await.map_err(|error| error.to_string())?;
        Ok(())
    })
}

fn gather(root: &Path, folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(root, &path, files);
        } else if let (Ok(name), Ok(bytes)) = (path.strip_prefix(root), std::fs::read(&path)) {
            files.push((name.to_owned(), bytes));
        }
    }
}

/// Changes of eight bytes each: which file, what happens to it, where, and to what.
pub(super) fn run(bytes: &[u8]) {
    let whole = &*WHOLE;
    let Ok(folder) = tempfile::tempdir() else { return };
    let mut files = whole.files.clone();
    for change in bytes.chunks(CHANGE_BYTES).take(CHANGES_MAX) {
        damage(&mut files, change);
    }
    for (name, bytes) in &files {
        let path = folder.path().join(name);
        if let Some(around) = path.parent() {
            let _ = std::fs::create_dir_all(around);
        }
        let _ = std::fs::write(path, bytes);
    }
    match FjallLog::open(folder.path(), Arc::new(Now)) {
        Ok(log) => {
            for record in read_all(&log) {
                assert!(whole.records.contains(&record), "a record that nobody wrote: {record:?}");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty(), "refused without a word"),
    }
}

fn damage(files: &mut Vec<(PathBuf, Vec<u8>)>, change: &[u8]) {
    let byte = |at: usize| change.get(at).copied().unwrap_or_default();
    if files.is_empty() {
        return;
    }
    let which = usize::from(byte(0)) % files.len();
    let bytes = &mut files[which].1;
    let at = u32::from_le_bytes([byte(2), byte(3), byte(4), 0]) as usize;
    let at = if bytes.is_empty() { 0 } else { at % bytes.len() };
    match byte(1) % 6 {
        0 => bytes.truncate(at),
        1 => bytes.extend(std::iter::repeat_n(byte(5), usize::from(byte(6)))),
        2 => drop(files.remove(which)),
        3 => {
            let end = (at + usize::from(byte(6))).min(bytes.len());
            bytes[at..end].fill(byte(5));
        }
        _ => {
            if let Some(there) = bytes.get_mut(at) {
                *there ^= byte(5).max(1);
            }
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let files = WHOLE.files.len() as u8;
    let mut seeds = vec![Vec::new()];
    for file in 0..files {
        // One change each, another one for each file.
        seeds.push(vec![file, file % 5, file.wrapping_mul(37), 0, 0, 0xff, 16, 0]);
    }
    seeds
}
