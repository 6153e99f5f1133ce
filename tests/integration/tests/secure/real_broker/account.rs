//! One account at work: its settings for the door, and the `tributary` command under its name.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tests_integration::{SecureBroker, properties, settings_for};
use topics_log_kafka::Settings;

/// Within which time anything that must happen has happened, on a busy machine too.
pub const SETTLE: Duration = Duration::from_secs(60);

/// How long a refusal may take: it is known after the first answer, and nobody waits for a time-out.
pub const REFUSED_WITHIN: Duration = Duration::from_secs(8);

/// Settings for the door with these properties of librdkafka.
pub fn settings(brokers: &str, pairs: &[(&str, &str)]) -> Settings {
    Settings { properties: properties(pairs), ..settings_for(brokers) }
}

/// Settings for the door as an account that says its password over the listener without TLS.
pub fn plain(broker: &SecureBroker, account: &str, password: &str) -> Settings {
    let pairs = [
        ("security.protocol", "sasl_plaintext"),
        ("sasl.mechanism", "PLAIN"),
        ("sasl.username", account),
        ("sasl.password", password),
    ];
    settings(&broker.sasl, &pairs)
}

/// The `tributary` command: a namespace, a folder, and whose account.
pub struct Teller<'a> {
    pub broker: &'a SecureBroker,
    pub namespace: &'a str,
    pub folder: &'a Path,
}

impl Teller<'_> {
    /// The command under an account's name and password (PLAIN, from its profile and the environment).
    pub fn command(&self, account: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_command_under_test"));
        command.env("TRIBUTARY_KAFKA_PASSWORD", self.broker.password(account));
        let sets = [
            format!("brokers={}", self.broker.sasl),
            format!("namespace={}", self.namespace),
            format!("data={}", self.folder.join(account).display()),
            "partitions=2".to_owned(),
            "kafka.security.protocol=sasl_plaintext".to_owned(),
            "kafka.sasl.mechanism=PLAIN".to_owned(),
            format!("kafka.sasl.username={account}"),
        ];
        command.args(arguments);
        for set in sets {
            let key = set.split_inclusive('=').next().unwrap_or_default();
            // What a test says goes over it.
            if !arguments.iter().any(|argument| argument.starts_with(key)) {
                command.args(["--set", &set]);
            }
        }
        command
    }

    /// Runs it to its end.
    pub async fn run(&self, account: &str, arguments: &[&str]) -> Output {
        finish(self.command(account, arguments)).await
    }

    /// Runs it; it must end well. What it printed.
    pub async fn ok(&self, account: &str, arguments: &[&str]) -> String {
        let output = self.run(account, arguments).await;
        assert!(output.status.success(), "{account} {arguments:?}: {}", said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Runs a command to its end, off the async runtime.
pub async fn finish(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("run the command")
}

/// Runs a command that must fail soon, and say these words.
pub async fn fails(command: Command, words: &[&str]) {
    let shown = format!("{:?}", command.get_args().collect::<Vec<_>>());
    let since = Instant::now();
    let output = finish(command).await;
    assert!(!output.status.success(), "{shown}: {}", said(&output));
    assert!(since.elapsed() < REFUSED_WITHIN * 2, "{shown} took {:?}", since.elapsed());
    let said = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    for word in words {
        assert!(said.contains(word), "{shown}: {word:?} is not in:\n{said}");
    }
}

/// All that a command said.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
