//! Tasks through a team whose every part may do only what `tributary acls print` lists for it.

use std::process::Stdio;
use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tests_integration::SecureBroker;
use tokio::process::{Child, Command};

use super::account::{SETTLE, Teller, fails, said};
use super::grants::{Grant, grant};

/// What one kind of node runs and the other does not.
const GATEWAYS: &str = "timers,model-gateway,tool-gateway,knowledge-gateway";
const AGENTS: &str = "intake,planner,data-analyst,market-trends,legal-compliance,synthesizer";

/// A node under an account, running; killed if it is dropped.
struct Node(Child);

impl Node {
    fn start(teller: &Teller<'_>, account: &str, roles: &str) -> Self {
        let roles = format!("roles={roles}");
        let instance = format!("instance={account}");
        let arguments = ["node", "--set", &roles, "--set", &instance];
        let mut command = Command::from(teller.command(account, &arguments));
        command.stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
        Self(command.spawn().expect("start a node"))
    }

    /// Tells it to stop, and waits for a good end.
    async fn stop(mut self) {
        let pid = self.0.id().and_then(|id| Pid::from_raw(i32::try_from(id).unwrap_or(0)));
        kill_process(pid.expect("a living process"), Signal::TERM).expect("SIGTERM");
        let status = tokio::time::timeout(SETTLE, self.0.wait()).await.expect("an end").expect("its status");
        assert!(status.success(), "{status}");
    }

    fn is_running(&mut self) -> bool {
        self.0.try_wait().expect("its state").is_none()
    }
}

/// Exactly the lines that are printed are granted: then an operator makes the topics, a producer submits, two
/// nodes with a principal each run the agents and the gateways, a reader sees every result, and the operator a
/// task's way; and nobody can do another's part.
#[tokio::test(flavor = "multi_thread")]
async fn with_exactly_what_is_printed() {
    let broker = SecureBroker::get().await;
    let folder = TempDir::new().expect("a folder");
    let teller = Teller { broker: &broker, namespace: "exactly", folder: folder.path() };
    let roles = |roles: &str| format!("roles={roles}");
    let (agents, gateways) = (roles(AGENTS), roles(GATEWAYS));
    let all = ["acls", "print", "--commands", "--producer", "User:producer", "--reader", "User:reader"];
    let of_agents = [&all[..], &["--operator", "User:operator", "--set", &agents]].concat();
    let of_gateways = ["acls", "print", "--commands", "--node", "User:gateways", "--set", &gateways];
    let mut grants = Grant::parse(&teller.ok("tributary", &of_agents).await);
    grants.extend(Grant::parse(&teller.ok("tributary", &of_gateways).await));
    grant(&broker, grants).await;

    // Topics are made by the controller, which may apply grants a moment after the broker that shows them.
    let deadline = Instant::now() + SETTLE;
    loop {
        let output = teller.run("operator", &["topics", "apply"]).await;
        if output.status.success() {
            break;
        }
        assert!(Instant::now() < deadline, "{}", said(&output));
    }
    let file = folder.path().join("ask.jsonl");
    let tasks = include_str!("../../../../../agents/team/briefing/tasks.jsonl");
    let few: Vec<&str> = tasks.lines().take(3).collect();
    std::fs::write(&file, few.join("\n")).expect("a task file");
    let file = file.display().to_string();
    teller.ok("producer", &["submit", "--tasks", &file]).await;
    let mut nodes = [Node::start(&teller, "tributary", AGENTS), Node::start(&teller, "gateways", GATEWAYS)];
    let deadline = Instant::now() + SETTLE;
    loop {
        assert!(nodes.iter_mut().all(Node::is_running), "a node ended");
        let results = teller.ok("reader", &["results"]).await;
        if results.lines().count() == few.len() {
            assert!(results.lines().all(|line| line.starts_with("ask-0")), "{results}");
            break;
        }
        assert!(Instant::now() < deadline, "{results}");
    }
    let traced = teller.ok("operator", &["trace", "ask-01"]).await;
    assert!(traced.contains("synthesizer") && traced.contains("model"), "{traced}");
    let letters = teller.ok("operator", &["dead-letters", "list", "--json"]).await;
    assert!(!letters.contains("partition"), "{letters}");
    // Every group and topic is seen, and nothing is refused.
    let status = teller.ok("operator", &["status", "--json"]).await;
    let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
    for line in status["groups"]["roles"].as_array().expect("roles") {
        assert_eq!((&line["state"], &line["notes"]), (&"stable".into(), &serde_json::json!([])), "{line}");
        assert!(line["lag"]["records"].is_u64(), "{line}");
    }
    for node in nodes {
        node.stop().await;
    }
    adopts_what_was_deleted(&broker, &teller, &agents).await;

    // Nobody does another's part.
    fails(teller.command("producer", &["results"]), &["exactly.briefing.results", "does not exist"]).await;
    fails(teller.command("reader", &["submit", "--tasks", &file]), &["exactly.briefing.tasks"]).await;
    let other = teller.command("gateways", &["node", "--set", &agents, "--set", "instance=other"]);
    fails(other, &["ACL"]).await;
}

/// What a node may do is enough to put offsets back into its agents' groups.
async fn adopts_what_was_deleted(broker: &SecureBroker, teller: &Teller<'_>, agents: &str) {
    let brokers = broker.open.clone();
    let delete = move || {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        let admin: AdminClient<DefaultClientContext> = config.create().expect("an admin client");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let deadline = Instant::now() + SETTLE;
        // A member that has left stays until its session ends.
        while runtime
            .block_on(admin.delete_groups(&["exactly.briefing.planner"], &AdminOptions::new()))
            .expect("an answer")
            .iter()
            .any(Result::is_err)
        {
            assert!(Instant::now() < deadline, "the group has members");
        }
    };
    tokio::task::spawn_blocking(delete).await.expect("a thread");
    let adopt = ["group", "adopt", "--yes", "--set", agents];
    let done = teller.ok("tributary", &adopt).await;
    assert!(done.contains("planner/0: no offset in group") && done.contains("put back"), "{done}");
    assert!(teller.ok("tributary", &adopt).await.contains("nothing was lost"));
}
