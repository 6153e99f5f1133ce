//! The admin door: an operator's questions to the process that holds the log and the stores.
//!
//! Loopback only. Its address and a token, drawn anew each time, stand in a file that only the owner of the
//! node's data folder can read: whoever may open the stores may ask. Questions are `POST /desk/NAME` with a
//! JSON body; the names are those of [`Desk`]'s methods. It is not an interface for programs: both sides are
//! of one version.

mod client;
mod note;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use client::Client;
pub use note::{NOTE, forget, is_note};

use self::note::Note;
use crate::desk::{Desk, Error, Kind};
use crate::host::Hosts;
use crate::limits::Limits;
use crate::problem::{Answer, json, no_such_path, of_error, unauthorized, wrong_method};
use crate::serve::{Body, Door, converse, serve};

/// What the path of a question begins with.
const PATH: &str = "/desk/";

/// An admin door that is open.
pub struct Admin {
    listener: TcpListener,
    counter: Arc<Counter>,
    note: Note,
}

impl Admin {
    /// Opens the door on a loopback port (0: one that the system chooses) and notes it in the folder.
    ///
    /// # Errors
    /// A sentence, if the port cannot be had or the note cannot be written.
    pub async fn open(folder: &Path, port: u16, desk: Arc<dyn Desk>) -> Result<Self, String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let refused = |error: std::io::Error| {
            format!("could not open the admin door on {address}: {error} (0 takes a free port)")
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let note = Note::write(folder, address)?;
        let token = blake3::hash(note.token.as_bytes());
        Ok(Self { listener, counter: Arc::new(Counter { hosts: Hosts::of(address), token, desk }), note })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.note.address
    }

    /// Answers until `shutdown` is cancelled; then the note is taken away.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { listener, counter, note } = self;
        // The note goes before the listener does: nobody is to be led to a port that may be another's.
        let closing = CancellationToken::new();
        let serving = serve(listener, Limits::default(), counter, closing.clone());
        let noting = async {
            shutdown.cancelled().await;
            drop(note);
            closing.cancel();
        };
        tokio::join!(noting, serving);
    }

    /// Answers one connection that did not come by the listener, until it ends: for bytes that no client has sent
    /// yet.
    pub async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        converse(stream, Limits::default(), Arc::clone(&self.counter), CancellationToken::new()).await;
    }
}

/// Who stands behind the door.
struct Counter {
    hosts: Hosts,
    /// Hashes are compared in constant time.
    token: blake3::Hash,
    desk: Arc<dyn Desk>,
}

impl Door for Counter {
    async fn answer(&self, head: Parts, body: Body) -> Answer {
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let Err(misdirected) = self.hosts.admit(&head) {
            return *misdirected;
        }
        let token = text(AUTHORIZATION).strip_prefix("Bearer ").unwrap_or_default();
        if blake3::hash(token.as_bytes()) != self.token {
            return unauthorized();
        }
        let Some(name) = head.uri.path().strip_prefix(PATH) else { return no_such_path() };
        if head.method != Method::POST {
            return wrong_method("POST");
        }
        match body.read().await {
            Ok(body) => self.ask(name, &body).await,
            Err(answer) => *answer,
        }
    }
}

impl Counter {
    async fn ask(&self, name: &str, body: &[u8]) -> Answer {
        let desk = &self.desk;
        macro_rules! ask {
            ($method:ident) => {
                match read(body) {
                    Ok(question) => tell(desk.$method(question).await),
                    Err(error) => of_error(error),
                }
            };
        }
        match name {
            "status" => tell(desk.status().await),
            "topics" => tell(desk.topics().await),
            "tasks" => ask!(tasks),
            "trace" => ask!(trace),
            "cancel" => ask!(cancel),
            "submit" => ask!(submit),
            "outcome" => ask!(outcome),
            "dead-letters" => ask!(dead_letters),
            "dead-letter" => ask!(dead_letter),
            "put-back" => ask!(put_back),
            _ => no_such_path(),
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| {
        let remedy = "use the same version of tributary for the node and the command";
        Error::new(Kind::BadRequest, format!("could not read the question: {error}"), remedy)
    })
}

fn tell<T: Serialize>(told: Result<T, Error>) -> Answer {
    match told {
        Ok(told) => json(StatusCode::OK, &told),
        Err(error) => of_error(error),
    }
}
