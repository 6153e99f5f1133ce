//! The keys that may be configured, and values for them from places that know only text.
//!
//! The struct is the only list: names and kinds of values are asked of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::de::value::Error as NamesError;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::settings::Settings;

/// What may be configured. Every key has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Keys {
    pub namespace: String,
    pub instance: String,
    pub roles: Vec<String>,
    pub brokers: Option<String>,
    pub data: Option<String>,
    pub cql: Option<String>,
    pub cql_keyspace: Option<String>,
    pub cql_user: Option<String>,
    pub cql_password_file: Option<String>,
    pub cql_ca_file: Option<String>,
    pub cql_cert_file: Option<String>,
    pub cql_key_file: Option<String>,
    pub cql_datacenter: Option<String>,
    pub cql_replication: u8,
    pub cql_tablets: bool,
    pub model: String,
    pub models: Option<String>,
    pub model_writes: Option<bool>,
    pub metrics: Option<SocketAddr>,
    pub otlp: Option<String>,
    pub admin_port: u16,
    pub http: Option<SocketAddr>,
    pub http_token_file: Option<String>,
    pub http_open: bool,
    pub registry: Option<String>,
    pub registry_user: Option<String>,
    pub registry_password_file: Option<String>,
    pub registry_token_file: Option<String>,
    pub registry_ca_file: Option<String>,
    pub log: String,
    pub partitions: i32,
    pub replication: i32,
    pub open_tasks_max: u32,
    pub deadline_seconds: Option<u64>,
    pub budget_calls: Option<u32>,
    pub calls_in_flight_max: Option<usize>,
    pub step_seconds_max: u64,
    pub session_timeout_ms: u64,
    pub kafka_password_file: Option<String>,
    pub kafka_key_password_file: Option<String>,
    pub kafka: BTreeMap<String, String>,
}

impl Default for Keys {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            namespace: settings.namespace,
            instance: settings.instance,
            roles: Vec::new(),
            brokers: None,
            data: None,
            cql: None,
            cql_keyspace: None,
            cql_user: None,
            cql_password_file: None,
            cql_ca_file: None,
            cql_cert_file: None,
            cql_key_file: None,
            cql_datacenter: None,
            cql_replication: 3,
            cql_tablets: false,
            model: "scripted".into(),
            models: None,
            model_writes: None,
            metrics: None,
            otlp: None,
            admin_port: 0,
            http: None,
            http_token_file: None,
            http_open: false,
            registry: None,
            registry_user: None,
            registry_password_file: None,
            registry_token_file: None,
            registry_ca_file: None,
            log: LOG.into(),
            partitions: 4,
            replication: 0,
            open_tasks_max: settings.open_tasks_max,
            deadline_seconds: None,
            budget_calls: None,
            calls_in_flight_max: None,
            step_seconds_max: settings.step_time_max.as_secs(),
            session_timeout_ms: 10_000,
            kafka_password_file: None,
            kafka_key_password_file: None,
            kafka: BTreeMap::new(),
        }
    }
}

/// What is logged if nothing is said. The CQL driver says every few seconds that a node is away; the store says that
/// once.
const LOG: &str = "warn,scylla=off";

/// The key whose value is a table, which no text can be.
pub(super) const TABLE: &str = "kafka";

/// The names of all keys but that of the table.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let mut asked = Names(&[]);
    // It ends with an error by design: only what the struct asks for is of interest.
    let _ = Keys::deserialize(&mut asked);
    asked.0.iter().copied().filter(|name| *name != TABLE)
}

/// Takes note of the fields that a struct asks for, and gives it nothing.
struct Names(&'static [&'static str]);

impl<'de> Deserializer<'de> for &mut Names {
    type Error = NamesError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, NamesError> {
        Err(NamesError::custom("only a struct's fields are asked for"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NamesError> {
        self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A value from a place that knows only text: the first reading of it that the key takes. If it takes none, the
/// text, so that the error quotes it.
pub(super) fn value(key: &str, text: &str) -> toml::Value {
    let list = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let readings = [
        text.parse().ok().map(toml::Value::Integer),
        text.parse().ok().map(toml::Value::Boolean),
        Some(toml::Value::Array(list.map(|item| toml::Value::String(item.into())).collect())),
    ];
    let as_text = toml::Value::String(text.into());
    let takes = |value: &toml::Value| {
        let table = toml::Table::from_iter([(key.to_owned(), value.clone())]);
        table.try_into::<Keys>().is_ok()
    };
    if takes(&as_text) {
        return as_text;
    }
    readings.into_iter().flatten().find(takes).unwrap_or(as_text)
}
