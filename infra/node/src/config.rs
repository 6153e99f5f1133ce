//! Configuration: one file, the environment, and `--set`, each over the one before.
//!
//! ```toml
//! namespace = "acme"
//! brokers = "127.0.0.1:9092"      # left out: everything in this process's memory
//! data = "/var/lib/tributary"     # left out: in memory; with brokers, a folder below the user's state
//! model = "openai:http://127.0.0.1:8080/v1#smollm2"
//! [kafka]                         # librdkafka's own properties
//! "security.protocol" = "ssl"
//! ```
//! In the environment the same keys are `TRIBUTARY_NAMESPACE`, `TRIBUTARY_BROKERS` and so on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use schemas_records::limits::BUDGET_CALLS_MAX;
use serde::Deserialize;
use topics_catalog::Topics;

use crate::run::Error;
use crate::settings::Settings;

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
    metrics: Option<SocketAddr>,
    log: String,
    partitions: i32,
    replication: i32,
    open_tasks_max: u32,
    deadline_seconds: u64,
    budget_calls: u32,
    calls_in_flight_max: usize,
    step_seconds_max: u64,
    session_timeout_ms: u64,
    kafka: BTreeMap<String, String>,
}

/// The keys that may stand in the environment: all but the table.
const SCALARS: [&str; 16] = [
    "namespace",
    "instance",
    "roles",
    "brokers",
    "data",
    "model",
    "metrics",
    "log",
    "partitions",
    "replication",
    "open_tasks_max",
    "deadline_seconds",
    "budget_calls",
    "calls_in_flight_max",
    "step_seconds_max",
    "session_timeout_ms",
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
            metrics: None,
            log: "warn".into(),
            partitions: 4,
            replication: 0,
            open_tasks_max: settings.open_tasks_max,
            deadline_seconds: settings.deadline.as_secs(),
            budget_calls: settings.budget_calls,
            calls_in_flight_max: settings.calls_in_flight_max,
            step_seconds_max: settings.step_time_max.as_secs(),
            session_timeout_ms: 10_000,
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
    /// The folder of the store on disk; `None` for the store in memory.
    pub data: Option<String>,
    /// The model.
    pub model: ModelChoice,
    /// The log filter.
    pub log: String,
    /// How topics are made.
    pub topics: Topics,
    kafka: BTreeMap<String, String>,
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
        Self::from_keys(keys)
    }

    fn from_keys(keys: Keys) -> Result<Self, Error> {
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
        if keys.data.as_deref() == Some("") {
            let message = "data is empty: name a folder, or leave it out".to_owned();
            return Err(Error::Config { message });
        }
        Ok(Self {
            settings: Settings {
                namespace: keys.namespace,
                instance: keys.instance,
                roles: keys.roles,
                open_tasks_max: keys.open_tasks_max,
                deadline: Duration::from_secs(keys.deadline_seconds),
                budget_calls: keys.budget_calls,
                calls_in_flight_max: keys.calls_in_flight_max.max(1),
                step_time_max: Duration::from_secs(keys.step_seconds_max),
                metrics: keys.metrics,
            },
            brokers: keys.brokers,
            data: keys.data,
            model: choice(&keys.model)?,
            log: keys.log,
            topics: Topics { partitions: keys.partitions, replication: keys.replication },
            kafka: keys.kafka,
            session_timeout: Duration::from_millis(keys.session_timeout_ms),
        })
    }

    /// How to reach Kafka.
    #[must_use]
    pub fn kafka(&self, brokers: &str) -> topics_log_kafka::Settings {
        topics_log_kafka::Settings {
            brokers: brokers.to_owned(),
            client_id: self.settings.instance.clone(),
            properties: self.kafka.clone(),
            session_timeout: self.session_timeout,
            reader_group: format!("{}.reader", self.settings.namespace),
            ..topics_log_kafka::Settings::default()
        }
    }
}

/// Where state lies beside a broker if nothing is said: with the broker's offsets it must outlive this
/// process. `None` where there is no home: then it is kept in memory, and the next process is refused.
fn default_data(environment: &BTreeMap<String, String>, namespace: &str) -> Option<String> {
    let base = match environment.get("XDG_STATE_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => folder.clone(),
        None => format!("{}/.local/state", environment.get("HOME").filter(|home| !home.is_empty())?),
    };
    Some(format!("{base}/tributary/nodes/{namespace}"))
}

/// A value from a place that knows only text: numbers and lists are recognised by what the key takes.
fn scalar(key: &str, value: &str) -> toml::Value {
    if key == "roles" {
        let roles = value.split(',').map(str::trim).filter(|role| !role.is_empty());
        return toml::Value::Array(roles.map(|role| toml::Value::String(role.into())).collect());
    }
    let is_text = matches!(key, "namespace" | "instance" | "brokers" | "data" | "model" | "metrics" | "log");
    match value.parse::<i64>() {
        Ok(number) if !is_text => toml::Value::Integer(number),
        _ => toml::Value::String(value.into()),
    }
}

fn choice(text: &str) -> Result<ModelChoice, Error> {
    if text == "scripted" {
        return Ok(ModelChoice::Scripted);
    }
    if let Some(file) = text.strip_prefix("scripted:") {
        return Ok(ModelChoice::Script { file: file.to_owned() });
    }
    if let Some((base_url, model)) = text.strip_prefix("openai:").and_then(|rest| rest.rsplit_once('#')) {
        return Ok(ModelChoice::OpenAi { base_url: base_url.to_owned(), model: model.to_owned() });
    }
    Err(Error::Config {
        message: format!("model {text:?}: use scripted, scripted:FILE or openai:BASE_URL#MODEL"),
    })
}

#[cfg(test)]
mod tests;
