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
        let mut run = Command::new(&built);
        let ran = run.env("TRIBUTARY_WITHOUT_GUARD", "epoch-decides").output().unwrap();
        (ran.status.success(), has_name)
    };
    assert_eq!(build(&["-O"]), (true, false), "a release");
    assert_eq!(build(&[]), (false, true), "a build for tests");
}
