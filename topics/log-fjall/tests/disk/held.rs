//! One process holds a log, and one version reads it.

use std::sync::Arc;

use topics_log::{Remedy, SystemClock};
use topics_log_fjall::{Disk, Durability, FjallLog};
use topics_state::Timestamp;

use crate::stage::open;

/// Shows that a log which is held is refused with the holder's name, and taken once it is let go.
#[tokio::test]
async fn held_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    let clone = log.clone();
    drop(log);
    let error = open(folder.path()).map(drop).unwrap_err();
    assert_eq!(error.remedy, Remedy::Stop);
    let holder = format!("process {}", std::process::id());
    for part in [holder.as_str(), "holds it", folder.path().to_str().unwrap()] {
        assert!(error.to_string().contains(part), "{error}");
    }
    drop(clone);
    open(folder.path()).unwrap();
}

/// Shows that another version's rows are refused, with both formats and the folder in the cause.
#[tokio::test]
async fn another_format() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(folder.path(), Timestamp(0), Durability::Process).unwrap();
    disk.expect_format("log", 2).unwrap();
    let error = FjallLog::on(disk, Arc::new(SystemClock)).map(drop).unwrap_err();
    assert_eq!(error.remedy, Remedy::Stop);
    for part in ["format 2", "format 1", folder.path().to_str().unwrap()] {
        assert!(error.to_string().contains(part), "{error}");
    }
}
