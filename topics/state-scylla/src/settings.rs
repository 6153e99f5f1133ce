//! How to reach the cluster, and the bounds of waiting for it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use topics_state::{Error, Remedy};

/// Longest keyspace name that both kinds of server take.
const KEYSPACE_CHARS_MAX: usize = 48;

/// How long one call may be tried at most. A write that was given up may still arrive later, and
/// [`topics_state::LATE_WRITE_MAX`] must stay far above that.
const PATIENCE_MAX: Duration = Duration::from_secs(60);

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The role's name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// How connections are kept private.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificates (PEM) of whoever signs the nodes' ones: nobody else is trusted, the system's
    /// authorities neither.
    pub ca_file: PathBuf,
    /// This side's own certificate and its key without a password (PEM), where the cluster wants one.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// How to reach a CQL cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `host:port` of some nodes; the others are learned from them. Default `127.0.0.1:9042`.
    pub nodes: Vec<String>,
    /// The keyspace. One for each namespace. Default `tributary`.
    pub keyspace: String,
    /// Who asks; `None` (the default) where the cluster does not care.
    pub credentials: Option<Credentials>,
    /// TLS; `None` (the default) for a cluster without. A node's certificate needs the address that the node
    /// announces, since that is what it is reached at.
    pub tls: Option<Tls>,
    /// The datacenter that is asked, the same in every process that shares the keyspace: quorums are
    /// local to it. May be `None` (the default) where the cluster has one only.
    pub datacenter: Option<String>,
    /// Copies of each row in each datacenter. Only [`crate::migrate`] reads it, when it makes the
    /// keyspace. Default 3.
    pub replication: u8,
    /// Whether a keyspace on ScyllaDB is made with tablets. Only [`crate::migrate`] reads it. Default
    /// `false`: on tablets conditional writes, which ownership needs, came late (2026.1).
    pub tablets: bool,
    /// How long one request may take, as this side counts. Default 2 s: twice what a healthy node takes
    /// at its worst, and soon enough for a second try.
    pub request_timeout: Duration,
    /// How long a call is tried again while nodes are away or overloaded, the driver's own retries apart.
    /// Default 4 s: one hung request and another one, and below the age at which the runtime gives an open
    /// transaction up (5 s); whoever has more time calls again.
    pub patience: Duration,
    /// How long [`crate::ScyllaStore::connect`] waits for a first answer. Default 10 s.
    pub connect_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            nodes: vec!["127.0.0.1:9042".to_owned()],
            keyspace: "tributary".to_owned(),
            credentials: None,
            tls: None,
            datacenter: None,
            replication: 3,
            tablets: false,
            request_timeout: Duration::from_secs(2),
            patience: Duration::from_secs(4),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

impl Settings {
    /// Looks at everything that can be wrong without asking a server.
    ///
    /// # Errors
    /// `Stop`, with the setting and the reason.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |cause: String| Err(Error::new(Remedy::Stop, "use the settings for CQL", cause));
        if self.nodes.iter().all(|node| node.trim().is_empty()) {
            return refuse("no node is named: set `nodes` to host:port".to_owned());
        }
        // The name stands in statements' text, so nothing may need quotes.
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let begins_well = self.keyspace.starts_with(|c: char| c.is_ascii_lowercase());
        if !begins_well || !self.keyspace.chars().all(is_plain) || self.keyspace.len() > KEYSPACE_CHARS_MAX {
            return refuse(format!(
                "keyspace {:?} is not a name: use up to {KEYSPACE_CHARS_MAX} of a-z, 0-9 and _, a letter first",
                self.keyspace
            ));
        }
        if self.replication == 0 {
            return refuse("replication 0 keeps no row: set it to 3, or to 1 on a single node".to_owned());
        }
        if self.request_timeout.is_zero() || self.patience < self.request_timeout {
            return refuse(format!(
                "patience ({:?}) must not be shorter than request_timeout ({:?}), nor that be 0",
                self.patience, self.request_timeout
            ));
        }
        if self.patience > PATIENCE_MAX {
            return refuse(format!("patience is {:?}, at most {PATIENCE_MAX:?} is allowed", self.patience));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
