//! Two processes and one data folder: a node that holds it, and commands that ask.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test what fails must fail the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Within which time anything that must happen has happened, on a busy machine too.
const SETTLE: Duration = Duration::from_secs(60);

const TASK: &str = include_str!("../../../agents/team/briefing/tasks.jsonl");
const TOKEN: &str = "0123456789abcdef";

/// `tributary node` on a folder; killed if it is dropped.
struct Node {
    child: Child,
    http: String,
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tributary"));
    command.env_remove("COLUMNS").arg("--data").arg(folder);
    command
}

impl Node {
    fn start(folder: &Path, model: &str) -> Self {
        let mut command = command(folder);
        command.args(["node", "--log", "info", "--model", model, "--set", "http=127.0.0.1:0"]);
        let mut child = command
            .env("TRIBUTARY_HTTP_TOKEN", TOKEN)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let http =
            lines.by_ref().find_map(|line| Some(line.split_once("http door is open address=")?.1.to_owned()));
        let http = http.unwrap_or_else(|| panic!("the node ended: {:?}", child.wait()));
        // Read on, so that the node never waits for whoever reads its lines.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, http: http.trim().to_owned() }
    }

    /// One request; the status and the body.
    fn send(&self, method: &str, path: &str, id: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.http).unwrap();
        stream.set_read_timeout(Some(SETTLE)).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: application/json\r\ntask-id: {id}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command; its exit code, and what it said.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = command(folder).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn ok(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, err) = run(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}: {out}{err}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{arguments:?}: {out}");
    out
}

fn fails(folder: &Path, arguments: &[&str], code: i32, words: &str) {
    let (found, out, err) = run(folder, arguments);
    assert!(found == code && err.contains(words), "{arguments:?}: {found}: {out}{err}");
}

/// A task comes in by HTTP; its result, its trace and its place in the list are told by the node while it runs, and
/// by the folder itself once the node was killed.
#[test]
fn asks_whoever_holds_the_folder() {
    let house = tempfile::tempdir().unwrap();
    let folder = house.path().join("data");
    fails(&folder, &["status"], 1, "there is no folder");
    let node = Node::start(&folder, "scripted");
    let task = TASK.lines().next().unwrap();
    let (status, body) = node.send("POST", "/tasks?wait=60s", "hiring-01", task);
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, told["state"].as_str()), (200, Some("done")), "{body}");
    assert!(told["result"]["question"].is_string(), "{body}");
    assert_eq!(node.send("GET", "/tasks/hiring-01", "", "").1, body);
    assert_eq!(node.send("GET", "/tasks/hiring-02", "", "").0, 404);
    assert_eq!(node.send("POST", "/tasks", "hiring-01", TASK.lines().nth(1).unwrap()).0, 409);

    let (_, _, whom) = run(&folder, &["status", "-v"]);
    assert!(whom.contains(&format!("asking process {}", node.child.id())), "{whom}");
    let trace = ok(&folder, &["trace", "hiring-01"]);
    for word in ["task hiring-01 from", "result after", "planner", "└─ ", "model", "by node-1"] {
        assert!(trace.contains(word), "{word}: {trace}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&run(&folder, &["trace", "hiring-01", "--json"]).1).unwrap();
    assert_eq!(json["trace"]["task"], "hiring-01");
    assert!(
        ok(&folder, &["trace", "hiring-01", "--width", "60"]).lines().all(|line| line.chars().count() <= 60)
    );
    assert!(ok(&folder, &["tasks"]).contains("hiring-01"));
    assert!(ok(&folder, &["tasks", "--open"]).contains("0 of 0 tasks"));
    assert!(ok(&folder, &["status"]).contains("1 done"));
    assert!(ok(&folder, &["dead-letters", "list"]).contains("0 of 0 dead letters"));
    fails(&folder, &["trace", "no\u{1b}[31msuch"], 1, "has no task");
    fails(&folder, &["cancel", "hiring-01"], 1, "has ended");
    fails(&folder, &["dead-letters", "show", "0/0"], 1, "no dead letter");
    fails(&folder, &["dead-letters", "put-back", "x"], 1, "PARTITION/OFFSET");
    fails(&folder, &["tasks", "--open", "--ended"], 2, "cannot be used with");
    fails(&folder, &["node"], 1, "holds it");

    drop(node);
    assert!(folder.join("admin.json").exists(), "a killed process cleans nothing up");
    let (_, told, whom) = run(&folder, &["trace", "hiring-01", "-v"]);
    assert!(whom.contains("opening its stores"), "{whom}");
    assert_eq!(told, trace, "the same from the folder");
}

/// A note that a dead process left leads to whoever has its port by now: that one is not asked, and gets no token.
#[test]
fn shows_no_token_to_a_stranger() {
    let house = tempfile::tempdir().unwrap();
    let folder = house.path().join("data");
    let node = Node::start(&folder, "scripted");
    let note = std::fs::read_to_string(folder.join("admin.json")).unwrap();
    let mut note: serde_json::Value = serde_json::from_str(&note).unwrap();
    drop(node);
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    note["address"] = stranger.local_addr().unwrap().to_string().into();
    let stale = note.to_string();
    std::fs::write(folder.join("admin.json"), &stale).unwrap();
    assert!(ok(&folder, &["tasks"]).contains("0 of 0 tasks"));
    assert!(stranger.accept().is_err(), "nobody was asked");
    assert!(!folder.join("admin.json").exists(), "who takes the folder forgets the note");
    // Another process holds it, and has no door: it is not the one that wrote the note.
    let hold = infra_node::Hold::take(&folder).unwrap();
    std::fs::write(folder.join("admin.json"), &stale).unwrap();
    fails(&folder, &["tasks"], 1, "has no admin door");
    assert!(stranger.accept().is_err(), "nobody was asked");
    drop(hold);
    fails(house.path(), &["tasks"], 1, "holds no state of a node");
}

/// A command that looks needs no model: what is wrong with one is not its business.
#[test]
fn looks_without_a_model() {
    let house = tempfile::tempdir().unwrap();
    let folder = house.path().join("data");
    drop(Node::start(&folder, "scripted"));
    assert!(ok(&folder, &["tasks", "--model", "scripted:/nowhere.json"]).contains("0 of 0 tasks"));
}

/// An open task is ended by a command, and the next start of the node finds it so.
#[test]
fn cancels_an_open_task() {
    let house = tempfile::tempdir().unwrap();
    let folder = house.path().join("data");
    // A model that takes a request and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let model = format!("openai:http://{}/v1#silent", silent.local_addr().unwrap());
    let node = Node::start(&folder, &model);
    let task = TASK.lines().next().unwrap();
    assert_eq!(node.send("POST", "/tasks", "t-1", task).0, 202);
    let deadline = Instant::now() + SETTLE;
    while !ok(&folder, &["tasks", "--open"]).contains(" open ") {
        assert!(Instant::now() < deadline, "it is never taken");
    }
    assert!(ok(&folder, &["trace", "t-1"]).contains("open for"));
    assert!(ok(&folder, &["cancel", "t-1", "--reason", "too dear"]).contains("tributary trace t-1"));
    let (status, body) = node.send("GET", "/tasks/t-1?wait=60s", "", "");
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, told["state"].as_str()), (200, Some("failed")), "{body}");
    assert_eq!(
        (told["failure"]["code"].as_str(), told["failure"]["message"].as_str()),
        (Some("cancelled"), Some("too dear"))
    );
    drop(node);
    let again = Node::start(&folder, &model);
    assert_eq!(again.send("GET", "/tasks/t-1", "", "").1, body);
    fails(&folder, &["cancel", "t-1"], 1, "has ended");
}
