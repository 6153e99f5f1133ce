//! Tables as files: what becomes of their columns, and what is wrong with those that cannot be used.

use std::fs;
use std::path::Path;

use super::{Database, folder, question, tool};

/// Types follow from content, whole columns at a time.
#[tokio::test]
async fn types_follow_from_content() {
    let tool = tool(&[
        (
            "a-b.csv",
            "\u{feff}whole,real,text,code,empty,\"two words\"\n1,1,1,007,,x\n-2,2.5,b,010,,\"a,\"\"b\"\"\"\n,1e3,,,,\n",
        ),
        ("c.json", r#"[{"n": 1, "x": 1, "t": "a"}, {"n": null, "x": 2.5, "b": false}]"#),
        ("none.json", "[{\"a\": null}]"),
        ("notes.md", "not a table"),
    ]);
    let shapes: Vec<String> = tool
        .tables()
        .iter()
        .map(|table| {
            let columns: Vec<String> =
                table.columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
            format!("{}({})", table.name, columns.join(", "))
        })
        .collect();
    assert_eq!(
        shapes,
        [
            "a_b(whole INTEGER, real REAL, text TEXT, code TEXT, empty TEXT, two words TEXT)",
            "c(n INTEGER, x REAL, t TEXT, b INTEGER)",
            "none(a TEXT)",
        ]
    );
    let words = "SELECT \"two words\" FROM a_b WHERE code = '010'";
    let table = tool.ask(question(words, &[])).await.unwrap();
    assert_eq!(table.rows, [[schemas_records::tool::Cell::Text("a,\"b\"".into())]]);
}

/// What cannot be a table is named with its file, the place and what is allowed.
#[test]
fn bad_tables_are_named() {
    let check = |name: &str, bytes: &[u8], says: &str| {
        let folder = folder(&[]);
        fs::write(folder.path().join(name), bytes).unwrap();
        let error = Database::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(says), "{error:?} does not say {says:?}");
    };
    check("a.csv", b"", "it has 0 columns");
    check("a.csv", b"a,b\n1\n", "found record with 1 fields");
    check("a.csv", b"a,A\n1,2\n", "column \"A\" is there twice");
    check("a.csv", b"a,\n1,2\n", "column 2 is called \"\"");
    check("a.csv", b"a, b\n1,2\n", "column 2 is called \" b\"");
    check("a.csv", b"a,\"b\"\"\"\n1,2\n", "no quote");
    check("a.csv", b"a\n\xff\n", "not UTF-8");
    check("A.csv", b"a\n1\n", "\"A\" is no name of a table");
    check("1.csv", b"a\n1\n", "no name of a table");
    check("sqlite_x.csv", b"a\n1\n", "no name of a table");
    check("drop table.csv", b"a\n1\n", "no name of a table");
    check("a.json", b"{}", "no array of objects");
    check("a.json", b"[1]", "no array of objects");
    check("a.json", b"[{\"a\": 1}", "no array of objects");
    check("a.json", b"[]", "it has 0 columns");
    check("a.json", b"[{\"a\": [1]}]", "row 1, column \"a\": a list or an object");
    check("a.json", b"[{\"a\": 1}, {\"a\": \"b\"}]", "row 2, column \"a\": text and numbers");
    let wide = format!("{}\n", (0..300).map(|number| format!("c{number}")).collect::<Vec<_>>().join(","));
    check("a.csv", wide.as_bytes(), "it has 300 columns");
}

/// Two files of one name, too many files, no folder, no database.
#[test]
fn bad_folders_are_named() {
    let twins = folder(&[("a-b.csv", "a\n1\n"), ("a_b.json", "[{\"a\": 1}]")]);
    let error = Database::load(twins.path()).unwrap_err().to_string();
    assert!(error.contains("is table a_b too"), "{error}");

    let names: Vec<String> = (0..65).map(|number| format!("t{number}.csv")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "a\n1\n")).collect();
    let error = Database::load(folder(&files).path()).unwrap_err().to_string();
    assert!(error.contains("one table too many, 64 are allowed"), "{error}");

    let error = Database::load(Path::new("no/such/folder")).unwrap_err().to_string();
    assert!(error.contains("could not read no/such/folder"), "{error}");
    let error = Database::open(Path::new("no/such.sqlite")).unwrap_err().to_string();
    assert!(error.contains("could not read no/such.sqlite"), "{error}");
    let none =
        folder(&[("a.sqlite", "this is not a database, but it is long enough to be taken for one at first")]);
    let error = Database::open(&none.path().join("a.sqlite")).unwrap_err().to_string();
    assert!(error.contains("not a database"), "{error}");
}

/// Tables from texts: the file is the texts' alone, byte for byte, whoever makes it; what is wrong is named.
#[tokio::test]
async fn texts_are_tables_too() {
    let texts = [("jobs", "sector,persons\nmining,656\nretail,\n"), ("about", "version\nx1\n")];
    let database = Database::of_csv(&texts).unwrap();
    assert_eq!(database.bytes().unwrap(), Database::of_csv(&texts).unwrap().bytes().unwrap());
    let other = Database::of_csv(&[("jobs", "sector,persons\nmining,657\n")]).unwrap();
    assert_ne!(database.bytes().unwrap(), other.bytes().unwrap());
    // A clone keeps the file.
    let clone = database.clone();
    drop(database);
    let codec = schemas_codec::Codec::new(schemas_codec::Registry::new().unwrap());
    let tool = super::SqlTool::new("tables", clone, codec);
    let table = tool.ask(question("SELECT persons FROM jobs ORDER BY sector", &[])).await.unwrap();
    assert_eq!(table.rows, [[schemas_records::tool::Cell::Long(656)], [schemas_records::tool::Cell::Null]]);

    let check = |texts: &[(&str, &str)], says: &str| {
        let error = Database::of_csv(texts).unwrap_err().to_string();
        assert!(error.contains(says), "{error:?} does not say {says:?}");
    };
    check(&[("Jobs", "a\n1\n")], "\"Jobs\" is no name of a table");
    check(&[("jobs", "a,b\n1\n")], "jobs.csv");
    check(&[("jobs", "a\n1\n"), ("jobs", "a\n1\n")], "already exists");
}

/// A folder without tables is a database without tables.
#[tokio::test]
async fn no_tables() {
    let tool = tool(&[]);
    assert!(tool.tables().is_empty());
    let message = super::refused(tool.ask(question("SELECT * FROM a", &[])).await);
    assert!(message.contains("there are no tables"), "{message}");
}
