//! Later sources win over earlier ones, and what cannot be read is named.

use super::*;

fn read(file: &str, environment: &[(&str, &str)], sets: &[&str]) -> Result<Config, String> {
    let environment = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    Config::read(Some(file), environment, &sets).map_err(|error| error.to_string())
}

/// Defaults, then the file, then the environment, then `--set`.
#[test]
fn later_sources_win() {
    let file = "namespace = \"file\"\npartitions = 2\n[kafka]\n\"security.protocol\" = \"ssl\"";
    let config = read(file, &[], &[]).unwrap();
    assert_eq!((config.settings.namespace.as_str(), config.topics.partitions), ("file", 2));
    let environment =
        [("TRIBUTARY_NAMESPACE", "env"), ("TRIBUTARY_PARTITIONS", "3"), ("TRIBUTARY_TEST_BROKERS", "x")];
    let config = read(file, &environment, &[]).unwrap();
    assert_eq!((config.settings.namespace.as_str(), config.topics.partitions), ("env", 3));
    let sets = ["namespace=set", "roles=planner, intake", "kafka.client.rack=r1", "metrics=127.0.0.1:0"];
    let config = read(file, &environment, &sets).unwrap();
    assert_eq!(config.settings.namespace, "set");
    assert_eq!(config.settings.roles, ["planner", "intake"]);
    assert_eq!(config.kafka.len(), 2);
    assert_eq!(config.kafka("b:1").brokers, "b:1");
}

/// Each wrong value is named with what is allowed.
#[test]
fn wrong_values_are_named() {
    let check = |file: &str, sets: &[&str], expected: &str| {
        let error = read(file, &[], sets).unwrap_err();
        assert!(error.contains(expected), "{file} {sets:?}: {error}");
    };
    check("namespce = \"x\"", &[], "namespce");
    check("= 1", &[], "expected");
    check("", &["partitions=0"], "use 1 to 1000");
    check("", &["partitions=many"], "expected i32");
    check("", &["partitions"], "is not key=value");
    check("", &["data="], "data is empty");
    check("", &["budget_calls=100001"], "at most 100000");
    check("", &["model=gpt"], "use scripted");
    check("", &["metrics=here"], "invalid socket address");
}

/// State beside a broker lies in the user's own folder, apart by namespace, unless something is said.
#[test]
fn state_beside_a_broker() {
    let check = |environment: &[(&str, &str)], sets: &[&str], expected: Option<&str>| {
        assert_eq!(
            read("", environment, sets).unwrap().data.as_deref(),
            expected,
            "{environment:?} {sets:?}"
        );
    };
    let home = [("HOME", "/home/ann")];
    check(&home, &[], None);
    check(&home, &["brokers=b:1", "namespace=x"], Some("/home/ann/.local/state/tributary/nodes/x"));
    check(&[("XDG_STATE_HOME", "/s"), home[0]], &["brokers=b:1"], Some("/s/tributary/nodes/tributary"));
    check(&home, &["brokers=b:1", "data=/d"], Some("/d"));
    check(&[], &["brokers=b:1"], None);
}
