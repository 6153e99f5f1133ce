//! The register is whole, README.md tells what it says, and a build with optimisation has no guard to take away.

use std::path::Path;
use std::process::Command;

use super::*;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Every guard of the code belongs to one claim, every claim has tests.
#[test]
fn is_whole() {
    let register = Register::read(REGISTER).unwrap();
    assert!(register.numbered().count() >= 15);
}

/// What a register may lack is said.
#[test]
fn says_what_is_missing() {
    let check = |from: &str, to: &str, words: &str| {
        let changed = REGISTER.replacen(from, to, 1);
        assert_ne!(changed, REGISTER, "{from:?} stands in the register");
        let error = format!("{:#}", Register::read(&changed).unwrap_err());
        assert!(error.contains(words), "{error}");
    };
    check("name = \"epoch-decides\"", "name = \"epoch-decide\"", "guard epoch-decide is none of the code's");
    check("name = \"epoch-decides\"", "name = \"every-step-writes\"", "is named twice");
    check("agents-work lib tests::beginnings::a_task_begins_once", "agents-work", "names no test");
    check("says = ", "said = ", "said");
}

/// Guards are chosen by their names, all if none is said; a name that none has is refused before anything runs.
#[test]
fn chooses_by_name() {
    let register = Register::read(REGISTER).unwrap();
    let check = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let chosen = register.chosen(&names).map_err(|error| error.to_string())?;
        Ok::<_, String>(chosen.into_iter().map(|guard| guard.name.clone()).collect::<Vec<_>>())
    };
    assert_eq!(check(&[]).unwrap().len(), Guard::ALL.len());
    assert_eq!(check(&["epoch-decides", "dead-letters"]).unwrap(), ["epoch-decides", "dead-letters"]);
    let error = check(&["epoch-decides", "epoch-decide"]).unwrap_err();
    assert!(error.starts_with("no guard is called epoch-decide:"), "{error}");
}

/// The table in README.md is the register's.
#[test]
fn readme_has_the_table() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once(MARKS.0).expect("the table's first mark");
    let (table, _) = rest.split_once(MARKS.1).expect("the table's last mark");
    let drawn = Register::read(REGISTER).unwrap().table();
    assert_eq!(table.trim(), drawn.trim(), "draw it again: scripts/claims --table");
}

/// With optimisation the variable takes nothing away, and is not even looked up.
#[test]
fn a_release_has_no_guard_to_take_away() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program.rs");
    let source = "fn main() { assert!(guard::stands(guard::Guard::EpochDecides)); }";
    std::fs::write(&program, source).unwrap();
    let crate_source = root().join("topics/guard/src/lib.rs");
    let build = |optimised: &[&str]| {
        let rustc = || {
            let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
            rustc.args(["--edition", "2024"]).args(optimised).current_dir(folder.path());
            rustc
        };
        let lib = rustc().args(["--crate-type", "rlib", "--crate-name", "guard"]).arg(&crate_source).status();
        assert!(lib.unwrap().success());
        let bin = rustc().args(["--extern", "guard=libguard.rlib", "-o", "program"]).arg(&program).status();
        assert!(bin.unwrap().success());
        let built = folder.path().join("program");
        let bytes = std::fs::read(&built).unwrap();
        let has_name = bytes.windows(23).any(|part| part == b"TRIBUTARY_WITHOUT_GUARD");
        let stands = |name: &str| {
            let ran = Command::new(&built).env("TRIBUTARY_WITHOUT_GUARD", name).output().unwrap();
            let said = String::from_utf8(ran.stderr).unwrap();
            (ran.status.success(), said.lines().next().unwrap_or_default().to_owned())
        };
        (stands("epoch-decides"), stands("epoch-decide"), has_name)
    };
    let said = |is_there: bool, words: &str| (is_there, words.to_owned());
    assert_eq!(build(&["-O"]), (said(true, ""), said(true, ""), false), "a release");
    let gone = said(false, "this process runs without the guard epoch-decides");
    // A name that none has takes none away, and ends nobody's process.
    let none = said(true, "all guards stand: TRIBUTARY_WITHOUT_GUARD=epoch-decide names none of them");
    assert_eq!(build(&[]), (gone, none, true), "a build for tests");
}
