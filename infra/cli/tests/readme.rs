//! The README says what the code does.

const README: &str = include_str!("../../../README.md");

/// The first screen's agent is the example, which is built and tested.
#[test]
fn first_screen_is_the_example() {
    let example = include_str!("../examples/haiku.rs");
    let (_, code) = example.split_once("\n\n").unwrap();
    assert!(README.contains(code), "README.md and infra/cli/examples/haiku.rs differ");
}

/// The lines that put a team through storms are a test, which runs with fewer seeds.
#[test]
fn storms_are_a_test() {
    let test = include_str!("../../../tests/simulation/tests/yours.rs");
    let (_, lines) = test.split_once("// --- The README's lines ---\n\n").unwrap();
    assert!(README.contains(&lines.replace(".test(50)", ".test(2_000)")), "README.md and yours.rs differ");
}

/// Every command of the command line that the README types exists.
#[test]
fn commands_exist() {
    let help = |arguments: &[&str]| {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_tributary")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let all = help(&["--help"]);
    for command in ["demo", "run", "node", "topics", "submit", "results"] {
        assert!(all.contains(command), "{command} is not in --help");
    }
    assert!(help(&["topics", "remove", "--help"]).contains("--yes"));
    assert!(README.contains("tributary topics remove --brokers HOST:PORT --namespace mine --yes"));
}

/// What the README types for a team of one's own does what it says, one line after the other in one folder.
#[test]
fn typed_lines_run() {
    let folder = tempfile::tempdir().unwrap();
    let check = |typed: &str, placeholder: (&str, &str), says: &str| {
        let is_there = README.lines().any(|line| line.split('#').next().unwrap_or_default().trim() == typed);
        assert!(is_there, "the README does not type {typed:?}");
        let typed = typed.replace(placeholder.0, placeholder.1);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tributary"));
        let output = command.args(typed.split(' ').skip(1)).current_dir(folder.path()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = text(&output.stdout);
        assert!(output.status.success() && said.contains(says), "{typed}: {said}{}", text(&output.stderr));
    };
    let as_typed = ("", "");
    check("tributary new myteam", as_typed, "holds a team of three agents");
    check("tributary run myteam", as_typed, "2 of 2 tasks");
    check("tributary team show myteam", as_typed, "planner");
    check("tributary trace briefing-01", ("briefing-01", "myteam-01"), "result after");
    check("tributary tasks", as_typed, "2 of 2 tasks");
    check("tributary dead-letters list", as_typed, "0 of 0 dead letters");
    check("tributary status --data DIR", ("DIR", "out/node/myteam"), "2 done");
}

/// The token that the README types is one that the door takes.
#[test]
fn typed_token_is_long_enough() {
    let typed =
        README.lines().filter_map(|line| line.split_once("TRIBUTARY_HTTP_TOKEN=")).map(|(_, value)| value);
    let mut count = 0;
    for value in typed {
        count += 1;
        let drawn = value.starts_with("$(openssl rand -hex ");
        assert!(drawn || value.split(' ').next().unwrap().len() >= 16, "{value:?} is too short");
    }
    assert!(count > 0, "the README names no token");
}
