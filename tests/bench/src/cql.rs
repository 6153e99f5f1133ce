//! A keyspace for one measurement, on the CQL server the bench was told of.

use std::sync::Arc;

use anyhow::Context;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use topics_state_scylla::{ScyllaStore, Settings, migrate};

use crate::arena::new_name;

/// A keyspace that is dropped by [`Ground::strike`].
pub struct Ground {
    /// How a node would reach it.
    pub settings: Settings,
    session: Arc<Session>,
}

impl Ground {
    /// Makes a keyspace with the tables that nodes need, on these nodes of a cluster, separated by commas: as many
    /// copies of each row as there are nodes, three at most.
    ///
    /// # Errors
    /// A server that cannot be reached.
    pub async fn make(cql: &str) -> anyhow::Result<Self> {
        let keyspace = new_name().replace('-', "_");
        let nodes: Vec<String> = cql.split(',').map(str::to_owned).collect();
        let replication = u8::try_from(nodes.len().min(3)).unwrap_or(3);
        let settings = Settings { nodes, keyspace, replication, ..Settings::default() };
        migrate(&settings).await?;
        let session = SessionBuilder::new().known_nodes(&settings.nodes).build().await;
        Ok(Self { settings, session: Arc::new(session.context("could not reach the CQL server")?) })
    }

    /// The store that nodes have.
    ///
    /// # Errors
    /// A server that is gone.
    pub async fn store(&self) -> anyhow::Result<ScyllaStore> {
        Ok(ScyllaStore::connect(&self.settings).await?)
    }

    /// The bare driver.
    #[must_use]
    pub fn session(&self) -> Arc<Session> {
        Arc::clone(&self.session)
    }

    /// Configuration of a node with its state here.
    #[must_use]
    pub fn sets(&self) -> [String; 2] {
        [format!("cql={}", self.settings.nodes.join(",")), format!("cql_keyspace={}", self.settings.keyspace)]
    }

    /// Removes all of it.
    ///
    /// # Errors
    /// A server that is gone.
    pub async fn strike(self) -> anyhow::Result<()> {
        let drop = format!("DROP KEYSPACE {}", self.settings.keyspace);
        self.session.query_unpaged(drop, ()).await.context("could not drop the keyspace")?;
        Ok(())
    }
}
