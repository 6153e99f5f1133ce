//! The `tributary` command on a broker: topics, submit, node, results, run, and what it says when it is used
//! wrongly.

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use topics_catalog::{Catalog, Kind, Names, Topics};

use super::house::{House, SETTLE, Who};
use super::ledger::quiet;
use super::tasks::questions;

/// Topics that the bundled team needs.
const TOPICS: usize = 13;

/// Runs a command that must end well, and returns what it printed.
async fn ok(house: &House, arguments: &[&str]) -> String {
    let output = house.run(arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command that must fail within seconds and say these words.
async fn fails(house: &House, arguments: &[&str], words: &[&str]) {
    let since = Instant::now();
    let output = house.run(arguments).await;
    check_failed(arguments, &output, words);
    assert!(since.elapsed() < Duration::from_secs(10), "{arguments:?} took {:?}", since.elapsed());
}

fn check_failed(arguments: &[&str], output: &Output, words: &[&str]) {
    assert!(!output.status.success(), "{arguments:?}: {}", said(output));
    let said = String::from_utf8_lossy(&output.stderr);
    for word in words {
        assert!(said.contains(word), "{arguments:?}: {word:?} is not in:\n{said}");
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn topics(house: &House) -> usize {
    let prefix = format!("{}.", house.namespace);
    house.log.topics(&prefix).await.expect("its topics").len()
}

/// From no topics to results and back: plan shows, apply makes, submit puts, a node answers and stops when it
/// is told, results shows, remove shows and then takes away topics and state.
#[tokio::test(flavor = "multi_thread")]
async fn goes_the_whole_way() {
    let house = House::bare("", "commands", Who::Briefing, Duration::from_millis(20)).await;
    let shown = ok(&house, &["topics", "plan"]).await;
    assert!(shown.contains(&format!("{TOPICS} to create, 0 there already")), "{shown}");
    assert_eq!(topics(&house).await, 0, "a plan makes nothing");
    ok(&house, &["topics", "apply"]).await;
    assert_eq!(topics(&house).await, TOPICS);
    let shown = ok(&house, &["topics", "apply"]).await;
    assert!(shown.contains(&format!("0 to create, {TOPICS} there already")), "{shown}");

    let tasks = questions(30);
    let lines: Vec<&str> = tasks.iter().map(|task| task.json.as_str()).collect();
    let file = house.path("hiring.jsonl");
    std::fs::write(&file, lines.join("\n")).expect("a task file");
    let shown = ok(&house, &["submit", "--tasks", &file.display().to_string()]).await;
    assert!(shown.contains("30 tasks put on") && shown.ends_with(": hiring-01 to hiring-30\n"), "{shown}");

    // Told to stop in mid-work it drains; what it was paid for is not asked for again.
    for _ in 0..2 {
        let paid = house.provider.paid().calls;
        let node = Node::start(&house);
        wait(|| house.provider.paid().calls > paid).await;
        node.stop().await;
    }
    let node = Node::start(&house);
    let deadline = Instant::now() + SETTLE;
    while house.records(Kind::Results).await.len() < tasks.len() {
        assert!(Instant::now() < deadline, "{}", ok(&house, &["results"]).await);
    }
    // Looking at results needs nothing that the node holds.
    let shown = ok(&house, &["results"]).await;
    assert_eq!(shown.lines().count(), tasks.len(), "{shown}");
    assert!(shown.contains("hiring-01 ") && shown.contains("hiring-30 "), "{shown}");
    node.stop().await;
    assert_eq!(house.provider.paid().again(), 0, "paid again");

    let shown = ok(&house, &["topics", "remove"]).await;
    assert!(
        shown.contains("say --yes") && shown.contains(&house.path("data").display().to_string()),
        "{shown}"
    );
    assert_eq!(topics(&house).await, TOPICS, "nothing is removed unasked");
    ok(&house, &["topics", "remove", "--yes"]).await;
    assert_eq!(topics(&house).await, 0);
    assert!(!house.path("data").exists(), "the state goes with the topics");
    let shown = ok(&house, &["topics", "remove", "--yes"]).await;
    assert!(shown.contains("nothing to remove"), "{shown}");
}

/// `run` makes the topics once it is told it may, and writes the results that a quiet run gives; the same
/// tasks again have the same results without a call; and `results --follow` shows them as they come.
#[tokio::test(flavor = "multi_thread")]
async fn runs_a_file_of_tasks() {
    let house = House::bare("", "run", Who::Briefing, Duration::ZERO).await;
    let mut tasks = questions(5);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    let file = house.path("task.jsonl");
    let lines: Vec<&str> = tasks.iter().map(|task| task.json.as_str()).collect();
    std::fs::write(&file, lines.join("\n\n")).expect("a task file");
    let (file, out) = (file.display().to_string(), house.path("out").display().to_string());
    let run = ["run", "--tasks", &file, "--out", &out];
    fails(&house, &run, &["Say --yes", "tributary topics apply"]).await;
    let shown = ok(&house, &[&run[..], &["--yes"]].concat()).await;
    assert!(shown.contains("5 of 5 tasks"), "{shown}");
    let written = || std::fs::read_to_string(house.path("out/results.jsonl")).expect("the results");
    let first = written();
    for (line, (n, task)) in first.lines().zip(tasks.iter_mut().enumerate()) {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["task"], format!("task-{:02}", n + 1));
        assert_eq!(line["result"], quiet.results[&task.id]);
    }
    assert_eq!(first.lines().count(), tasks.len());
    ok(&house, &run).await;
    assert_eq!(written(), first, "the same tasks again");
    let paid = super::ledger::since(&before, house.provider.paid());
    assert_eq!((paid.calls, paid.again()), (quiet.paid.calls, 0), "paid for once");

    let named = ["results", "task-02", "task-05"];
    let shown = ok(&house, &named).await;
    let ids: BTreeSet<_> = shown.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!((shown.lines().count(), ids), (2, ["task-02", "task-05"].into()), "only what was named");
    // Waiting for what is there ends at once, and JSON is what `run` wrote.
    let shown = ok(&house, &[&named[..], &["--follow", "--json"]].concat()).await;
    assert!(shown.lines().all(|line| first.lines().any(|written| written == line)), "{shown}");
    fails(&house, &["results", "task-02", "task-99"], &["no result yet of task-99", "--follow"]).await;

    let mut follow = house.command(&["results", "--follow"]);
    let mut follow = follow.stdout(Stdio::piped()).spawn().expect("follow the results");
    let lines = std::io::BufRead::lines(std::io::BufReader::new(follow.stdout.take().expect("its output")));
    let read = tokio::task::spawn_blocking(move || lines.take(5).collect::<Result<Vec<_>, _>>());
    let read =
        tokio::time::timeout(SETTLE, read).await.expect("five lines").expect("a thread").expect("text");
    assert!(read.iter().any(|line| line.starts_with("task-03 ")), "{read:?}");
    follow.kill().expect("end it");
    follow.wait().expect("its end");
}

/// What is said wrongly is answered at once, with what to say instead.
#[tokio::test(flavor = "multi_thread")]
async fn says_what_to_say_instead() {
    let house = House::bare("", "wrong", Who::Briefing, Duration::ZERO).await;
    let file = house.path("task.jsonl");
    std::fs::write(&file, &questions(1)[0].json).expect("a task file");
    let file = file.display().to_string();
    let missing = house.path("nowhere.jsonl").display().to_string();
    let binary = house.path("binary.jsonl").display().to_string();
    std::fs::write(&binary, [0xff, 0xfe]).expect("a file");
    let apply = ["does not exist", "tributary topics apply"];
    fails(&house, &["submit", "--tasks", &file], &apply).await;
    fails(&house, &["results"], &apply).await;
    fails(&house, &["node"], &apply).await;
    fails(&house, &["submit", "--tasks", &missing], &["could not open the task file"]).await;
    fails(&house, &["submit", "--tasks", &binary], &["as UTF-8 text"]).await;
    fails(&house, &["submit", "--tasks", "/dev/null"], &["no tasks", "one JSON object a line"]).await;
    fails(&house, &["demo", "--out", &missing], &["Say --yes"]).await;
    let kafka = ["topics", "plan", "--set", "kafka.isolation.level=read_uncommitted"];
    fails(&house, &kafka, &["isolation.level", "aborted records"]).await;
    house.apply().await;
    let role = ["node", "--set", "roles=planer"];
    fails(&house, &role, &["planer", "planner"]).await;
    let foreign = house.path("").display().to_string();
    let remove = ["topics", "remove", "--yes", "--data", &foreign];
    fails(&house, &remove, &["holds no state of a node"]).await;
    assert_eq!(topics(&house).await, TOPICS, "a refused removal removes nothing");
    for command in [&["node"][..], &["topics", "plan"], &["submit", "--tasks", &file], &["results"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_command_under_test")).args(command).output();
        check_failed(command, &output.expect("run the command"), &["name one with --brokers HOST:PORT"]);
    }
}

/// Topics and state that a living node works with are not taken from under it.
#[tokio::test(flavor = "multi_thread")]
async fn does_not_remove_what_is_in_use() {
    let house = House::new("inuse", Who::Briefing).await;
    let node = Node::start(&house);
    wait(|| house.path("data/holder").exists()).await;
    fails(&house, &["topics", "remove", "--yes"], &["nothing is removed", "holds it"]).await;
    assert_eq!(topics(&house).await, TOPICS);
    drop(node);
}

/// While another team has topics in the namespace, what all its teams share stays, and the state too; it is
/// shown first, and goes with the last team.
#[tokio::test(flavor = "multi_thread")]
async fn leaves_what_another_team_needs() {
    let house = House::new("two-teams", Who::Briefing).await;
    let names = Names::new(&house.namespace, "other").expect("names");
    let catalog = Catalog::of(&names, &["planner".to_owned()], Topics { partitions: 1, replication: 1 });
    catalog.plan(&*house.log, &names).await.expect("a plan").apply(&*house.log).await.expect("its topics");
    let mut node = Node::start(&house);
    wait(|| house.path("data/holder").exists()).await;
    fails(&house, &["topics", "remove", "--yes"], &["nothing is removed", "holds it"]).await;
    node.0.kill().await.expect("kill a process");
    let stays = [
        format!("= {}.dead-letters", house.namespace),
        format!("= {}.model.requests", house.namespace),
        format!("= {}.timers", house.namespace),
        format!("= {}", house.path("data").display()),
        "other has topics in this namespace too".to_owned(),
    ];
    for arguments in [&["topics", "remove"][..], &["topics", "remove", "--yes"]] {
        let shown = ok(&house, arguments).await;
        assert!(stays.iter().all(|line| shown.contains(line)), "{shown}");
        assert!(!shown.contains(&format!("- {}.timers", house.namespace)), "{shown}");
    }
    // Four of the other team's own, and the three.
    assert_eq!(topics(&house).await, 7);
    assert!(house.path("data").exists(), "the state stays with the last team");
    let gone = catalog.removal(&*house.log, &names).await.expect("the last team's").remove;
    assert_eq!(gone.len(), 7, "{gone:?}");
    house.log.remove(&gone).await.expect("remove topics");
}

/// Waits until something is so.
async fn wait(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + SETTLE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to be");
        tokio::task::yield_now().await;
    }
}

/// `tributary node`, running; killed if it is dropped.
struct Node(tokio::process::Child);

impl Node {
    fn start(house: &House) -> Self {
        let mut command = tokio::process::Command::from(house.command(&["node"]));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Self(command.spawn().expect("start a node"))
    }

    /// Tells it to stop and waits for a good end.
    async fn stop(self) {
        let pid = self.0.id().and_then(|id| Pid::from_raw(i32::try_from(id).unwrap_or(0)));
        kill_process(pid.expect("a living process"), Signal::TERM).expect("SIGTERM");
        let output = tokio::time::timeout(SETTLE, self.0.wait_with_output()).await.expect("it does not stop");
        let output = output.expect("its words");
        assert!(output.status.success(), "{}: {}", output.status, said(&output));
    }
}
