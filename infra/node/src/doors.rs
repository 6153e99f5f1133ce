//! The doors of a node: through which everything outside comes in.

use std::sync::Arc;

use agents_model::{Completion, Model, Script, Scripted};
use agents_model_http::{HttpModel, KeySource};
use async_trait::async_trait;
use schemas_records::ModelRequest;
use topics_log::memory::MemoryLog;
use topics_log::{Clock, Log, SystemClock};
use topics_log_fjall::FjallLog;
use topics_log_kafka::KafkaLog;
use topics_runtime::{NoProbe, Probe};
use topics_state::fjall::{Disk, Durability, FjallStore, Hold};
use topics_state::memory::MemoryStore;
use topics_state::{KeyedStore, StateStore};

use crate::config::{Config, ModelChoice};
use crate::run::Error;
use crate::shared;

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

/// Opens the doors that a configuration names, to run agents.
///
/// # Errors
/// What could not be opened, with what to do about it.
pub async fn open(config: &Config) -> Result<Doors, Error> {
    open_with(config, model(config)?, None).await
}

/// Opens the doors only to look at the log: there is no model, and beside brokers no state, so that whoever
/// holds it goes on. `hold` is the data folder, if this process has it already.
///
/// # Errors
/// What could not be opened, with what to do about it.
pub async fn open_to_look(config: &Config, hold: Option<Hold>) -> Result<Doors, Error> {
    let mut config = config.clone();
    config.settings.outside.folder = config.settings.outside.folder.filter(|_| config.brokers.is_none());
    config.cql = None;
    open_with(&config, Arc::new(NoModel), hold).await
}

/// Opens the doors to mend what belongs to the state: the log and the state, but no model. `hold` is the data
/// folder, if the state is in one.
///
/// # Errors
/// What could not be opened, with what to do about it.
pub async fn open_to_mend(config: &Config, hold: Option<Hold>) -> Result<Doors, Error> {
    open_with(config, Arc::new(NoModel), hold).await
}

/// Opens the doors to run agents, with a model that is there already, and in a data folder that this process
/// has already, if it has.
///
/// # Errors
/// What could not be opened, with what to do about it.
pub async fn open_with(config: &Config, model: Arc<dyn Model>, hold: Option<Hold>) -> Result<Doors, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // Before the folder is taken: whoever waits for a broker should not keep others from it.
    let kafka = match &config.brokers {
        None => None,
        Some(brokers) => Some(KafkaLog::connect(config.kafka(brokers)?).await?),
    };
    let disk = match config.data() {
        None => None,
        Some(folder) => {
            let hold = hold.map_or_else(|| Hold::take(folder), Ok).map_err(Error::from_store)?;
            // Whoever noted an admin door here is gone: its port may be anybody's by now.
            infra_http::admin::forget(folder);
            let disk = Disk::open_held(hold, clock.now(), Durability::default());
            Some(disk.map_err(Error::from_store)?)
        }
    };
    let log: Arc<dyn Log> = match (kafka, &disk) {
        (Some(kafka), _) => Arc::new(kafka),
        (None, Some(disk)) => Arc::new(FjallLog::on(disk.clone(), Arc::clone(&clock))?),
        (None, None) => Arc::new(MemoryLog::new(Arc::clone(&clock))),
    };
    let (states, keyed): (Arc<dyn StateStore>, Arc<dyn KeyedStore>) = match (&config.cql, disk) {
        (Some(cql), _) => shared::open(cql).await?,
        (None, None) => {
            let store = MemoryStore::new(Arc::clone(&clock));
            (Arc::new(store.clone()), Arc::new(store))
        }
        (None, Some(disk)) => {
            let store = FjallStore::on(disk, Arc::clone(&clock)).map_err(Error::from_store)?;
            (Arc::new(store.clone()), Arc::new(store))
        }
    };
    Ok(Doors { log, states, keyed, model, clock, probe: Arc::new(NoProbe), has_watchdog: true })
}

/// The model of a process that runs no agents.
pub(crate) struct NoModel;

#[async_trait]
impl Model for NoModel {
    async fn complete(&self, _: &ModelRequest) -> Result<Completion, agents_model::model::Error> {
        Err(agents_model::model::Error::Refused {
            message: "this process only looks, and asks no model".into(),
        })
    }
}

/// The model that a configuration names.
///
/// # Errors
/// [`Error::Config`]: a script, weights or a key that cannot be read.
pub fn model(config: &Config) -> Result<Arc<dyn Model>, Error> {
    let unusable = |message: String| Error::Config { message };
    Ok(match &config.model {
        ModelChoice::Offline => return offline(config),
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

#[cfg(feature = "offline")]
fn offline(config: &Config) -> Result<Arc<dyn Model>, Error> {
    let unusable = |message: String| Error::Config { message };
    let Some(folder) = &config.models else {
        return Err(unusable(
            "model offline: there is no folder for its weights; name one in `models`".into(),
        ));
    };
    let settings = agents_model_offline::Settings::new(folder);
    let model = agents_model_offline::OfflineModel::new(&settings);
    Ok(Arc::new(model.map_err(|error| unusable(error.to_string()))?))
}

#[cfg(not(feature = "offline"))]
fn offline(_: &Config) -> Result<Arc<dyn Model>, Error> {
    let message = "this program was built without the offline model; build it with `cargo build --features \
                   offline`, or use scripted or openai:BASE_URL#MODEL";
    Err(Error::Config { message: message.into() })
}
