//! All three servers secure, reached by the profile that `scripts/stack up kafka cql registry --secure` writes: TLS and
//! passwords to the store and to the schema registry, for everything that the command does.

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use tempfile::TempDir;
use tests_stack::Stack;

use super::account::{SETTLE, fails, finish, said};

/// The command with the stack's profile, and these arguments.
fn command(stack: &Stack, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_command_under_test"));
    command.arg("--config").arg(stack.folder().join("profile.toml")).args(arguments);
    command.args(["--set", "namespace=profile", "--set", "partitions=2"]);
    command
}

async fn ok(stack: &Stack, arguments: &[&str]) -> String {
    let output = finish(command(stack, arguments)).await;
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The profile works as it stands, from an empty cluster to results; with another role, account or authority each
/// command says which of the servers refuses it and which key to look at.
#[tokio::test(flavor = "multi_thread")]
async fn reaches_secure_servers() {
    let up = || Stack::up(&["kafka", "cql", "registry", "--secure"]);
    let stack = Arc::new(tokio::task::spawn_blocking(up).await.expect("a thread"));
    ok(&stack, &["state", "migrate"]).await;
    ok(&stack, &["topics", "apply"]).await;
    ok(&stack, &["schemas", "register"]).await;
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("ask.jsonl");
    let tasks = include_str!("../../../../../agents/team/briefing/tasks.jsonl");
    let few: Vec<&str> = tasks.lines().take(2).collect();
    std::fs::write(&file, few.join("\n")).expect("a task file");
    ok(&stack, &["submit", "--tasks", &file.display().to_string()]).await;
    let mut node = tokio::process::Command::from(command(&stack, &["node"]));
    let mut node = node.kill_on_drop(true).spawn().expect("start a node");
    let deadline = Instant::now() + SETTLE;
    while ok(&stack, &["results"]).await.lines().count() < few.len() {
        assert!(node.try_wait().expect("its state").is_none(), "the node ended");
        assert!(Instant::now() < deadline, "no results");
    }
    node.kill().await.expect("end it");
    refuses(&stack).await;
}

async fn refuses(stack: &Stack) {
    let file = |server: &str, name: &str| {
        stack.folder().join(server).join("secure").join(name).display().to_string()
    };
    let (idle, stranger) = (file("cql", "reader.password"), file("registry", "stranger.pem"));
    let set = |key: &str, value: &str| ["--set".to_owned(), format!("{key}={value}")];
    let check = async |arguments: &[&str], sets: Vec<[String; 2]>, words: &[&str]| {
        let mut command = command(stack, arguments);
        command.args(sets.concat());
        fails(command, words).await;
    };
    let role = vec![set("cql_user", "reader"), set("cql_password_file", &idle)];
    check(&["node"], role, &["grant this role SELECT and MODIFY"]).await;
    let other = vec![set("cql_ca_file", &stranger)];
    check(&["state", "plan"], other, &["not trusted here", "cql_ca_file"]).await;
    let account = vec![set("registry_user", "reader")];
    check(&["schemas", "check"], account, &["it answered 401", "registry_user"]).await;
    let other = vec![set("registry_ca_file", &stranger)];
    check(&["schemas", "check"], other, &["UnknownIssuer", "registry_ca_file"]).await;
    let mut both = command(stack, &["state", "plan"]);
    both.env("TRIBUTARY_CQL_PASSWORD", "mistaken");
    fails(both, &["cql_password_file", "TRIBUTARY_CQL_PASSWORD", "leave one of them out"]).await;
}
