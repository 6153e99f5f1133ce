//! The doors of a node: through which everything outside comes in.

use std::path::PathBuf;
use std::sync::Arc;

use agents_model::{Model, Script, Scripted};
use agents_model_http::{HttpModel, KeySource};
use topics_log::memory::MemoryLog;
use topics_log::{Clock, Log, SystemClock};
use topics_log_kafka::KafkaLog;
use topics_runtime::{NoProbe, Probe};
use topics_state::fjall::FjallStore;
use topics_state::memory::MemoryStore;
use topics_state::{KeyedStore, StateStore};

use crate::config::{Config, ModelChoice};
use crate::run::Error;

/// Where the key of a model behind HTTP is looked for; a server without one needs none.
const KEY_VARIABLE: &str = "OPENAI_API_KEY";

/// What a node works with.
#[derive(Clone)]
pub struct Doors {
    /// The log.
    pub log: Arc<dyn Log>,
    /// Agents' state.
    pub states: Arc<dyn StateStore>,
    /// Gateways' rows.
    pub keyed: Arc<dyn KeyedStore>,
    /// The model behind the gateway.
    pub model: Arc<dyn Model>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who is told of moments.
    pub probe: Arc<dyn Probe>,
    /// Whether a step that never returns ends this process.
    pub has_watchdog: bool,
}

/// Opens the doors that a configuration names.
///
/// # Errors
/// What could not be opened, with what to do about it.
pub async fn open(config: &Config) -> Result<Doors, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let log: Arc<dyn Log> = match &config.brokers {
        None => Arc::new(MemoryLog::new(Arc::clone(&clock))),
        Some(brokers) => Arc::new(KafkaLog::connect(config.kafka(brokers)).await?),
    };
    let (states, keyed): (Arc<dyn StateStore>, Arc<dyn KeyedStore>) = match &config.data {
        None => {
            let store = MemoryStore::new(Arc::clone(&clock));
            (Arc::new(store.clone()), Arc::new(store))
        }
        Some(folder) => {
            let store =
                FjallStore::open(PathBuf::from(folder), Arc::clone(&clock)).map_err(Error::from_store)?;
            (Arc::new(store.clone()), Arc::new(store))
        }
    };
    Ok(Doors {
        log,
        states,
        keyed,
        model: model(&config.model)?,
        clock,
        probe: Arc::new(NoProbe),
        has_watchdog: true,
    })
}

fn model(choice: &ModelChoice) -> Result<Arc<dyn Model>, Error> {
    let unusable = |message: String| Error::Config { message };
    Ok(match choice {
        ModelChoice::Scripted => Arc::new(Scripted::default()),
        ModelChoice::Script { file } => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| unusable(format!("could not read the model script {file}: {error}")))?;
            Arc::new(Scripted::new(Script::parse(&text).map_err(|error| unusable(error.to_string()))?))
        }
        ModelChoice::OpenAi { base_url, model } => {
            let mut settings = agents_model_http::Settings::new(base_url, model);
            if std::env::var_os(KEY_VARIABLE).is_some() {
                settings.key = Some(KeySource::Environment(KEY_VARIABLE.into()));
            }
            Arc::new(HttpModel::new(settings).map_err(|error| unusable(error.to_string()))?)
        }
    })
}
