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

/// Every key but the table may stand in the environment, whatever its value looks like; a team's limits count
/// where nothing was said, also where what was said is the default.
#[test]
fn keys_as_text() {
    assert!(keys::names().count() > 20 && keys::names().all(|name| name != keys::TABLE));
    let config =
        read("", &[("TRIBUTARY_KAFKA", "x"), ("TRIBUTARY_NAMESPACE", "7")], &["instance=true"]).unwrap();
    assert_eq!((config.settings.namespace.as_str(), config.settings.instance.as_str()), ("7", "true"));
    assert_eq!(read("", &[("TRIBUTARY_ROLES", "")], &[]).unwrap().settings.roles, [""; 0]);
    let check = |sets: &[&str], seconds: u64, calls: u32| {
        let mut config = read("", &[], sets).unwrap();
        config.limit(Some(Duration::from_secs(9)), Some(5));
        assert_eq!(
            (config.settings.deadline.as_secs(), config.settings.budget_calls),
            (seconds, calls),
            "{sets:?}"
        );
    };
    let usual = Settings::default();
    check(&[], 9, 5);
    check(&["deadline_seconds=3600"], usual.deadline.as_secs(), 5);
    check(&["budget_calls=32"], 9, usual.budget_calls);
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
    let token = ("TRIBUTARY_HTTP_TOKEN", "0123456789abcdef");
    let one = outside(&[token], &["data=/d", "http=127.0.0.1:0", "admin_port=7"]).unwrap();
    assert_eq!((one.folder, one.admin_port, one.tokens.len()), (Some("/d".into()), 7, 1));
    assert!(!format!("{:?}", one.tokens).contains("0123"));
    let one = outside(&[], &["http=127.0.0.1:0", "http_token_file=t"]).unwrap();
    assert_eq!((one.token_file, one.is_open), (Some("t".into()), false));
    assert!(outside(&[], &["http=127.0.0.1:0", "http_open=true"]).unwrap().is_open);
    assert!(outside(&[token], &[]).is_ok(), "another command in the same shell");
    let check = |environment: &[(&str, &str)], sets: &[&str], says: &str| {
        let error = outside(environment, sets).unwrap_err();
        assert!(error.contains(says) && !error.contains("0123"), "{sets:?}: {error}");
    };
    check(&[token], &["http=127.0.0.1:0", "http_token_file=t"], "leave one of them out");
    check(&[token], &["http=127.0.0.1:0", "http_open=true"], "leave one of them out");
    check(&[], &["http=127.0.0.1:0", "http_open=true", "http_token_file=t"], "leave one of them out");
    check(&[], &["http_token_file=t"], "http_token_file is set, but there is no http door");
    check(&[], &["http_open=true"], "http_open is set, but there is no http door");
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

/// State that is shared needs a log that is shared, has one home, and its password comes from a file or the
/// environment; it is never shown.
#[test]
fn state_has_one_home() {
    let cluster = ["brokers=b:1", "cql=a:1, b:2", "namespace=acme-eu"];
    let config = read("", &[("HOME", "/home/x")], &cluster).unwrap();
    let cql = config.cql.as_ref().unwrap();
    assert_eq!(
        (cql.nodes.clone(), cql.keyspace.as_str()),
        (vec!["a:1".to_owned(), "b:2".to_owned()], "acme_eu")
    );
    assert_eq!((config.data(), cql.credentials.clone()), (None, None));
    let role = [("TRIBUTARY_CQL_PASSWORD", "secret-words")];
    let config = read("", &role, &["brokers=b:1", "cql=a:1", "cql_user=u", "cql_keyspace=k"]).unwrap();
    let cql = config.cql.as_ref().unwrap();
    assert_eq!(cql.credentials, Some(("u".to_owned(), "secret-words".to_owned())));
    assert!(!format!("{config:?}").contains("secret-words"));
    let check = |sets: &[&str], expected: &str| {
        let error = read("", &[], sets).unwrap_err();
        assert!(error.contains(expected), "{sets:?}: {error}");
    };
    check(&["cql=a:1"], "but no brokers");
    check(&["cql=a:1", "brokers=b:1", "data=/x"], "leave one of them out");
    check(&["cql_keyspace=k"], "set cql=HOST:PORT too");
    check(&["cql=a:1", "brokers=b:1", "cql_user=u"], "TRIBUTARY_CQL_PASSWORD");
    check(&["cql=a:1", "brokers=b:1", "cql_password_file=f"], "set cql_user too");
    check(&["cql=a:1", "brokers=b:1", "cql_user=u", "cql_password_file=/no/such"], "could not read");
}

/// TLS to that cluster begins with whom to trust; a certificate comes with its key.
#[test]
fn shared_state_goes_over_tls() {
    let check = |sets: &[&str], expected: Result<Option<(&str, bool)>, &str>| {
        let sets = [&["brokers=b:1", "cql=a:1"], sets].concat();
        let told = read("", &[], &sets).map(|config| config.cql.and_then(|cql| cql.tls));
        match (told, expected) {
            (Ok(tls), Ok(expected)) => {
                let found = tls.as_ref().map(|tls| (tls.ca_file.to_str().unwrap(), tls.identity.is_some()));
                assert_eq!(found, expected, "{sets:?}");
            }
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{sets:?}: {error}"),
            (told, _) => panic!("{sets:?}: {told:?}"),
        }
    };
    check(&[], Ok(None));
    check(&["cql_ca_file=ca"], Ok(Some(("ca", false))));
    check(&["cql_ca_file=ca", "cql_cert_file=c", "cql_key_file=k"], Ok(Some(("ca", true))));
    check(&["cql_ca_file=ca", "cql_cert_file=c"], Err("set cql_key_file too"));
    check(&["cql_ca_file=ca", "cql_key_file=k"], Err("set cql_cert_file too"));
    check(&["cql_cert_file=c", "cql_key_file=k"], Err("cql_ca_file too"));
    let error = read("", &[], &["cql_ca_file=ca"]).unwrap_err();
    assert!(error.contains("set cql=HOST:PORT too"), "{error}");
}

/// Spans go to a collector if one is named, and to nowhere else.
#[test]
fn spans_go_where_it_says() {
    assert_eq!(read("", &[], &[]).unwrap().otlp, None);
    let sets = ["namespace=acme", "instance=n-7"];
    let otlp = read("otlp = \"http://c:4318\"", &[], &sets).unwrap().otlp.unwrap();
    assert_eq!(otlp.endpoint, Endpoint::parse("http://c:4318/v1/traces").unwrap());
    assert_eq!((otlp.namespace.as_str(), otlp.instance.as_str()), ("acme", "n-7"));
    assert!(read("", &[("TRIBUTARY_OTLP", "https://c")], &[]).unwrap().otlp.is_some());
    for wrong in ["", "c:4318", "grpc://c:4317"] {
        let error = read("", &[], &[&format!("otlp={wrong}")]).unwrap_err();
        assert!(error.contains("otlp: ") && error.contains("http://127.0.0.1:4318"), "{wrong}: {error}");
    }
}
