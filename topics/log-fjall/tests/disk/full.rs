//! A disk that takes no more: an error that stops, and everything acknowledged before is there.
//!
//! A limit on the size of files stands in for a full disk: it fails the same writes at the same places and
//! needs no rights. Where there is no shell that can set it, this says so and shows nothing.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use topics_log::{Log, Remedy};

use crate::stage::{Member, open, read, record, topic, values};

/// Set for the process that writes under the limit: the log's folder, and what fails first.
const FOLDER: &str = "LOG_TEST_FULL_FOLDER";
const FIRST: &str = "LOG_TEST_FULL_FIRST";

/// What fails first: the write to the journal before a change is acknowledged, where values cannot be made
/// smaller; or, where they can, the writing out of rows that had been acknowledged.
const JOURNAL: &str = "journal";
const WRITING_OUT: &str = "writing out";

/// Sets the limit to 1 or 2 MiB (the shell's block has 512 or 1,024 bytes), lets writes beyond it fail
/// instead of killing the process, and becomes that process.
const SHELL: &str = "trap '' XFSZ && ulimit -f 2048 && exec \"$0\" \"$@\"";

/// Transactions made at most: many times what fits.
const TRANSACTIONS_MAX: usize = 1000;

/// Shows that a transaction which does not fit any more is refused with `Stop` and a hint, as is everything
/// after it; that what was acknowledged can still be read; and that it is there, whole, when there is room
/// again.
#[tokio::test]
async fn what_was_acknowledged_stays() {
    if let (Ok(folder), Ok(first)) = (std::env::var(FOLDER), std::env::var(FIRST)) {
        return fill(Path::new(&folder), &first).await;
    }
    for first in [JOURNAL, WRITING_OUT] {
        check(first).await;
    }
}

async fn check(first: &str) {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    log.create(&[topic("in", 1, &[]), topic("out", 2, &[])]).await.unwrap();
    drop(log);
    // Opened again, the engine goes on in a journal as long as what is in it.
    drop(open(folder.path()).unwrap());
    let mut child = Command::new("sh")
        .args(["-c", SHELL])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full::what_was_acknowledged_stays", "--nocapture"])
        .env(FOLDER, folder.path())
        .env(FIRST, first)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said: Vec<String> =
        lines.filter_map(|line| Some(line.split_once("committed ")?.1.to_owned())).collect();
    let ended = child.wait().unwrap();
    if said.is_empty() && !ended.success() {
        println!("SKIPPED: no shell here limits the size of files ({ended})");
        return;
    }
    assert!(ended.success(), "{ended}");
    let count: usize = said.last().unwrap().parse().unwrap();
    let log = open(folder.path()).unwrap();
    let committed = Member::join(&log, "worker", "in").await.committed().await.remove(0);
    let committed = usize::try_from(committed.unwrap().offset).unwrap();
    // Whether the one that failed holds was not known.
    assert!((count..=count + 1).contains(&committed), "{count} acknowledged, {committed} found");
    for partition in 0..2 {
        let (outputs, _) = read(&log, "out", partition).await.unwrap();
        assert_eq!(outputs.len(), committed, "outputs in partition {partition}");
    }
    log.publisher().await.unwrap().publish(vec![record("in", 0, "more")]).await.unwrap();
}

/// Writes until nothing fits.
async fn fill(folder: &Path, first: &str) {
    let log = open(folder).unwrap();
    let mut member = Member::join(&log, "worker", "in").await;
    let mut transactor = member.consumer.transactor("worker").await.unwrap();
    let (payload, hint) = match first {
        JOURNAL => (noise(10_000), "no file may grow so large here"),
        _ => ("p".repeat(10_000), "an earlier write failed"),
    };
    for n in 0..TRANSACTIONS_MAX {
        transactor.begin().await.unwrap();
        let outputs = [0, 1].map(|partition| record("out", partition, &payload)).to_vec();
        transactor.produce(outputs).await.unwrap();
        transactor.send_offsets(&[member.offset(0, n as i64 + 1, "")]).await.unwrap();
        let Err(error) = transactor.commit().await else {
            println!("committed {}", n + 1);
            continue;
        };
        assert_eq!(error.remedy, Remedy::Stop, "{error}");
        assert!(error.to_string().contains(hint), "{error}");
        let publisher = log.publisher().await.unwrap();
        let error = publisher.publish(vec![record("in", 0, "more")]).await.unwrap_err();
        assert_eq!(error.remedy, Remedy::Stop, "afterwards: {error}");
        assert!(error.to_string().contains("an earlier write failed"), "{error}");
        let (outputs, _) = read(&log, "out", 0).await.unwrap();
        assert_eq!(values(&outputs), vec![payload; n], "still readable");
        return;
    }
    panic!("{TRANSACTIONS_MAX} transactions fitted");
}

/// Text that no compression makes much smaller.
fn noise(length: usize) -> String {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b' ' + u8::try_from((state >> 24) % 95).unwrap())
    };
    (0..length).map(|_| next()).collect()
}
