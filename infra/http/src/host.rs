//! What a request may call a door on this machine. Another name means that a page somewhere has sent a browser
//! here (DNS rebinding): then the door is not meant.

use std::net::SocketAddr;

use hyper::StatusCode;
use hyper::header::HOST;
use hyper::http::request::Parts;

use crate::problem::{Answer, problem};

/// The names of one door.
pub(crate) struct Hosts([String; 2]);

impl Hosts {
    /// Those of a door on this address.
    pub fn of(address: SocketAddr) -> Self {
        Self([address.to_string(), format!("localhost:{}", address.port())])
    }

    /// Whether a request means this door; else what it is told.
    pub fn admit(&self, head: &Parts) -> Result<(), Box<Answer>> {
        let named = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if self.0.iter().any(|host| host == named) {
            return Ok(());
        }
        let remedy = "this door is for programs on this machine only; ask it by its address";
        let detail = "the host header names another host";
        Err(Box::new(problem(StatusCode::MISDIRECTED_REQUEST, detail, remedy)))
    }
}
