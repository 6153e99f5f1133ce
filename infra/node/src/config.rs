//! Configuration: one file, the environment, and `--set`, each over the one before.
//!
//! ```toml
//! namespace = "acme"
//! brokers = "127.0.0.1:9092"      # left out: everything in this process's memory
//! data = "/var/lib/tributary"     # left out: in memory; with brokers, a folder below the user's state
//! cql = "10.0.0.1:9042,10.0.0.2:9042" # left out: state on disk; with it any number of nodes share it
//! cql_user = "tributary"          # password in cql_password_file or TRIBUTARY_CQL_PASSWORD
//! cql_ca_file = "authority.pem"   # left out: no TLS; with cql_cert_file and cql_key_file where it wants a certificate
//! model = "openai:http://127.0.0.1:8080/v1#smollm2"
//! models = "/var/cache/models"    # left out: a folder below the user's cache
//! model_writes = true             # left out: what is behind openai: may write plans and queries, others not
//! http = "127.0.0.1:8080"         # left out: no public door
//! http_token_file = "tokens"      # or TRIBUTARY_HTTP_TOKEN, not both; or http_open = true, on loopback only
//! registry = "http://127.0.0.1:8081"   # left out: schemas are known by themselves (see `registry.rs`)
//! otlp = "http://127.0.0.1:4318"  # left out: no spans are exported; a collector's OTLP/HTTP address
//! kafka_password_file = "secret"  # or TRIBUTARY_KAFKA_PASSWORD: sasl.password
//! kafka_key_password_file = "key" # or TRIBUTARY_KAFKA_KEY_PASSWORD: ssl.key.password
//! [kafka]                         # librdkafka's own properties, but for secrets
//! "security.protocol" = "sasl_ssl"
//! ```
//! In the environment the same keys are `TRIBUTARY_NAMESPACE`, `TRIBUTARY_BROKERS` and so on.

mod cql;
mod keys;
mod registry;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use infra_http::Limits;
use infra_http::public::Tokens;
use infra_telemetry::otlp::{self, Endpoint};
use schemas_records::limits::BUDGET_CALLS_MAX;
use topics_catalog::Topics;

pub use self::cql::{Cql, CqlTls};
use self::keys::Keys;
use crate::run::Error;
use crate::secrets::Secrets;
use crate::settings::{Outside, Settings};

/// The public door's token: in the environment or a file, never on a command line, which others can read.
const TOKEN_VARIABLE: &str = "TRIBUTARY_HTTP_TOKEN";

/// Calls in flight at the offline model: as many as it has workers, if nobody asked for more.
const OFFLINE_CALLS: usize = 2;

/// The environment variables' prefix.
const PREFIX: &str = "TRIBUTARY_";

/// Which model stands behind the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelChoice {
    /// `scripted`: no key, no server.
    Scripted,
    /// `scripted:FILE`: as a script says.
    Script {
        /// The script's file.
        file: String,
    },
    /// `offline`: a small one in this process, if it was built with it.
    Offline,
    /// `openai:BASE_URL#MODEL`: a server that speaks OpenAI's protocol.
    OpenAi {
        /// For example `http://127.0.0.1:8080/v1`.
        base_url: String,
        /// The model's name there.
        model: String,
    },
}

/// A node's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Names and bounds.
    pub settings: Settings,
    /// Kafka's brokers; `None` for the log in memory.
    pub brokers: Option<String>,
    /// The cluster that keeps state; `None` for this machine's disk or memory.
    pub cql: Option<Cql>,
    /// The model.
    pub model: ModelChoice,
    /// The folder of the offline model's weights; `None` where there is no home.
    pub models: Option<String>,
    /// Whether agents may have the model write plans and queries of its own, which they check. A small model can word a
    /// sentence and no more, so unless it is said otherwise only one behind `openai:` may.
    pub model_writes: bool,
    /// How the schema registry is reached; `None` for a process whose schemas are known by themselves.
    pub registry: Option<schemas_registry::Settings>,
    /// The log filter.
    pub log: String,
    /// Where spans go; `None` for nowhere.
    pub otlp: Option<otlp::Settings>,
    /// How topics are made.
    pub topics: Topics,
    kafka: BTreeMap<String, String>,
    secrets: Secrets,
    session_timeout: Duration,
    is_given: Given,
}

/// Which of the limits that a team may set were configured: what somebody said goes over what the team says.
#[derive(Clone, Copy, Debug)]
struct Given {
    deadline: bool,
    budget_calls: bool,
}

