//! Where passwords may come from, and that they are never shown.

#![allow(clippy::unwrap_used, reason = "in a test, a value that is not there is the failure")]

use super::*;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn choose(properties: &[(&str, &str)], file: Option<&str>, env: &[(&str, &str)]) -> Result<Secrets, String> {
    Secrets::choose(&map(properties), file.map(str::to_owned), None, &map(env)).map_err(|e| e.to_string())
}

/// A secret in the wrong place, or in two, is refused; the refusal says where it belongs and not what it is.
#[test]
fn a_secret_has_one_place() {
    let check = |properties: &[(&str, &str)], file: Option<&str>, env: &[(&str, &str)], expected: &[&str]| {
        let told = choose(properties, file, env).unwrap_err();
        for part in expected {
            assert!(told.contains(part), "{told}");
        }
        assert!(!told.contains("hush"), "{told}");
    };
    let places = ["kafka_password_file", "TRIBUTARY_KAFKA_PASSWORD"];
    check(&[("sasl.password", "hush")], None, &[], &places);
    check(
        &[("ssl.key.password", "hush")],
        None,
        &[],
        &["kafka_key_password_file", "TRIBUTARY_KAFKA_KEY_PASSWORD"],
    );
    check(&[("ssl.key.pem", "hush")], None, &[], &["ssl.key.location"]);
    check(&[("ssl.keystore.password", "hush")], None, &[], &["PEM"]);
    check(&[], Some("file"), &[("TRIBUTARY_KAFKA_PASSWORD", "hush")], &["both set"]);
    check(&[], Some(""), &[], &["kafka_password_file is empty"]);
    check(&[], None, &[("TRIBUTARY_KAFKA_PASSWORD", "")], &["TRIBUTARY_KAFKA_PASSWORD is empty"]);
}

/// What a file holds is what librdkafka is told, without the end of its line; anything but one line is refused
/// with the file's name.
#[test]
fn a_file_holds_one_line() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("password");
    let named = path.display().to_string();
    let check = |content: Option<&[u8]>, expected: Result<&str, &str>| {
        match content {
            Some(content) => std::fs::write(&path, content).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let mut properties = BTreeMap::new();
        let done = choose(&[], Some(&named), &[]).unwrap().add_to(&mut properties);
        let told = done.map_err(|error| error.to_string());
        match expected {
            Ok(password) => {
                told.unwrap();
                assert_eq!(properties.get("sasl.password").map(String::as_str), Some(password));
            }
            Err(cause) => {
                let told = told.unwrap_err();
                assert!(told.contains(cause) && told.contains(&named) && !told.contains("hush"), "{told}");
            }
        }
    };
    check(Some(b"hush"), Ok("hush"));
    check(Some(b" hush hush \n"), Ok(" hush hush "));
    check(Some(b"hush\r\n"), Ok("hush"));
    check(Some(b""), Err("its only line"));
    check(Some(b"\n"), Err("its only line"));
    check(Some(b"hush\nhush\n"), Err("its only line"));
    check(Some(&[b'h'; 5_000]), Err("more than 4096 bytes"));
    check(Some(&[0xff, 0xfe]), Err("UTF-8"));
    check(None, Err("No such file"));
}

/// Debug output names properties only.
#[test]
fn is_never_shown() {
    let secrets = choose(&[], None, &[("TRIBUTARY_KAFKA_PASSWORD", "hush")]).unwrap();
    assert_eq!(format!("{secrets:?}"), "[\"sasl.password\"]");
    let mut properties = BTreeMap::new();
    secrets.add_to(&mut properties).unwrap();
    assert_eq!(properties, map(&[("sasl.password", "hush")]));
}
