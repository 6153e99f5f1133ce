//! The other side of the admin door: a desk that asks the process that has one.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{PATH, note};
use crate::desk::{Desk, Error, Kind};
use crate::problem::Problem;
use crate::told::{
    Cancel, Letter, LetterId, Letters, Outcome, PutBack, Status, Submission, Submitted, TaskId, Tasks,
    Topics, Traced, Wait, WhichLetters, WhichTasks,
};

/// How long a connection on this machine may take.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// How long an answer may take, beside what was asked to be waited for: longer than any look at the log.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Most bytes of an answer: a thousand tasks, or a letter of a megabyte in hexadecimal digits, several times.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// A desk behind the admin door of another process.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    token: String,
    process: u32,
}

impl Client {
    /// The door of the process that holds a folder; `None` if that one has noted none there, or nobody answers at
    /// the address noted. Whose folder it is must be known, from its lock: a note that a dead process left leads
    /// to whoever has its port by now, and to ask means to show the token.
    ///
    /// # Errors
    /// A sentence, if there is a note that cannot be read.
    pub async fn find(folder: &Path, holder: Option<u32>) -> Result<Option<Self>, String> {
        let noted = note::read(folder)?.filter(|noted| Some(noted.process) == holder);
        let Some(noted) = noted else { return Ok(None) };
        let client = Self { address: noted.address, token: noted.token, process: noted.process };
        let answers = matches!(timeout(CONNECT_MAX, TcpStream::connect(client.address)).await, Ok(Ok(_)));
        Ok(answers.then_some(client))
    }

    /// The process it asks.
    #[must_use]
    pub const fn process(&self) -> u32 {
        self.process
    }

    /// Where that process listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    async fn ask<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        name: &str,
        question: &Q,
        wait: Duration,
    ) -> Result<A, Error> {
        let body = serde_json::to_vec(question).map_err(|error| self.trouble(error))?;
        let Ok(answer) = timeout(ANSWER_MAX + wait, self.exchange(name, body)).await else {
            return Err(self.trouble("it does not answer"));
        };
        let (status, bytes) = answer?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&bytes).map_err(|error| self.trouble(error));
        }
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => Err(problem.into_error()),
            Err(_) => Err(self.trouble(format!("it answers {status}"))),
        }
    }

    /// One request on a connection of its own: questions are rare.
    async fn exchange(&self, name: &str, body: Vec<u8>) -> Result<(StatusCode, Bytes), Error> {
        let stream = timeout(CONNECT_MAX, TcpStream::connect(self.address)).await;
        let stream = stream.map_err(|error| self.trouble(error))?.map_err(|error| self.trouble(error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.trouble(error))?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{PATH}{name}"))
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| self.trouble(error))?;
        let asked = async {
            let answer = sender.send_request(request).await.map_err(|error| self.trouble(error))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect();
            let body = body.await.map_err(|error| self.trouble(error))?;
            Ok((status, body.to_bytes()))
        };
        let mut asked = std::pin::pin!(asked);
        tokio::select! {
            answered = asked.as_mut() => answered,
            // The connection moves the bytes; when it ends first, what it brought is still there to be read.
            _ = connection => asked.await,
        }
    }

    fn trouble(&self, cause: impl std::fmt::Display) -> Error {
        let message = format!("could not ask process {} at {}: {cause}", self.process, self.address);
        Error::new(Kind::Unavailable, message, "see whether that node still runs, and its version")
    }
}

/// Nothing is waited for but the answer.
const AT_ONCE: Duration = Duration::ZERO;

#[async_trait]
impl Desk for Client {
    async fn status(&self) -> Result<Status, Error> {
        self.ask("status", &(), AT_ONCE).await
    }

    async fn topics(&self) -> Result<Topics, Error> {
        self.ask("topics", &(), AT_ONCE).await
    }

    async fn tasks(&self, which: WhichTasks) -> Result<Tasks, Error> {
        self.ask("tasks", &which, AT_ONCE).await
    }

    async fn trace(&self, task: TaskId) -> Result<Traced, Error> {
        self.ask("trace", &task, AT_ONCE).await
    }

    async fn cancel(&self, cancel: Cancel) -> Result<Outcome, Error> {
        self.ask("cancel", &cancel, AT_ONCE).await
    }

    async fn submit(&self, task: Submission) -> Result<Submitted, Error> {
        self.ask("submit", &task, AT_ONCE).await
    }

    async fn outcome(&self, wait: Wait) -> Result<Outcome, Error> {
        self.ask("outcome", &wait, wait.wait).await
    }

    async fn dead_letters(&self, which: WhichLetters) -> Result<Letters, Error> {
        self.ask("dead-letters", &which, AT_ONCE).await
    }

    async fn dead_letter(&self, letter: LetterId) -> Result<Letter, Error> {
        self.ask("dead-letter", &letter, AT_ONCE).await
    }

    async fn put_back(&self, letter: LetterId) -> Result<PutBack, Error> {
        self.ask("put-back", &letter, AT_ONCE).await
    }
}
