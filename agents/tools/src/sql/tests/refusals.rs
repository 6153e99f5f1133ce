//! What is refused, and in which words.

use schemas_records::tool::{Cell, SqlQuery};

use super::{jobs, question, refused};
use crate::sql::{PARAMETERS_MAX, STATEMENT_BYTES_MAX};

/// Nothing that writes, attaches, sets, explains or reaches outside is taken, however it is written.
#[tokio::test]
async fn only_select() {
    let jobs = jobs();
    let read_only = "only SELECT is allowed";
    let cases = [
        ("DELETE FROM us_jobs", read_only),
        ("INSERT INTO us_jobs VALUES (1, 2, 3)", read_only),
        ("UPDATE us_jobs SET jobs = 0", read_only),
        ("WITH x AS (SELECT 1) DELETE FROM us_jobs", read_only),
        ("INSERT INTO us_jobs SELECT * FROM us_jobs RETURNING *", read_only),
        ("CREATE TABLE t (a)", read_only),
        ("CREATE TEMP TABLE t (a)", read_only),
        ("CREATE TEMP TABLE t AS SELECT 1", read_only),
        ("CREATE TEMP VIEW v AS SELECT 1", read_only),
        ("CREATE VIRTUAL TABLE v USING fts5(a)", read_only),
        ("CREATE TRIGGER t AFTER INSERT ON us_jobs BEGIN SELECT 1; END", read_only),
        ("CREATE INDEX i ON us_jobs (month)", read_only),
        ("DROP TABLE us_jobs", read_only),
        ("ALTER TABLE us_jobs RENAME TO x", read_only),
        ("REINDEX", "no question"),
        ("ANALYZE", read_only),
        ("VACUUM", "no question"),
        ("VACUUM INTO 'copy.sqlite'", "no question"),
        ("ATTACH 'other.sqlite' AS other", "ATTACH and DETACH are not allowed"),
        ("DETACH main", "ATTACH and DETACH are not allowed"),
        ("PRAGMA query_only = 0", "PRAGMA query_only is not allowed"),
        ("PRAGMA table_info(us_jobs)", "PRAGMA table_info is not allowed"),
        ("SELECT * FROM pragma_table_info('us_jobs')", "table pragma_table_info cannot be read"),
        ("SELECT count(*) FROM pragma_database_list", "not allowed"),
        ("BEGIN", "transactions are not allowed"),
        ("COMMIT", "transactions are not allowed"),
        ("SAVEPOINT s", "transactions are not allowed"),
        ("EXPLAIN SELECT 1", "no question"),
        ("EXPLAIN QUERY PLAN SELECT * FROM us_jobs", "no question"),
        ("SELECT load_extension('evil')", "load_extension"),
        ("SELECT name FROM sqlite_schema", "table sqlite_master cannot be read; there are: sectors, us_jobs"),
        ("SELECT * FROM sqlite_temp_schema", "cannot be read"),
    ];
    for (statement, says) in cases {
        let message = refused(jobs.ask(question(statement, &[])).await);
        assert!(message.contains(says), "{statement}: {message:?} does not say {says:?}");
    }
    let rows = jobs.ask(question("SELECT count(*) FROM us_jobs", &[])).await.unwrap().rows;
    assert_eq!(rows, [[Cell::Long(4)]], "nothing has changed");
}

/// An answer must be the same every time: no clock, no chance, nothing of the connection.
#[tokio::test]
async fn only_pure_functions() {
    let jobs = jobs();
    let cases = [
        ("random()", "function random is not allowed: an answer must be the same every time"),
        ("randomblob(9)", "function randomblob"),
        ("date('now')", "function date is not allowed: it can read the clock"),
        ("strftime('%Y', month)", "use substr"),
        ("julianday()", "function julianday"),
        ("CURRENT_TIMESTAMP", "function current_timestamp"),
        ("current_date", "function current_date"),
        ("last_insert_rowid()", "function last_insert_rowid"),
        ("total_changes()", "function total_changes"),
        ("sqlite_version()", "function sqlite_version"),
        ("zeroblob(9)", "function zeroblob"),
    ];
    for (expression, says) in cases {
        let statement = format!("SELECT {expression} FROM us_jobs");
        let message = refused(jobs.ask(question(&statement, &[])).await);
        assert!(message.contains(says), "{statement}: {message:?} does not say {says:?}");
        // Neither does it help to hide it.
        let hidden = format!("SELECT month FROM us_jobs ORDER BY (SELECT {expression})");
        refused(jobs.ask(question(&hidden, &[])).await);
    }
}

/// What there is not is told with SQLite's words, what there is, and what was probably meant.
#[tokio::test]
async fn errors_name_what_there_is() {
    let jobs = jobs();
    let there = "there are: sectors(sector, goods); us_jobs(month, sector, jobs)";
    let cases: [(&str, &[&str]); 7] = [
        ("SELECT * FROM us_job", &["no such table: us_job; did you mean us_jobs?", there]),
        ("SELECT * FROM payments", &["SQLite says: no such table: payments; there are:", there]),
        ("SELECT sectr FROM us_jobs", &["no such column: sectr; did you mean sector?", there]),
        ("SELECT j.mont FROM us_jobs j", &["no such column: j.mont; did you mean month?", there]),
        ("SELEC 1", &["near \"SELEC\": syntax error", there]),
        ("SELECT nosuch(1)", &["no such function: nosuch"]),
        ("SELECT abs(1, 2)", &["wrong number of arguments to function abs()"]),
    ];
    for (statement, says) in cases {
        let message = refused(jobs.ask(question(statement, &[])).await);
        for says in says {
            assert!(message.contains(says), "{statement}: {message:?} does not say {says:?}");
        }
    }
}

/// One statement, of some length, with as many parameters as it has places; whole rows of text.
#[tokio::test]
async fn questions_have_a_form() {
    let jobs = jobs();
    let check = async |query: SqlQuery, says: &str| {
        let message = refused(jobs.ask(query.clone()).await);
        assert!(message.contains(says), "{query:?}: {message:?} does not say {says:?}");
    };
    let plain = |statement: &str| question(statement, &[]);
    for empty in ["", "   ", "-- nothing", ";", "/* nothing"] {
        check(plain(empty), "the statement is empty").await;
    }
    for two in
        ["SELECT 1; SELECT 2", "SELECT 1; DROP TABLE us_jobs", "SELECT 1; nonsense", "SELECT 1;; SELECT 2;"]
    {
        check(plain(two), "more than one statement").await;
    }
    check(plain(&format!("SELECT '{}'", "x".repeat(STATEMENT_BYTES_MAX))), "at most 16384 are allowed").await;
    check(plain("SELECT '\0'"), "SQLite says").await;
    check(plain("SELECT ?"), "the statement has 1 parameters, 0 are given").await;
    check(plain("SELECT ?3"), "the statement has 3 parameters, 0 are given").await;
    check(question("SELECT 1", &[Cell::Null]), "the statement has 0 parameters, 1 are given").await;
    check(question("SELECT ?", &vec![Cell::Null; PARAMETERS_MAX + 1]), "at most 100 are allowed").await;
    for rows_max in [0, -1, 1_001, i32::MAX] {
        check(SqlQuery { rows_max, ..plain("SELECT 1") }, "1 to 1000 are allowed").await;
    }
    check(plain("SELECT x'00ff' AS b"), "column b holds bytes; use hex(b)").await;
    check(plain("SELECT CAST(x'ff' AS TEXT) AS t"), "column t holds text that is not UTF-8").await;
}
