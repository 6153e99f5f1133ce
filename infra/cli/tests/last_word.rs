//! No command that runs tasks ends without a word: whatever ends it, a table or an error is its last act.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test what fails must fail the test")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Within which time anything that must happen has happened, on a busy machine too.
const SETTLE: Duration = Duration::from_secs(60);

fn demo(out: &Path, model: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tributary"));
    command.args(["demo", "--model", model, "--log", "off", "--out"]).arg(out);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn terminate(child: &Child) {
    assert!(Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().unwrap().success());
}

/// Asked to stop once, it shows what there is and says that it stopped; asked again and again, it says that it did
/// not drain. Both with log lines off.
#[test]
fn stopped_with_a_word() {
    let check = |is_impatient: bool, code: i32, says: &str| {
        let house = tempfile::tempdir().unwrap();
        // A model that takes a request and says nothing.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut child =
            demo(house.path(), &format!("openai:http://{}/v1#silent", silent.local_addr().unwrap()));
        // Its first call says that it runs.
        drop(silent.accept().unwrap());
        let deadline = Instant::now() + SETTLE;
        terminate(&child);
        while child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it does not stop");
            if is_impatient {
                terminate(&child);
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = said.trim_end().lines().last().unwrap_or_default();
        assert!(output.status.code() == Some(code) && last.contains(says), "{}: {said}", output.status);
        let table = String::from_utf8_lossy(&output.stdout).contains("of 8 tasks in");
        assert_eq!(table, !is_impatient, "the table comes if there is time for it");
    };
    check(false, 1, "of 8 tasks done");
    check(true, 130, "told twice to stop");
}

/// What cannot be begun says why, and removes nothing.
#[test]
fn refused_with_a_word() {
    let house = tempfile::tempdir().unwrap();
    let output = demo(house.path(), "scripted:/nowhere.json").wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("/nowhere.json"), "{said}");
    assert!(!house.path().join("node").exists(), "nothing was made");
}

/// A node that cannot begin says why at once: nobody waits for results that never come. What a run would fail over
/// is found by the check, too; and a folder of one team does not tell another that nothing is there.
#[test]
fn mistaken_with_a_word() {
    let house = tempfile::tempdir().unwrap();
    let tributary = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tributary"));
        command.args(arguments).current_dir(house.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let deadline = Instant::now() + SETTLE;
        while child.try_wait().unwrap().is_none() {
            if Instant::now() >= deadline {
                child.kill().unwrap();
                panic!("{arguments:?} does not end");
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(tributary(&["new", "mine"]).0, Some(0));
    assert_eq!(tributary(&["team", "check", "mine"]).0, Some(0));
    assert_eq!((tributary(&["run", "mine"]).0, tributary(&["new", "other"]).0), (Some(0), Some(0)));
    let (code, said) = tributary(&["tasks", "--data", "out/node/mine", "--team", "other"]);
    assert!(code == Some(1) && said.contains("holds team mine, not other"), "{said}");
    let manifest = house.path().join("mine/team.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, format!("{text}\n[tools.sales]\nkind = \"sql\"\nfile = \"sales.csv\"\n"))
        .unwrap();
    std::fs::write(house.path().join("mine/sales.csv"), "product,units\nlamp,7\nchair,8\n".repeat(100))
        .unwrap();
    for arguments in [&["team", "check", "mine"][..], &["run", "mine"]] {
        let (code, said) = tributary(arguments);
        assert!(
            code == Some(1) && said.contains("sales.csv") && said.contains("tables"),
            "{arguments:?}: {said}"
        );
    }
}
