//! The fixed queries against a real database, and answers that are not of their shape.

use agents_tools::{Database, SqlTool};

use super::*;
use crate::data::{EMPLOYMENT as JOBS, UNEMPLOYMENT as JOBLESS};
use crate::sectors::{SECTORS, find};

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

fn tool(data: &Data) -> SqlTool {
    let texts = tables::of(data);
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let codec = schemas_codec::Codec::new(schemas_codec::Registry::new().unwrap());
    SqlTool::new(TOOL, Database::of_csv(&texts).unwrap(), codec)
}

async fn asked(tool: &SqlTool, sector: &Sector, month: Month, others: &[Level]) -> Found {
    let mut found = Found::default();
    for query in fixed(sector, month, others) {
        let table = tool.ask(query.request()).await.unwrap();
        query.read(&table, &mut found).unwrap();
    }
    found
}

#[tokio::test]
async fn the_database_says_what_the_files_say() {
    // Shows: for every sector, in months before, in and after the data, the answers by SQL are those computed from the files.
    let data = Data::bundled().unwrap();
    let tool = tool(&data);
    let mut cells = 0;
    for sector in &SECTORS {
        let mut at = month("1999-11");
        while at < month("2016-04") {
            let found = asked(&tool, sector, at, &[]).await;
            assert_eq!(found, answered(&data, sector, at), "{} {at}", sector.id);
            cells += found.levels.len() + found.rates.len();
            at = at.plus(5);
        }
    }
    assert!(cells > 2_000, "{cells}");
}

#[tokio::test]
async fn a_swapped_figure_is_another_answer() {
    // Shows: another number in the file, an emptied cell, and the tables say which they are.
    let row = JOBS.lines().find(|line| line.starts_with("2009-06")).unwrap();
    let swapped = JOBS.replace(row, &row.replacen(",6010,", ",6011,", 1));
    assert_ne!(swapped, JOBS);
    let (one, other) = (Data::bundled().unwrap(), Data::read(&swapped, JOBLESS).unwrap());
    let sector = find("construction").unwrap();
    let (before, after) = (
        asked(&tool(&one), sector, month("2009-06"), &[]).await,
        asked(&tool(&other), sector, month("2009-06"), &[]).await,
    );
    assert_ne!(before.levels, after.levels);
    assert_ne!(before.tables, after.tables);
    assert_eq!(before.rates, after.rates);
    let emptied = Data::read(&JOBS.replace(row, &row.replacen(",6010,", ",,", 1)), JOBLESS).unwrap();
    let found = asked(&tool(&emptied), sector, month("2009-06"), &[]).await;
    assert_eq!(found.levels.len(), before.levels.len() - 1);
    assert_eq!(found, answered(&emptied, sector, month("2009-06")));
}

#[tokio::test]
async fn more_cells_are_asked_for_once() {
    // Shows: what a model looked at besides is asked of the same query, what is asked anyway not twice; names are bound, never pasted.
    let data = Data::bundled().unwrap();
    let sector = find("construction").unwrap();
    let level = |sector: &str, at: &str| Level { sector: sector.to_owned(), month: month(at), persons: 0 };
    let others = [
        level("retail_trade", "2009-06"),
        level("construction", "2009-06"),
        level("x' OR 1=1 --", "2009-06"),
    ];
    let query = &fixed(sector, month("2009-06"), &others)[0];
    assert_eq!(query.parameters.len(), 2 * 6);
    assert!(!query.statement.contains("OR 1=1") && query.statement.matches("(?, ?)").count() == 6);
    let found = asked(&tool(&data), sector, month("2009-06"), &others).await;
    assert_eq!(found.levels.len(), 5);
    assert!(found.levels.iter().any(|level| level.sector == "retail_trade" && level.persons > 14_000_000));
}

#[test]
fn an_answer_of_another_shape_is_not_read() {
    // Shows: other columns, a cut table, cells of another kind and months that are none are errors that say so.
    let query = &fixed(find("construction").unwrap(), month("2009-06"), &[])[0];
    let text = |text: &str| Cell::Text(text.to_owned());
    let good = vec![text("construction"), text("2009-06"), Cell::Long(6)];
    let check = |columns: &[&str], rows: Vec<Vec<Cell>>, is_cut: bool, says: &str| {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        let mut found = Found::default();
        let error = query.read(&Table { columns, rows, is_cut }, &mut found).unwrap_err();
        assert!(error.contains(says), "{error:?} does not say {says:?}");
        assert_eq!(found, Found::default());
    };
    let right = ["sector", "month", "persons"];
    check(&[], vec![], false, "its columns are none, not sector, month, persons");
    check(&["sector", "month"], vec![], false, "its columns are sector, month,");
    check(&right, vec![good.clone()], true, "more than 1 rows");
    check(&right, vec![good.clone(), vec![text("a"), text("2009-06"), Cell::Double(1.5)]], false, "row 2");
    check(&right, vec![vec![text("a"), text("June"), Cell::Long(1)]], false, "row 1");
    check(&right, vec![vec![text("a"), text("2009-06"), Cell::Null]], false, "row 1");
    check(&right, vec![vec![text("a"), text("2009-06")]], false, "row 1");
}
