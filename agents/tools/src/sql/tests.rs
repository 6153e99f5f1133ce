//! The SQL tool on small databases made for each test: what it answers, and all that it does not do.

mod bounds;
mod loading;
mod refusals;

use std::fs;

use rusqlite::Connection;
use schemas_codec::{Codec, Registry};
use schemas_records::CallId;
use schemas_records::tool::{Cell, SqlQuery, Table};
use tempfile::TempDir;

use super::{Database, SqlTool};
use crate::tool::{Error, Tool};

/// A folder with files of these names and texts.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// A tool over the tables of a folder.
fn tool(files: &[(&str, &str)]) -> SqlTool {
    let folder = folder(files);
    let database = Database::load(folder.path()).unwrap();
    SqlTool::new("tables", database, Codec::new(Registry::new().unwrap()))
}

/// Employment by sector, a little of it.
fn jobs() -> SqlTool {
    tool(&[
        (
            "us-jobs.csv",
            "month,sector,jobs\n2006-01,mining,656\n2006-02,mining,662\n2006-01,retail,15351.5\n2006-02,retail,\n",
        ),
        ("sectors.json", r#"[{"sector": "mining", "goods": true}, {"sector": "retail", "goods": false}]"#),
    ])
}

fn question(statement: &str, parameters: &[Cell]) -> SqlQuery {
    SqlQuery { statement: statement.into(), parameters: parameters.to_vec(), rows_max: 100 }
}

fn refused(result: Result<Table, Error>) -> String {
    match result {
        Err(Error::Refused { message }) => message,
        other => panic!("not refused: {other:?}"),
    }
}

/// Questions are answered with columns, rows and types; parameters are bound.
#[tokio::test]
async fn answers_questions() {
    let jobs = jobs();
    let check = async |statement: &str, parameters: &[Cell], columns: &[&str], rows: &[&[Cell]]| {
        let table = jobs.ask(question(statement, parameters)).await.unwrap();
        let expected: Vec<Vec<Cell>> = rows.iter().map(|row| row.to_vec()).collect();
        assert_eq!(
            (table.columns, table.rows, table.is_cut),
            (columns.iter().map(|column| (*column).to_owned()).collect(), expected, false,),
            "{statement}"
        );
    };
    let text = |text: &str| Cell::Text(text.into());
    let latest = "SELECT month, jobs FROM us_jobs WHERE sector = ? ORDER BY month DESC";
    check(
        latest,
        &[text("mining")],
        &["month", "jobs"],
        &[&[text("2006-02"), Cell::Double(662.0)], &[text("2006-01"), Cell::Double(656.0)]],
    )
    .await;
    check(
        "SELECT jobs FROM us_jobs WHERE month = '2006-02' AND sector = 'retail'",
        &[],
        &["jobs"],
        &[&[Cell::Null]],
    )
    .await;
    // What a parameter says is a value, whatever it says.
    check(latest, &[text("mining' OR '1'='1")], &["month", "jobs"], &[]).await;
    check("SELECT count(*) AS n FROM us_jobs", &[], &["n"], &[&[Cell::Long(4)]]).await;
    check(
        "WITH goods AS (SELECT sector FROM sectors WHERE goods = ?) SELECT count(*) FROM goods",
        &[Cell::Boolean(true)],
        &["count(*)"],
        &[&[Cell::Long(1)]],
    )
    .await;
    check(
        "SELECT s.sector, round(avg(j.jobs), 1) AS mean FROM us_jobs j JOIN sectors s USING (sector) \
         GROUP BY s.sector ORDER BY 1;  -- with a comment",
        &[],
        &["sector", "mean"],
        &[&[text("mining"), Cell::Double(659.0)], &[text("retail"), Cell::Double(15351.5)]],
    )
    .await;
    check(
        "SELECT month, jobs - lag(jobs) OVER (ORDER BY month) AS change FROM us_jobs WHERE sector = 'mining'",
        &[],
        &["month", "change"],
        &[&[text("2006-01"), Cell::Null], &[text("2006-02"), Cell::Double(6.0)]],
    )
    .await;
    check(
        "SELECT ?, ?, ?",
        &[Cell::Null, Cell::Long(-3), Cell::Double(0.5)],
        &["?", "?", "?"],
        &[&[Cell::Null, Cell::Long(-3), Cell::Double(0.5)]],
    )
    .await;
}

/// As a tool it takes and gives framed messages, the same bytes each time; other arguments are refused.
#[tokio::test]
async fn is_a_tool() {
    let (jobs, codec) = (jobs(), Codec::new(Registry::new().unwrap()));
    let call = CallId::parse(&[b'a'; 32]).unwrap();
    let arguments = codec.encode(&question("SELECT * FROM us_jobs", &[])).unwrap();
    let answer = jobs.call(call, arguments.clone()).await.unwrap();
    assert_eq!(codec.decode::<Table>(&answer).unwrap().rows.len(), 4);
    for _ in 0..10 {
        assert_eq!(jobs.call(call, arguments.clone()).await.unwrap(), answer);
    }
    let broken = jobs.call(call, arguments.slice(..9)).await;
    assert!(matches!(broken, Err(Error::Refused { .. })), "{broken:?}");
}

/// A SQLite file is read as it is, views too, and is the same afterwards.
#[tokio::test]
async fn reads_a_file() {
    let folder = folder(&[]);
    let path = folder.path().join("plan.sqlite");
    let made = Connection::open(&path).unwrap();
    made.execute_batch(
        "CREATE TABLE plan (step INTEGER, words TEXT); INSERT INTO plan VALUES (1, 'hire'), (2, 'train');
         CREATE VIEW last AS SELECT max(step) AS step FROM plan;
         CREATE VIEW now AS SELECT datetime('now') AS moment;",
    )
    .unwrap();
    drop(made);
    let before = fs::read(&path).unwrap();
    let tool = SqlTool::new("plan", Database::open(&path).unwrap(), Codec::new(Registry::new().unwrap()));
    let names: Vec<&str> = tool.tables().iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["last", "now", "plan"]);
    let table = tool.ask(question("SELECT words FROM plan JOIN last USING (step)", &[])).await.unwrap();
    assert_eq!(table.rows, [[Cell::Text("train".into())]]);
    // A file's own views are no way around.
    assert!(refused(tool.ask(question("SELECT * FROM now", &[])).await).contains("function datetime"));
    assert!(refused(tool.ask(question("DELETE FROM plan", &[])).await).contains("only SELECT is allowed"));
    assert_eq!(fs::read(&path).unwrap(), before);
}
