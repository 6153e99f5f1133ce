//! Settings that cannot work are refused before a server is asked, with the reason.

use std::time::Duration;

use topics_state::Remedy;

use super::{Credentials, Settings};

/// Shows what is refused, and what the refusal names.
#[test]
fn refused() {
    let keyspace = |name: &str| Settings { keyspace: name.to_owned(), ..Settings::default() };
    let seconds = Duration::from_secs;
    let cases = [
        (Settings { nodes: vec![], ..Settings::default() }, "nodes"),
        (Settings { nodes: vec![" ".to_owned()], ..Settings::default() }, "nodes"),
        (keyspace(""), "keyspace"),
        (keyspace("Mine"), "keyspace"),
        (keyspace("1st"), "keyspace"),
        (keyspace("a; DROP KEYSPACE b"), "keyspace"),
        (keyspace(&"k".repeat(49)), "keyspace"),
        (Settings { replication: 0, ..Settings::default() }, "replication"),
        (Settings { request_timeout: seconds(5), ..Settings::default() }, "patience"),
        (Settings { request_timeout: seconds(0), ..Settings::default() }, "request_timeout"),
        (Settings { patience: seconds(61), ..Settings::default() }, "patience"),
    ];
    for (settings, named) in cases {
        let error = settings.check().unwrap_err();
        assert_eq!(error.remedy, Remedy::Stop);
        assert!(error.cause.contains(named), "{error}");
    }
    for name in ["tributary", "k", "prod_team_1"] {
        keyspace(name).check().unwrap();
    }
}

/// Shows that no password is written into a log by printing settings.
#[test]
fn passwords_are_not_printed() {
    let credentials = Credentials { user: "me".to_owned(), password: "hush".to_owned() };
    let settings = Settings { credentials: Some(credentials), ..Settings::default() };
    let printed = format!("{settings:?}");
    assert!(printed.contains("me") && !printed.contains("hush"), "{printed}");
}
