//! Getting in with a password, or not, without TLS.

use std::time::Instant;

use tempfile::TempDir;
use tests_integration::SecureBroker;
use topics_log::{Log, Remedy};
use topics_log_kafka::{KafkaLog, Settings};

use super::account::{REFUSED_WITHIN, Teller, fails, finish, plain, said, settings};

/// Who says the right password is let in; who says a wrong one, another's, or none is told so at once, with
/// what to look at and without the password.
#[tokio::test(flavor = "multi_thread")]
async fn are_asked_for() {
    let broker = SecureBroker::get().await;
    let right = broker.password("tributary");
    let log = KafkaLog::connect(plain(&broker, "tributary", &right)).await.expect("the right password");
    assert_eq!(log.topics("nobody.").await.expect("a list"), [], "a list");
    let check = async |settings: Settings, words: &[&str]| {
        let since = Instant::now();
        let error = KafkaLog::connect(settings).await.expect_err("a refusal");
        println!("{error}");
        assert_eq!(error.remedy, Remedy::Stop, "{error}");
        assert!(since.elapsed() < REFUSED_WITHIN, "took {:?}", since.elapsed());
        let told = error.to_string();
        for word in words {
            assert!(told.contains(word), "{word:?} is not in: {told}");
        }
        assert!(!told.contains("mistaken") && !told.contains(&right), "{told}");
    };
    let words =
        ["reach Kafka at", &broker.sasl, "Authentication failed", "check security.protocol, the credentials"];
    check(plain(&broker, "tributary", "mistaken"), &words).await;
    check(plain(&broker, "nobody", &right), &words).await;
    check(plain(&broker, "producer", &right), &words).await;
    let none = [("security.protocol", "sasl_plaintext")];
    check(settings(&broker.sasl, &none), &["sasl.mechanism"]).await;
}

/// The command takes a password from a file or the environment; on its command line it is refused, and never
/// repeated.
#[tokio::test(flavor = "multi_thread")]
async fn reach_the_command() {
    let broker = SecureBroker::get().await;
    let folder = TempDir::new().expect("a folder");
    let teller = Teller { broker: &broker, namespace: "passwords", folder: folder.path() };
    let plan = ["topics", "plan"];
    let told = teller.ok("tributary", &plan).await;
    assert!(told.contains("to create"), "{told}");
    let mut profile =
        teller.command("tributary", &["topics", "plan", "--config", &broker.file("plain.toml")]);
    profile.env_remove("TRIBUTARY_KAFKA_PASSWORD");
    let output = finish(profile).await;
    assert!(output.status.success(), "{}", said(&output));
    let mut wrong = teller.command("tributary", &plan);
    wrong.env("TRIBUTARY_KAFKA_PASSWORD", "mistaken");
    fails(wrong, &["Authentication failed", "credentials"]).await;
    let secret = ["topics", "plan", "--set", "kafka.sasl.password=mistaken"];
    let output = teller.run("tributary", &secret).await;
    assert!(!output.status.success() && !said(&output).contains("mistaken"), "{}", said(&output));
    fails(teller.command("tributary", &secret), &["kafka_password_file", "TRIBUTARY_KAFKA_PASSWORD"]).await;
}

/// A program without TLS says which feature it lacks, before it asks anybody.
#[cfg(not(feature = "tls"))]
#[tokio::test(flavor = "multi_thread")]
async fn do_not_replace_tls() {
    let folder = TempDir::new().expect("a folder");
    let broker = SecureBroker::get().await;
    let teller = Teller { broker: &broker, namespace: "featureless", folder: folder.path() };
    for way in ["kafka.security.protocol=ssl", "kafka.sasl.mechanism=SCRAM-SHA-512"] {
        let command = teller.command("tributary", &["topics", "plan", "--set", way]);
        fails(command, &["built without", "--features tls"]).await;
    }
}
