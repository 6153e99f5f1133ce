//! A schema registry in the test's own process: it keeps schemas as a real one does, and misbehaves when it
//! is told to. Its answers are those of a Confluent-compatible registry as far as ours is asked for them.
//!
//! It is plain threads and sockets, so that it answers whatever a test's own runtime does.

#![allow(clippy::expect_used, clippy::panic, reason = "this crate is tests: what fails here fails a test")]

pub mod conformance;
mod server;
mod shelf;
mod tls;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::shelf::Shelf;

/// How it behaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// As a registry does.
    #[default]
    Well,
    /// It takes requests and never answers.
    Hangs,
    /// It answers everything alike.
    Says {
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
    /// As a registry does, but to registering it says this.
    SaysToNew {
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
}

/// A registry that runs until it is dropped.
#[derive(Debug)]
pub struct Fake {
    address: SocketAddr,
    /// Set if it speaks TLS.
    tls: Option<Arc<rustls::ServerConfig>>,
    house: Arc<House>,
    accepting: Option<Accepting>,
}

#[derive(Debug)]
struct Accepting {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
pub(crate) struct House {
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub mood: Mood,
    /// The whole header that requests must carry, if any.
    pub authorization: Option<String>,
    pub shelf: Shelf,
    /// Method and path of every request, in order.
    pub requests: Vec<String>,
}

impl House {
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        // Each change is one replacement: a panic elsewhere leaves nothing half done.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fake {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts one that speaks TLS, with a certificate of [`Fake::authority`]'s.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn start_with_tls() -> Self {
        Self::start_with(Some(tls::config()))
    }

    /// The certificate to trust, as PEM.
    #[must_use]
    pub fn authority() -> &'static str {
        include_str!("../certificates/authority.pem")
    }

    fn start_with(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let mut fake = Self { address, tls, house: Arc::default(), accepting: None };
        fake.accept(listener);
        fake
    }

    /// Its url.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/api", self.address)
    }

    /// Lets it behave so from now on.
    pub fn mood(&self, mood: Mood) {
        self.house.memory().mood = mood;
    }

    /// Lets it answer everything alike from now on.
    pub fn says(&self, status: u16, body: &str) {
        self.mood(Mood::Says { status, body: body.to_owned() });
    }

    /// Wants this Authorization header from now on.
    pub fn wants(&self, authorization: &str) {
        self.house.memory().authorization = Some(authorization.to_owned());
    }

    /// Files a schema without a question, as another client would; returns its id.
    #[must_use]
    pub fn file(&self, subject: &str, schema: &str, references: &serde_json::Value) -> u32 {
        self.house.memory().shelf.file(subject, schema, references)
    }

    /// The rule of a subject, if it has one of its own.
    #[must_use]
    pub fn rule(&self, subject: &str) -> Option<String> {
        self.house.memory().shelf.rules.get(subject).cloned()
    }

    /// Gives a subject a rule of its own.
    pub fn set_rule(&self, subject: &str, rule: &str) {
        self.house.memory().shelf.rules.insert(subject.to_owned(), rule.to_owned());
    }

    /// The ids of a subject's versions, in order.
    #[must_use]
    pub fn ids(&self, subject: &str) -> Vec<u32> {
        self.house.memory().shelf.ids(subject)
    }

    /// Forgets everything, as one without a disk does that starts again; the next id is `id`.
    pub fn forget(&self, id: u32) {
        self.house.memory().shelf = Shelf::from(id);
    }

    /// Method and path of the requests since the last time this was asked.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.house.memory().requests)
    }

    /// Is gone: connections are refused.
    pub fn goes(&mut self) {
        if let Some(Accepting { ends, thread }) = self.accepting.take() {
            ends.store(true, Ordering::SeqCst);
            // It looks when somebody comes.
            drop(TcpStream::connect(self.address));
            drop(thread.join());
        }
    }

    /// Is there again, on the same port, with what it had.
    ///
    /// # Panics
    /// If somebody took the port meanwhile.
    pub fn comes_back(&mut self) {
        self.accept(TcpListener::bind(self.address).expect("its own port"));
    }

    fn accept(&mut self, listener: TcpListener) {
        let (house, ends) = (Arc::clone(&self.house), Arc::new(AtomicBool::new(false)));
        let (ending, tls) = (Arc::clone(&ends), self.tls.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::SeqCst) {
                    return;
                }
                let (house, tls) = (Arc::clone(&house), tls.clone());
                let Ok(mut stream) = stream else { continue };
                std::thread::spawn(move || match tls {
                    None => server::answer(&house, &mut stream),
                    Some(config) => tls::wrap(config, stream, |stream| server::answer(&house, stream)),
                });
            }
        });
        self.accepting = Some(Accepting { ends, thread });
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.goes();
    }
}
