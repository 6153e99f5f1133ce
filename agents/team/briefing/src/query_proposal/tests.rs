//! Queries that a model wrote: which are run, whose rows are used, and why the others are not.

use schemas_records::tool::Cell;

use super::*;
use crate::messages::tests::question;

fn said(text: &str) -> ModelAnswer {
    ModelAnswer { model: "m".to_owned(), ..ModelAnswer::of_text(text) }
}

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

#[test]
fn one_select_may_be_run() {
    // Shows: a SELECT, one with a WITH, in a fence and with a semicolon; words in quotes are data.
    let check = |text: &str, expected: &str| {
        let accepted = accept(&said(text)).unwrap();
        assert_eq!((accepted.statement.as_str(), accepted.author.as_str()), (expected, "m"));
        assert_eq!(request(&accepted).rows_max, 24);
    };
    check("SELECT 1", "SELECT 1");
    check("```sql\nselect sector,\n  month\nfrom employment;\n```", "select sector, month from employment");
    check("WITH a AS (SELECT 1) SELECT * FROM a ;; ", "WITH a AS (SELECT 1) SELECT * FROM a");
    check("SELECT 'drop; delete -- ?' AS a", "SELECT 'drop; delete -- ?' AS a");
}

#[test]
fn anything_else_is_refused_before_it_is_sent() {
    // Shows: what writes, tells SQLite what to do, is two, hides something, is no SQL, is empty, too long or cut.
    let check = |text: &str, says: &str| {
        let refused = accept(&said(text)).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused:?} does not say {says:?}");
    };
    check("DELETE FROM employment", "the word DELETE is not allowed");
    check("WITH a AS (SELECT 1) DELETE FROM employment", "the word DELETE");
    check("SELECT 1 UNION ALL UPDATE employment SET persons = 0", "the word UPDATE");
    check("PRAGMA writable_schema = 1", "the word PRAGMA");
    check("attach database '/tmp/x' as x", "the word ATTACH");
    check("SELECT load_extension('x')", "the word LOAD_EXTENSION");
    check("VACUUM INTO 'x'", "the word VACUUM");
    check("SELECT 1; SELECT 2", "more than one statement");
    check("SELECT 1; DROP TABLE employment", "more than one statement");
    check("SELECT 1 /* ' */ ; DROP TABLE employment --'", "it has comments");
    check("SELECT 1 -- DROP", "it has comments");
    check("SELECT persons FROM employment WHERE sector = ?", "it has parameters");
    check("EXPLAIN SELECT 1", "it begins with another word");
    check("VALUES (1)", "it begins with another word");
    check("The statement is: SELECT 1", "it begins with another word");
    check("SELECT\u{0}1", "control characters");
    check("", "it is empty");
    check("``````", "it is empty");
    check(&"SELECT 1 ".repeat(600_000), "it has 5400000 bytes");
    let cut = ModelAnswer { finish: Finish::Length, ..said("SELECT 1") };
    assert!(matches!(accept(&cut), Err(Refused::TooLong { found: 8 })));
}

fn table(rows: &[(&str, &str, i64)]) -> Table {
    let columns = ["sector", "month", "persons"].map(str::to_owned).to_vec();
    let text = |text: &str| Cell::Text(text.to_owned());
    let rows =
        rows.iter().map(|(sector, month, persons)| vec![text(sector), text(month), Cell::Long(*persons)]);
    Table { columns, rows: rows.collect(), is_cut: false }
}

#[test]
fn rows_are_claims_about_known_cells() {
    // Shows: known sectors, no later month, no cell twice, the sector that was asked about; else nothing of it is used.
    let sector = sectors::find("construction").unwrap();
    let check = |rows: &[(&str, &str, i64)], says: &str| {
        let refused = claimed(&table(rows), sector, month("2009-06")).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused:?} does not say {says:?}");
    };
    let good = ("construction", "2009-06", 6);
    assert_eq!(
        claimed(&table(&[good, ("retail_trade", "2008-06", 7)]), sector, month("2009-06")).unwrap().len(),
        2
    );
    check(&[], "it has no row of construction in 2009-06");
    check(&[("retail_trade", "2009-06", 7)], "it has no row of construction");
    check(&[good, ("astrology", "2009-06", 7)], "there is no sector \"astrology\"");
    check(&[good, ("agriculture", "2009-06", 7)], "there is no sector \"agriculture\"");
    check(&[good, ("retail_trade", "2009-07", 7)], "2009-07 is later than 2009-06");
    check(&[good, good], "construction in 2009-06 is there twice");
    let cut = Table { is_cut: true, ..table(&[good]) };
    assert!(claimed(&cut, sector, month("2009-06")).unwrap_err().to_string().contains("more than 1 rows"));
    let other = Table { columns: vec!["n".to_owned()], ..table(&[]) };
    assert!(claimed(&other, sector, month("2009-06")).unwrap_err().to_string().contains("its columns are n"));
}

#[test]
fn a_number_that_the_tables_do_not_hold_is_refused() {
    // Shows: equal claims pass; another number, or a cell that is not there, names itself.
    let level = |sector: &str, persons| Level { sector: sector.to_owned(), month: month("2009-06"), persons };
    let found = [level("construction", 6), level("retail_trade", 7)];
    assert_eq!(agree(&[level("retail_trade", 7)], &found), Ok(()));
    assert_eq!(agree(&[], &found), Ok(()));
    let says = |claim: Level| agree(&[claim], &found).unwrap_err().to_string();
    assert_eq!(
        says(level("construction", 9)),
        "it says 9 persons in construction in 2009-06, the tables say 6"
    );
    assert_eq!(
        says(level("government", 9)),
        "it says 9 persons in government in 2009-06, the tables say nothing"
    );
}

#[test]
fn the_prompt_names_what_there_is() {
    // Shows: the model is told tables, sectors, months and the question.
    let prompt = prompt(&question(), sectors::find("construction").unwrap());
    for word in
        ["employment(sector, month, persons)", "retail_trade", "2014-03, 2014-02 and 2013-03", "Should we?"]
    {
        assert!(prompt.user.contains(word), "{word}: {}", prompt.user);
    }
}
