//! The public door: tasks in and results out for producers without a Kafka client.
//!
//! ```text
//! POST /tasks[?wait=30s]          a task, JSON by the team's schema   202 or, waited for, 200
//! GET  /tasks/{id}[?wait=30s]     how it stands, with its result      200
//! GET  /openapi.json              this, for programs                  200
//! GET  /health                    whether this process answers        200
//! ```
//!
//! Errors are `application/problem+json` with the sentences that a producer on Kafka gets. It decides nothing:
//! what is a task is the desk's to say.

mod query;
mod rate;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use tokens::Tokens;

use self::query::{decoded, encoded};
use self::rate::Rate;
use crate::desk::{Desk, Error, Kind};
use crate::host::Hosts;
use crate::limits::Limits;
use crate::problem::{
    Answer, again_after, at, json, no_such_path, of_error, problem, unauthorized, wrong_method,
};
use crate::serve::{Body, Door, converse, serve};
use crate::told::{Submission, Wait};

/// The description of this door for programs.
pub const OPENAPI: &str = include_str!("openapi.json");

/// What can be asked: method and path, as the description has them.
pub const ROUTES: [(&str, &str); 4] =
    [("post", "/tasks"), ("get", "/tasks/{id}"), ("get", "/openapi.json"), ("get", "/health")];

/// A request header and the record header that it becomes. (`priority` itself is HTTP's own.)
const HEADERS: [&str; 4] = ["task-id", "task-deadline", "task-budget", "task-priority"];

/// A public door that is open.
pub struct Public {
    listener: TcpListener,
    address: SocketAddr,
    counter: Arc<Counter>,
}

