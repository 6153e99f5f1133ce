//! An operator's questions on a broker: asked of the node that holds the folder, and of the brokers directly once
//! that is gone. Both say the same.

use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use schemas_records::headers::TASK_ID;
use topics_catalog::Kind;
use topics_log::{Headers, Key, NewRecord};

use super::house::{House, SETTLE, Who};
use super::tasks::questions;

/// Exit code and words of a command.
async fn run(house: &House, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = house.run(arguments).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (status.code(), text(&stdout), text(&stderr))
}

async fn ok(house: &House, arguments: &[&str]) -> String {
    let (code, out, err) = run(house, arguments).await;
    assert_eq!(code, Some(0), "{arguments:?}: {out}{err}");
    out
}

async fn fails(house: &House, arguments: &[&str], words: &str) {
    let (code, out, err) = run(house, arguments).await;
    assert!(code == Some(1) && err.contains(words), "{arguments:?}: {code:?}: {out}{err}");
}

fn task(house: &House, id: &str, value: &[u8]) -> NewRecord {
    let mut headers = Headers::new();
    headers.push(TASK_ID, id);
    NewRecord {
        topic: house.names.topic(Kind::Tasks).as_str().into(),
        partition: None,
        key: Key::new(id.as_bytes()),
        value: Bytes::copy_from_slice(value),
        headers,
    }
}

/// Trace, list, dead letters and what is refused, with a node and without.
#[tokio::test(flavor = "multi_thread")]
async fn asks_the_node_and_the_brokers() {
    let house = House::new("desk", Who::Briefing).await;
    let whom = |said: &(Option<i32>, String, String)| said.2.clone();
    let empty = run(&house, &["status", "-v"]).await;
    assert!(whom(&empty).contains("reading the brokers") && empty.1.contains("0 done"), "{empty:?}");
    let good = questions(1).remove(0);
    let records = [task(&house, &good.id, good.json.as_bytes()), task(&house, "bad", b"garbage")];
    house.publish(records.to_vec()).await;
    assert!(ok(&house, &["tasks"]).await.contains(" waiting "), "nobody takes them yet");
    fails(&house, &["cancel", &good.id], "was not taken yet").await;

    let mut node = tokio::process::Command::from(house.command(&["node"]));
    let mut node =
        node.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("a node");
    let deadline = Instant::now() + SETTLE;
    while !ok(&house, &["tasks", "--ended"]).await.contains("2 of 2 tasks") {
        assert!(Instant::now() < deadline, "{}", ok(&house, &["tasks"]).await);
    }
    let asked = run(&house, &["status", "-v"]).await;
    let process = format!("asking process {}", node.id().expect("a living node"));
    assert!(whom(&asked).contains(&process), "{asked:?}");
    assert!(
        asked.1.contains("1 done") && asked.1.contains("1 refused") && asked.1.contains("planner"),
        "{asked:?}"
    );
    let trace = ok(&house, &["trace", &good.id]).await;
    assert!(trace.contains("result after") && trace.contains("synthesizer"), "{trace}");
    fails(&house, &["trace", "bad"], "it was refused").await;
    let letters = ok(&house, &["dead-letters", "list"]).await;
    assert!(letters.contains("1 of 1 dead letters") && letters.contains("task bad"), "{letters}");
    let letter = letters.split_whitespace().next().expect("its place").to_owned();
    let shown = ok(&house, &["dead-letters", "show", &letter]).await;
    assert!(shown.contains("7 bytes of text:\ngarbage"), "{shown}");
    fails(&house, &["dead-letters", "put-back", &letter], "it would be refused again").await;

    node.kill().await.expect("kill the node");
    let since = Instant::now();
    let direct = run(&house, &["trace", &good.id, "-v"]).await;
    assert!(whom(&direct).contains("reading the brokers"), "{direct:?}");
    assert_eq!(direct.1, trace);
    assert!(since.elapsed() < Duration::from_secs(10), "it took {:?}", since.elapsed());
    assert_eq!(ok(&house, &["dead-letters", "show", &letter]).await, shown);
    fails(&house, &["dead-letters", "show", "0/999"], "no dead letter").await;
    fails(&house, &["cancel", &good.id], "has ended").await;
}
