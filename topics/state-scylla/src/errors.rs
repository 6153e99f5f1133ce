//! What each error of the driver and of the servers means, and what an operator can do about it.
//!
//! `Retry` where nodes are away, slow or overloaded: every statement may be made again. `Stop` where
//! asking again brings the same answer. Nothing here is ever `Lost`: no server knows who owns what.

mod tls;

use scylla::errors::{
    BadQuery, ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, ExecutionError,
    MetadataError, NewSessionError, PrepareError, RequestAttemptError,
};
use topics_state::{Error, Remedy};

/// What to do about an error, and a hint where there is one.
type Verdict = (Remedy, Option<&'static str>);

const AWAY: Verdict = (
    Remedy::Retry,
    Some("is a node running at this address, and does it announce one that can be reached from here?"),
);
const PASSWORD: Verdict = (
    Remedy::Stop,
    Some(
        "check the user and the password, and that the role may log in (`ALTER ROLE ... WITH LOGIN = true`)",
    ),
);
const BUSY: Verdict = (Remedy::Retry, None);
const UNKNOWN: Verdict = (Remedy::Stop, None);

/// An error of a statement.
pub(crate) fn of(attempted: impl Into<String>, error: &ExecutionError) -> Error {
    let verdict = match error {
        ExecutionError::LastAttemptError(attempt) => of_attempt(attempt),
        ExecutionError::PrepareError(prepare) => of_prepare(prepare),
        ExecutionError::ConnectionPoolError(pool) => of_pool(pool),
        ExecutionError::RequestTimeout(_) => {
            (Remedy::Retry, Some("a node hangs, is overloaded, or pauses to collect garbage"))
        }
        ExecutionError::SchemaAgreementError(_) | ExecutionError::MetadataError(_) => BUSY,
        ExecutionError::EmptyPlan => {
            (Remedy::Stop, Some("is `datacenter` one of the cluster's? its nodes are the only ones asked"))
        }
        ExecutionError::BadQuery(BadQuery::ValuesTooLongForKey(..)) => {
            (Remedy::Stop, Some("the agent's or space's name is too long"))
        }
        _ => UNKNOWN,
    };
    told(attempted, error, verdict)
}

/// An error of preparing a statement.
pub(crate) fn of_preparing(attempted: impl Into<String>, error: &PrepareError) -> Error {
    told(attempted, error, of_prepare(error))
}

/// An error of a session's beginning.
pub(crate) fn of_session(attempted: impl Into<String>, error: &NewSessionError) -> Error {
    let verdict = match error {
        NewSessionError::FailedToResolveAnyHostname(_) => {
            (Remedy::Retry, Some("is the name in `nodes` right, and does it stand for an address?"))
        }
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(pool)) => of_pool(pool),
        NewSessionError::MetadataError(_) => BUSY,
        _ => UNKNOWN,
    };
    told(attempted, error, verdict)
}

/// A row that is not as it was written.
pub(crate) fn unreadable(attempted: impl Into<String>, cause: impl std::fmt::Display) -> Error {
    Error::new(
        Remedy::Stop,
        attempted,
        format!("{cause}; another program or another version wrote it: give each a keyspace of its own"),
    )
}

fn told(attempted: impl Into<String>, error: &dyn std::error::Error, verdict: Verdict) -> Error {
    let cause = match verdict.1 {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    };
    Error::new(verdict.0, attempted, cause)
}

fn of_prepare(error: &PrepareError) -> Verdict {
    match error {
        PrepareError::ConnectionPoolError(pool) => of_pool(pool),
        PrepareError::AllAttemptsFailed { first_attempt } => of_attempt(first_attempt),
        _ => UNKNOWN,
    }
}

fn of_pool(error: &ConnectionPoolError) -> Verdict {
    let ConnectionPoolError::Broken { last_connection_error } = error else { return AWAY };
    if let Some(verdict) = tls::of_connection(last_connection_error) {
        return verdict;
    }
    let ConnectionError::ConnectionSetupRequestError(setup) = last_connection_error else { return AWAY };
    match setup.get_error() {
        ConnectionSetupRequestErrorKind::MissingAuthentication => (
            Remedy::Stop,
            Some(
                "this cluster wants a password: set cql_user, and cql_password_file or TRIBUTARY_CQL_PASSWORD",
            ),
        ),
        ConnectionSetupRequestErrorKind::DbError(DbError::AuthenticationError, _)
        | ConnectionSetupRequestErrorKind::StartAuthSessionError(_)
        | ConnectionSetupRequestErrorKind::AuthChallengeEvaluationError(_)
        | ConnectionSetupRequestErrorKind::AuthFinishError(_) => PASSWORD,
        _ => AWAY,
    }
}

fn of_attempt(error: &RequestAttemptError) -> Verdict {
    match error {
        RequestAttemptError::DbError(error, text) => of_server(error, text),
        RequestAttemptError::BrokenConnectionError(_) => AWAY,
        RequestAttemptError::UnableToAllocStreamId | RequestAttemptError::RepreparedIdChanged { .. } => BUSY,
        _ => UNKNOWN,
    }
}

fn of_server(error: &DbError, text: &str) -> Verdict {
    match error {
        DbError::Unavailable { .. } => (
            Remedy::Retry,
            Some(
                "too few copies of this row are up: bring nodes back, or is `replication` above their number?",
            ),
        ),
        DbError::Overloaded
        | DbError::IsBootstrapping
        | DbError::TruncateError
        | DbError::ReadTimeout { .. }
        | DbError::WriteTimeout { .. }
        | DbError::ReadFailure { .. }
        | DbError::WriteFailure { .. }
        | DbError::Unprepared { .. }
        | DbError::RateLimitReached { .. }
        | DbError::ServerError => BUSY,
        DbError::AuthenticationError => PASSWORD,
        DbError::Unauthorized => (
            Remedy::Stop,
            Some("grant this role SELECT and MODIFY on the keyspace, and CREATE to migrate it"),
        ),
        DbError::Invalid if is_missing(text) => {
            (Remedy::Stop, Some("`tributary state migrate` makes what is missing"))
        }
        DbError::Invalid if text.contains("tablets") => (
            Remedy::Stop,
            Some("conditional writes on tablets need a newer server: make the keyspace without tablets"),
        ),
        DbError::ConfigError => (
            Remedy::Stop,
            Some("does the cluster take this replication, and is `datacenter` one of its own?"),
        ),
        _ => UNKNOWN,
    }
}

/// How the two kinds of server say that a keyspace, table or column is not there.
fn is_missing(text: &str) -> bool {
    let text = text.to_lowercase();
    ["does not exist", "unconfigured table", "undefined column", "unrecognized name", "unknown identifier"]
        .iter()
        .any(|said| text.contains(said))
}

#[cfg(test)]
mod tests;
