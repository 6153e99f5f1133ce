//! Bodies: an answer in the provider's words, good or bad, plain or streamed, and all of it at once.

use std::time::{Duration, SystemTime};

use agents_model::scripted::completion;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use serde_json::{Value, json};

use crate::chat::ChatRequest;
use crate::headers;
use crate::script::{Fault, Form};
use crate::wording::{Said, Wording, pieces_of};

/// The limit of a scripted server's lies, which has none.
const LYING_LIMIT: u64 = 100;

/// A piece of a body, or the end of its connection.
pub(crate) type Piece = Result<Bytes, std::io::Error>;

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    Broken,
    Open,
}

/// The answer to a request under a fault, if any.
#[must_use]
pub fn answer(request: &ChatRequest, fault: Option<&Fault>) -> Response {
    let wording = Wording::new(request, fault, said(request));
    let mut response = match fault {
        Some(Fault::Garbage) => garbage(),
        Some(Fault::Hang) => body("application/json", Vec::new(), End::Open),
        Some(Fault::KeepAlive) => keep_alive(|| {}),
        Some(Fault::Unstreamed) => plain(&wording),
        Some(refusal) if refusal.is_refusal() => refused(refusal),
        _ if request.stream => streamed(&wording),
        _ => plain(&wording),
    };
    if let Some(Fault::LyingHeaders { remaining, reset_seconds }) = fault {
        for of in ["requests", "tokens"] {
            let reset = Duration::from_secs(*reset_seconds);
            headers::limit(response.headers_mut(), of, LYING_LIMIT, *remaining, reset);
        }
    }
    response
}

/// A refusal as a fault has it; a fault that is none is a 500.
#[must_use]
pub fn refused(fault: &Fault) -> Response {
    match fault {
        Fault::Status { status, retry_after, retry_after_ms, code } => {
            refusal(*status, retry_after.as_deref(), retry_after_ms.as_deref(), code.as_deref())
        }
        Fault::RetryAfter { status, seconds, form } => match form {
            Form::Seconds => refusal(*status, Some(&seconds.to_string()), None, None),
            Form::Milliseconds => {
                refusal(*status, None, Some(&seconds.saturating_mul(1000).to_string()), None)
            }
            Form::Date => refusal(*status, Some(&date(*seconds)), None, None),
        },
        Fault::ErrorIn200 { code } => {
            let error = json!({"error": {"message": "scripted error", "code": code}});
            json_body(200, &error)
        }
        _ => refusal(500, None, None, None),
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
    let mut response = json_body(status, &error);
    for (name, text) in [("retry-after", retry_after), ("retry-after-ms", retry_after_ms)] {
        if let Some(text) = text {
            headers::insert(response.headers_mut(), name, text);
        }
    }
    response
}

/// A body of JSON under a status; 500 for a number that is none.
pub(crate) fn json_body(status: u16, value: &Value) -> Response {
    let mut response = body("application/json", vec![value.to_string()], End::Whole);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// No JSON.
pub(crate) fn garbage() -> Response {
    body("text/html", vec!["<html>502 Bad Ga".into()], End::Whole)
}

/// A plain answer, as its fault leaves it.
pub(crate) fn plain(wording: &Wording) -> Response {
    match halves(wording.fault.as_ref()) {
        Some(end) => body("application/json", vec![wording.half()], end),
        None => body("application/json", vec![wording.whole()], End::Whole),
    }
}

/// How an answer that stops in the middle ends; `None` for one that does not.
pub(crate) fn halves(fault: Option<&Fault>) -> Option<End> {
    match fault {
        Some(Fault::TruncateStream) => Some(End::Broken),
        Some(Fault::EndEarly) => Some(End::Whole),
        Some(Fault::Stall) => Some(End::Open),
        _ => None,
    }
}

/// Nothing but comments, one every few milliseconds, and something done at each.
pub(crate) fn keep_alive(beat: impl Fn() + Send + 'static) -> Response {
    let comments = stream::unfold(beat, |beat| async {
        tokio::time::sleep(Duration::from_millis(10)).await; // paces load
        beat();
        Some((Piece::Ok(Bytes::from_static(b": still here\n\n")), beat))
    });
    response("text/event-stream", Body::from_stream(comments))
}

/// A response of this type.
pub(crate) fn response(content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn streamed(wording: &Wording) -> Response {
    let mut events = vec![wording.begin()];
    events.extend(wording.said.pieces.iter().map(|words| wording.words(words)));
    if let Some(end) = halves(wording.fault.as_ref()) {
        events.truncate(events.len().div_ceil(2));
        return body("text/event-stream", events, end);
    }
    events.extend(wording.end());
    body("text/event-stream", events, End::Whole)
}

/// The scripted model's answer.
fn said(request: &ChatRequest) -> Said {
    let scripted = completion(&request.to_model_request());
    Said {
        id: "chatcmpl-scripted".to_owned(),
        pieces: pieces_of(&scripted.text),
        finish: scripted.finish,
        input_tokens: scripted.usage.input_tokens.into(),
        cached_tokens: None,
        output_tokens: scripted.usage.output_tokens.into(),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a date in a header is the wall's time, and decides nothing here"
)]
fn date(seconds: i64) -> String {
    let (now, distance) = (SystemTime::now(), Duration::from_secs(seconds.unsigned_abs()));
    let date = if seconds < 0 { now.checked_sub(distance) } else { now.checked_add(distance) };
    // The formatter takes no year beyond 9999.
    let latest = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    httpdate::fmt_http_date(date.unwrap_or(now).clamp(SystemTime::UNIX_EPOCH, latest))
}

/// A body in pieces, all at once, and its end.
pub(crate) fn body(content_type: &'static str, pieces: Vec<String>, end: End) -> Response {
    let pieces = stream::iter(pieces.into_iter().map(|piece| Piece::Ok(Bytes::from(piece))));
    let end = stream::once(ending(end));
    response(content_type, Body::from_stream(pieces.chain(end.filter_map(std::future::ready))))
}

/// What follows the last piece: nothing, a break, or nothing for ever.
pub(crate) async fn ending(end: End) -> Option<Piece> {
    match end {
        End::Whole => None,
        End::Broken => {
            // What was written is sent first; else there would be no middle in which it breaks.
            tokio::task::yield_now().await;
            Some(Piece::Err(std::io::Error::other("scripted break")))
        }
        End::Open => std::future::pending().await,
    }
}
