//! Getting in over TLS: a broker that is trusted or not, certificates, and passwords over it.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tests_integration::SecureBroker;
use topics_log::Remedy;
use topics_log_kafka::{KafkaLog, Settings};

use super::account::{REFUSED_WITHIN, Teller, fails, finish, said, settings};

/// A way in and what it says: nothing, or the words of the refusal.
async fn check(brokers: &str, pairs: &[(&str, &str)], expected: Result<(), &[&str]>) {
    let since = Instant::now();
    let told = KafkaLog::connect(settings(brokers, pairs)).await.map(drop);
    let shown: Vec<_> = pairs.iter().filter(|(key, _)| !key.contains("password")).collect();
    match (told, expected) {
        (Ok(()), Ok(())) => {}
        (Err(error), Err(words)) => {
            println!("{shown:?}\n  {error}");
            let told = error.to_string();
            assert_eq!(error.remedy, Remedy::Stop, "{shown:?}: {told}");
            assert!(since.elapsed() < REFUSED_WITHIN, "{shown:?} took {:?}", since.elapsed());
            for word in words {
                assert!(told.contains(word), "{shown:?}: {word:?} is not in: {told}");
            }
        }
        (told, expected) => panic!("{shown:?}: {told:?}, not {expected:?}"),
    }
}

/// With its authority's certificate and one of one's own one is let in, also with a key under a password; with
/// another authority, no certificate, a stranger's or a wrong password of the key one is told which it was.
#[tokio::test(flavor = "multi_thread")]
async fn certificates() {
    let broker = SecureBroker::get().await;
    let file = |name: &str| broker.file(name);
    let (ca, stranger, own) = (file("ca.pem"), file("stranger.pem"), file("tributary.pem"));
    let (key, locked, strangers) =
        (file("tributary.key"), file("tributary.locked.key"), file("stranger.key"));
    let password = std::fs::read_to_string(file("key.password")).expect("a password");
    let ssl = ("security.protocol", "ssl");
    let (by, with, and) = ("ssl.ca.location", "ssl.certificate.location", "ssl.key.location");
    let of_key = "ssl.key.password";
    let at = broker.mtls.as_str();
    check(at, &[ssl, (by, &ca), (with, &own), (and, &key)], Ok(())).await;
    check(at, &[ssl, (by, &ca), (with, &own), (and, &locked), (of_key, password.trim())], Ok(())).await;
    let untrusted: &[&str] = &["certificate verify failed", "ssl.ca.location"];
    check(at, &[ssl, (by, &stranger), (with, &own), (and, &key)], Err(untrusted)).await;
    check(at, &[ssl, (with, &own), (and, &key)], Err(untrusted)).await;
    check(at, &[ssl, (by, &ca)], Err(&["certificate", "ssl.certificate.location"])).await;
    check(at, &[ssl, (by, &ca), (with, &stranger), (and, &strangers)], Err(&["certificate"])).await;
    check(
        at,
        &[ssl, (by, &ca), (with, &own), (and, &locked), (of_key, "mistaken")],
        Err(&["ssl.key.location", "its password the right one"]),
    )
    .await;
    let nowhere = broker.file("nowhere.pem");
    check(at, &[ssl, (by, &nowhere), (with, &own), (and, &key)], Err(&["ssl.ca.location", "nowhere.pem"]))
        .await;
}

/// Passwords over TLS, plain and by SCRAM; a wrong one and a broker that is not trusted are told apart.
#[tokio::test(flavor = "multi_thread")]
async fn passwords() {
    let broker = SecureBroker::get().await;
    let (ca, stranger, right) =
        (broker.file("ca.pem"), broker.file("stranger.pem"), broker.password("tributary"));
    let way = |mechanism, ca, password| {
        [
            ("security.protocol", "sasl_ssl"),
            ("sasl.mechanism", mechanism),
            ("ssl.ca.location", ca),
            ("sasl.username", "tributary"),
            ("sasl.password", password),
        ]
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        check(&broker.tls, &way(mechanism, &ca, &right), Ok(())).await;
        check(&broker.tls, &way(mechanism, &ca, "mistaken"), Err(&["uthentication failed", "credentials"]))
            .await;
        check(&broker.tls, &way(mechanism, &stranger, &right), Err(&["certificate verify failed"])).await;
    }
    // The broker has accounts for SCRAM-SHA-512 only.
    let other = way("SCRAM-SHA-256", ca.as_str(), right.as_str());
    check(&broker.tls, &other, Err(&["SCRAM-SHA-256", "SCRAM-SHA-512"])).await;
}

/// Who speaks TLS to a listener without, or none to one with, is told what to look at. It may pass: a proxy may
/// not have found its broker yet.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_wrong_listener() {
    let broker = SecureBroker::get().await;
    let ca = broker.file("ca.pem");
    let ssl = [("security.protocol", "ssl"), ("ssl.ca.location", ca.as_str())];
    let bound = Duration::from_secs(2);
    for (at, pairs) in [(&broker.open, &ssl[..]), (&broker.mtls, &[]), (&broker.tls, &[])] {
        let settings = Settings { connect_timeout: bound, ..settings(at, pairs) };
        let error = KafkaLog::connect(settings).await.expect_err("no broker that speaks so");
        println!("{error}");
        assert_eq!(error.remedy, Remedy::Retry, "{error}");
        assert!(error.to_string().contains("does security.protocol fit its listener?"), "{error}");
    }
}

/// The profiles that `scripts/stack up --secure` writes work as they stand.
#[tokio::test(flavor = "multi_thread")]
async fn by_profile() {
    let broker = SecureBroker::get().await;
    let folder = TempDir::new().expect("a folder");
    let profile = |name: &str| {
        let data = format!("data={}", folder.path().display());
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_command_under_test"));
        command.args(["topics", "plan", "--config", &broker.file(name), "--set", &data]);
        command
    };
    for name in ["plain.toml", "scram.toml", "mtls.toml"] {
        let output = finish(profile(name)).await;
        assert!(output.status.success() && said(&output).contains("to create"), "{name}: {}", said(&output));
    }
    let mut wrong = profile("scram.toml");
    wrong.args(["--set", &format!("kafka.ssl.ca.location={}", broker.file("stranger.pem"))]);
    fails(wrong, &["certificate verify failed", "ssl.ca.location"]).await;
    let teller = Teller { broker: &broker, namespace: "profiles", folder: folder.path() };
    let mut wrong = teller.command("tributary", &["topics", "plan", "--config", &broker.file("scram.toml")]);
    wrong.env("TRIBUTARY_KAFKA_PASSWORD", "mistaken");
    fails(wrong, &["both set"]).await;
}
