//! What is damaged is refused before the engine believes it; what is whole is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemas_records::Timestamp;
use topics_log::VirtualClock;

use crate::error::Remedy;
use crate::fjall::FjallStore;

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Each byte of each table of contents changed, one at a time, in all files that have one: an error that names
/// the file, whatever the byte means (a length among them would ask for gigabytes). Whole files are taken.
#[tokio::test(start_paused = true)]
async fn refuses_what_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let open = || FjallStore::open(folder.path(), Arc::new(VirtualClock::starting_at(Timestamp(1))));
    drop(open().unwrap());
    drop(open().unwrap());
    let mut looked_at = 0;
    for path in files(folder.path()) {
        let whole = fs::read(&path).unwrap();
        let Some(end) = whole.len().checked_sub(super::TRAILER_BYTES) else { continue };
        if !whole[end..].starts_with(super::MAGIC) {
            continue;
        }
        looked_at += 1;
        let begin = usize::from_le_bytes(whole[end + 22..end + 30].try_into().unwrap());
        for at in begin..end + 30 {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x20;
            fs::write(&path, damaged).unwrap();
            let found = super::check_file(path.clone());
            let is_magic = (end..end + super::MAGIC.len()).contains(&at);
            assert_eq!(found.is_err(), !is_magic, "byte {at} of {}", path.display());
        }
        let mut damaged = whole.clone();
        damaged[begin + 7] ^= 0xff;
        fs::write(&path, damaged).unwrap();
        let error = open().err().unwrap();
        assert_eq!(error.remedy, Remedy::Stop);
        assert!(error.cause.contains(&path.display().to_string()), "{error}");
        fs::write(&path, whole).unwrap();
    }
    assert!(looked_at > 1, "{looked_at} files have a table of contents");
    open().unwrap();
}

/// Each byte of the lists of a tree's files changed, and of what says which of them counts: refused, as they claim
/// numbers of entries.
#[tokio::test(start_paused = true)]
async fn refuses_damaged_lists_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let open = || FjallStore::open(folder.path(), Arc::new(VirtualClock::starting_at(Timestamp(1))));
    drop(open().unwrap());
    drop(open().unwrap());
    let mut looked_at = 0;
    for current in files(folder.path()).into_iter().filter(|path| path.ends_with(super::CURRENT)) {
        looked_at += 1;
        let number = u64::from_le_bytes(fs::read(&current).unwrap()[..8].try_into().unwrap());
        let list = current.with_file_name(format!("v{number}"));
        for path in [&current, &list] {
            let whole = fs::read(path).unwrap();
            for at in 0..whole.len() {
                let mut damaged = whole.clone();
                damaged[at] ^= 0x80;
                fs::write(path, damaged).unwrap();
                assert!(super::check_file(current.clone()).is_err(), "byte {at} of {}", path.display());
            }
            fs::write(path, &whole[..whole.len() - 1]).unwrap();
            let error = open().err().unwrap();
            assert_eq!(error.remedy, Remedy::Stop);
            assert!(error.cause.contains(&current.parent().unwrap().display().to_string()), "{error}");
            fs::write(path, whole).unwrap();
        }
    }
    assert!(looked_at > 1, "{looked_at} trees");
    open().unwrap();
}