impl Public {
    /// Opens the door.
    ///
    /// # Errors
    /// A sentence, if the address cannot be had, or if it would be open to everybody: without a token only a
    /// loopback address is taken, and only if `is_open` says that this is meant.
    pub async fn open(
        address: SocketAddr,
        tokens: Tokens,
        is_open: bool,
        limits: Limits,
        desk: Arc<dyn Desk>,
    ) -> Result<Self, String> {
        if tokens.is_empty() && !(is_open && address.ip().is_loopback()) {
            return Err(format!(
                "the http door on {address} has no token: name a file of tokens in http_token_file or set \
                 TRIBUTARY_HTTP_TOKEN; http_open=true does without, on a loopback address only"
            ));
        }
        let refused = |error| format!("could not open the http door on {address}: {error}");
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let rates = (0..=tokens.len()).map(|_| Rate::new(limits.rate_per_minute, limits.burst)).collect();
        let under_way = Semaphore::new(limits.requests_max);
        // A token keeps browsers out that were led here; who needs none is known by the door's name only.
        let hosts = tokens.is_empty().then(|| Hosts::of(address));
        let counter = Arc::new(Counter { desk, hosts, tokens, rates, under_way, limits });
        Ok(Self { listener, address, counter })
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` is cancelled.
    pub async fn run(self, shutdown: CancellationToken) {
        let limits = self.counter.limits.clone();
        serve(self.listener, limits, self.counter, shutdown).await;
    }

    /// Answers one connection that did not come by the listener, until it ends: for bytes that no client has sent
    /// yet.
    pub async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let limits = self.counter.limits.clone();
        converse(stream, limits, Arc::clone(&self.counter), CancellationToken::new()).await;
    }
}

struct Counter {
    desk: Arc<dyn Desk>,
    /// What the door may be called, if it is open to everybody on this machine.
    hosts: Option<Hosts>,
    tokens: Tokens,
    /// One for each token, and a last one for whoever has none.
    rates: Vec<Rate>,
    under_way: Semaphore,
    limits: Limits,
}

impl Door for Counter {
    async fn answer(&self, head: Parts, body: Body) -> Answer {
        if let Some(Err(misdirected)) = self.hosts.as_ref().map(|hosts| hosts.admit(&head)) {
            return *misdirected;
        }
        match head.uri.path() {
            "/health" | "/openapi.json" if head.method != Method::GET => return wrong_method("GET"),
            "/health" => return json(StatusCode::OK, &serde_json::json!({ "status": "ok" })),
            "/openapi.json" => return description(),
            _ => {}
        }
        if let Err(refused) = self.admit(&head) {
            return *refused;
        }
        let Ok(_permit) = self.under_way.try_acquire() else {
            let detail = format!("{} requests are under way", self.limits.requests_max);
            return again_after(StatusCode::SERVICE_UNAVAILABLE, detail, 1);
        };
        let segments: Vec<&str> = head.uri.path().split('/').skip(1).collect();
        let answer = match (segments.as_slice(), &head.method) {
            (["tasks"], &Method::POST) => self.post(&head, body).await,
            (["tasks"], _) => Ok(wrong_method("POST")),
            (["tasks", id], &Method::GET) if !id.is_empty() => self.get(&head, id).await,
            (["tasks", id], _) if !id.is_empty() => Ok(wrong_method("GET")),
            _ => Ok(no_such_path()),
        };
        answer.unwrap_or_else(|refused| *refused)
    }
}

impl Counter {
    /// Whether a request may be looked at: its token is known, and does not come too often.
    fn admit(&self, head: &Parts) -> Result<(), Box<Answer>> {
        let given = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = given.and_then(|given| self.tokens.find(given.strip_prefix("Bearer ")?));
        let rate = &self.rates[token.unwrap_or(self.tokens.len())];
        if let Err(seconds) = rate.take() {
            let detail = format!("more than {} requests a minute", self.limits.rate_per_minute);
            return Err(Box::new(again_after(StatusCode::TOO_MANY_REQUESTS, detail, seconds)));
        }
        if token.is_none() && !self.tokens.is_empty() { Err(Box::new(unauthorized())) } else { Ok(()) }
    }

    async fn post(&self, head: &Parts, body: Body) -> Result<Answer, Box<Answer>> {
        let wait = query::wait(head.uri.query(), self.limits.wait_max).map_err(refused)?;
        let media = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/json") {
            let detail = format!("the body's type is {media:?}, application/json is taken");
            let remedy = "send the header Content-Type: application/json";
            return Err(Box::new(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail, remedy)));
        }
        let [task, deadline, budget, priority] = HEADERS.map(|name| header(head, name));
        let (task, deadline, budget, priority) = (task?, deadline?, budget?, priority?);
        let traceparent = header(head, "traceparent")?;
        let text = String::from_utf8(body.read().await?.into()).map_err(|error| {
            let detail = format!("byte {} of the body is not UTF-8", error.utf8_error().valid_up_to());
            refused(Error::new(Kind::BadInput, detail, "encode the text as UTF-8"))
        })?;
        let submission = Submission { json: text, task, deadline, budget, priority, traceparent };
        let submitted = self.desk.submit(submission).await.map_err(refused)?;
        let wait = Wait { task: submitted.task.clone(), wait };
        let outcome = self.desk.outcome(wait).await.map_err(refused)?;
        let status = if outcome.task.state.is_ended() { StatusCode::OK } else { StatusCode::ACCEPTED };
        Ok(at(json(status, &outcome), &format!("/tasks/{}", encoded(&submitted.task))))
    }

    async fn get(&self, head: &Parts, id: &str) -> Result<Answer, Box<Answer>> {
        let wait = query::wait(head.uri.query(), self.limits.wait_max).map_err(refused)?;
        let task = decoded(id).ok_or_else(|| {
            let remedy = "send the id with percent-encoded UTF-8";
            refused(Error::new(Kind::BadRequest, format!("the path's id {id:?} cannot be read"), remedy))
        })?;
        let outcome = self.desk.outcome(Wait { task, wait }).await.map_err(refused)?;
        Ok(json(StatusCode::OK, &outcome))
    }
}

fn refused(error: Error) -> Box<Answer> {
    Box::new(of_error(error))
}

/// A header's text, if it is there.
fn header(head: &Parts, name: &str) -> Result<Option<String>, Box<Answer>> {
    let Some(value) = head.headers.get(name) else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| {
        let detail = format!("header {name} is not UTF-8");
        refused(Error::new(Kind::BadInput, detail, "correct the header, or leave it out"))
    })?;
    Ok(Some(text.to_owned()))
}

fn description() -> Answer {
    match serde_json::from_str::<serde_json::Value>(OPENAPI) {
        Ok(description) => json(StatusCode::OK, &description),
        // It is part of this program, and a test reads it.
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string(), "report this"),
    }
}
