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
    assert_eq!(config.kafka("b:1").unwrap().brokers, "b:1");
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
    check("", &["models="], "models is empty");
    check("", &["budget_calls=100001"], "at most 100000");
    check("", &["model=gpt"], "use scripted");
    check("", &["metrics=here"], "invalid socket address");
    check("", &["http=8080"], "invalid socket address");
    check("", &["http_open=perhaps"], "expected a boolean");
    check("", &["admin_port=70000"], "expected u16");
    check("", &["http_token_file="], "http_token_file is empty");
}

/// State beside a broker lies in the user's own folder, apart by namespace, unless something is said.
#[test]
fn state_beside_a_broker() {
    let check = |environment: &[(&str, &str)], sets: &[&str], expected: Option<&str>| {
        assert_eq!(
            read("", environment, sets).unwrap().data(),
            expected.map(Path::new),
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

/// Weights are a cache of the user's, unless a folder is named.
#[test]
fn where_models_lie() {
    let check = |environment: &[(&str, &str)], sets: &[&str], expected: Option<&str>| {
        assert_eq!(
            read("", environment, sets).unwrap().models.as_deref(),
            expected,
            "{environment:?} {sets:?}"
        );
    };
    let home = ("HOME", "/home/ann");
    check(&[], &[], None);
    check(&[home], &[], Some("/home/ann/.cache/tributary/models"));
    check(&[("XDG_CACHE_HOME", "/c"), home], &[], Some("/c/tributary/models"));
    check(&[("TRIBUTARY_MODELS", "7"), home], &[], Some("7"));
    check(&[("TRIBUTARY_MODELS", "/m"), home], &["models=/n"], Some("/n"));
}

/// Each way to name a model means what it says.
#[test]
fn models_by_name() {
    let check = |text: &str, expected: ModelChoice| {
        assert_eq!(read("", &[], &[&format!("model={text}")]).unwrap().model, expected, "{text}");
    };
    check("scripted", ModelChoice::Scripted);
    check("scripted:a.json", ModelChoice::Script { file: "a.json".into() });
    check("offline", ModelChoice::Offline);
    let (base_url, model) = ("http://127.0.0.1:1/v1".to_owned(), "small".to_owned());
    check("openai:http://127.0.0.1:1/v1#small", ModelChoice::OpenAi { base_url, model });
}

/// The HTTP doors: where, and who may come in; a token is never shown.
#[test]
fn doors_that_speak_http() {
    let outside = |environment: &[(&str, &str)], sets: &[&str]| {
        read("", environment, sets).map(|config| config.settings.outside)
    };
    let none = outside(&[], &[]).unwrap();
    assert_eq!((none.http, none.folder, none.admin_port, none.is_open), (None, None, 0, false));
    let sets = ["data=/d", "http=127.0.0.1:0", "http_open=true", "http_token_file=t", "admin_port=7"];
    let all = outside(&[("TRIBUTARY_HTTP_TOKEN", "0123456789abcdef")], &sets).unwrap();
    assert_eq!((all.folder, all.admin_port, all.is_open), (Some("/d".into()), 7, true));
    assert_eq!((all.token_file, all.tokens.len()), (Some("t".into()), 1));
    assert!(!format!("{:?}", all.tokens).contains("0123"));
    let error = outside(&[("TRIBUTARY_HTTP_TOKEN", "secret")], &[]).unwrap_err();
    assert!(error.contains("TRIBUTARY_HTTP_TOKEN") && !error.contains("secret"), "{error}");
}

/// A password for Kafka comes from a file or the environment and reaches librdkafka only; what names it on a
/// command line is refused without quoting it.
#[test]
fn passwords_for_kafka() {
    let environment = [("TRIBUTARY_KAFKA_PASSWORD", "hush")];
    let config = read("[kafka]\n\"sasl.username\" = \"ann\"", &environment, &[]).unwrap();
    assert!(!format!("{config:?}").contains("hush"));
    let kafka = config.kafka("b:1").unwrap();
    assert_eq!(kafka.properties.get("sasl.password").map(String::as_str), Some("hush"));
    assert!(!format!("{kafka:?}").contains("hush"));
    let told = read("", &[], &["kafka.sasl.password=hush"]).unwrap_err();
    assert!(told.contains("kafka_password_file") && !told.contains("hush"), "{told}");
    let config = read("kafka_password_file = \"/nowhere/at/all\"", &[], &[]).unwrap();
    let told = config.kafka("b:1").unwrap_err().to_string();
    assert!(told.contains("/nowhere/at/all") && told.contains("kafka_password_file"), "{told}");
}

/// A model behind a server may write plans and queries, small ones not; a word of one's own decides.
#[test]
fn who_may_write() {
    let check = |sets: &[&str], expected: bool| {
        assert_eq!(read("", &[], sets).unwrap().model_writes, expected, "{sets:?}");
    };
    check(&[], false);
    check(&["model=offline"], false);
    check(&["model=openai:http://127.0.0.1:1/v1#m"], true);
    check(&["model=openai:http://127.0.0.1:1/v1#m", "model_writes=false"], false);
    check(&["model_writes=true"], true);
}
