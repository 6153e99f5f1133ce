//! The table of remedies, as data.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use topics_log::Remedy;

use super::{Failure, Step, code_of_event, of, of_code, of_transaction, remedy, transaction_remedy};

/// How a failure presents itself.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The call may be made again, says librdkafka.
    Plain,
    /// The transaction must be aborted.
    Abortable,
    /// The client is dead.
    Fatal,
}

fn failure(code: Code, way: Way) -> Failure {
    let (fatal, requires_abort) = (matches!(way, Way::Fatal), matches!(way, Way::Abortable));
    Failure { code, fatal, requires_abort, text: "what librdkafka says".into() }
}

/// Each failure of a transaction has the remedy that loses and doubles nothing.
#[test]
fn finds_the_remedy_of_a_failed_transaction() {
    let check = |step: Step, code: Code, way: Way, expected: Remedy| {
        assert_eq!(
            transaction_remedy(step, &failure(code, way), false),
            expected,
            "{step:?} {code:?} {way:?}"
        );
    };
    // Taking the name: nothing has happened yet.
    check(Step::Init, Code::OperationTimedOut, Way::Plain, Remedy::Retry);
    check(Step::Init, Code::CoordinatorNotAvailable, Way::Plain, Remedy::Retry);
    check(Step::Init, Code::TransactionalIdAuthorizationFailed, Way::Fatal, Remedy::Stop);
    check(Step::Init, Code::InvalidTransactionTimeout, Way::Fatal, Remedy::Stop);
    check(Step::Init, Code::ProducerFenced, Way::Fatal, Remedy::Fenced);
    // Producing.
    check(Step::Produce, Code::MessageTimedOut, Way::Abortable, Remedy::Abort);
    check(Step::Produce, Code::PurgeQueue, Way::Abortable, Remedy::Abort);
    check(Step::Produce, Code::Fenced, Way::Fatal, Remedy::Fenced);
    check(Step::Produce, Code::UnknownTopic, Way::Abortable, Remedy::Stop);
    check(Step::Produce, Code::UnknownPartition, Way::Abortable, Remedy::Stop);
    check(Step::Produce, Code::TopicAuthorizationFailed, Way::Abortable, Remedy::Stop);
    check(Step::Produce, Code::MessageSizeTooLarge, Way::Abortable, Remedy::Stop);
    check(Step::Produce, Code::OutOfOrderSequenceNumber, Way::Fatal, Remedy::Unknown);
    // Sending offsets: the group has moved on, or the coordinator is away.
    check(Step::SendOffsets, Code::IllegalGeneration, Way::Abortable, Remedy::Lost);
    check(Step::SendOffsets, Code::UnknownMemberId, Way::Abortable, Remedy::Lost);
    check(Step::SendOffsets, Code::RebalanceInProgress, Way::Abortable, Remedy::Lost);
    check(Step::SendOffsets, Code::FencedInstanceId, Way::Abortable, Remedy::Lost);
    check(Step::SendOffsets, Code::OperationTimedOut, Way::Plain, Remedy::Abort);
    check(Step::SendOffsets, Code::GroupAuthorizationFailed, Way::Abortable, Remedy::Stop);
    check(Step::SendOffsets, Code::OffsetMetadataTooLarge, Way::Abortable, Remedy::Stop);
    // Committing: once the end may have been sent, nothing but being fenced is certain.
    check(Step::Commit, Code::OperationTimedOut, Way::Plain, Remedy::Unknown);
    check(Step::Commit, Code::BrokerTransportFailure, Way::Plain, Remedy::Unknown);
    check(Step::Commit, Code::UnknownProducerId, Way::Abortable, Remedy::Unknown);
    check(Step::Commit, Code::InvalidTransactionalState, Way::Fatal, Remedy::Unknown);
    check(Step::Commit, Code::Fenced, Way::Fatal, Remedy::Fenced);
    check(Step::Abort, Code::OperationTimedOut, Way::Plain, Remedy::Unknown);
    check(Step::Abort, Code::InvalidProducerEpoch, Way::Fatal, Remedy::Fenced);
    check(Step::Begin, Code::State, Way::Plain, Remedy::Unknown);
}

/// Whoever is fenced in a transaction that was open for too long was fenced by the coordinator's clock.
#[test]
fn does_not_take_a_time_out_for_another_producer() {
    for step in [Step::Produce, Step::SendOffsets, Step::Commit, Step::Abort] {
        let fenced = failure(Code::Fenced, Way::Fatal);
        assert_eq!(transaction_remedy(step, &fenced, true), Remedy::Unknown, "{step:?}");
        assert_eq!(transaction_remedy(step, &fenced, false), Remedy::Fenced, "{step:?}");
    }
}

/// Outside transactions a code says by itself what to do.
#[test]
fn finds_the_remedy_of_a_code() {
    let check = |code: Code, expected: Remedy| assert_eq!(remedy(code), expected, "{code:?}");
    check(Code::AllBrokersDown, Remedy::Retry);
    check(Code::NotCoordinator, Remedy::Retry);
    check(Code::UnstableOffsetCommit, Remedy::Retry);
    check(Code::MessageTimedOut, Remedy::Retry);
    check(Code::FencedInstanceId, Remedy::Lost);
    check(Code::IllegalGeneration, Remedy::Lost);
    check(Code::RebalanceInProgress, Remedy::Lost);
    check(Code::UnknownTopicOrPartition, Remedy::Stop);
    check(Code::GroupAuthorizationFailed, Remedy::Stop);
    check(Code::SaslAuthenticationFailed, Remedy::Stop);
    check(Code::InconsistentGroupProtocol, Remedy::Stop);
    check(Code::AutoOffsetReset, Remedy::Stop);
    check(Code::TopicAlreadyExists, Remedy::Stop);
    check(Code::PollExceeded, Remedy::Retry);
}

/// A connection that broke may come back, one that was refused by an alert does not.
#[test]
fn tells_a_refusal_from_a_break() {
    let check = |code: Code, reason: &str, expected: Remedy| {
        assert_eq!(remedy(code_of_event(code, reason)), expected, "{code:?} {reason}");
    };
    let broken = Code::BrokerTransportFailure;
    check(broken, "Disconnected while requesting ApiVersion", Remedy::Retry);
    check(broken, "Receive failed: tlsv13 alert certificate required: SSL alert number 116", Remedy::Stop);
    check(Code::SSL, "certificate verify failed", Remedy::Stop);
    check(Code::AllBrokersDown, "SSL alert number 116", Remedy::Retry);
}

/// An error says what was attempted, what came back and, where there is one, a way out.
#[test]
fn says_what_an_operator_can_do() {
    let check = |told: topics_log::Error, expected: &[&str]| {
        for part in expected {
            assert!(told.to_string().contains(part), "{told} names {part:?}");
        }
    };
    check(of_code("join group g", Code::GroupAuthorizationFailed), &["could not join group g", "ACL"]);
    check(of_code("reach it", Code::OperationTimedOut), &["is a broker running at this address"]);
    check(of("read t/0", &KafkaError::MessageConsumption(Code::AutoOffsetReset)), &["retention"]);
    let unset = of("make it", &KafkaError::ClientCreation("no such thing".into()));
    assert_eq!(unset.remedy, Remedy::Stop, "what carries no code is about configuration");
    let fenced = failure(Code::Fenced, Way::Fatal);
    check(
        of_transaction(Step::Commit, "commit of x".into(), &fenced, false),
        &["could not commit of x: what librdkafka says; another producer took this transactional name"],
    );
}
