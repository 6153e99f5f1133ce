//! Configuration: one file, the environment, and `--set`, each over the one before.
//!
//! ```toml
//! namespace = "acme"
//! brokers = "127.0.0.1:9092"      # left out: everything in this process's memory
//! data = "/var/lib/tributary"     # left out: in memory; with brokers, a folder below the user's state
//! model = "openai:http://127.0.0.1:8080/v1#smollm2"
//! models = "/var/cache/models"    # left out: a folder below the user's cache
//! model_writes = true             # left out: what is behind openai: may write plans and queries, others not
//! http = "127.0.0.1:8080"         # left out: no public door
//! http_token_file = "tokens"      # or TRIBUTARY_HTTP_TOKEN; without either http_open = true, on loopback
//! kafka_password_file = "secret"  # or TRIBUTARY_KAFKA_PASSWORD: sasl.password
//! kafka_key_password_file = "key" # or TRIBUTARY_KAFKA_KEY_PASSWORD: ssl.key.password
//! [kafka]                         # librdkafka's own properties, but for secrets
//! "security.protocol" = "sasl_ssl"
//! ```
//! In the environment the same keys are `TRIBUTARY_NAMESPACE`, `TRIBUTARY_BROKERS` and so on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use infra_http::Limits;
use infra_http::public::Tokens;
use schemas_records::limits::BUDGET_CALLS_MAX;
use serde::Deserialize;
use topics_catalog::Topics;

use crate::run::Error;
use crate::secrets::Secrets;
use crate::settings::{Outside, Settings};

/// The public door's token: in the environment or a file, never on a command line, which others can read.
const TOKEN_VARIABLE: &str = "TRIBUTARY_HTTP_TOKEN";

/// Calls in flight at the offline model: as many as it has workers, if nobody asked for more.
const OFFLINE_CALLS: usize = 2;

/// The environment variables' prefix.
const PREFIX: &str = "TRIBUTARY_";

/// What may be configured. Every key has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    namespace: String,
    instance: String,
    roles: Vec<String>,
    brokers: Option<String>,
    data: Option<String>,
    model: String,
    models: Option<String>,
    model_writes: Option<bool>,
    metrics: Option<SocketAddr>,
    admin_port: u16,
    http: Option<SocketAddr>,
    http_token_file: Option<String>,
    http_open: bool,
    log: String,
    partitions: i32,
    replication: i32,
    open_tasks_max: u32,
    deadline_seconds: u64,
    budget_calls: u32,
    calls_in_flight_max: Option<usize>,
    step_seconds_max: u64,
    session_timeout_ms: u64,
    kafka_password_file: Option<String>,
    kafka_key_password_file: Option<String>,
    kafka: BTreeMap<String, String>,
}

/// The keys that may stand in the environment: all but the table.
const SCALARS: [&str; 24] = [
    "namespace",
    "instance",
    "roles",
    "brokers",
    "data",
    "model",
    "models",
    "model_writes",
    "metrics",
    "admin_port",
    "http",
    "http_token_file",
    "http_open",
    "log",
    "partitions",
    "replication",
    "open_tasks_max",
    "deadline_seconds",
    "budget_calls",
    "calls_in_flight_max",
    "step_seconds_max",
    "session_timeout_ms",
    "kafka_password_file",
    "kafka_key_password_file",
];

