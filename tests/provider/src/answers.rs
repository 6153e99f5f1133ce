//! Bodies: an answer in the provider's words, good or bad, plain or streamed.

use agents_model::Completion;
use agents_model::scripted::completion;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use schemas_records::model::Finish;
use serde_json::{Value, json};

use crate::chat::ChatRequest;
use crate::script::Fault;

/// Most events of a stream: whoever asks for megabytes shall not wait for each word.
const PIECES_MAX: usize = 1000;

/// A piece of a body, or the end of its connection.
type Piece = Result<Bytes, std::io::Error>;

/// How a body ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Broken,
    Open,
}

/// The answer to a request under a fault, if any.
#[must_use]
pub fn answer(request: &ChatRequest, fault: Option<&Fault>) -> Response {
    match fault {
        Some(Fault::Garbage) => body("text/html", vec!["<html>502 Bad Ga".into()], End::Whole),
        Some(Fault::Hang) => body("application/json", Vec::new(), End::Open),
        Some(Fault::KeepAlive) => keep_alive(),
        Some(Fault::ErrorIn200 { code }) => {
            let error = json!({"error": {"message": "scripted error", "code": code}});
            body("application/json", vec![error.to_string()], End::Whole)
        }
        _ if request.stream && fault != Some(&Fault::Unstreamed) => streamed(request, fault),
        _ => plain(request, fault),
    }
}

/// A status that is not 200, with its headers.
#[must_use]
pub fn refusal(
    status: u16,
    retry_after: Option<&str>,
    retry_after_ms: Option<&str>,
    code: Option<&str>,
) -> Response {
    let error =
        json!({"error": {"message": format!("scripted status {status}"), "type": "scripted", "code": code}});
    let mut response = body("application/json", vec![error.to_string()], End::Whole);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, text) in [("retry-after", retry_after), ("retry-after-ms", retry_after_ms)] {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(text).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn plain(request: &ChatRequest, fault: Option<&Fault>) -> Response {
    let completion = words(request, fault);
    let choice = json!({
        "index": 0,
        "message": {"role": "assistant", "content": completion.text},
        "finish_reason": finish(&completion, fault),
    });
    let mut object = json!({
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": model(request, fault),
        "choices": if fault == Some(&Fault::Empty) { json!([]) } else { json!([choice]) },
    });
    if let Some(usage) = usage(&completion, fault) {
        object["usage"] = usage;
    }
    let text = object.to_string();
    let half = text.chars().take(text.chars().count() / 2).collect();
    match fault {
        Some(Fault::TruncateStream) => body("application/json", vec![half], End::Broken),
        Some(Fault::EndEarly) => body("application/json", vec![half], End::Whole),
        Some(Fault::Stall) => body("application/json", vec![half], End::Open),
        _ => body("application/json", vec![text], End::Whole),
    }
}

fn streamed(request: &ChatRequest, fault: Option<&Fault>) -> Response {
    let completion = words(request, fault);
    let event_of = |model: &str, choices: Value, usage: Option<Value>| {
        let mut chunk = json!({
            "id": "chatcmpl-scripted",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": model,
            "choices": choices,
        });
        if request.stream_options.include_usage {
            chunk["usage"] = usage.unwrap_or(Value::Null);
        }
        format!("data: {chunk}\n\n")
    };
    let event = |choices: Value, usage: Option<Value>| event_of(&request.model, choices, usage);
    let delta = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    let begin = delta(json!({"role": "assistant", "content": ""}), Value::Null);
    // A long name stands in the first event only, or a short answer would be megabytes.
    let mut events = vec![event_of(&model(request, fault), begin, None)];
    for words in pieces(&completion.text) {
        events.push(event(delta(json!({"content": words}), Value::Null), None));
    }
    if let Some(end) = halves(fault) {
        events.truncate(events.len().div_ceil(2));
        return body("text/event-stream", events, end);
    }
    if fault == Some(&Fault::Empty) {
        events = vec![event(json!([]), None)];
    } else {
        events.push(event(delta(json!({}), json!(finish(&completion, fault))), None));
    }
    if let Some(usage) = usage(&completion, fault).filter(|_| request.stream_options.include_usage) {
        events.push(event(json!([]), Some(usage)));
    }
    events.push("data: [DONE]\n\n".to_owned());
    body("text/event-stream", events, End::Whole)
}

/// A text word by word; a very long one by several words, in at most [`PIECES_MAX`] pieces.
fn pieces(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    words.chunks(words.len() / PIECES_MAX + 1).map(<[&str]>::concat).collect()
}

/// How a stream that stops in the middle ends; `None` for one that does not.
fn halves(fault: Option<&Fault>) -> Option<End> {
    match fault {
        Some(Fault::TruncateStream) => Some(End::Broken),
        Some(Fault::EndEarly) => Some(End::Whole),
        Some(Fault::Stall) => Some(End::Open),
        _ => None,
    }
}

fn words(request: &ChatRequest, fault: Option<&Fault>) -> Completion {
    let scripted = completion(&request.to_model_request());
    match fault {
        Some(Fault::TooLarge { bytes }) => Completion { text: "more ".repeat(bytes / 5 + 1), ..scripted },
        Some(Fault::Nothing) => Completion { text: String::new(), ..scripted },
        _ => scripted,
    }
}

fn model(request: &ChatRequest, fault: Option<&Fault>) -> String {
    match fault {
        Some(Fault::LongName { bytes }) => "m".repeat(*bytes),
        _ => request.model.clone(),
    }
}

fn finish(completion: &Completion, fault: Option<&Fault>) -> &'static str {
    match (fault, completion.finish) {
        (Some(Fault::UnknownFinish), _) => "tired",
        (_, Finish::Length) => "length",
        _ => "stop",
    }
}

fn usage(completion: &Completion, fault: Option<&Fault>) -> Option<Value> {
    let (input, output) = (completion.usage.input_tokens, completion.usage.output_tokens);
    match fault {
        Some(Fault::NoUsage) => None,
        Some(Fault::WrongUsage) => Some(json!({"prompt_tokens": -5, "completion_tokens": "many"})),
        _ => Some(json!({
            "prompt_tokens": input,
            "completion_tokens": output,
            "total_tokens": input.saturating_add(output),
        })),
    }
}

/// Nothing but comments, one every few milliseconds.
fn keep_alive() -> Response {
    let comments = stream::unfold((), |()| async {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await; // paces load
        Some((Piece::Ok(Bytes::from_static(b": still here\n\n")), ()))
    });
    response("text/event-stream", Body::from_stream(comments))
}

fn body(content_type: &'static str, pieces: Vec<String>, end: End) -> Response {
    let pieces = stream::iter(pieces.into_iter().map(|piece| Piece::Ok(Bytes::from(piece))));
    let end = stream::once(async move {
        match end {
            End::Whole => None,
            End::Broken => Some(Piece::Err(std::io::Error::other("scripted break"))),
            End::Open => std::future::pending().await,
        }
    });
    response(content_type, Body::from_stream(pieces.chain(end.filter_map(std::future::ready))))
}

fn response(content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
