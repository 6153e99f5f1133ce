//! State that many processes share, on a CQL cluster: opened, compared with what is needed, made. A program
//! built without the feature `cql` says so.

use std::sync::Arc;

use topics_state::{KeyedStore, StateStore};

use crate::config::Cql;
use crate::run::Error;

/// Agents' state, and gateways' rows.
pub(crate) type Stores = (Arc<dyn StateStore>, Arc<dyn KeyedStore>);

#[cfg(feature = "cql")]
mod built {
    use std::sync::Arc;

    use topics_state_scylla::{Credentials, ScyllaStore, Settings, Tls};

    use super::{Cql, Error, Stores};

    fn settings(cql: &Cql) -> Settings {
        let credentials = cql.credentials.clone().map(|(user, password)| Credentials { user, password });
        let tls = cql.tls.clone().map(|tls| Tls { ca_file: tls.ca_file, identity: tls.identity });
        Settings {
            nodes: cql.nodes.clone(),
            keyspace: cql.keyspace.clone(),
            credentials,
            tls,
            datacenter: cql.datacenter.clone(),
            replication: cql.replication,
            tablets: cql.tablets,
            ..Settings::default()
        }
    }

    pub(crate) async fn open(cql: &Cql) -> Result<Stores, Error> {
        let store = ScyllaStore::connect(&settings(cql)).await.map_err(Error::from_store)?;
        Ok((Arc::new(store.clone()), Arc::new(store)))
    }

    pub(super) async fn plan(cql: &Cql) -> Result<Vec<String>, Error> {
        topics_state_scylla::plan(&settings(cql)).await.map_err(Error::from_store)
    }

    pub(super) async fn migrate(cql: &Cql) -> Result<Vec<String>, Error> {
        topics_state_scylla::migrate(&settings(cql)).await.map_err(Error::from_store)
    }
}

#[cfg(not(feature = "cql"))]
mod built {
    use super::{Cql, Error, Stores};

    fn absent<T>() -> Result<T, Error> {
        let message = "this program was built without CQL; build it with `cargo build --features cql`, or leave \
                       cql out to keep state on this machine's disk";
        Err(Error::Config { message: message.into() })
    }

    pub(crate) async fn open(_: &Cql) -> Result<Stores, Error> {
        absent()
    }

    pub(super) async fn plan(_: &Cql) -> Result<Vec<String>, Error> {
        absent()
    }

    pub(super) async fn migrate(_: &Cql) -> Result<Vec<String>, Error> {
        absent()
    }
}

pub(crate) use built::open;

/// What [`migrate`] would do: statements, none if all is there.
///
/// # Errors
/// The store's own: a keyspace of another shape or version, nobody who answers.
pub async fn plan(cql: &Cql) -> Result<Vec<String>, Error> {
    built::plan(cql).await
}

/// Makes the keyspace and the tables that are missing; returns the statements that did it. What is there stays.
///
/// # Errors
/// As [`plan`], and a role that may not.
pub async fn migrate(cql: &Cql) -> Result<Vec<String>, Error> {
    built::migrate(cql).await
}
