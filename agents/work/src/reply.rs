//! The answer record: how anyone who was asked (an agent, a gateway) answers, alike.

use bytes::Bytes;
use schemas_records::{Budget, Envelope, Kind, Outcome, ReplyKind, ReplyTo};
use topics_log::NewRecord;

/// The record that answers `asked`, which came with the right to reply `to`.
///
/// It goes to the asker's own topic, partition and key, echoes the asking step, and carries back `rest`,
/// what is left of the asked one's allotment. `value` is the framed message, or a framed
/// [`schemas_records::Failure`] if the outcome is `Failed`.
#[must_use]
pub fn reply_record(
    to: &ReplyTo,
    asked: &Envelope,
    outcome: Outcome,
    value: Bytes,
    rest: Budget,
    agent_version: &str,
) -> NewRecord {
    let kind = match to.kind {
        ReplyKind::Answer => Kind::Answer,
        ReplyKind::Part => Kind::Part,
        ReplyKind::Result => Kind::Result,
    };
    let mut envelope = asked.clone();
    envelope.kind = kind;
    envelope.call = Some(to.call);
    envelope.outcome = Some(outcome);
    envelope.reply_to = None;
    envelope.limits.budget = rest;
    envelope.hops = asked.hops.saturating_add(1);
    agent_version.clone_into(&mut envelope.agent_version);
    NewRecord {
        topic: to.address.topic.as_str().into(),
        partition: Some(to.address.partition),
        key: to.address.key.clone(),
        value,
        headers: envelope.write(),
    }
}
