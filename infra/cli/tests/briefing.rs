//! The bundled team through a whole node: every task, with the fixed plans and queries and with a model's.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use agents_model::{Script, Scripted};
use agents_team_briefing::messages::{Cause, Origin, Part, Verdict};
use agents_team_briefing::{Author, Brief, Data, render, tasks};
use bytes::Bytes;
use infra_node::{Doors, Node, Settings};
use schemas_records::{Envelope, Headers, Key, Kind as RecordKind, Outcome, headers};
use tokio_util::sync::CancellationToken;
use topics_catalog::{Kind, Topics};
use topics_log::memory::MemoryLog;
use topics_log::{Clock, NewRecord, Record, Start, SystemClock, TopicPartition};
use topics_runtime::NoProbe;
use topics_state::memory::MemoryStore;

/// How long all tasks together may take; they take as long as the drill.
const PATIENCE: Duration = Duration::from_secs(120);

/// Partitions of every topic.
const PARTITIONS: i32 = 2;

/// Most calls of a model that a task makes.
const CALLS_MAX: usize = 3;

/// What came of the tasks: their briefs, and how many calls of the model each made.
struct Ran {
    briefs: BTreeMap<String, Brief>,
    calls: BTreeMap<String, usize>,
}

/// Runs every bundled task on a node in memory.
async fn run(author: Author, script: &str) -> Ran {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = MemoryStore::new(Arc::clone(&clock));
    let doors = Doors {
        log: Arc::new(MemoryLog::new(Arc::clone(&clock))),
        states: Arc::new(store.clone()),
        keyed: Arc::new(store),
        model: Arc::new(Scripted::new(Script::parse(script).unwrap())),
        clock,
        probe: Arc::new(NoProbe),
        has_watchdog: false,
    };
    let team = tributary::briefing::team_by(&Data::bundled().unwrap(), author);
    let node = Node::new(team, doors, Settings::default()).unwrap();
    let plan = node.plan(Topics { partitions: PARTITIONS, replication: 0 }).await.unwrap();
    plan.apply(&*node.doors().log).await.unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (node, shutdown) = (node.clone(), shutdown.clone());
        async move { infra_node::run(&node, shutdown).await }
    });
    let count = tasks::TASKS.lines().count();
    let publisher = node.doors().log.publisher().await.unwrap();
    publisher
        .publish(tasks::TASKS.lines().zip(1..).map(|(line, number)| task(&node, line, number)).collect())
        .await
        .unwrap();
    let results = tokio::time::timeout(PATIENCE, read(&node, Kind::Results, count)).await.unwrap();
    let calls = read(&node, Kind::ModelRequests, 0).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    let mut ran = Ran { briefs: BTreeMap::new(), calls: BTreeMap::new() };
    for record in results {
        let envelope = Envelope::read(&record.headers).unwrap();
        assert_eq!(envelope.outcome, Some(Outcome::Ok), "{}", envelope.task);
        ran.briefs.insert(envelope.task.to_string(), node.codec().decode(&record.value).unwrap());
    }
    for record in calls {
        let envelope = Envelope::read(&record.headers).unwrap();
        if envelope.kind == RecordKind::Input {
            *ran.calls.entry(envelope.task.to_string()).or_default() += 1;
        }
    }
    assert_eq!(ran.briefs.len(), count);
    ran
}

fn task(node: &Node, line: &str, number: usize) -> NewRecord {
    let id = format!("{number:02}");
    let mut with = Headers::new();
    with.push(headers::TASK_ID, id.clone());
    let (topic, value) = (node.names().topic(Kind::Tasks).into(), Bytes::copy_from_slice(line.as_bytes()));
    NewRecord { topic, partition: None, key: Key::new(id.as_bytes()), value, headers: with }
}

/// The records of a topic: at least so many, and all that are there.
async fn read(node: &Node, kind: Kind, least: usize) -> Vec<Record> {
    let topic = node.names().topic(kind);
    let from: Vec<_> = (0..PARTITIONS)
        .map(|partition| (TopicPartition::new(topic.as_str(), partition), Start::Beginning))
        .collect();
    let mut reader = node.doors().log.reader(&from).await.unwrap();
    let mut records = Vec::new();
    loop {
        let more = reader.read(1_000, Duration::from_millis(100)).await.unwrap();
        if more.is_empty() && records.len() >= least {
            return records;
        }
        records.extend(more);
    }
}

/// Everything a brief says can be traced: a figure to a query that is listed or to a function, a statement to what kind
/// of thing stands behind it and which, a rule that is not kept to its passage; and it fits the terminal.
fn check_traces(brief: &Brief) {
    let queries: Vec<&str> = brief.queries.iter().map(|asked| asked.name.as_str()).collect();
    for figure in &brief.figures {
        assert_eq!(figure.part == Part::Figures, queries.contains(&figure.query.as_str()), "{}", figure.name);
        assert!(!figure.source.is_empty());
    }
    for statement in brief.paragraphs.iter().chain(&brief.conditions).chain(&brief.written) {
        assert!(!statement.source.is_empty(), "{}", statement.text);
        assert!(statement.origin != Origin::Model || statement.source.contains(", call "));
    }
    for finding in
        brief.rules.iter().filter(|finding| !finding.remedy.is_empty() && finding.rule != "terms_fit")
    {
        assert!(finding.citation.is_some(), "{}", finding.rule);
    }
    assert!(render(brief).lines().all(|line| line.chars().count() <= 80));
}

