//! Making what is missing in the cluster, and looking whether what is there is ours.
//!
//! Nothing here drops, alters or empties anything: what is there and is not as it should be stops
//! whoever asks, with the way out.

use std::collections::BTreeMap;

use scylla::client::session::Session;
use scylla::statement::Consistency;
use scylla::statement::unprepared::Statement;
use topics_state::{Error, Remedy};

use crate::connection;
use crate::errors;
use crate::patience::Patience;
use crate::settings::Settings;
use crate::store::nonce;
use crate::tables::{Dialect, TABLES, Table, VERSION, keyspace_creation};

/// The rows of `about`.
const ABOUT_VERSION: &str = "version";
const ABOUT_IDENTITY: &str = "identity";

/// What [`migrate`] would do: the statements, none if all is there.
///
/// # Errors
/// `Stop` if what is there is not ours or of another version; `Retry` if no node answers.
pub async fn plan(settings: &Settings) -> Result<Vec<String>, Error> {
    let session = connection::session(settings).await?;
    Ground { session: &session, settings }.missing().await
}

/// Makes the keyspace and the tables that are missing, and names the store; returns the statements that
/// did it. What is there stays as it is. One at a time: servers settle changes of the schema badly that
/// are made at once.
///
/// # Errors
/// `Stop` if what is there is not ours or of another version, or the role may not; `Retry` if no node
/// answers.
pub async fn migrate(settings: &Settings) -> Result<Vec<String>, Error> {
    let session = connection::session(settings).await?;
    let ground = Ground { session: &session, settings };
    let missing = ground.missing().await?;
    if !missing.is_empty() {
        ground.can_hold()?;
    }
    for statement in &missing {
        ground.ask(statement, ()).await?;
    }
    ground.name_store().await?;
    Ok(missing)
}

/// Looks whether the keyspace is one that this version can work with, and returns the store's id.
///
/// # Errors
/// `Stop`, with what is missing or different.
pub(crate) async fn check(session: &Session, settings: &Settings) -> Result<String, Error> {
    let ground = Ground { session, settings };
    let attempted = || format!("use keyspace {}", settings.keyspace);
    let missing = ground.missing().await?;
    match missing.first() {
        None => {
            // The version is written last: where it stands, so does the id.
            let is_finished = ground.about(ABOUT_VERSION).await?.is_some();
            let identity = ground.about(ABOUT_IDENTITY).await?;
            identity.filter(|_| is_finished).ok_or_else(|| unfinished(attempted()))
        }
        Some(creation) if creation.starts_with("CREATE KEYSPACE") => {
            let cause = "it does not exist: `tributary state migrate` makes it, or name the right one";
            Err(Error::new(Remedy::Stop, attempted(), cause))
        }
        Some(_) => Err(unfinished(attempted())),
    }
}

fn unfinished(attempted: String) -> Error {
    Error::new(Remedy::Stop, attempted, "not all of its tables are there: run `tributary state migrate`")
}

fn other_version(attempted: String, version: &str) -> Error {
    let cause = format!(
        "its tables are of version {version}, this program works with version {VERSION}: \
         run the program of that version, or give this one a keyspace of its own"
    );
    Error::new(Remedy::Stop, attempted, cause)
}

/// Where to build.
struct Ground<'a> {
    session: &'a Session,
    settings: &'a Settings,
}

