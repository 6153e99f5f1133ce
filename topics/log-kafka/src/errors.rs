//! What librdkafka's and the broker's error codes mean for whoever meets them: the one table.
//!
//! It decides remedies and adds hints an operator can act on. It does not log and does not retry.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use topics_log::{Error, Remedy};

/// A failed transactional call, as librdkafka describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The error code.
    pub code: Code,
    /// The client is dead for good.
    pub fatal: bool,
    /// The transaction can only be aborted.
    pub requires_abort: bool,
    /// What librdkafka says.
    pub text: String,
}

/// Which transactional call failed: the same code means different things in different calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Taking the transactional name.
    Init,
    /// Opening a transaction.
    Begin,
    /// Appending records.
    Produce,
    /// Adding offsets.
    SendOffsets,
    /// Committing.
    Commit,
    /// Aborting.
    Abort,
}

/// What kind of trouble a code is, before one asks in which call it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Somebody else has the name.
    Fenced,
    /// The group has moved on.
    Membership,
    /// Nobody but an operator can mend it.
    Operator,
    /// It may pass.
    Passing,
    /// Anything else.
    Other,
}

/// Somebody else has the name.
const FENCED: &[Code] = &[Code::Fenced, Code::ProducerFenced, Code::InvalidProducerEpoch];

/// The group has moved on. Whether a member's name went to another process or to a later life of this very
/// member (a coordinator that died after it had let the member in anew, and before it had said so) only the
/// client itself can tell, when it is polled.
const MEMBERSHIP: &[Code] = &[
    Code::IllegalGeneration,
    Code::UnknownMemberId,
    Code::RebalanceInProgress,
    Code::AssignmentLost,
    Code::FencedInstanceId,
];

/// Nobody but an operator can mend it.
const OPERATOR: &[Code] = &[
    Code::TopicAuthorizationFailed,
    Code::GroupAuthorizationFailed,
    Code::ClusterAuthorizationFailed,
    Code::TransactionalIdAuthorizationFailed,
    Code::SaslAuthenticationFailed,
    Code::Authentication,
    Code::UnsupportedSASLMechanism,
    Code::SSL,
    Code::SecurityDisabled,
    Code::UnknownTopicOrPartition,
    Code::UnknownTopic,
    Code::UnknownPartition,
    Code::InvalidTopic,
    Code::MessageSizeTooLarge,
    Code::MessageBatchTooLarge,
    Code::InvalidMessageSize,
    Code::OffsetMetadataTooLarge,
    Code::OffsetOutOfRange,
    Code::AutoOffsetReset,
    Code::NoOffset,
    Code::InconsistentGroupProtocol,
    Code::InvalidGroupId,
    Code::InvalidSessionTimeout,
    Code::InvalidTransactionTimeout,
    Code::GroupMaxSizeReached,
    Code::UnreleasedInstanceId,
    Code::UnsupportedVersion,
    Code::UnsupportedFeature,
    Code::UnsupportedForMessageFormat,
    Code::UnsupportedCompressionType,
    Code::InvalidArgument,
    Code::InvalidConfig,
    Code::InvalidPartitions,
    Code::InvalidReplicationFactor,
    Code::PolicyViolation,
    Code::TopicAlreadyExists,
    Code::TopicDeletionDisabled,
    Code::InvalidRecord,
    Code::NotImplemented,
];

/// It may pass.
const PASSING: &[Code] = &[
    Code::OperationTimedOut,
    Code::TimedOutQueue,
    Code::RequestTimedOut,
    Code::MessageTimedOut,
    Code::BrokerTransportFailure,
    Code::AllBrokersDown,
    Code::Resolve,
    Code::NetworkException,
    Code::BrokerNotAvailable,
    Code::LeaderNotAvailable,
    Code::NotLeaderForPartition,
    Code::ReplicaNotAvailable,
    Code::CoordinatorLoadInProgress,
    Code::CoordinatorNotAvailable,
    Code::NotCoordinator,
    Code::NotController,
    Code::WaitingForCoordinator,
    Code::ConcurrentTransactions,
    Code::UnstableOffsetCommit,
    Code::NotEnoughReplicas,
    Code::NotEnoughReplicasAfterAppend,
    Code::ThrottlingQuotaExceeded,
    Code::QueueFull,
    Code::Retry,
    Code::KafkaStorageError,
];

fn trouble(code: Code) -> Trouble {
    let kinds = [
        (FENCED, Trouble::Fenced),
        (MEMBERSHIP, Trouble::Membership),
        (OPERATOR, Trouble::Operator),
        (PASSING, Trouble::Passing),
    ];
    kinds.into_iter().find(|(codes, _)| codes.contains(&code)).map_or(Trouble::Other, |(_, trouble)| trouble)
}

/// What to do about `code` outside transactions. What is not known may pass: callers bound their retries.
pub(crate) fn remedy(code: Code) -> Remedy {
    match trouble(code) {
        Trouble::Fenced => Remedy::Fenced,
        Trouble::Membership => Remedy::Lost,
        Trouble::Operator => Remedy::Stop,
        Trouble::Passing | Trouble::Other => Remedy::Retry,
    }
}

