//! The README says what the code does.

const README: &str = include_str!("../../../README.md");

/// The first screen's agent is the example, which is built and tested.
#[test]
fn first_screen_is_the_example() {
    let example = include_str!("../examples/haiku.rs");
    let (_, code) = example.split_once("\n\n").unwrap();
    assert!(README.contains(code), "README.md and infra/cli/examples/haiku.rs differ");
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
