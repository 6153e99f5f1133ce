//! What is said of a CQL cluster: state that many processes share.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::config::keys::Keys;
use crate::run::Error;

/// The role's password: in the environment or a file, never on a command line, which others can read.
const PASSWORD_VARIABLE: &str = "TRIBUTARY_CQL_PASSWORD";

/// TLS to a CQL cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CqlTls {
    /// The authorities that are trusted, as PEM.
    pub ca_file: PathBuf,
    /// This process's own certificate and its key, as PEM, where the cluster wants one.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// A CQL cluster that keeps state.
#[derive(Clone, PartialEq, Eq)]
pub struct Cql {
    /// `host:port` of some of its nodes.
    pub nodes: Vec<String>,
    /// The keyspace.
    pub keyspace: String,
    /// The role and its password; `None` where the cluster does not care who asks.
    pub credentials: Option<(String, String)>,
    /// `None` for a cluster without TLS.
    pub tls: Option<CqlTls>,
    /// The datacenter that is asked.
    pub datacenter: Option<String>,
    /// Copies of each row, if the keyspace is to be made.
    pub replication: u8,
    /// Whether ScyllaDB is to make it with tablets.
    pub tablets: bool,
}

impl std::fmt::Debug for Cql {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cql")
            .field("nodes", &self.nodes)
            .field("keyspace", &self.keyspace)
            .finish_non_exhaustive()
    }
}

impl Cql {
    /// The cluster that the keys name, if they name one.
    ///
    /// # Errors
    /// [`Error::Config`]: keys that do not fit together, or a password that cannot be read.
    pub(super) fn of(keys: &Keys, environment: &BTreeMap<String, String>) -> Result<Option<Self>, Error> {
        let wrong = |message: &str| Err(Error::Config { message: message.to_owned() });
        let said = [
            ("cql_keyspace", keys.cql_keyspace.is_some()),
            ("cql_user", keys.cql_user.is_some()),
            ("cql_password_file", keys.cql_password_file.is_some()),
            ("cql_ca_file", keys.cql_ca_file.is_some()),
            ("cql_cert_file", keys.cql_cert_file.is_some()),
            ("cql_key_file", keys.cql_key_file.is_some()),
            ("cql_datacenter", keys.cql_datacenter.is_some()),
        ];
        let Some(nodes) = &keys.cql else {
            return match said.iter().find(|(_, is_said)| *is_said) {
                Some((key, _)) => wrong(&format!("{key} is set, but no cluster: set cql=HOST:PORT too")),
                None => Ok(None),
            };
        };
        if keys.brokers.is_none() {
            return wrong(
                "cql is set, but no brokers: state that is shared needs a log that is; set brokers too",
            );
        }
        if keys.data.is_some() {
            return wrong("both cql and data say where state is kept: leave one of them out");
        }
        let credentials = match &keys.cql_user {
            Some(user) => Some((user.clone(), password(keys, environment)?)),
            None if keys.cql_password_file.is_some() => {
                return wrong("cql_password_file is set, but no role: set cql_user too");
            }
            None => None,
        };
        Ok(Some(Self {
            nodes: nodes.split(',').map(|node| node.trim().to_owned()).collect(),
            keyspace: keys.cql_keyspace.clone().unwrap_or_else(|| keyspace_of(&keys.namespace)),
            credentials,
            tls: tls(keys)?,
            datacenter: keys.cql_datacenter.clone(),
            replication: keys.cql_replication,
            tablets: keys.cql_tablets,
        }))
    }
}

/// The keyspace of a namespace: its name, with what CQL does not take unquoted written as `_`.
fn keyspace_of(namespace: &str) -> String {
    namespace.to_lowercase().replace(['-', '.'], "_")
}

/// TLS begins with whom to trust; a certificate of one's own comes with its key.
fn tls(keys: &Keys) -> Result<Option<CqlTls>, Error> {
    let wrong = |message: &str| Err(Error::Config { message: message.to_owned() });
    let identity = match (&keys.cql_cert_file, &keys.cql_key_file) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
        (Some(_), None) => return wrong("cql_cert_file is set, but no key: set cql_key_file too"),
        (None, Some(_)) => return wrong("cql_key_file is set, but no certificate: set cql_cert_file too"),
    };
    match &keys.cql_ca_file {
        Some(file) => Ok(Some(CqlTls { ca_file: file.into(), identity })),
        None if identity.is_some() => wrong(
            "cql_cert_file is set, but nobody is trusted: name the cluster's authority in cql_ca_file too",
        ),
        None => Ok(None),
    }
}

fn password(keys: &Keys, environment: &BTreeMap<String, String>) -> Result<String, Error> {
    let wrong = |message: String| Error::Config { message };
    match (&keys.cql_password_file, environment.get(PASSWORD_VARIABLE)) {
        (Some(_), Some(_)) => Err(wrong(format!(
            "both cql_password_file and {PASSWORD_VARIABLE} hold a password: leave one of them out"
        ))),
        (Some(file), None) => match fs::read_to_string(file) {
            Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => Err(wrong(format!("could not read cql_password_file {file}: {error}"))),
        },
        (None, Some(password)) => Ok(password.clone()),
        (None, None) => Err(wrong(format!(
            "cql_user is set, but no password: put it into {PASSWORD_VARIABLE} or a file that cql_password_file names"
        ))),
    }
}
