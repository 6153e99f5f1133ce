//! A server with TLS, passwords, certificates and rights: who is let in, and what a refusal says. This test has one
//! of its own.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tests_stack::{Forward, Stack};
use topics_state::{Error, Remedy, Slot, StateStore};
use topics_state_scylla::{Credentials, ScyllaStore, Settings, Tls, migrate};

/// How long a refusal may take: it is known after the first answer, and nobody waits for a time-out.
const REFUSED_WITHIN: Duration = Duration::from_secs(10);

/// How long passing trouble is waited for here.
const PATIENCE: Duration = Duration::from_secs(2);

/// A role and its password.
fn role(user: &str, password: &str) -> Option<Credentials> {
    Some(Credentials { user: user.to_owned(), password: password.to_owned() })
}

/// TLS that trusts this authority, without a certificate of its own.
fn trusting(ca_file: PathBuf) -> Option<Tls> {
    Some(Tls { ca_file, identity: None })
}

/// Is refused with this remedy and these words, and never says the password.
async fn check(settings: &Settings, remedy: Remedy, words: &[&str]) {
    let since = Instant::now();
    let outcome = ScyllaStore::connect(settings).await.map(drop);
    refused(outcome, remedy, words, settings);
    assert!(since.elapsed() < REFUSED_WITHIN, "took {:?}", since.elapsed());
}

fn refused<T: std::fmt::Debug>(
    outcome: Result<T, Error>,
    remedy: Remedy,
    words: &[&str],
    settings: &Settings,
) {
    let error = outcome.expect_err("a refusal");
    let told = error.to_string();
    println!("{told}");
    assert_eq!(error.remedy, remedy, "{told}");
    for word in words {
        assert!(told.contains(word), "{word:?} is not in: {told}");
    }
    let password = settings.credentials.as_ref().map(|credentials| credentials.password.as_str());
    assert!(!password.is_some_and(|password| told.contains(password)), "{told}");
}

/// With the right authority, role and password one may do what was granted; with a wrong password or none, an
/// authority that did not sign, another address, no TLS, or no rights one is told which it was and what to do.
/// Where the server wants certificates too, its authority's is let in, none and a stranger's are not.
#[tokio::test(flavor = "multi_thread")]
async fn lets_in_whom_it_should() {
    let stack = Stack::up(&["cql", "--secure"]);
    let node = stack.line("cql").to_owned();
    let right = Settings {
        nodes: vec![node.clone()],
        credentials: role("tributary", &stack.secret("tributary.password")),
        tls: trusting(stack.file("ca.pem")),
        connect_timeout: PATIENCE,
        replication: 1,
        ..Settings::default()
    };
    let patient = Settings { connect_timeout: Duration::from_secs(20), ..right.clone() };
    migrate(&patient).await.expect("a role that may");
    let store = ScyllaStore::connect(&patient).await.expect("a role that may");
    let slot = Slot { agent: "agent".into(), generation: 1, partition: 0 };
    store.register(&slot, "topic").await.expect("register");
    drop(store);

    passwords_and_rights(&stack, &right).await;
    addresses_and_authorities(&stack, &right, &node).await;
    certificates(&stack, &patient).await;
}

async fn passwords_and_rights(stack: &Stack, right: &Settings) {
    let told = |credentials| Settings { credentials, ..right.clone() };
    check(&told(role("tributary", "mistaken")), Remedy::Stop, &["check the user and the password"]).await;
    check(&told(role("nobody", "mistaken")), Remedy::Stop, &["check the user and the password"]).await;
    check(&told(None), Remedy::Stop, &["wants a password", "TRIBUTARY_CQL_PASSWORD"]).await;
    let idle = told(role("reader", &stack.secret("reader.password")));
    check(&idle, Remedy::Stop, &["tributary", "grant this role SELECT and MODIFY"]).await;
    let elsewhere = Settings { keyspace: "elsewhere".to_owned(), ..idle };
    refused(migrate(&elsewhere).await, Remedy::Stop, &["CREATE KEYSPACE", "CREATE to migrate"], &elsewhere);
}

async fn addresses_and_authorities(stack: &Stack, right: &Settings, node: &str) {
    let told = |tls| Settings { tls, ..right.clone() };
    check(&told(trusting(stack.file("stranger.pem"))), Remedy::Stop, &["not trusted here", "cql_ca_file"])
        .await;
    check(&told(None), Remedy::Retry, &["speak TLS exactly if cql_ca_file is set"]).await;
    let nowhere = told(trusting(stack.file("nowhere.pem")));
    check(&nowhere, Remedy::Stop, &["cql_ca_file", "nowhere.pem", "PEM"]).await;
    check(&told(trusting(stack.file("key.password"))), Remedy::Stop, &["cql_ca_file", "PEM"]).await;
    let other = Forward::new("127.0.0.9", node);
    let other = Settings { nodes: vec![other.address.to_string()], ..right.clone() };
    check(&other, Remedy::Stop, &["not for the address", "127.0.0.9"]).await;
    // The servers that other tests share have no TLS.
    let open = Settings { tls: right.tls.clone(), connect_timeout: PATIENCE, ..super::ground::settings() };
    check(&open, Remedy::Retry, &["speak TLS exactly if cql_ca_file is set"]).await;
}

async fn certificates(stack: &Stack, right: &Settings) {
    std::fs::write(stack.file("client_auth"), "true\n").expect("a setting of the server");
    stack.run("restart", &["cql"]);
    let told = |name: &str| Settings {
        tls: Some(Tls {
            ca_file: stack.file("ca.pem"),
            identity: Some((stack.file(&format!("{name}.pem")), stack.file(&format!("{name}.key")))),
        }),
        ..right.clone()
    };
    ScyllaStore::connect(&told("tributary")).await.expect("a certificate of its authority's");
    // Whether the node's own word arrives before it hangs up is chance; what to look at is said in any case.
    for settings in [right.clone(), told("stranger")] {
        let settings = Settings { connect_timeout: PATIENCE, ..settings };
        let error = ScyllaStore::connect(&settings).await.map(drop).expect_err("a refusal");
        println!("{error}");
        let words = ["wants a certificate", "cql_cert_file"];
        assert!(words.iter().all(|word| error.to_string().contains(word)), "{error}");
    }
    let mut locked = told("tributary");
    let key = stack.file("tributary.locked.key");
    locked.tls = locked.tls.map(|tls| Tls { identity: Some((stack.file("tributary.pem"), key)), ..tls });
    check(&locked, Remedy::Stop, &["cql_key_file", "locked.key"]).await;
}