impl Ground<'_> {
    /// The statements that would make what is not there.
    async fn missing(&self) -> Result<Vec<String>, Error> {
        let keyspace = self.settings.keyspace.as_str();
        let known: Vec<(String,)> = self
            .rows("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", (keyspace,))
            .await?;
        let creations = TABLES.iter().map(|table| table.creation(keyspace));
        if known.is_empty() {
            let keyspace = keyspace_creation(self.settings, self.dialect().await?);
            return Ok([keyspace].into_iter().chain(creations).collect());
        }
        let standing = self.standing().await?;
        for table in TABLES {
            if let Some(columns) = standing.get(table.name) {
                self.is_ours(table, columns)?;
            }
        }
        self.keeps_deletions().await?;
        if standing.contains_key("about")
            && let Some(version) = self.about(ABOUT_VERSION).await?
            && version != VERSION
        {
            return Err(other_version(format!("use keyspace {keyspace}"), &version));
        }
        let missing = TABLES.iter().zip(creations).filter(|(table, _)| !standing.contains_key(table.name));
        Ok(missing.map(|(_, creation)| creation).collect())
    }

    /// The columns of each table in the keyspace.
    async fn standing(&self) -> Result<BTreeMap<String, Vec<Described>>, Error> {
        let columns: Vec<(String, String, String, String, String, i32)> = self
            .rows(
                "SELECT table_name, column_name, type, kind, clustering_order, position \
                 FROM system_schema.columns WHERE keyspace_name = ?",
                (self.settings.keyspace.as_str(),),
            )
            .await?;
        let mut standing = BTreeMap::<String, Vec<Described>>::new();
        for (table, name, cql_type, kind, order, position) in columns {
            standing.entry(table).or_default().push(Described { name, cql_type, kind, order, position });
        }
        Ok(standing)
    }

    /// Whether a table has the columns it should have.
    fn is_ours(&self, table: &Table, standing: &[Described]) -> Result<(), Error> {
        let expected = described(table);
        let mut standing = standing.to_vec();
        standing.sort();
        if standing == expected {
            return Ok(());
        }
        let odd = standing.iter().find(|column| !expected.contains(column));
        let lacking = expected.iter().find(|column| !standing.contains(column));
        let cause = format!(
            "its table {} is not the one of version {VERSION}: it has {} where {} is expected; \
             another program or another version made it: give this one a keyspace of its own",
            table.name,
            odd.map_or_else(|| "nothing".to_owned(), Described::to_string),
            lacking.map_or_else(|| "nothing".to_owned(), Described::to_string),
        );
        Err(Error::new(Remedy::Stop, format!("use keyspace {}", self.settings.keyspace), cause))
    }

    /// Deletions must be kept for longer than a write that they cover may still take to arrive.
    async fn keeps_deletions(&self) -> Result<(), Error> {
        let kept: Vec<(String, i32)> = self
            .rows(
                "SELECT table_name, gc_grace_seconds FROM system_schema.tables WHERE keyspace_name = ?",
                (self.settings.keyspace.as_str(),),
            )
            .await?;
        let needed = topics_state::LATE_WRITE_MAX.as_secs();
        let is_ours = |name: &str| TABLES.iter().any(|table| table.name == name);
        let short = kept.into_iter().find(|(name, seconds)| is_ours(name) && (*seconds as u64) < needed);
        let Some((name, seconds)) = short else { return Ok(()) };
        let cause = format!(
            "its table {name} keeps deletions for {seconds} s only, and late writes may rise again: \
             set its gc_grace_seconds to {needed} at least"
        );
        Err(Error::new(Remedy::Stop, format!("use keyspace {}", self.settings.keyspace), cause))
    }

    /// Whether there are nodes enough for so many copies.
    fn can_hold(&self) -> Result<(), Error> {
        let nodes = self.session.get_cluster_state().get_nodes_info().len();
        if nodes >= usize::from(self.settings.replication) {
            return Ok(());
        }
        let cause = format!(
            "the cluster has {nodes} nodes, fewer than replication {}: no quorum could be reached; \
             set `replication` to {nodes} or fewer",
            self.settings.replication
        );
        Err(Error::new(Remedy::Stop, format!("migrate keyspace {}", self.settings.keyspace), cause))
    }

    /// Gives the store its id and the tables their version, once and for all.
    async fn name_store(&self) -> Result<(), Error> {
        let insert =
            format!("INSERT INTO {}.about (name, value) VALUES (?, ?) IF NOT EXISTS", self.settings.keyspace);
        let id: String = nonce()?.iter().map(|byte| format!("{byte:02x}")).collect();
        // The version comes last: with it everything is there.
        for (name, value) in [(ABOUT_IDENTITY, id.as_str()), (ABOUT_VERSION, VERSION)] {
            self.ask(&insert, (name, value)).await?;
        }
        Ok(())
    }

    /// What the keyspace says about itself.
    async fn about(&self, name: &str) -> Result<Option<String>, Error> {
        let text = format!("SELECT value FROM {}.about WHERE name = ?", self.settings.keyspace);
        let rows: Vec<(String,)> = self.rows(&text, (name,)).await?;
        Ok(rows.into_iter().next().map(|(value,)| value))
    }

    async fn dialect(&self) -> Result<Dialect, Error> {
        let text = "SELECT table_name FROM system_schema.tables \
                    WHERE keyspace_name = 'system' AND table_name = 'scylla_local'";
        let rows: Vec<(String,)> = self.rows(text, ()).await?;
        Ok(if rows.is_empty() { Dialect::Cassandra } else { Dialect::Scylla })
    }

    /// All rows of an answer.
    async fn rows<Row>(
        &self,
        text: &str,
        values: impl scylla::serialize::row::SerializeRow,
    ) -> Result<Vec<Row>, Error>
    where
        Row: for<'a> scylla::deserialize::row::DeserializeRow<'a, 'a>,
    {
        let attempted = || format!("look at keyspace {}", self.settings.keyspace);
        let answer = self.ask(text, values).await?;
        let rows = answer.into_rows_result().map_err(|error| errors::unreadable(attempted(), error))?;
        let rows = rows.rows::<Row>().map_err(|error| errors::unreadable(attempted(), error))?;
        rows.collect::<Result<_, _>>().map_err(|error| errors::unreadable(attempted(), error))
    }

    async fn ask(
        &self,
        text: &str,
        values: impl scylla::serialize::row::SerializeRow,
    ) -> Result<scylla::response::query_result::QueryResult, Error> {
        let attempted = || format!("run `{text}`");
        // Each creates, or inserts, only what is not there: it may be made again.
        let mut statement = Statement::new(text);
        statement.set_is_idempotent(true);
        if text.contains(".about ") && text.starts_with("SELECT") {
            statement.set_consistency(Consistency::Serial);
        }
        let mut patience = Patience::of(self.settings.connect_timeout);
        loop {
            match self.session.query_unpaged(statement.clone(), &values).await {
                Ok(answer) => return Ok(answer),
                Err(error) => patience.again(errors::of(attempted(), &error)).await?,
            }
        }
    }
}

/// A column as a server describes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Described {
    name: String,
    cql_type: String,
    kind: String,
    order: String,
    position: i32,
}

impl std::fmt::Display for Described {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "column {} {} ({} {})", self.name, self.cql_type, self.kind, self.order)
    }
}

/// A table's columns as a server describes them, sorted.
fn described(table: &Table) -> Vec<Described> {
    let mut counted = BTreeMap::new();
    let mut all = Vec::new();
    for (name, cql_type, part) in table.columns {
        let (kind, order) = part.described();
        let next: &mut i32 = counted.entry(kind).or_default();
        let position = if kind == "regular" { -1 } else { *next };
        *next += 1;
        all.push(Described {
            name: (*name).to_owned(),
            cql_type: (*cql_type).to_owned(),
            kind: kind.to_owned(),
            order: order.to_owned(),
            position,
        });
    }
    all.sort();
    all
}