/// What to do about a failed call of a transaction. `outlived` says that the transaction has been open for
/// longer than its time-out: then the coordinator may have ended and fenced it by itself, and being fenced
/// does not prove that there is another producer of this name.
pub(crate) fn transaction_remedy(step: Step, failure: &Failure, outlived: bool) -> Remedy {
    let certain = match trouble(failure.code) {
        Trouble::Fenced if outlived => Some(Remedy::Unknown),
        Trouble::Fenced => Some(Remedy::Fenced),
        Trouble::Operator => Some(Remedy::Stop),
        Trouble::Membership if step == Step::SendOffsets => Some(Remedy::Lost),
        Trouble::Passing if step == Step::Init && !failure.fatal => Some(Remedy::Retry),
        _ => None,
    };
    if let Some(remedy) = certain {
        return remedy;
    }
    match step {
        _ if failure.fatal => Remedy::Unknown,
        // Nothing was committed yet, and an abort that fails says `Unknown` by itself.
        Step::Produce | Step::SendOffsets => Remedy::Abort,
        // The end of the transaction may have been sent, so its outcome is open whatever librdkafka guesses.
        Step::Init | Step::Begin | Step::Commit | Step::Abort => Remedy::Unknown,
    }
}

/// An error of a transactional call.
pub(crate) fn of_transaction(step: Step, attempted: String, failure: &Failure, outlived: bool) -> Error {
    let remedy = transaction_remedy(step, failure, outlived);
    Error::new(remedy, attempted, explained(failure.code, &failure.text))
}

/// An error outside transactions.
pub(crate) fn of_code(attempted: impl Into<String>, code: Code) -> Error {
    Error::new(remedy(code), attempted, explained(code, &code.to_string()))
}

/// An error of rdkafka's safe calls. Those that carry no code are about configuration.
pub(crate) fn of(attempted: impl Into<String>, error: &KafkaError) -> Error {
    match error.rdkafka_error_code() {
        Some(code) => Error::new(remedy(code), attempted, explained(code, &error.to_string())),
        None => {
            let text = error.to_string();
            let hint = if text.contains(".location failed") {
                "; is this a PEM file, and its password the right one?"
            } else {
                ""
            };
            Error::new(Remedy::Stop, attempted, format!("{text}{hint}"))
        }
    }
}

/// What an event is about. A broker that refuses a certificate, or the lack of one, says so by an alert, which
/// librdkafka tells as a connection that broke: but to try again does not mend it.
pub(crate) fn code_of_event(code: Code, reason: &str) -> Code {
    match code {
        Code::BrokerTransportFailure if reason.contains("SSL alert number") => Code::SSL,
        code => code,
    }
}

/// An error that librdkafka told as an event, with its reason.
pub(crate) fn of_event(attempted: impl Into<String>, code: Code, reason: &str) -> Error {
    Error::new(remedy(code), attempted, explained(code, reason))
}

/// librdkafka's own words, and a hint of ours where there is one.
pub(crate) fn explained(code: Code, text: &str) -> String {
    match hint(code) {
        Some(hint) => format!("{text}; {hint}"),
        None => text.to_owned(),
    }
}

fn hint(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::AllBrokersDown | Code::BrokerTransportFailure | Code::Resolve | Code::OperationTimedOut => {
            "is a broker running at this address, does it advertise one that can be reached from here, and does \
             security.protocol fit its listener?"
        }
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            "no such topic or partition: topics are never created by using them"
        }
        Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed => "grant this principal the ACL it lacks",
        Code::SaslAuthenticationFailed | Code::Authentication | Code::SSL => {
            "check security.protocol, the credentials and the certificates (ssl.ca.location for the broker's, \
             ssl.certificate.location and ssl.key.location for one's own)"
        }
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => {
            "a record is larger than message.max.bytes of the client or max.message.bytes of the topic"
        }
        Code::OffsetOutOfRange | Code::AutoOffsetReset => {
            "records at this offset are gone: the group was idle, or behind, for longer than the topic's retention \
             (`tributary group adopt` shows where it stands and lets it go on behind them), or the topic was made anew"
        }
        Code::InconsistentGroupProtocol => {
            "another program is in this consumer group: give the group's name to one program only"
        }
        Code::FencedInstanceId | Code::UnreleasedInstanceId => {
            "another process runs under this instance name: names are unique in a group"
        }
        Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch => {
            "another producer took this transactional name, or the transaction was open for too long"
        }
        Code::InvalidSessionTimeout => {
            "keep session_timeout between the broker's group.min and group.max.session.timeout.ms"
        }
        Code::InvalidTransactionTimeout => {
            "keep transaction_timeout below the broker's transaction.max.timeout.ms"
        }
        Code::OffsetMetadataTooLarge => "shorten it or raise the broker's offset.metadata.max.bytes",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