impl Default for Keys {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            namespace: settings.namespace,
            instance: settings.instance,
            roles: Vec::new(),
            brokers: None,
            data: None,
            model: "scripted".into(),
            models: None,
            model_writes: None,
            metrics: None,
            admin_port: 0,
            http: None,
            http_token_file: None,
            http_open: false,
            log: "warn".into(),
            partitions: 4,
            replication: 0,
            open_tasks_max: settings.open_tasks_max,
            deadline_seconds: settings.deadline.as_secs(),
            budget_calls: settings.budget_calls,
            calls_in_flight_max: None,
            step_seconds_max: settings.step_time_max.as_secs(),
            session_timeout_ms: 10_000,
            kafka_password_file: None,
            kafka_key_password_file: None,
            kafka: BTreeMap::new(),
        }
    }
}

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
    /// The model.
    pub model: ModelChoice,
    /// The folder of the offline model's weights; `None` where there is no home.
    pub models: Option<String>,
    /// Whether agents may have the model write plans and queries of its own, which they check. A small model can word a
    /// sentence and no more, so unless it is said otherwise only one behind `openai:` may.
    pub model_writes: bool,
    /// The log filter.
    pub log: String,
    /// How topics are made.
    pub topics: Topics,
    kafka: BTreeMap<String, String>,
    secrets: Secrets,
    session_timeout: Duration,
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
        for key in SCALARS {
            if let Some(value) = environment.get(&format!("{PREFIX}{}", key.to_uppercase())) {
                table.insert(key.into(), scalar(key, value));
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
                    table.insert(key.into(), scalar(key, value));
                }
            }
        }
        let mut keys: Keys =
            table.try_into().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        if keys.brokers.is_some() && keys.data.is_none() {
            keys.data = default_data(&environment, &keys.namespace);
        }
        if keys.models.is_none() {
            keys.models = default_models(&environment);
        }
        let tokens = environment.get(TOKEN_VARIABLE).map(|token| Tokens::parse(token)).transpose();
        let tokens = tokens.map_err(|message| wrong(format!("{TOKEN_VARIABLE}: {message}")))?;
        let files = (keys.kafka_password_file.take(), keys.kafka_key_password_file.take());
        let secrets = Secrets::choose(&keys.kafka, files.0, files.1, &environment)?;
        Self::from_keys(keys, tokens.unwrap_or_default(), secrets)
    }

    fn from_keys(keys: Keys, tokens: Tokens, secrets: Secrets) -> Result<Self, Error> {
        if !(1..=1_000).contains(&keys.partitions) {
            return Err(Error::Config {
                message: format!("partitions is {}, use 1 to 1000", keys.partitions),
            });
        }
        if keys.budget_calls > BUDGET_CALLS_MAX {
            let message =
                format!("budget_calls is {}, at most {BUDGET_CALLS_MAX} are allowed", keys.budget_calls);
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
        let topics = Topics { partitions: keys.partitions, replication: keys.replication };
        let model = choice(&keys.model)?;
        // What the model cannot begin yet waits in the gateway, which knows who is most urgent.
        let usual = if model == ModelChoice::Offline {
            OFFLINE_CALLS
        } else {
            Settings::default().calls_in_flight_max
        };
        let calls_in_flight = keys.calls_in_flight_max.unwrap_or(usual);
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
                deadline: Duration::from_secs(keys.deadline_seconds),
                budget_calls: keys.budget_calls,
                calls_in_flight_max: calls_in_flight.max(1),
                step_time_max: Duration::from_secs(keys.step_seconds_max),
                metrics: keys.metrics,
                outside,
            },
            brokers: keys.brokers,
            model,
            models: keys.models,
            log: keys.log,
            topics,
            kafka: keys.kafka,
            secrets,
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

/// A value from a place that knows only text: numbers and lists are recognised by what the key takes.
fn scalar(key: &str, value: &str) -> toml::Value {
    if key == "roles" {
        let roles = value.split(',').map(str::trim).filter(|role| !role.is_empty());
        return toml::Value::Array(roles.map(|role| toml::Value::String(role.into())).collect());
    }
    let is_text = matches!(
        key,
        "namespace"
            | "instance"
            | "brokers"
            | "data"
            | "model"
            | "models"
            | "metrics"
            | "log"
            | "http"
            | "http_token_file"
            | "kafka_password_file"
            | "kafka_key_password_file"
    );
    match (value.parse::<i64>(), value.parse::<bool>()) {
        (Ok(number), _) if !is_text => toml::Value::Integer(number),
        (_, Ok(flag)) if !is_text => toml::Value::Boolean(flag),
        _ => toml::Value::String(value.into()),
    }
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
