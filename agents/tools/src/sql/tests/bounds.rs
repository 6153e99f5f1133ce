//! How much a question may take: rows, cells, steps, memory, threads.

use std::time::Duration;

use schemas_records::tool::{Cell, SqlQuery};

use super::{jobs, question, refused};
use crate::sql::{CONNECTIONS_MAX, ROWS_MAX};
use crate::tool::Error;

/// Numbers up to a million, from nothing.
const MILLION: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i FROM n";

/// Numbers without end.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT ";

/// More rows than are wanted are cut, and that is said; as many as are wanted are not.
#[tokio::test]
async fn rows_are_cut() {
    let jobs = jobs();
    let check = async |statement: &str, rows_max: i32, rows: usize, is_cut: bool| {
        let table = jobs.ask(SqlQuery { rows_max, ..question(statement, &[]) }).await.unwrap();
        assert_eq!((table.rows.len(), table.is_cut), (rows, is_cut), "{rows_max} of {statement}");
    };
    check("SELECT * FROM us_jobs", 4, 4, false).await;
    check("SELECT * FROM us_jobs", 3, 3, true).await;
    check("SELECT * FROM us_jobs WHERE jobs < 0", 1, 0, false).await;
    check(MILLION, ROWS_MAX, 1_000, true).await;
    check(&format!("{ENDLESS} i FROM n"), 10, 10, true).await;
}

/// What never ends is stopped after so many steps, the same each time, and says so; the next is answered.
#[tokio::test]
async fn steps_are_bounded() {
    let jobs = jobs();
    for statement in ["max(i) FROM n", "count(*) FROM n", "i FROM n WHERE i < 0", "sum(a.i) FROM n a"] {
        let message = refused(jobs.ask(question(&format!("{ENDLESS}{statement}"), &[])).await);
        assert!(message.contains("more than 50000000 steps"), "{statement}: {message}");
    }
    let table = jobs.ask(question("SELECT 1", &[])).await.unwrap();
    assert_eq!(table.rows, [[Cell::Long(1)]]);
}

/// A huge cell, a huge answer and a huge sort are refused, each by its bound.
#[tokio::test]
async fn sizes_are_bounded() {
    let jobs = jobs();
    let check = async |statement: &str, says: &str| {
        let rows_max = ROWS_MAX;
        match jobs.ask(SqlQuery { rows_max, ..question(statement, &[]) }).await {
            Err(Error::Refused { message } | Error::Transient { message, .. }) => {
                assert!(message.contains(says), "{statement}: {message:?} does not say {says:?}");
            }
            other => panic!("{statement}: {other:?}"),
        }
    };
    check("SELECT replace(hex('0123456789abcdef'), '3', printf('%060000d', 1))", "65536 bytes").await;
    check("SELECT printf('%070000d', 1)", "65536 bytes").await;
    check("SELECT printf('%.*c', 1000000000, 'x')", "65536 bytes").await;
    let ten_kilobytes = "printf('%010000d', i)";
    let answer =
        format!("{} ", MILLION.replace("SELECT i FROM n", &format!("SELECT {ten_kilobytes} FROM n")));
    check(&answer, "more than 262144 bytes after 26 rows").await;
    let sort =
        MILLION.replace("SELECT i FROM n", &format!("SELECT {ten_kilobytes} AS t FROM n ORDER BY t DESC"));
    check(&sort, "not enough memory").await;
    check(&format!("SELECT {}", vec!["1"; 300].join(", ")), "too many columns").await;
    check(&format!("SELECT {}1", "NOT ".repeat(500)), "Expression tree is too large").await;
    check(&vec!["SELECT 1"; 30].join(" UNION "), "too many terms in compound SELECT").await;
    check("SELECT group_concat(i) FROM (SELECT 1)", "no such column").await;
    // And those that come after have all of it again.
    assert!(jobs.ask(question("SELECT * FROM us_jobs ORDER BY jobs", &[])).await.is_ok());
}

/// However many ask, so many run; who is dropped stops, and gives his place back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_dropped_stops() {
    let jobs = jobs();
    let endless = question(&format!("{ENDLESS} max(i) FROM n"), &[]);
    let mut asked: Vec<_> = (0..CONNECTIONS_MAX + 3).map(|_| Box::pin(jobs.ask(endless.clone()))).collect();
    // Each is polled once, which begins what has a place.
    for ask in &mut asked {
        let begun = tokio::time::timeout(Duration::ZERO, ask.as_mut()).await;
        assert!(begun.is_err(), "{begun:?}");
    }
    assert_eq!(jobs.pool.running(), CONNECTIONS_MAX);
    drop(asked);
    // All of them would take minutes; within this one they must be gone.
    let answered = tokio::time::timeout(Duration::from_secs(60), jobs.ask(question("SELECT 1", &[]))).await;
    assert!(matches!(answered, Ok(Ok(_))), "{answered:?}");
}
