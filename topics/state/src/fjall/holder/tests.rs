//! Who has a folder, and what is removed from it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use topics_log::{Clock, SystemClock};

use super::{Held, Hold, Holder, NAME, REMOVED};
use crate::fjall::{Disk, Durability, FjallStore};

fn open(folder: &Path) -> FjallStore {
    FjallStore::open(folder, Arc::new(SystemClock)).unwrap()
}

fn free(folder: &Path) -> Hold {
    match Hold::look(folder).unwrap() {
        Some(Held::Free(hold)) => hold,
        other => panic!("{other:?}"),
    }
}

/// Shows that looking makes nothing, that it says who has the folder, and that a hold becomes a store.
#[tokio::test]
async fn looks_before_it_opens() {
    let house = tempfile::tempdir().unwrap();
    let folder = house.path().join("data");
    assert!(Hold::look(&folder).unwrap().is_none());
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    assert!(Hold::look(&folder).unwrap().is_none(), "what has no mark is somebody else's");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert!(Hold::look(&folder.join("notes.txt")).unwrap().is_none(), "a file is no folder");
    drop(open(&folder));
    let hold = free(&folder);
    let Some(Held::By(holder)) = Hold::look(&folder).unwrap() else { panic!("it is held") };
    assert_eq!(holder.process(), Some(std::process::id()));
    let disk = Disk::open_held(hold, SystemClock.now(), Durability::Process).unwrap();
    assert!(Hold::take(&folder).unwrap_err().to_string().contains(&holder.to_string()));
    drop(disk);
    drop(free(&folder));
}

/// Shows that only what a store and those beside it wrote is removed, and the folder if nothing else is there.
#[tokio::test]
async fn removes_its_own() {
    let check = |strange: &[&str], left: &[&str]| {
        let house = tempfile::tempdir().unwrap();
        let folder = house.path().join("data");
        drop(open(&folder));
        for name in strange {
            fs::write(folder.join(name), "").unwrap();
        }
        let found = free(&folder).remove(|name| name == "admin.json").unwrap();
        assert_eq!(found, left);
        assert_eq!(folder.exists(), !left.is_empty());
        assert!(!folder.join(NAME).exists() && !folder.join(super::files::FOLDER).exists());
    };
    check(&[], &[]);
    check(&["admin.json"], &[]);
    check(&["admin.json", "thesis.tex", "b"], &["b", "thesis.tex"]);
}

/// Shows that a removal which was killed half way is finished by whoever takes the folder next.
#[tokio::test]
async fn finishes_what_was_interrupted() {
    let house = tempfile::tempdir().unwrap();
    let folder = house.path().join("data");
    drop(open(&folder));
    let identity = Disk::open(&folder, SystemClock.now(), Durability::Process).unwrap().identity().to_owned();
    // Where a process dies that has begun.
    fs::rename(folder.join(super::files::FOLDER), folder.join(REMOVED)).unwrap();
    let hold = free(&folder);
    assert!(!folder.join(REMOVED).exists());
    let disk = Disk::open_held(hold, SystemClock.now(), Durability::Process).unwrap();
    assert_ne!(disk.identity(), identity, "none of its rows counts");
}

/// Shows that a lock on a file which was removed meanwhile holds nothing.
#[test]
fn a_removed_mark_is_none() {
    let house = tempfile::tempdir().unwrap();
    let folder = house.path().join("data");
    let first = Hold::take(&folder).unwrap();
    fs::remove_file(folder.join(NAME)).unwrap();
    let second = Hold::take(&folder).unwrap();
    assert!(first.remove(|_| false).unwrap().is_empty());
    drop(second);
    assert!(!folder.exists());
}

/// Shows that a signature which cannot be read is still somebody's.
#[test]
fn signatures() {
    let check = |signature: &str, process: Option<u32>, shown: &str| {
        let holder = Holder { signature: signature.to_owned() };
        assert_eq!((holder.process(), holder.to_string().as_str()), (process, shown));
    };
    check("process 17 (tributary)", Some(17), "process 17 (tributary)");
    check("process x", None, "process x");
    check("", None, "another process");
}
