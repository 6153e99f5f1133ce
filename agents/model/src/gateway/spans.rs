//! What is told of a request: its span, with the names that OpenTelemetry has for what models do, and its tokens.

use schemas_records::model::{Finish, ModelRequest};
use schemas_records::{Envelope, Trace};
use tracing::Span;
use tracing::field::{Empty, display};

use super::retry::Heard;
use crate::names;

/// The span of one request, with the call's names: a part of the loop's, which the answer carries on.
pub(super) fn span(envelope: &Envelope) -> Span {
    let incoming = envelope.traceparent.as_deref().and_then(Trace::parse);
    tracing::info_span!(
        "model_call",
        otel.kind = "client",
        otel.name = "chat",
        task = %envelope.task,
        path = envelope.path.as_str(),
        call = envelope.call.map(display),
        tenant = envelope.limits.tenant,
        parent = incoming.map(|trace| display(trace.span)),
        traceparent = incoming.map(|trace| display(trace.next(trace.span.within("chat")))),
        gen_ai.operation.name = "chat",
        gen_ai.request.model = Empty,
        gen_ai.request.max_tokens = Empty,
        gen_ai.request.temperature = Empty,
        gen_ai.response.model = Empty,
        gen_ai.response.finish_reasons = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        "error.type" = Empty,
        counts = Empty,
    )
}

/// The span that is entered, told what is asked for.
pub(super) fn asked(request: &ModelRequest) -> Span {
    let span = Span::current();
    if !request.model.is_empty() {
        span.record("gen_ai.request.model", request.model.as_str());
        span.record("otel.name", display(format_args!("chat {}", request.model)));
    }
    span.record("gen_ai.request.max_tokens", request.max_tokens);
    span.record("gen_ai.request.temperature", request.temperature);
    span
}

/// Tells and counts what a provider was paid for.
pub(super) fn heard(heard: &Heard, span: &Span) {
    let Ok(completion) = &heard.result else { return };
    let finish = match completion.finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Unknown => "unknown",
    };
    let (input, output) = (completion.usage.input_tokens, completion.usage.output_tokens);
    span.record("gen_ai.response.model", completion.model.as_str());
    span.record("gen_ai.response.finish_reasons", finish);
    span.record("gen_ai.usage.input_tokens", input);
    span.record("gen_ai.usage.output_tokens", output);
    metrics::counter!(names::TOKENS, "direction" => "input").increment(u64::from(input));
    metrics::counter!(names::TOKENS, "direction" => "output").increment(u64::from(output));
}