impl Config {
    /// Reads a configuration: defaults, then the file's text, then the environment, then `sets`, each
    /// `key=value`.
    ///
    /// # Errors
    /// [`Error::Config`], naming the key, what was found and what is allowed.
    pub fn read(
        file: Option<&str>,
        environment: impl IntoIterator<Item = (String, String)>,
        sets: &[String],
    ) -> Result<Self, Error> {
        let wrong = |message: String| Error::Config { message };
        let mut table: toml::Table = match file {
            None => toml::Table::new(),
            Some(text) => text.parse().map_err(|error: toml::de::Error| wrong(error.to_string()))?,
        };
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        for key in keys::names() {
            if let Some(value) = environment.get(&format!("{PREFIX}{}", key.to_uppercase())) {
                table.insert(key.into(), keys::value(key, value));
            }
        }
        for set in sets {
            let (key, value) =
                set.split_once('=').ok_or_else(|| wrong(format!("--set {set:?} is not key=value")))?;
            match key.strip_prefix("kafka.") {
                Some(property) => {
                    let kafka = table.entry("kafka").or_insert_with(|| toml::Table::new().into());
                    if let Some(kafka) = kafka.as_table_mut() {
                        kafka.insert(property.into(), toml::Value::String(value.into()));
                    }
                }
                None => {
                    table.insert(key.into(), keys::value(key, value));
                }
            }
        }
        let mut keys: Keys =
            table.try_into().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        let cql = Cql::of(&keys, &environment)?;
        if keys.brokers.is_some() && keys.data.is_none() && cql.is_none() {
            keys.data = default_data(&environment, &keys.namespace);
        }
        if keys.models.is_none() {
            keys.models = default_models(&environment);
        }
        let tokens = environment.get(TOKEN_VARIABLE).map(|token| Tokens::parse(token)).transpose();
        let tokens = tokens.map_err(|message| wrong(format!("{TOKEN_VARIABLE}: {message}")))?;
        let files = (keys.kafka_password_file.take(), keys.kafka_key_password_file.take());
        let secrets = Secrets::choose(&keys.kafka, files.0, files.1, &environment)?;
        let registry = registry::settings(&keys, &environment)?;
        Ok(Self { cql, registry, ..Self::from_keys(keys, tokens.unwrap_or_default(), secrets)? })
    }

    fn from_keys(keys: Keys, tokens: Tokens, secrets: Secrets) -> Result<Self, Error> {
        if !(1..=1_000).contains(&keys.partitions) {
            return Err(Error::Config {
                message: format!("partitions is {}, use 1 to 1000", keys.partitions),
            });
        }
        if let Some(calls) = keys.budget_calls.filter(|calls| *calls > BUDGET_CALLS_MAX) {
            let message = format!("budget_calls is {calls}, at most {BUDGET_CALLS_MAX} are allowed");
            return Err(Error::Config { message });
        }
        // An empty path would be the folder this was started in.
        let paths =
            [("data", &keys.data), ("models", &keys.models), ("http_token_file", &keys.http_token_file)];
        for (key, path) in paths {
            if path.as_deref() == Some("") {
                let message = format!("{key} is empty: name one, or leave it out");
                return Err(Error::Config { message });
            }
        }
        check_door(&keys, &tokens)?;
        let otlp = collector(&keys)?;
        let topics = Topics { partitions: keys.partitions, replication: keys.replication };
        let model = choice(&keys.model)?;
        let usual = Settings::default();
        let is_given =
            Given { deadline: keys.deadline_seconds.is_some(), budget_calls: keys.budget_calls.is_some() };
        // What the model cannot begin yet waits in the gateway, which knows who is most urgent.
        let at_once = if model == ModelChoice::Offline { OFFLINE_CALLS } else { usual.calls_in_flight_max };
        let calls_in_flight = keys.calls_in_flight_max.unwrap_or(at_once);
        let outside = Outside {
            folder: keys.data.map(PathBuf::from),
            admin_port: keys.admin_port,
            http: keys.http,
            tokens,
            token_file: keys.http_token_file.map(PathBuf::from),
            is_open: keys.http_open,
            limits: Limits::default(),
            topics,
        };
        let is_able = matches!(model, ModelChoice::OpenAi { .. });
        Ok(Self {
            model_writes: keys.model_writes.unwrap_or(is_able),
            settings: Settings {
                namespace: keys.namespace,
                instance: keys.instance,
                roles: keys.roles,
                open_tasks_max: keys.open_tasks_max,
                deadline: keys.deadline_seconds.map_or(usual.deadline, Duration::from_secs),
                budget_calls: keys.budget_calls.unwrap_or(usual.budget_calls),
                calls_in_flight_max: calls_in_flight.max(1),
                step_time_max: Duration::from_secs(keys.step_seconds_max),
                metrics: keys.metrics,
                outside,
            },
            brokers: keys.brokers,
            cql: None,
            model,
            models: keys.models,
            registry: None,
            log: keys.log,
            otlp,
            topics,
            kafka: keys.kafka,
            secrets,
            is_given,
            session_timeout: Duration::from_millis(keys.session_timeout_ms),
        })
    }

