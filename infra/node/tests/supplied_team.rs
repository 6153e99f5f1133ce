//! A team with a tool and knowledge, through a whole node: intake, the agent, both gateways, all in memory.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use agents_agent::{Agent, Effects, Event, Fault, What};
use agents_model::Scripted;
use agents_tools::{Database, SqlTool, Tool};
use bytes::Bytes;
use infra_node::{Doors, Node, Settings, Team};
use schemas_records::tool::{Cell, KnowledgeQuery, Passages, SqlQuery, Table};
use schemas_records::{Envelope, Failure, FailureCode, Headers, Key, Outcome, Stateless, Text};
use tokio_util::sync::CancellationToken;
use topics_catalog::{Kind, Topics};
use topics_log::memory::MemoryLog;
use topics_log::{Clock, NewRecord, Start, SystemClock, TopicPartition};
use topics_runtime::NoProbe;
use topics_state::memory::MemoryStore;

/// How long a task may take; it takes a tenth of a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks the tables for a sector, which its reply tells; or the law, if that is what it is told, for its rule.
struct Advisor;

impl Agent for Advisor {
    type Input = Text;
    type State = Stateless;

    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(text) if text.text == "law" => {
                let query = KnowledgeQuery { base: "law".into(), text: "notices".into(), top: 1 };
                effects.call_knowledge("rule", query);
            }
            What::Input(sector) => {
                let statement = "SELECT jobs FROM us_jobs WHERE sector = ?".to_owned();
                let query = SqlQuery { statement, parameters: vec![Cell::Text(sector.text)], rows_max: 5 };
                effects.call_tool_with("figures", "tables", &query);
            }
            What::Answer(answer) if answer.name == "figures" => {
                effects.reply(&Text::new(format!("{:?}", answer.decode::<Table>()?.rows)));
            }
            What::Answer(answer) => {
                effects.reply(&Text::new(&answer.decode::<Passages>()?.passages[0].source));
            }
            _ => {}
        }
        Ok(())
    }
}

fn team(folder: &Path) -> Team {
    std::fs::write(folder.join("us-jobs.csv"), "sector,jobs\nmining,656\nretail,15351\n").unwrap();
    std::fs::write(folder.join("notice.md"), "Article: Notice Act 4\n# Notice\n\nFour weeks.").unwrap();
    let tables = folder.to_owned();
    Team::new("advice")
        .agent("advisor", Advisor)
        .tool(move |codec| {
            let database = Database::load(&tables).map_err(|error| error.to_string())?;
            Ok(Arc::new(SqlTool::new("tables", database, codec)) as Arc<dyn Tool>)
        })
        .knowledge("law", folder)
}

/// Runs one task of a text and returns the text of its result.
async fn run(team: Team, text: &str) -> Result<String, Failure> {
    let task = serde_json::json!({ "text": text }).to_string();
    let result: serde_json::Value = serde_json::from_str(&run_json(team, &task).await?).unwrap();
    Ok(result["text"].as_str().unwrap().to_owned())
}

/// Runs one task, as JSON, and returns its result, as JSON.
async fn run_json(team: Team, task: &str) -> Result<String, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = MemoryStore::new(Arc::clone(&clock));
    let doors = Doors {
        log: Arc::new(MemoryLog::new(Arc::clone(&clock))),
        states: Arc::new(store.clone()),
        keyed: Arc::new(store),
        model: Arc::new(Scripted::default()),
        clock,
        probe: Arc::new(NoProbe),
        has_watchdog: false,
    };
    let node = Node::new(team, doors, Settings::default()).unwrap();
    let roles = node.role_names().unwrap();
    assert!(roles.ends_with(&["tool-gateway".to_owned(), "knowledge-gateway".to_owned()]), "{roles:?}");
    let log = Arc::clone(&node.doors().log);
    node.plan(Topics { partitions: 2, replication: 0 }).await.unwrap().apply(&*log).await.unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (node, shutdown) = (node.clone(), shutdown.clone());
        async move { infra_node::run(&node, shutdown).await }
    });
    submit(&node, task).await;
    let result = tokio::time::timeout(PATIENCE, result(&node)).await.unwrap();
    shutdown.cancel();
    running.await.unwrap().unwrap();
    result
}

