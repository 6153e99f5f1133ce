//! Which run goes on, which begins anew, which is refused; and what is left of a folder.

use std::fs;
use std::path::Path;

use agents_agent::{Agent, Effects, Event, Fault};
use infra_node::{Config, Hold, Team};
use schemas_records::{Stateless, Text};

use super::*;

struct Mute(&'static str);

impl Agent for Mute {
    type Input = Text;
    type State = Stateless;

    fn step(&self, _: Event<Text>, _: &mut Stateless, _: &mut Effects) -> Result<(), Fault> {
        Ok(())
    }

    fn configuration(&self) -> String {
        self.0.to_owned()
    }
}

fn team(prompt: &'static str) -> Team {
    Team::new("team").agent("mute", Mute(prompt))
}

fn tasks(texts: &[&str]) -> Vec<Task> {
    crate::submit::parse("t", &texts.join("\n"))
}

fn config() -> Config {
    Config::read(None, [], &[]).unwrap()
}

/// Begins a run, or says why not. `is_fresh` as if `--fresh` had been said.
fn begin(
    out: &Path,
    is_fresh: bool,
    prompt: &'static str,
    texts: &[&str],
) -> Result<(Hold, Running), String> {
    let show = Show { out: out.to_owned(), fresh: is_fresh, yes: false };
    let kept = choose(&mut config(), &show, (&team(prompt), None), &tasks(texts));
    kept.and_then(|kept| kept.unwrap().begin()).map_err(|error| format!("{error:#}"))
}

/// Stands for the store's rows: a file in their folder, and whether it is there still.
fn rows(out: &Path) -> std::path::PathBuf {
    out.join("node/team/rows/table")
}

fn write_rows(out: &Path) {
    fs::create_dir_all(rows(out).parent().unwrap()).unwrap();
    fs::write(rows(out), "rows").unwrap();
}

/// Shows that an interrupted run goes on with the same tasks and team only, and that it is kept when it does not.
#[test]
fn the_same_goes_on() {
    let check = |is_fresh: bool, prompt: &'static str, texts: &[&str], expected: Result<bool, &str>| {
        let house = tempfile::tempdir().unwrap();
        let out = house.path();
        drop(begin(out, false, "be brief", &["1", "2"]).unwrap());
        write_rows(out);
        match (begin(out, is_fresh, prompt, texts).map(drop), expected) {
            (Ok(()), Ok(is_kept)) => assert_eq!(rows(out).exists(), is_kept, "{prompt} {texts:?}"),
            (Err(error), Err(says)) => {
                assert!(error.contains(says) && error.contains("--fresh"), "{error}");
                assert!(rows(out).exists(), "what is refused is kept");
            }
            (found, _) => panic!("{prompt} {texts:?}: {found:?}"),
        }
    };
    check(false, "be brief", &["1", "2"], Ok(true));
    check(false, "be brief", &["1", "3"], Err("the tasks have changed (there were 2, now 2)"));
    check(false, "be brief", &["1"], Err("the tasks have changed (there were 2, now 1)"));
    check(false, "be long", &["1", "2"], Err("the team has changed"));
    check(false, "be long", &["1"], Err("the team has changed (agents, prompts or schemas) and the tasks"));
    check(true, "be brief", &["1", "2"], Ok(false));
    check(true, "be long", &["3"], Ok(false));
}

/// Shows that a run that is done begins anew with whatever comes, and that it stands until the next one begins.
#[test]
fn what_is_done_begins_anew() {
    let house = tempfile::tempdir().unwrap();
    let out = house.path();
    let (hold, running) = begin(out, false, "a", &["1"]).unwrap();
    write_rows(out);
    running.done().unwrap();
    drop(hold);
    let show = Show { out: out.to_owned(), fresh: false, yes: false };
    let kept = choose(&mut config(), &show, (&team("b"), None), &tasks(&["2"])).unwrap();
    assert!(rows(out).exists(), "chosen is not begun");
    let (hold, _) = kept.unwrap().begin().unwrap();
    assert!(!rows(out).exists() && !out.join("node/team/done").exists());
    drop(hold);
    begin(out, false, "b", &["2"]).unwrap();
}

/// Shows that a run killed before it wrote what it is of can begin, and that one with rows and without that cannot.
#[test]
fn killed_early() {
    let house = tempfile::tempdir().unwrap();
    let out = house.path();
    drop(Hold::take(&out.join("node/team")).unwrap());
    drop(begin(out, false, "a", &["1"]).unwrap());
    write_rows(out);
    fs::remove_file(out.join("node/team").join(ABOUT)).unwrap();
    assert!(begin(out, false, "a", &["1"]).map(drop).unwrap_err().contains("does not say what it is of"));
    fs::write(out.join("node/team").join(ABOUT), "{").unwrap();
    assert!(begin(out, false, "a", &["1"]).map(drop).unwrap_err().contains("--fresh"));
    begin(out, true, "a", &["1"]).unwrap();
}

/// Shows that nothing is removed that a run did not write, and that one that goes on is left alone.
#[test]
fn others_things_stay() {
    let house = tempfile::tempdir().unwrap();
    let out = house.path();
    let folder = out.join("node/team");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("thesis.tex"), "mine").unwrap();
    assert!(begin(out, true, "a", &["1"]).map(drop).unwrap_err().contains("holds no run of ours"));
    fs::remove_file(folder.join("thesis.tex")).unwrap();

    let held = begin(out, false, "a", &["1"]).unwrap();
    let error = begin(out, true, "a", &["1"]).map(drop).unwrap_err();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    drop(held);
    fs::write(folder.join("thesis.tex"), "mine").unwrap();
    write_rows(out);
    drop(begin(out, true, "a", &["1"]).unwrap());
    assert!(!rows(out).exists() && folder.join("thesis.tex").exists());
}

/// Shows that brokers or a folder of the user's own are none of this room's business.
#[test]
fn not_its_own() {
    for set in ["brokers=b:1", "data=/d"] {
        let mut config = Config::read(None, [], &[set.to_owned()]).unwrap();
        let show = Show { out: "out".into(), fresh: true, yes: false };
        assert!(choose(&mut config, &show, (&team("a"), None), &tasks(&["1"])).unwrap().is_none(), "{set}");
    }
}

/// Shows that a command which asks finds the one run that is there, with its team, and lists several.
#[test]
fn found_without_a_name() {
    let house = tempfile::tempdir().unwrap();
    let out = house.path();
    let ask = |own: &str| find(&mut config(), out, own).map_err(|error| error.to_string());
    assert!(ask("team").unwrap_err().contains("there is no run"));
    drop(begin(out, false, "a", &["1"]).unwrap());
    assert_eq!(ask("team"), Ok(Asked::Own));
    assert!(ask("another").unwrap_err().contains("this is a run of team \"team\""));
    let show = Show { out: out.to_owned(), fresh: false, yes: false };
    let mut config = config();
    let mine = Team::new("mine").agent("mute", Mute("a"));
    let kept = choose(&mut config, &show, (&mine, Some(house.path())), &tasks(&["1"])).unwrap();
    drop(kept.unwrap().begin().unwrap());
    let said = ask("team").unwrap_err();
    assert!(said.contains("node/mine") && said.contains("node/team"), "{said}");
    let folder = fs::canonicalize(house.path()).unwrap();
    assert_eq!(find(&mut config, out, "team").unwrap(), Asked::Folder(folder));
}
