//! Keys come from where they are said to be, and are never shown.

use std::path::PathBuf;

use super::{ApiKey, KeySource};
use crate::{HttpModel, Settings};

/// A file's content without the white space around it; no key is an error that says what to do.
#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let check = |content: &[u8], expected: Result<&str, &str>| {
        let path = folder.path().join("key");
        std::fs::write(&path, content).unwrap();
        match (ApiKey::read(&KeySource::File(path)), expected) {
            (Ok(key), Ok(bearer)) => assert_eq!(key.header(), bearer),
            (Err(error), Err(says)) => assert!(error.to_string().contains(says), "{error}"),
            (found, _) => panic!("{found:?} for {content:?}"),
        }
    };
    check(b"sk-1\n", Ok("Bearer sk-1"));
    check(b" \n", Err("it is empty"));
    check(b"sk-1\nsk-2\n", Err("on one line"));
    check(b"sk-\xff", Err("UTF-8"));
    check(&[b'x'; 20_000], Err("is it the right file"));
    let missing = ApiKey::read(&KeySource::File(PathBuf::from("/no/such/key"))).unwrap_err();
    assert!(missing.to_string().contains("/no/such/key"), "{missing}");
    let unset = ApiKey::read(&KeySource::Environment("NO_SUCH_VARIABLE_HERE".into())).unwrap_err();
    assert!(unset.to_string().contains("it is not set"), "{unset}");
}

/// Neither the key nor a client that holds it shows it.
#[test]
fn keys_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "sk-secret").unwrap();
    let mut settings = Settings::new("http://127.0.0.1:1/v1", "m");
    settings.key = Some(KeySource::File(path));
    let model = HttpModel::new(settings).unwrap();
    let shown = format!("{model:?}");
    assert!(shown.contains("redacted") && !shown.contains("secret"), "{shown}");
}
