//! Answers, and errors as RFC 9457 has them: `application/problem+json`.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::desk::{Error, Kind};

/// What goes back.
pub(crate) type Answer = Response<Full<Bytes>>;

/// An error as it travels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    type_: String,
    title: String,
    status: u16,
    detail: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    remedy: String,
    /// The path of the field that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// For our own client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
}

impl Problem {
    /// The error that it was.
    pub fn into_error(self) -> Error {
        let kind = self.kind.unwrap_or(Kind::Failed);
        Error { kind, message: self.detail, remedy: self.remedy, field: self.field }
    }
}

/// The status of an error.
pub(crate) const fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::BadRequest => StatusCode::BAD_REQUEST,
        Kind::BadInput => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict | Kind::Refused => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// An error of the desk as an answer.
pub(crate) fn of_error(error: Error) -> Answer {
    let status = status_of(error.kind);
    write(status, error.message, error.remedy, error.field, Some(error.kind))
}

/// An error of the door itself.
pub(crate) fn problem(status: StatusCode, detail: impl Into<String>, remedy: impl Into<String>) -> Answer {
    write(status, detail.into(), remedy.into(), None, None)
}

fn write(
    status: StatusCode,
    detail: String,
    remedy: String,
    field: Option<String>,
    kind: Option<Kind>,
) -> Answer {
    let problem = Problem {
        type_: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        status: status.as_u16(),
        detail,
        remedy,
        field,
        kind,
    };
    let mut answer = json(status, &problem);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    answer
}

/// A value as an answer.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    // What is told is plain data: it can always be written.
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// The same answer with a header more; one whose value cannot be written is left out.
pub(crate) fn with(mut answer: Answer, name: HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// No token, or a wrong one.
pub(crate) fn unauthorized() -> Answer {
    let detail = "this door needs a token";
    let answer = problem(StatusCode::UNAUTHORIZED, detail, "send the header Authorization: Bearer TOKEN");
    with(answer, WWW_AUTHENTICATE, "Bearer")
}

/// Too much at once, or too often.
pub(crate) fn again_after(status: StatusCode, detail: String, seconds: u64) -> Answer {
    let answer = problem(status, detail, format!("try again in {seconds} s"));
    with(answer, RETRY_AFTER, &seconds.to_string())
}

/// Another method is meant.
pub(crate) fn wrong_method(allowed: &str) -> Answer {
    let detail = "this path does not take that method";
    with(problem(StatusCode::METHOD_NOT_ALLOWED, detail, format!("use {allowed}")), ALLOW, allowed)
}

/// No such path.
pub(crate) fn no_such_path() -> Answer {
    problem(StatusCode::NOT_FOUND, "there is nothing at this path", "see /openapi.json")
}

/// Where what was made can be found.
pub(crate) fn at(answer: Answer, location: &str) -> Answer {
    with(answer, LOCATION, location)
}