async fn submit(node: &Node, task: &str) {
    let mut headers = Headers::new();
    headers.push(schemas_records::headers::TASK_ID, "task");
    let record = NewRecord {
        topic: node.names().topic(Kind::Tasks).into(),
        partition: None,
        key: Key::new(b"task"),
        value: Bytes::copy_from_slice(task.as_bytes()),
        headers,
    };
    node.doors().log.publisher().await.unwrap().publish(vec![record]).await.unwrap();
}

async fn result(node: &Node) -> Result<String, Failure> {
    let topic = node.names().topic(Kind::Results);
    let partitions =
        [0, 1].map(|partition| (TopicPartition::new(topic.as_str(), partition), Start::Beginning));
    let mut reader = node.doors().log.reader(&partitions).await.unwrap();
    loop {
        let records = reader.read(16, Duration::from_millis(100)).await.unwrap();
        if let Some(record) = records.first() {
            let envelope = Envelope::read(&record.headers).unwrap();
            return match envelope.outcome {
                Some(Outcome::Ok) => Ok(node.codec().to_json(&record.value).unwrap().to_string()),
                _ => Err(node.codec().decode(&record.value).unwrap()),
            };
        }
    }
}

/// A task's agent gets its figures by SQL and its rule by words, each from its gateway.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asks_tools_and_knowledge() {
    let folder = tempfile::tempdir().unwrap();
    let team = team(folder.path()).may_use("advisor", "tables").may_read("advisor", "law");
    assert_eq!(run(team.clone(), "mining").await.unwrap(), "[[Long(656)]]");
    assert_eq!(run(team, "law").await.unwrap(), "Notice Act 4");
}

/// What an agent was not given it does not get.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gets_only_what_it_was_given() {
    for text in ["mining", "law"] {
        let folder = tempfile::tempdir().unwrap();
        let failure = run(team(folder.path()), text).await.unwrap_err();
        assert_eq!(failure.code, FailureCode::NotAllowed, "{failure}");
    }
}

/// A team's folder: an agent that asks its tables and its rules, and replies with what it found.
const FOLDER: [(&str, &str); 6] = [
    (
        "team.toml",
        "[team]\nname = \"advice\"\nentry = \"advisor\"\nresult = \"Finding\"\n\
         [limits]\ndeadline = \"10m\"\ncalls = 5\n\
         [tools.jobs]\nkind = \"sql\"\ntables = \"tables\"\n\
         [knowledge.rules]\nfolder = \"rules\"\n",
    ),
    (
        "agents/advisor.toml",
        "[agent]\ntakes = \"Subject\"\ngives = \"Finding\"\ntools = [\"jobs\"]\nknowledge = [\"rules\"]\n\
         [[step]]\nname = \"found\"\ntool = \"jobs\"\n[step.send]\n\
         statement = \"'SELECT jobs FROM us_jobs WHERE sector = ?'\"\nparameters = [\"input.subject\"]\nrows_max = 3\n\
         [[step]]\nname = \"rule\"\nknowledge = \"rules\"\nquery = \"notice in {{ input.subject }}\"\n\
         [[step]]\n[step.reply]\ntext = \"{{ found.rows[0][0] }} jobs, {{ rule.passages[0].source }}\"\n",
    ),
    (
        "schemas/Subject.avsc",
        r#"{"type": "record", "name": "Subject", "namespace": "advice",
            "fields": [{"name": "subject", "type": "string"}]}"#,
    ),
    (
        "schemas/Finding.avsc",
        r#"{"type": "record", "name": "Finding", "namespace": "advice",
            "fields": [{"name": "text", "type": "string"}]}"#,
    ),
    ("tables/us-jobs.csv", "sector,jobs\nmining,656\n"),
    ("rules/notice.md", "Article: Notice Act 4\n# Notice\n\nFour weeks."),
];

/// A team from a folder brings its tables and its rules with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_supplied() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FOLDER {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let loaded = agents_manifest::load(folder.path()).unwrap_or_else(|problems| panic!("{problems}"));
    let team = Team::from_manifest(&loaded).supplied_by(&loaded, folder.path());
    let result = run_json(team, r#"{"subject": "mining"}"#).await.unwrap();
    assert_eq!(result, r#"{"text":"656 jobs, Notice Act 4"}"#);
}
