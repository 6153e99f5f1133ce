//! Bases of a few texts: what is found, in which order, and what cannot be a base or a query.

use std::fs;
use std::path::Path;

use schemas_records::tool::KnowledgeQuery;
use tempfile::TempDir;

use super::{Base, DOCUMENT_BYTES_MAX, QUERY_BYTES_MAX, TOP_MAX};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

const LAW: [(&str, &str); 4] = [
    (
        "notice.md",
        "Article: Notice Act 4\n# Notice\n\nNotice is given in writing, four weeks before.\n\n## Exceptions\n\nNone for apprentices.",
    ),
    ("pay/minimum.md", "# Minimum pay\n\nNobody is paid less than the minimum wage, apprentices neither."),
    ("pay/overtime.txt", "Overtime is paid with a quarter more. Notices about overtime hang at the door."),
    ("pay/list.csv", "left,alone"),
];

fn law() -> Base {
    Base::load("law", folder(&LAW).path()).unwrap()
}

fn query(text: &str, top: i32) -> KnowledgeQuery {
    KnowledgeQuery { base: "law".into(), text: text.into(), top }
}

fn ids(base: &Base, text: &str, top: i32) -> Vec<String> {
    base.ask(&query(text, top)).unwrap().passages.into_iter().map(|passage| passage.id).collect()
}

/// What fits best comes first, whatever its form and case; what holds none of the words does not come.
#[test]
fn finds_by_words() {
    let law = law();
    let check = |text: &str, expected: &[&str]| assert_eq!(ids(&law, text, 10), expected, "{text}");
    check("WRITING", &["notice.md#0001"]);
    check("minimum wages", &["pay/minimum.md#0001"]);
    check("is overtime paid?", &["pay/overtime.txt#0001", "pay/minimum.md#0001", "notice.md#0001"]);
    check("apprentice exceptions", &["notice.md#0002", "pay/minimum.md#0001"]);
    check("dividends", &[]);
    // No syntax: what a query language would take for orders are words.
    check("title:writing AND -\"overtime", &["pay/overtime.txt#0001", "notice.md#0001"]);

    let passages = law.ask(&query("written notice", 1)).unwrap().passages;
    let first = &passages[0];
    assert_eq!((passages.len(), first.source.as_str(), first.title.as_str()), (1, "Notice Act 4", "Notice"));
    assert_eq!(first.text, "Notice is given in writing, four weeks before.");
    assert!(first.score > 0.0);
}

/// The same base and query give the same passages, however many are wanted and however often it is loaded;
/// equal scores are in the order of ids.
#[test]
fn the_order_is_total() {
    let twins: Vec<(String, String)> = (0..30)
        .map(|number| (format!("{:02}.md", 29 - number), "the same words in each".to_owned()))
        .collect();
    let twins: Vec<(&str, &str)> = twins.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let twins = Base::load("law", folder(&twins).path()).unwrap();
    let expected: Vec<String> = (0..20).map(|number| format!("{number:02}.md#0001")).collect();
    assert_eq!(ids(&twins, "same words", 20), expected);

    let law = law();
    let all = law.ask(&query("paid notice overtime apprentices", TOP_MAX)).unwrap();
    assert!(all.passages.len() > 3);
    for (load, top) in [(false, 1), (false, 2), (true, 3), (true, TOP_MAX)] {
        let other = if load { self::law() } else { Base::load("law", folder(&LAW).path()).unwrap() };
        let some = other.ask(&query("paid notice overtime apprentices", top)).unwrap().passages;
        let wanted = usize::try_from(top).unwrap().min(all.passages.len());
        assert_eq!(some, all.passages[..wanted], "{top}");
    }
}

/// A query has words, a length and a number.
#[test]
fn queries_have_bounds() {
    let law = law();
    let check = |text: &str, top: i32, says: &str| {
        let error = law.ask(&query(text, top)).unwrap_err().to_string();
        assert!(error.contains(says), "{error:?} does not say {says:?}");
    };
    check("", 3, "has no words");
    check(" \n\t", 3, "has no words");
    check("?! ... ---", 3, "has no words");
    check(&"x".repeat(100), 3, "has no words");
    check(&"a ".repeat(QUERY_BYTES_MAX), 3, "at most 4096 are allowed");
    check("notice", 0, "top is 0, 1 to 20 are allowed");
    check("notice", -1, "top is -1");
    check("notice", 21, "top is 21");
    // As many words as fit are as good as any.
    assert!(law.ask(&query(&(0..1_000).map(|n| format!("w{n} ")).collect::<String>()[..4_000], 1)).is_ok());
}

/// A folder that cannot be a base is named, with what is wrong.
#[test]
fn bad_bases_are_named() {
    let check = |folder: &Path, says: &[&str]| {
        let Err(error) = Base::load("law", folder) else { panic!("{says:?} was loaded") };
        let error = error.to_string();
        for says in says.iter().chain(&["knowledge \"law\""]) {
            assert!(error.contains(says), "{error:?} does not say {says:?}");
        }
    };
    check(Path::new("no/such/folder"), &["could not read no/such/folder"]);
    check(folder(&[("notes.pdf", "x")]).path(), &["it holds no document; put .md or .txt files there"]);
    check(folder(&[("a.md", "x"), ("b.md", "# Only a title")]).path(), &["b.md", "holds no text"]);
    let binary = folder(&[("a.md", "x")]);
    fs::write(binary.path().join("b.txt"), b"good\xff\xfe").unwrap();
    check(binary.path(), &["b.txt", "it is not UTF-8 at byte 4"]);
    let huge = "x".repeat(usize::try_from(DOCUMENT_BYTES_MAX).unwrap() + 1);
    check(folder(&[("huge.md", &huge)]).path(), &["huge.md", "1048577 bytes, at most 1048576 are allowed"]);
    let long = format!("{}/{}.md", "d".repeat(200), "f".repeat(240));
    check(folder(&[(&long, "x")]).path(), &["at most 400 are allowed"]);
    check(folder(&[("1/2/3/4/5/6/7/8/9/a.md", "x")]).path(), &["more than 8 folders deep"]);
}

/// A folder that is a file is none.
#[test]
fn a_file_is_no_folder() {
    let folder = folder(&[("a.md", "x")]);
    let Err(error) = Base::load("law", &folder.path().join("a.md")) else { panic!("a file was loaded") };
    assert!(error.to_string().contains("could not read"), "{error}");
}

/// Texts that a program brings are a base like a folder's: the same passages for the same words, whatever
/// their order; and the same things are wrong with them.
#[test]
fn texts_are_a_base_too() {
    let given: Vec<(&str, &str)> =
        LAW.iter().filter(|(name, _)| !name.ends_with(".csv")).rev().copied().collect();
    let (folder, texts) = (law(), Base::of_texts("law", &given).unwrap());
    assert_eq!(folder.passages(), texts.passages());
    for text in ["minimum wages", "is overtime paid?", "apprentice exceptions", "dividends"] {
        assert_eq!(folder.ask(&query(text, 10)), texts.ask(&query(text, 10)), "{text}");
    }
    let check = |texts: &[(&str, &str)], says: &str| {
        let error = Base::of_texts("law", texts).err().unwrap().to_string();
        assert!(error.contains(says), "{error:?} does not say {says:?}");
    };
    check(&[], "it holds no document");
    check(&[("a.md", " \n")], "a.md: it holds no text");
    check(&[("a.md", "b"), ("a.md", "c")], "it is there twice");
    let long = "x ".repeat(600_000);
    check(&[("a.md", &long)], "at most 1048576 are allowed");
}
