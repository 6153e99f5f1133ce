//! An agent's inbox moves to another number of partitions while tasks flow and the node is killed.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use schemas_records::headers::{KIND, MOVED_FROM};
use topics_log::{NewTopic, Record};

use super::adoption::{adopt, delete_groups};
use super::house::{House, SETTLE, Who, all_records};
use super::ledger::quiet;
use super::life::Life;
use super::tasks::{questions, records};

/// The agent that moves: it gathers what the others found, so expectations and parts move with it.
const AGENT: &str = "synthesizer";

/// Partitions before and after.
const FROM: i32 = 4;
const TO: i32 = 6;

/// Tasks of each third: before anything moves, while it does, and after.
const THIRD: usize = 12;

/// How long each call takes: long against a step, so that works are open at every point.
const LATENCY: Duration = Duration::from_millis(200);

fn migrate(house: &House, more: &[&str]) -> Command {
    let to = TO.to_string();
    house.command(&[&["inbox", "migrate", AGENT, "--partitions", &to], more].concat())
}

/// Runs it to its end; what it printed on both ways, and whether it ended well.
async fn run(command: Command) -> (bool, String) {
    let mut command = tokio::process::Command::from(command);
    let ended = tokio::time::timeout(SETTLE, command.kill_on_drop(true).output()).await;
    let output: Output = ended.expect("the command ends").expect("run it");
    let said = [&output.stdout[..], &output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

async fn inbox(house: &House, generation: i32) -> Vec<Record> {
    let partitions = if generation == 1 { FROM } else { TO };
    all_records(&*house.log, &house.names.inbox_in(AGENT, generation), partitions).await
}

/// Waits until the broker shows this, while the node lives.
async fn until(what: &str, life: &mut Life, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + SETTLE;
    while !is_so().await {
        assert!(!life.has_ended(), "{what}: the node ended by itself:\n{}", life.words());
        assert!(Instant::now() < deadline, "{what}: not yet; the node said:\n{}", life.words());
    }
}

/// From 4 to 6 partitions. The node is killed before it knows of the new generation and once the old one has
/// passed something on; the command waits meanwhile. Every task has the result of a quiet run once, works were
/// done in both generations, and in the end the old one can be taken away, not before its time unless that is
/// said.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_moves_to_more_partitions() {
    let house = House::bare("", "moves", Who::Briefing, LATENCY).await;
    let config = [("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())].into();
    let (old, new) = (house.names.inbox(AGENT), house.names.inbox_in(AGENT, 2));
    let first = NewTopic { name: old.clone(), partitions: FROM, replication: 1, config };
    house.log.create(&[first]).await.expect("an inbox of 4 partitions");
    house.apply().await;
    let tasks = questions(3 * THIRD);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    let has_new = || async { !house.log.topics(&new).await.expect("topics").is_empty() };

    let mut life = Life::start(&house, None);
    house.publish(records(&house.names, &tasks[..THIRD])).await;
    house.wait_for_results(THIRD / 4, &mut life).await;
    let (is_well, said) = run(migrate(&house, &[])).await;
    assert!(is_well && said.contains("would be made") && said.contains("say --yes"), "{said}");
    assert!(!has_new().await, "shown, not done");

    let mut moving = migrate(&house, &["--yes"]);
    let moving = moving.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let moving = moving.spawn().expect("start the command");
    until("the new topic", &mut life, has_new).await;
    life.kill().await;
    let mut life = Life::start(&house, None);
    // This life knows both generations, and began to send before the old one was told: it sends to that.
    let kinds = |records: &[Record], kind: &str| {
        records.iter().filter(|record| record.headers.text(KIND) == Some(kind)).count()
    };
    let told = usize::try_from(FROM).unwrap_or(0);
    let is_told = async || kinds(&inbox(&house, 1).await, "draining") == told;
    until("the old one is told to drain", &mut life, is_told).await;
    house.publish(records(&house.names, &tasks[THIRD..2 * THIRD])).await;
    let is_moved = |record: &Record| record.headers.get(MOVED_FROM).is_some();
    until("something is passed on", &mut life, async || inbox(&house, 2).await.iter().any(is_moved)).await;
    life.kill().await;

    let mut life = Life::start(&house, None);
    house.publish(records(&house.names, &tasks[2 * THIRD..])).await;
    house.wait_for_results(3 * THIRD, &mut life).await;
    let moved = tokio::task::spawn_blocking(move || moving.wait_with_output());
    let moved = tokio::time::timeout(SETTLE, moved).await.expect("in time").expect("a thread").expect("wait");
    let said = String::from_utf8_lossy(&moved.stdout).into_owned();
    assert!(moved.status.success(), "{said}\n{}", String::from_utf8_lossy(&moved.stderr));
    assert!(said.contains("works begin in generation 2 now"), "{said}");
    house.wait_until_read(&mut life).await;
    life.stop().await;
    house.verify(&before, &quiet, 2).await;

    let (there, here) = (inbox(&house, 1).await, inbox(&house, 2).await);
    assert_eq!(kinds(&there, "draining"), told, "told once");
    let passed_on = here.iter().filter(|record| is_moved(record)).count();
    assert!(kinds(&here, "expectation") > 0 && kinds(&here, "part") > 0 && passed_on > 0);
    let begun = kinds(&there, "expectation") + kinds(&here, "expectation");
    let twice =
        here.iter().filter(|record| is_moved(record) && record.headers.text(KIND) == Some("expectation"));
    assert_eq!(begun - twice.count(), tasks.len(), "each join stands in one generation");
    println!("{passed_on} records were passed on, {} stand in the new generation", here.len());

    both_are_seen(&house).await;
    the_old_one_goes(&house).await;
    let mut life = Life::start(&house, None);
    house.publish(records(&house.names, &questions(3 * THIRD + 1)[3 * THIRD..])).await;
    house.wait_for_results(3 * THIRD + 1, &mut life).await;
    life.stop().await;
}

/// Each generation has a line of its own among the groups; and if the new one's group loses its offsets, they are
/// put back.
async fn both_are_seen(house: &House) {
    let output = house.run(&["status", "--json"]).await;
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let roles = told["groups"]["roles"].as_array().expect("roles");
    for (name, partitions) in [(AGENT.to_owned(), FROM), (format!("{AGENT}.g2"), TO)] {
        let line = roles.iter().find(|line| line["role"] == name);
        let line = line.unwrap_or_else(|| panic!("no {name} in {told:#}"));
        assert_eq!(
            (&line["partitions"], &line["lag"]["records"]),
            (&partitions.into(), &0.into()),
            "{line:#}"
        );
    }
    let output = house.run(&["replay", "--audit"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("moves to another generation"), "{said}");
    delete_groups(house, vec![house.names.inbox_group(AGENT, 2)]).await;
    let said = adopt(house, &["--yes"], true).await;
    assert!(said.contains(&format!("{AGENT}.g2/0: no offset")) && said.contains("put back"), "{said}");
}

/// The old generation is taken away, not before its time unless that is said; then the new one stands alone.
async fn the_old_one_goes(house: &House) {
    let (old, new) = (house.names.inbox(AGENT), house.names.inbox_in(AGENT, 2));
    let (is_well, said) = run(migrate(house, &["--yes", "--remove-old"])).await;
    assert!(!is_well && said.contains("stays: its works may be open"), "{said}");
    let (is_well, said) = run(migrate(house, &["--yes", "--remove-old", "--allow-loss"])).await;
    assert!(is_well && said.contains(&format!("- {old}")), "{said}");
    let output = house.run(&["topics", "plan", "--keep-partitions"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(&format!("= {new} (6 partitions")) && !said.contains(&old), "{said}");
    let (is_well, said) = run(migrate(house, &["--yes"])).await;
    assert!(is_well && said.contains("nothing to do"), "{said}");
}
