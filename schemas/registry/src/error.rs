//! What can go wrong with a registry, by what is to be done about it.

use schemas_codec::SchemaId;

use crate::subject::Refusal;

/// Why a registry did not do what was asked of it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The settings cannot be used. Remedy: correct them.
    #[error("use a schema registry: {problem}")]
    Settings {
        /// What was found, and what is allowed.
        problem: String,
    },
    /// Nobody answers, or too late, or somebody who cannot now. Remedy: try again; it passes.
    #[error(
        "{attempted} at the schema registry {url}: {cause}; is it running, does this machine reach it, and is http or \
         https right in its url?"
    )]
    Away {
        /// What was attempted.
        attempted: String,
        /// The registry.
        url: String,
        /// What came back.
        cause: String,
    },
    /// The registry's certificate is not trusted, or is not its own. Remedy: name the authority, or correct the url.
    #[error(
        "{attempted} at the schema registry {url}: {cause}; name the certificate of who signed the registry's in \
         registry_ca_file, and let the url have a host that the registry's certificate names"
    )]
    Untrusted {
        /// What was attempted.
        attempted: String,
        /// The registry.
        url: String,
        /// What is wrong with the certificate.
        cause: String,
    },
    /// The registry does not take these credentials. Remedy: correct them, or the rights they have there.
    #[error(
        "{attempted} at the schema registry {url}: it answered {status}: {message}; check registry_user with its \
         password, or the token, and what they may do there"
    )]
    Denied {
        /// What was attempted.
        attempted: String,
        /// The registry.
        url: String,
        /// 401 or 403.
        status: u16,
        /// What it said.
        message: String,
    },
    /// An answer that no registry gives. Remedy: correct the url.
    #[error(
        "{attempted} at the schema registry {url}: {found}; let the url be where a confluent-compatible api begins, \
         the part before /subjects"
    )]
    Strange {
        /// What was attempted.
        attempted: String,
        /// The registry.
        url: String,
        /// What came back.
        found: String,
    },
    /// Schemas that the registry holds, or says, cannot be followed by ours. Remedy: in each.
    #[error("{}", all(.0))]
    Refused(Vec<Refusal>),
    /// There is no schema with this id. Remedy: whoever wrote it registers it there.
    #[error(
        "the schema registry {url} has no schema {id}; write with one that is registered there, or name that registry"
    )]
    NoSuchId {
        /// The id.
        id: SchemaId,
        /// The registry.
        url: String,
    },
    /// There is one, but it is of no use here. Remedy: send Avro.
    #[error("schema {id} of the schema registry {url} cannot be used: {problem}")]
    Unusable {
        /// The id.
        id: SchemaId,
        /// The registry.
        url: String,
        /// Why.
        problem: String,
    },
}

impl Error {
    /// Whether the same may go well some time later, with nothing changed here.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Away { .. })
    }
}

fn all(refusals: &[Refusal]) -> String {
    let lines: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
