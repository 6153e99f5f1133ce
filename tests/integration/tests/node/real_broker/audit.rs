//! An audit on a broker: what nodes leave behind, killed ones among them, is proven while a node runs; and a record
//! that somebody wrote a second time is found.

use std::process::Stdio;
use std::time::Instant;

use serde_json::Value;
use topics_catalog::Kind;
use topics_log::NewRecord;

use super::house::{House, SETTLE, Who};
use super::tasks::{questions, records};

/// The report of an audit that ends with this exit code.
async fn audit(house: &House, arguments: &[&str], code: i32) -> Value {
    let output = house.run(&[&["replay", "--audit", "--json"], arguments].concat()).await;
    let said = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}{why}");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{why}"))
}

fn node(house: &House) -> tokio::process::Child {
    let mut node = tokio::process::Command::from(house.command(&["node"]));
    node.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("a node")
}

async fn until_results(house: &House, count: usize) {
    let deadline = Instant::now() + 2 * SETTLE;
    while house.records(Kind::Results).await.len() < count {
        assert!(Instant::now() < deadline, "the results do not come");
    }
}

/// Tasks are done by nodes of which the first is killed in mid-work; all of it is proven, beside a node that runs.
/// Nothing was written by it. A result that is written again is found, with its place.
#[tokio::test(flavor = "multi_thread")]
async fn proves_what_nodes_left() {
    let house = House::new("audit", Who::Briefing).await;
    let tasks = questions(12);
    let mut first = node(&house);
    house.publish(records(&house.names, &tasks)).await;
    until_results(&house, 1).await;
    first.kill().await.expect("kill the node");
    let _second = node(&house);
    until_results(&house, tasks.len()).await;

    let report = audit(&house, &[], 0).await;
    assert_eq!(report["is_equal"], true, "{report}");
    assert!(report["equal"].as_u64() > Some(100) && report["works"].as_u64() > Some(12), "{report}");
    assert!(report["not_audited"].as_object().expect("counts").is_empty(), "{report}");
    assert_eq!(house.records(Kind::Results).await.len(), tasks.len(), "an audit writes nothing");
    let nothing = audit(&house, &["--from", "0s"], 0).await;
    assert_eq!(nothing["steps"], 0, "{nothing}");

    let result = house.records(Kind::Results).await.pop().expect("a result");
    let again = NewRecord {
        topic: std::sync::Arc::clone(&result.topic_partition.topic),
        partition: Some(result.topic_partition.partition),
        key: result.key.clone(),
        value: result.value.clone(),
        headers: result.headers.clone(),
    };
    house.publish(vec![again]).await;
    let report = audit(&house, &[], 1).await;
    assert_eq!(report["differences"], serde_json::json!({ "unmade": 1 }), "{report}");
    let stands = report["first"]["recorded_at"].as_str().expect("its place");
    assert!(stands.starts_with(&*result.topic_partition.topic), "{report}");
}
