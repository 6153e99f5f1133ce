//! Both stores on a CQL cluster: what a process holds, and the one way in which it asks.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::ExecutionError;
use scylla::response::query_result::QueryResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::prepared::PreparedStatement;
use tokio::sync::Mutex;
use topics_state::{Error, Remedy};

use crate::connection;
use crate::errors;
use crate::gate::Gate;
use crate::keyed::Times;
use crate::migration;
use crate::patience::Patience;
use crate::settings::Settings;
use crate::statements::Statements;
use crate::voice::Voice;

/// Both stores on a CQL cluster, shared by any number of processes. A clone is the same store.
///
/// Its calls need a tokio runtime with time and network enabled. What it acknowledges survives the death
/// of this process, and of as many nodes as the keyspace's replication bears. A clock that is wrong here
/// changes nothing; the nodes' own clocks order only values set by key.
#[derive(Clone)]
pub struct ScyllaStore {
    pub(crate) shared: Arc<Shared>,
}

/// What clones share.
pub(crate) struct Shared {
    live: RwLock<Arc<Live>>,
    settings: Settings,
    identity: String,
    pub gate: Gate,
    pub times: Times,
    /// How long a call is tried again.
    pub patience: Duration,
    voice: Voice,
    /// Held by whoever registers.
    pub registering: Mutex<()>,
    /// Held by whoever makes a new session.
    reviving: Mutex<()>,
}

/// A session, and what was prepared in it.
pub(crate) struct Live {
    pub session: Session,
    pub statements: Statements,
}

/// What was attempted, said only if it fails.
pub(crate) type Attempted<'a> = &'a (dyn Fn() -> String + Sync);

/// Which statement.
pub(crate) type Pick = fn(&Statements) -> &PreparedStatement;

impl ScyllaStore {
    /// Connects to a cluster whose keyspace was migrated.
    ///
    /// # Errors
    /// `Retry` if no node answers in time; `Stop` if the settings, the password, the keyspace or its
    /// tables are not right. The cause says which, and what to do.
    pub async fn connect(settings: &Settings) -> Result<Self, Error> {
        let (live, identity) = Live::open(settings).await?;
        let shared = Shared {
            live: RwLock::new(Arc::new(live)),
            settings: settings.clone(),
            identity,
            gate: Gate::new(),
            times: Times::default(),
            patience: settings.patience,
            voice: Voice::new(),
            registering: Mutex::new(()),
            reviving: Mutex::new(()),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Live {
    /// A session in which everything was checked and prepared, and the store's id.
    async fn open(settings: &Settings) -> Result<(Self, String), Error> {
        let session = connection::session(settings).await?;
        let identity = migration::check(&session, settings).await?;
        let statements = Statements::prepare(&session, settings).await?;
        Ok((Self { session, statements }, identity))
    }

    /// How many nodes have a connection.
    fn nodes_up(&self) -> usize {
        self.session.get_cluster_state().get_nodes_info().iter().filter(|node| node.is_connected()).count()
    }
}

impl Shared {
    /// Asks for as long as patience lasts, and takes one place at the gate for it.
    pub async fn ask(
        &self,
        attempted: Attempted<'_>,
        statement: Pick,
        values: impl SerializeRow,
    ) -> Result<QueryResult, Error> {
        let _place = self.gate.enter().await;
        let mut patience = Patience::of(self.patience);
        loop {
            let live = self.live();
            match live.session.execute_unpaged(statement(&live.statements), &values).await {
                Ok(answer) => {
                    self.voice.answered();
                    return Ok(answer);
                }
                Err(error) => self.again(attempted, &error, &live, &mut patience).await?,
            }
        }
    }

    /// Asks for all rows of an answer that has a bound.
    pub async fn rows<Row>(
        &self,
        attempted: Attempted<'_>,
        statement: Pick,
        values: impl SerializeRow,
    ) -> Result<Vec<Row>, Error>
    where
        Row: for<'a> DeserializeRow<'a, 'a>,
    {
        let answer = self.ask(attempted, statement, values).await?;
        rows(attempted, answer)
    }

    /// Waits before the next attempt, or hands the error back: the driver retries what it knows to be safe,
    /// on other nodes and at once, which does not bridge a restart of the only replica.
    pub async fn again(
        &self,
        attempted: Attempted<'_>,
        error: &ExecutionError,
        live: &Arc<Live>,
        patience: &mut Patience,
    ) -> Result<(), Error> {
        if let Err(error) = patience.again(errors::of(attempted(), error)).await {
            self.voice.gave_up(&error, self.patience);
            return Err(error);
        }
        self.revive(live).await;
        Ok(())
    }

    /// The session as it stands.
    pub fn live(&self) -> Arc<Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a new session if this one has lost every node: the driver waits up to ten seconds before it
    /// looks whether one is back. Whoever finds another one at it goes on.
    pub async fn revive(&self, lost: &Arc<Live>) {
        if lost.nodes_up() > 0 {
            return;
        }
        let Ok(_alone) = self.reviving.try_lock() else { return };
        if !Arc::ptr_eq(lost, &self.live()) {
            return;
        }
        let soon = Settings { connect_timeout: self.settings.request_timeout, ..self.settings.clone() };
        match Live::open(&soon).await {
            Ok((_, identity)) if identity != self.identity => {
                tracing::warn!(keyspace = %soon.keyspace, "another store answers at this address now: not used");
            }
            Ok((live, _)) => *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live),
            Err(error) => tracing::debug!(%error, "no node is back yet"),
        }
    }

    /// The store's id.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// How many requests may be under way at once, now.
    pub fn width(&self) -> usize {
        self.gate.resize(self.live().nodes_up());
        self.gate.width()
    }
}

/// The rows of an answer.
pub(crate) fn rows<Row>(attempted: Attempted<'_>, answer: QueryResult) -> Result<Vec<Row>, Error>
where
    Row: for<'a> DeserializeRow<'a, 'a>,
{
    let unreadable = |error: &dyn std::fmt::Display| errors::unreadable(attempted(), error);
    let answer = answer.into_rows_result().map_err(|error| unreadable(&error))?;
    let rows = answer.rows::<Row>().map_err(|error| unreadable(&error))?;
    rows.collect::<Result<_, _>>().map_err(|error| unreadable(&error))
}

/// Sixteen bytes that nobody else draws.
pub(crate) fn nonce() -> Result<[u8; 16], Error> {
    let mut drawn = [0; 16];
    getrandom::fill(&mut drawn).map_err(|error| {
        Error::new(Remedy::Stop, "draw a number", format!("the operating system: {error}"))
    })?;
    Ok(drawn)
}