    /// The folder of state, and without brokers of the log too; `None` for memory.
    #[must_use]
    pub fn data(&self) -> Option<&Path> {
        self.settings.outside.folder.as_deref()
    }

    /// Keeps state, and without brokers the log too, in this folder.
    pub fn set_data(&mut self, folder: &Path) {
        self.settings.outside.folder = Some(folder.to_owned());
    }

    /// Takes a team's own limits, where nothing else was configured.
    pub fn limit(&mut self, deadline: Option<Duration>, budget_calls: Option<u32>) {
        if let Some(deadline) = deadline.filter(|_| !self.is_given.deadline) {
            self.settings.deadline = deadline;
        }
        if let Some(calls) = budget_calls.filter(|_| !self.is_given.budget_calls) {
            self.settings.budget_calls = calls;
        }
    }

    /// How to reach Kafka, passwords included.
    ///
    /// # Errors
    /// [`Error::Config`]: the file of a password cannot be read, or holds none.
    pub fn kafka(&self, brokers: &str) -> Result<topics_log_kafka::Settings, Error> {
        let mut properties = self.kafka.clone();
        self.secrets.add_to(&mut properties)?;
        Ok(topics_log_kafka::Settings {
            brokers: brokers.to_owned(),
            client_id: self.settings.instance.clone(),
            properties,
            session_timeout: self.session_timeout,
            reader_group: crate::acls::reader_group(&self.settings.namespace),
            ..topics_log_kafka::Settings::default()
        })
    }
}

/// Whether what is said of the public door fits together. A token in the environment alone is no mistake: other
/// commands are started in the same shell.
fn check_door(keys: &Keys, tokens: &Tokens) -> Result<(), Error> {
    let (has_file, has_token) = (keys.http_token_file.is_some(), !tokens.is_empty());
    let message = match keys.http {
        None if has_file => "http_token_file is set, but there is no http door: set http=ADDRESS:PORT too",
        None if keys.http_open => "http_open is set, but there is no http door: set http=ADDRESS:PORT too",
        Some(_) if has_file && has_token => {
            "both http_token_file and TRIBUTARY_HTTP_TOKEN name tokens: leave one of them out"
        }
        Some(_) if keys.http_open && (has_file || has_token) => {
            "http_open says that nobody needs a token, and there is one: leave one of them out"
        }
        _ => return Ok(()),
    };
    Err(Error::Config { message: message.to_owned() })
}

/// Where spans go, if anywhere.
fn collector(keys: &Keys) -> Result<Option<otlp::Settings>, Error> {
    let Some(url) = &keys.otlp else { return Ok(None) };
    let endpoint = Endpoint::parse(url);
    let endpoint = endpoint.map_err(|message| Error::Config { message: format!("otlp: {message}") })?;
    let (namespace, instance) = (keys.namespace.clone(), keys.instance.clone());
    Ok(Some(otlp::Settings { endpoint, namespace, instance }))
}

/// Where state lies beside a broker if nothing is said: with the broker's offsets it must outlive this
/// process. `None` where there is no home: then it is kept in memory, and the next process is refused.
fn default_data(environment: &BTreeMap<String, String>, namespace: &str) -> Option<String> {
    let base = base(environment, "XDG_STATE_HOME", ".local/state")?;
    Some(format!("{base}/tributary/nodes/{namespace}"))
}

/// Where weights lie if nothing is said: they can be fetched again, so they are a cache. `None` where there
/// is no home.
fn default_models(environment: &BTreeMap<String, String>) -> Option<String> {
    Some(format!("{}/tributary/models", base(environment, "XDG_CACHE_HOME", ".cache")?))
}

/// A base folder of the user's, by its variable or below the home.
fn base(environment: &BTreeMap<String, String>, variable: &str, below_home: &str) -> Option<String> {
    let of = |name: &str| environment.get(name).filter(|folder| !folder.is_empty());
    of(variable).cloned().or_else(|| Some(format!("{}/{below_home}", of("HOME")?)))
}

fn choice(text: &str) -> Result<ModelChoice, Error> {
    if text == "scripted" {
        return Ok(ModelChoice::Scripted);
    }
    if text == "offline" {
        return Ok(ModelChoice::Offline);
    }
    if let Some(file) = text.strip_prefix("scripted:") {
        return Ok(ModelChoice::Script { file: file.to_owned() });
    }
    if let Some((base_url, model)) = text.strip_prefix("openai:").and_then(|rest| rest.rsplit_once('#')) {
        return Ok(ModelChoice::OpenAi { base_url: base_url.to_owned(), model: model.to_owned() });
    }
    Err(Error::Config {
        message: format!("model {text:?}: use scripted, scripted:FILE, offline or openai:BASE_URL#MODEL"),
    })
}

#[cfg(test)]
mod tests;
