//! The spans of this room: one for each record that a worker steps and for each request that a gateway serves.
//!
//! A span's place in its trace comes from the log and not from who called whom: its parent is the span that the
//! record carries, its own id a hash of where the record stands. So the header that goes on names the same
//! span, whether or not anybody keeps spans, and a replay makes the same bytes. The field `counts` is set once
//! what the span tells of can no longer be undone; spans without it (an aborted batch, a request that was given
//! up) are nobody's business. Who keeps spans is not known here.

use schemas_records::{Envelope, Headers, SpanId, Trace, headers};
use tracing::Span;
use tracing::field::Empty;

use crate::handler::Input;

/// The span of a record's step, from its beginning until it counts. `handler` is the agent type's short name.
pub(crate) fn step(handler: &str, input: &Input<'_>) -> Span {
    let of = &input.record.headers;
    tracing::trace_span!(
        "step",
        otel.kind = "consumer",
        otel.name = format_args!("{handler} {}", of.text(headers::KIND).unwrap_or("record")),
        gen_ai.agent.name = handler,
        task = of.text(headers::TASK_ID),
        path = of.text(headers::WORK_PATH),
        kind = of.text(headers::KIND),
        call = of.text(headers::CALL_ID),
        tenant = of.text(headers::TENANT),
        position = %input.position,
        parent = carried(of).map(|trace| display(trace.span)),
        traceparent = carried(of).map(|trace| {
            display(trace.next(SpanId::of_step(&input.record.topic_partition.topic, input.position)))
        }),
        records = Empty,
        "error.type" = Empty,
        counts = Empty,
    )
}

/// The span of a request, from when it is taken up until its answer is in the log.
pub(crate) fn request(gateway: &str, envelope: &Envelope) -> Span {
    let incoming = envelope.traceparent.as_deref().and_then(Trace::parse);
    tracing::trace_span!(
        "request",
        otel.kind = "consumer",
        otel.name = gateway,
        task = %envelope.task,
        path = envelope.path.as_str(),
        call = envelope.call.map(display),
        tenant = envelope.limits.tenant,
        parent = incoming.map(|trace| display(trace.span)),
        traceparent = at_call(envelope).map(display),
        "error.type" = Empty,
        counts = Empty,
    )
}

/// The trace that a request's answer carries: the request's, at the span of what is done for the call.
pub(crate) fn at_call(envelope: &Envelope) -> Option<Trace> {
    let incoming = envelope.traceparent.as_deref().and_then(Trace::parse)?;
    Some(incoming.next(SpanId::of_call(envelope.call?)))
}

fn carried(of: &Headers) -> Option<Trace> {
    of.text(headers::TRACEPARENT).and_then(Trace::parse)
}
