//! `infra/deploy/compose.yaml` against the program that it starts: every setting of its nodes is one that they take,
//! addresses and ports fit together, and images are pinned. It is read, not run: no container is started here.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use infra_node::Config;
use yaml_rust2::{Yaml, YamlLoader};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

fn text(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).expect("a file of infra/deploy")
}

fn parsed(file: &str) -> Yaml {
    YamlLoader::load_from_str(&text(file)).expect("yaml").remove(0)
}

/// A value by its key, in a map or in what is merged into it by `<<`.
fn get<'a>(map: &'a Yaml, key: &str) -> Option<&'a Yaml> {
    let found = &map[key];
    if !found.is_badvalue() {
        return Some(found);
    }
    let merged = &map["<<"];
    if merged.is_badvalue() { None } else { get(merged, key) }
}

fn shown(value: &Yaml) -> String {
    match value {
        Yaml::String(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        other => panic!("{other:?} is no plain value"),
    }
}

/// All pairs of a map, merged ones too; `${NAME:-default}` is its default.
fn pairs(map: &Yaml) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (key, value) in map.as_hash().expect("a map") {
        if key.as_str() == Some("<<") {
            for (key, value) in pairs(value) {
                all.entry(key).or_insert(value);
            }
            continue;
        }
        let mut value = shown(value);
        if let Some((_, rest)) = value.split_once("${") {
            value = rest.split_once(":-").expect("a default").1.trim_end_matches('}').to_owned();
        }
        all.insert(shown(key), value);
    }
    all
}

/// The services by name.
fn services(compose: &Yaml) -> BTreeMap<String, &Yaml> {
    let services = compose["services"].as_hash().expect("services");
    services.iter().map(|(name, service)| (shown(name), service)).collect()
}

/// What a service is told, if anything.
fn environment(service: &Yaml) -> BTreeMap<String, String> {
    get(service, "environment").map(pairs).unwrap_or_default()
}

fn runs_tributary(service: &Yaml) -> bool {
    get(service, "image").and_then(Yaml::as_str) == Some("tributary:local")
}

/// Each node's environment is a configuration that is taken, with no variable that is none of its keys; and what it
/// names is there: brokers that announce these addresses, a store, a registry.
#[test]
fn nodes_are_told_what_they_take() {
    let compose = parsed("compose.yaml");
    let services = services(&compose);
    let announced: Vec<String> = services
        .values()
        .filter_map(|service| environment(service).remove("KAFKA_ADVERTISED_LISTENERS"))
        .map(|listener| listener.trim_start_matches("PLAINTEXT://").to_owned())
        .collect();
    assert_eq!(announced.len(), 3);
    let mut instances = Vec::new();
    for (name, service) in services.iter().filter(|(_, service)| runs_tributary(service)) {
        let environment = environment(service);
        let config = Config::read(None, environment.clone(), &[]).expect("a configuration");
        // A variable that is no key would be passed over; as a setting it is refused.
        for (variable, value) in environment.iter().filter(|(variable, _)| variable.starts_with("TRIBUTARY_"))
        {
            let key = variable.trim_start_matches("TRIBUTARY_").to_lowercase();
            let alone = [format!("{key}={value}"), "brokers=b:1".to_owned(), "cql=c:1".to_owned()];
            Config::read(None, [], &alone).unwrap_or_else(|error| panic!("{name}: {variable}: {error}"));
        }
        let brokers = config.brokers.as_deref().expect("brokers");
        assert_eq!(brokers.split(',').collect::<Vec<_>>(), announced, "{name}");
        let cql = config.cql.as_ref().expect("a store");
        assert_eq!((cql.nodes.as_slice(), cql.replication), (&["scylla:9042".to_owned()][..], 1));
        let registry = config.registry.as_ref().expect("a registry").url.clone();
        assert_eq!(registry, "http://registry:8080/apis/ccompat/v7");
        assert!(services.contains_key("scylla") && services.contains_key("registry"));
        let port = config.settings.metrics.expect("metrics").port();
        if environment.contains_key("TRIBUTARY_INSTANCE") {
            instances.push((config.settings.instance.clone(), format!("{name}:{port}")));
        }
    }
    assert_eq!(instances.iter().map(|(instance, _)| instance.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let scraped = &parsed("prometheus.yaml")["scrape_configs"][0]["static_configs"][0]["targets"];
    let scraped: Vec<String> = scraped.as_vec().expect("targets").iter().map(shown).collect();
    assert_eq!(scraped, instances.into_iter().map(|(_, target)| target).collect::<Vec<_>>());
}

/// Every command that a container runs is one that the program has.
#[test]
fn commands_are_the_programs() {
    let compose = parsed("compose.yaml");
    let mut checked = 0;
    for (name, service) in services(&compose).iter().filter(|(_, service)| runs_tributary(service)) {
        let command = get(service, "command").and_then(Yaml::as_vec).expect("a command");
        let command: Vec<String> = command.iter().map(shown).collect();
        for one in command.join(" ").split("&&") {
            let arguments = one.split_whitespace().filter(|word| *word != "tributary").chain(["--help"]);
            let output = Command::new(env!("CARGO_BIN_EXE_tributary")).args(arguments).output();
            let output = output.expect("run the program");
            assert!(output.status.success(), "{name}: {one}: {}", String::from_utf8_lossy(&output.stderr));
            checked += 1;
        }
    }
    assert_eq!(checked, 4);
}

/// Images are pinned, volumes and files are there, and the image is built with features that there are.
#[test]
fn everything_named_is_there() {
    let compose = parsed("compose.yaml");
    let volumes = compose["volumes"].as_hash().expect("volumes");
    for (name, service) in services(&compose) {
        let image = get(service, "image").and_then(Yaml::as_str).expect("an image");
        let tag = image.rsplit_once(':').map(|(_, tag)| tag).unwrap_or_default();
        assert!(tag == "local" || tag.contains('.'), "{name}: {image} is not pinned");
        for volume in get(service, "volumes").and_then(Yaml::as_vec).into_iter().flatten() {
            let volume = shown(volume);
            let source = volume.split(':').next().unwrap_or_default();
            let is_there = match source.starts_with('.') {
                true => folder().join(source).exists(),
                false => volumes.contains_key(&Yaml::String(source.to_owned())),
            };
            assert!(is_there, "{name}: {volume}");
        }
        for waited in get(service, "depends_on").and_then(Yaml::as_hash).into_iter().flatten() {
            assert!(services(&compose).contains_key(&shown(waited.0)), "{name}: {waited:?}");
        }
    }
    let dockerfile = text("Dockerfile");
    let built = dockerfile.lines().find_map(|line| line.split_once("--features ")).expect("its features").1;
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    let manifest = manifest.expect("the program's manifest");
    for feature in built.split(',') {
        assert!(manifest.contains(&format!("\n{} = [", feature.trim())), "feature {feature}");
    }
}