/// With fixed plans and queries: at most three calls a task, briefs that can be traced, and the hard tasks say
/// plainly what is missing and why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_task_has_its_brief() {
    let ran = run(Author::Code, r#"{"rules": []}"#).await;
    assert!(ran.calls.values().all(|calls| *calls <= CALLS_MAX), "{:?}", ran.calls);
    assert_eq!(ran.calls["01"], 3);
    ran.briefs.values().for_each(check_traces);
    let check = |task: &str, verdict: Verdict, missing: &[(Part, Cause)], says: &[&str]| {
        let brief = &ran.briefs[task];
        let found: Vec<_> = brief.missing.iter().map(|it| (it.part, it.cause)).collect();
        assert_eq!((brief.verdict, found.as_slice()), (verdict, missing), "task {task}");
        let shown = render(brief).split_whitespace().collect::<Vec<_>>().join(" ");
        for part in says {
            assert!(shown.contains(part), "task {task} does not say {part:?}:\n{}", render(brief));
        }
    };
    use Cause::{Failed, Late, NotApplicable};
    use Part::{Compliance, Figures, Trend};
    // A plan that contradicts itself; an unknown subject; nothing at all to go by.
    check("08", Verdict::DoNotHire, &[], &["a permanent contract has no end, yet the plan gives it one"]);
    let unknown = [(Figures, NotApplicable), (Trend, NotApplicable)];
    check("05", Verdict::CannotSay, &unknown, &["no sector is called \"asteroid mining\" in the data"]);
    let nothing = [(Figures, NotApplicable), (Trend, NotApplicable), (Compliance, NotApplicable)];
    check("18", Verdict::CannotSay, &nothing, &["the nearest name is \"construction\"", "No model spoke"]);
    // Gaps in the data, parts that fail, one that is late.
    check(
        "04",
        Verdict::HireWithConditions,
        &[],
        &["Unemployment by industry is counted from 2000-01 to 2010-02."],
    );
    check(
        "11",
        Verdict::CannotSay,
        &[(Figures, Failed), (Trend, Failed)],
        &["employment is counted from 2006-01 to 2015-12"],
    );
    check(
        "12",
        Verdict::HireWithConditions,
        &[(Trend, Failed)],
        &["only 8 months are known", "Without trend:"],
    );
    check("25", Verdict::HireWithConditions, &[(Trend, Failed)], &["a rate of 8.40%"]);
    check(
        "33",
        Verdict::HireWithConditions,
        &[(Trend, Late)],
        &["within the 2 seconds that the asker waits (a drill"],
    );
    // A rule that is broken is cited.
    check(
        "29",
        Verdict::DoNotHire,
        &[],
        &["An employer of twenty or more employees may not turn away", "oldest_age.md#0001"],
    );
}

/// With a model's plans and queries, good, bad and none: still at most three calls, the same verdict wherever the plan is
/// not another, and the brief says what was written and what became of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_plans_and_asks() {
    let fixed = run(Author::Code, r#"{"rules": []}"#).await;
    let script = r#"{"rules": [
        {"match": "about \"constuction\"", "reply": {"kind": "text",
         "text": "{\"agents\": [\"data-analyst\", \"market-trends\"], \"sector\": \"construction\"}"}},
        {"match": "You answer with one JSON object", "times": 8, "reply": {"kind": "nothing"}},
        {"match": "You answer with one JSON object", "reply": {"kind": "text",
         "text": "{\"agents\": [\"shell\"], \"sector\": \"construction\"}"}},
        {"match": "the sector retail", "reply": {"kind": "text",
         "text": "SELECT sector, month, persons FROM employment WHERE sector IN ('retail_trade', 'utilities') AND month IN ('2008-06', '2007-06')"}},
        {"match": "the sector mining", "reply": {"kind": "text", "text": "SELECT 'mining_and_logging' AS sector, '2015-12' AS month, 99 AS persons"}},
        {"match": "the sector construction", "reply": {"kind": "too-much", "bytes": 5000000}},
        {"match": "You write one SQLite SELECT", "reply": {"kind": "text", "text": "SELECT 1; DELETE FROM employment"}}]}"#;
    let ran = run(Author::Model, script).await;
    assert!(ran.calls.values().all(|calls| *calls <= CALLS_MAX), "{:?}", ran.calls);
    ran.briefs.values().for_each(check_traces);
    for (task, brief) in &ran.briefs {
        assert!(!brief.written.is_empty(), "task {task}");
        if task != "18" {
            assert_eq!(brief.verdict, fixed.briefs[task].verdict, "task {task}");
            let own = |brief: &Brief| {
                brief.figures.iter().filter(|it| it.query != "proposed").cloned().collect::<Vec<_>>()
            };
            assert_eq!(own(brief), own(&fixed.briefs[task]), "task {task}");
        }
    }
    assert_eq!(ran.briefs["18"].verdict, Verdict::HireWithConditions);
    let check = |task: &str, says: &str| {
        let written = &ran.briefs[task].written;
        assert!(written.iter().any(|note| note.text.contains(says)), "task {task}: {written:?}");
    };
    check("03", "each of its 4 numbers was compared");
    check("31", "it says 99 persons in mining_and_logging in 2015-12, the tables say");
    check("02", "The query that a model was to write is not used: none came");
    check("01", "there is more than one statement");
    assert!(ran.briefs["03"].figures.iter().any(|it| it.name == "employed in utilities, 2008-06"));
}
