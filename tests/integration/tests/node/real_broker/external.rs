//! A tool that another process serves, as `examples/tools` has it: it answers, dies between a request and its
//! answer, is started again, says that it failed, or is not there at all.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use schemas_records::{FailureCode, Kind as RecordKind, headers};
use topics_catalog::Kind;
use topics_log::NewRecord;

use super::house::{House, PARTITIONS, SETTLE, Who, all_records};
use super::ledger::failure;
use super::life::Life;
use super::producer::Sent;
use super::program::{Program, example, python};

/// A house for the example's team, its topics made as a user makes them.
async fn parcels(test: &str) -> House {
    let house = House::bare("", test, Who::Parcels, Duration::ZERO).await;
    let made = house.run(&["topics", "apply"]).await;
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(made.status.success(), "{said}{}", String::from_utf8_lossy(&made.stderr));
    let requests = house.names.external("carrier");
    assert!(said.contains(&format!("+ {requests} ")), "{said}");
    house
}

/// The example's tool, which looks into this file at each call.
fn tool(house: &House, name: &str, file: &Path) -> Program {
    let mut command = python("tools/carrier.py");
    command.args([&house.brokers, &house.namespace]).arg(file);
    Program::start(house, name, command)
}

/// A task about a parcel, with these headers besides.
fn task(house: &House, id: &str, parcel: &str, more: &[(&str, String)]) -> Sent {
    let mut headers = vec![("task-id".to_owned(), id.into())];
    headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes())));
    let value = format!(r#"{{"question":"Where is it?","parcel":"{parcel}"}}"#);
    Sent { topic: house.names.topic(Kind::Tasks), value: Some(value.into()), headers, ..Sent::default() }
}

/// Waits until somebody has opened this pipe to read from it, and holds him there.
async fn reader_of(pipe: &Path, node: &mut Life) -> File {
    let deadline = Instant::now() + SETTLE;
    loop {
        let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).expect("a flag");
        // Nobody reads from it as long as this is refused.
        match OpenOptions::new().write(true).custom_flags(nonblocking).open(pipe) {
            Ok(end) => return end,
            Err(_) => assert!(!node.has_ended() && Instant::now() < deadline, "no call: {}", node.words()),
        }
        tokio::task::yield_now().await;
    }
}

/// Killed while it works on a request, it is asked the same again when it is back; the task has its one result. Its
/// answer once more, as whoever died after it had sent it would send, changes nothing. What it refuses is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_tool_may_die_between_request_and_answer() {
    let house = parcels("external").await;
    let mut node = Life::of_user(&house);
    let pipe = house.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::RUSR | Mode::WUSR).expect("a pipe");
    house.send(&[task(&house, "first", "A-17", &[])]).await;

    let dying = tool(&house, "dying", &pipe);
    let held = reader_of(&pipe, &mut node).await;
    dying.kill().await;
    drop(held);
    assert!(answers(&house).await.is_empty(), "it died before it answered");

    let mut alive = tool(&house, "alive", &example("tools/parcels.json"));
    house.wait_for_results(1, &mut node).await;
    let answered = answers(&house).await;
    assert_eq!(answered.len(), 1, "{}", alive.said());
    assert_eq!(answered[0].value, r#"{"place": "the depot in Lyon", "days": 1}"#);
    house.publish(answered).await;
    house.send(&[task(&house, "second", "C-99", &[]), task(&house, "third", "B-02", &[])]).await;
    house.wait_for_results(3, &mut node).await;
    house.wait_until_read(&mut node).await;
    assert!(!alive.has_ended(), "{}", alive.said());
    alive.kill().await;
    node.stop().await;

    let mut ended = house.ended().await;
    ended.sort_by(|one, other| one.task.cmp(&other.task));
    assert_eq!(ended.iter().map(|one| one.task.as_str()).collect::<Vec<_>>(), ["first", "second", "third"]);
    assert_eq!(ended[0].value["place"], "the depot in Lyon");
    assert_eq!(ended[2].value["place"], "the ferry to Oslo");
    let refused = failure(&ended[1]);
    assert_eq!(refused.code, FailureCode::ToolFailed);
    assert!(refused.message.contains("there is no parcel C-99"), "{refused}");
    assert!(house.dead_letters().await.is_empty());
}

/// What no tool answers ends with the task's deadline, and the tool is told that nobody waits any more.
#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::disallowed_methods, reason = "a producer says its deadline by the clock on its wall")]
async fn a_tool_that_is_not_there_costs_the_deadline() {
    let house = parcels("external-none").await;
    let mut node = Life::of_user(&house);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
    let deadline = (now + Duration::from_secs(10)).as_millis().to_string();
    house.send(&[task(&house, "unheard", "A-17", &[("deadline", deadline)])]).await;
    house.wait_for_results(1, &mut node).await;
    let ended = house.ended().await;
    assert_eq!(failure(&ended[0]).code, FailureCode::DeadlineExceeded);
    let asked = all_records(&*house.log, &house.names.external("carrier"), PARTITIONS).await;
    let said: Vec<_> =
        asked.iter().map(|record| record.headers.text(headers::KIND).unwrap_or_default()).collect();
    assert_eq!(said, ["input", "cancellation"]);
    assert!(asked.iter().all(|record| record.value.starts_with(b"{")), "{asked:?}");
    node.stop().await;
}

/// Where there is no Kafka nobody can be asked: that is said before anything runs. Without a tool to open, the team
/// is in order.
#[test]
fn a_tool_of_others_needs_brokers() {
    let folder = Who::Parcels.folder().expect("a folder");
    for (arguments, is_good, words) in [
        (["run", folder].as_slice(), false, "\"carrier\" is served by another process, over Kafka"),
        (&["team", "check", folder], true, "parcels is in order"),
        (&["team", "show", folder], true, "tool carrier: external, Lookup -> Parcel"),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_command_under_test"));
        let output = command.args(arguments).output().expect("run the command");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success() == is_good && said.contains(words), "{arguments:?}: {said}");
    }
}

/// All answers that the desk's inbox holds of the tool's, to be sent once more.
async fn answers(house: &House) -> Vec<NewRecord> {
    let inbox = all_records(&*house.log, &house.names.inbox("desk"), PARTITIONS).await;
    let is_tools = |record: &&topics_log::Record| {
        record.headers.text(headers::KIND) == Some(RecordKind::Answer.as_str())
            && record.headers.text(headers::AGENT_VERSION) == Some("carrier-1")
    };
    let again = |record: &topics_log::Record| NewRecord {
        topic: record.topic_partition.topic.clone(),
        partition: Some(record.topic_partition.partition),
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record.headers.clone(),
    };
    inbox.iter().filter(is_tools).map(again).collect()
}
