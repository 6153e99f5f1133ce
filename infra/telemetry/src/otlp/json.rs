//! Spans as an `ExportTraceServiceRequest` in the protocol's JSON form: ids in hexadecimal, 64-bit numbers as
//! text, enumerations as numbers. And what a collector answers.

use serde_json::{Value as Json, json};

use super::Settings;
use super::span::{Kind, Span, Value};

/// The request for these spans.
pub(super) fn request(settings: &Settings, spans: &[Span]) -> Json {
    let resource = [
        ("service.name", "tributary"),
        ("service.namespace", settings.namespace.as_str()),
        ("service.instance.id", settings.instance.as_str()),
        ("service.version", env!("CARGO_PKG_VERSION")),
    ];
    let resource: Vec<Json> =
        resource.iter().map(|(name, value)| attribute(name, &Value::Text((*value).to_owned()))).collect();
    let scope = json!({"name": "tributary", "version": env!("CARGO_PKG_VERSION")});
    let spans: Vec<Json> = spans.iter().filter_map(span).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": resource},
        "scopeSpans": [{"scope": scope, "spans": spans}],
    }]})
}

fn span(of: &Span) -> Option<Json> {
    let (trace, span, flags) = of.ids()?;
    let kind = match of.kind {
        Kind::Internal => 1,
        Kind::Client => 3,
        Kind::Consumer => 5,
    };
    let attributes: Vec<Json> = of.attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    let mut json = json!({
        "traceId": trace,
        "spanId": span,
        "flags": flags,
        "name": of.name,
        "kind": kind,
        "startTimeUnixNano": of.begin_nanos.to_string(),
        "endTimeUnixNano": of.end_nanos.to_string(),
        "attributes": attributes,
    });
    if let Some(parent) = &of.parent {
        json["parentSpanId"] = parent.as_str().into();
    }
    if let Some(error) = of.error() {
        json["status"] = json!({"code": 2, "message": error});
    }
    Some(json)
}

fn attribute(name: &str, value: &Value) -> Json {
    let value = match value {
        Value::Text(text) if name == "gen_ai.response.finish_reasons" => {
            json!({"arrayValue": {"values": [{"stringValue": text}]}})
        }
        Value::Text(text) => json!({"stringValue": text}),
        Value::Whole(number) => json!({"intValue": number.to_string()}),
        Value::Real(number) => json!({"doubleValue": number}),
        Value::Truth(truth) => json!({"boolValue": truth}),
    };
    json!({"key": name, "value": value})
}

/// How many spans a collector that took the request did not take, by its answer; none if it does not say.
pub(super) fn rejected(answer: &[u8]) -> u64 {
    let Ok(answer) = serde_json::from_slice::<Json>(answer) else { return 0 };
    let rejected = &answer["partialSuccess"]["rejectedSpans"];
    rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0)
}
