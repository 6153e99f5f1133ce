//! Journals that were cut or damaged, written by the engine itself.

use tempfile::TempDir;

use super::*;

/// How many batches [`written`] holds, and how many rows each.
const BATCHES: usize = 5;
const ROWS: usize = 3;

/// How long the journal is, behind the batches zeros.
const ZEROS_END: u64 = 8192;

/// A database's folder with some batches in its journal, each of several rows.
fn written() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (database, rows) = open(folder.path());
    for batch_number in 0..BATCHES {
        let mut batch = database.batch();
        for row in 0..ROWS {
            batch.insert(&rows, format!("{batch_number}/{row}"), vec![1; 100 * (row + 1)]);
        }
        batch.commit().unwrap();
    }
    drop((rows, database));
    // Most of the engine's 64 MiB of zeros only cost time here.
    File::options().write(true).open(journal(&folder)).unwrap().set_len(ZEROS_END).unwrap();
    folder
}

fn open(folder: &Path) -> (fjall::Database, fjall::Keyspace) {
    let database = fjall::Database::builder(folder).open().unwrap();
    let rows = database.keyspace("rows", fjall::KeyspaceCreateOptions::default).unwrap();
    (database, rows)
}

/// The path of the only journal.
fn journal(folder: &TempDir) -> PathBuf {
    let mut found = journals(folder.path()).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0).1
}

/// Where each whole batch begins, and where the last one ends.
fn bounds(path: &Path) -> Vec<u64> {
    let length = fs::metadata(path).unwrap().len();
    let mut source = Source::new(BufReader::new(File::open(path).unwrap()), length);
    let mut bounds = vec![0];
    while whole_batch(&mut source).unwrap().is_some() {
        bounds.push(length - source.left);
    }
    bounds
}

/// Changes the bytes of a journal.
fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Whether the engine finds exactly the rows of so many batches.
fn check_batches(folder: &TempDir, batches: usize, what: &str) {
    let (_database, rows) = open(folder.path());
    let keys: Vec<_> = rows.iter().map(|entry| entry.key().unwrap().to_vec()).collect();
    let expected = (0..batches).flat_map(|batch| (0..ROWS).map(move |row| format!("{batch}/{row}")));
    let expected: Vec<_> = expected.map(String::into_bytes).collect();
    assert_eq!(keys, expected, "{what}");
}

/// Shows that journals as the engine leaves them are read as it wrote them, and let alone.
#[test]
fn untouched() {
    let folder = written();
    assert_eq!(bounds(&journal(&folder)).len(), BATCHES + 1);
    assert_eq!(mend(folder.path()).unwrap(), None);
    check_batches(&folder, BATCHES, "with the engine's zeros behind");
    assert_eq!(mend(folder.path()).unwrap(), None);
    check_batches(&folder, BATCHES, "opened again");
    let nothing = tempfile::tempdir().unwrap();
    assert_eq!(mend(nothing.path()).unwrap(), None);
}

/// Shows that a batch which is not whole at the very end is cut off and told, and all before it stay:
/// cut anywhere, with the engine's zeros behind it or not, followed by garbage, or damaged.
#[test]
fn at_the_end() {
    let whole = written();
    let bounds = bounds(&journal(&whole));
    let (last, end) = (bounds[BATCHES - 1] as usize, bounds[BATCHES] as usize);
    type Spoil = Box<dyn FnOnce(&mut Vec<u8>)>;
    let mut cases: Vec<(String, Spoil, usize)> = Vec::new();
    // Not within the batch's number: the engine's checksum does not cover it.
    for length in [last + 1, last + 13, last + 14, last + 40, end - 13, end - 4, end - 1] {
        let cut: Spoil = Box::new(move |bytes| bytes.truncate(length));
        cases.push((format!("cut at {length} of {last}..{end}"), cut, BATCHES - 1));
        let zeroed: Spoil = Box::new(move |bytes| bytes[length..].fill(0));
        cases.push((format!("zeros from {length} of {last}..{end}"), zeroed, BATCHES - 1));
        let flipped: Spoil = Box::new(move |bytes| bytes[length] ^= 0x40);
        cases.push((format!("flipped at {length} of {last}..{end}"), flipped, BATCHES - 1));
    }
    let garbage: Spoil = Box::new(move |bytes| bytes[end..end + 500].fill(0xab));
    cases.push(("garbage".to_owned(), garbage, BATCHES));
    let starts: Spoil = Box::new(move |bytes| bytes[end..end + 500].fill(Tag::START));
    cases.push(("garbage that begins as a batch does".to_owned(), starts, BATCHES));
    for (what, spoil, batches) in cases {
        let folder = written();
        let path = journal(&folder);
        change(&path, spoil);
        let told = mend(folder.path()).unwrap();
        let told = told.unwrap_or_else(|| panic!("{what}: nothing was told"));
        let at = format!("cut off at byte {}", if batches == BATCHES { end } else { last });
        assert!(told.contains(&at) && told.contains(path.to_str().unwrap()), "{what}: {told}");
        check_batches(&folder, batches, &what);
    }
}

/// Shows that damage with whole batches behind it is refused with the file and the place, in the newest
/// journal and in an older one, and that the file is left as it is.
#[test]
fn within() {
    let whole = written();
    let bounds = bounds(&journal(&whole));
    for batch in 0..BATCHES - 1 {
        for byte in [bounds[batch], bounds[batch] + 30, bounds[batch + 1] - 1] {
            let folder = written();
            let path = journal(&folder);
            change(&path, |bytes| bytes[byte as usize] ^= 0x40);
            let before = fs::metadata(&path).unwrap().len();
            let found = mend(folder.path()).unwrap_err();
            let Damage::Within(file, at) = found else { panic!("{found:?}") };
            assert_eq!((file, at), (path.clone(), bounds[batch]), "byte {byte} of batch {batch}");
            assert_eq!(fs::metadata(&path).unwrap().len(), before, "let alone");
        }
    }
    let older = journal(&whole);
    fs::copy(&older, older.with_file_name("99.jnl")).unwrap();
    change(&older, |bytes| bytes.truncate(bounds[BATCHES] as usize - 1));
    let found = mend(whole.path()).unwrap_err();
    let Damage::Within(file, at) = found else { panic!("{found:?}") };
    assert_eq!((file, at), (older, bounds[BATCHES - 1]), "an older journal");
}
