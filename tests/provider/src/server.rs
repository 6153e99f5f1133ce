//! The server: its doors, and what it remembers while it runs.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::answers;
use crate::chat::ChatRequest;
use crate::paid::Paid;
use crate::script::{Fault, Rule, Script};

/// Largest request: what a record of the request topic may have.
pub const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// What the server is told.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 for any.
    pub port: u16,
    /// How long each answer takes.
    pub latency: Duration,
    /// The key that requests must carry, if any.
    pub key: Option<String>,
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Provider {
    address: SocketAddr,
    house: Arc<House>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct House {
    latency: Duration,
    key: Option<String>,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    paid: Paid,
    script: Script,
}

impl House {
    fn new(settings: &Settings) -> Self {
        Self { latency: settings.latency, key: settings.key.clone(), memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Each change is one count or one replacement: a panic elsewhere leaves nothing half done.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Provider {
    /// Starts a server.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start(settings: Settings) -> std::io::Result<Self> {
        let listener = bind(settings.port).await?;
        let address = listener.local_addr()?;
        let house = Arc::new(House::new(&settings));
        let router = router(Arc::clone(&house));
        let task = tokio::spawn(async move {
            // It only returns if accepting fails for good, and then every test that asks says so.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, house, task })
    }

    /// What an OpenAI client calls its base URL.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Begins a new script.
    ///
    /// # Errors
    /// A sentence, if it is too long.
    pub fn script(&self, rules: Vec<Rule>) -> Result<(), String> {
        self.house.memory().script.replace(rules)
    }

    /// What was paid for so far.
    #[must_use]
    pub fn paid(&self) -> Paid {
        self.house.memory().paid.clone()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves until the process ends; `ready` is told the address.
///
/// # Errors
/// If the port cannot be had, or accepting fails for good.
pub async fn serve(settings: Settings, ready: impl FnOnce(SocketAddr)) -> std::io::Result<()> {
    let listener = bind(settings.port).await?;
    ready(listener.local_addr()?);
    axum::serve(listener, router(Arc::new(House::new(&settings)))).await
}

async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

fn router(house: Arc<House>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(complete))
        .route("/paid", get(paid))
        .route("/script", post(script))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(house)
}

async fn complete(State(house): State<Arc<House>>, headers: HeaderMap, body: bytes::Bytes) -> Response {
    if !admits(&house, &headers) {
        return answers::refusal(401, None, None, Some("invalid_api_key"));
    }
    let Ok(request) = serde_json::from_slice::<ChatRequest>(&body) else {
        return answers::refusal(400, None, None, Some("invalid_request"));
    };
    let fault = {
        let mut memory = house.memory();
        let fault = memory.script.next(&request.texts());
        if !matches!(fault, Some(Fault::Status { .. } | Fault::ErrorIn200 { .. })) {
            memory.paid.count(request.prompt_hash());
        }
        fault
    };
    if let Some(Fault::Status { status, retry_after, retry_after_ms, code }) = &fault {
        return answers::refusal(*status, retry_after.as_deref(), retry_after_ms.as_deref(), code.as_deref());
    }
    let late = if let Some(Fault::Late { ms }) = fault { Duration::from_millis(ms) } else { Duration::ZERO };
    tokio::time::sleep(house.latency + late).await; // paces load
    answers::answer(&request, fault.as_ref())
}

fn admits(house: &House, headers: &HeaderMap) -> bool {
    let Some(key) = &house.key else { return true };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|value| value.strip_prefix("Bearer ")) == Some(key)
}

async fn paid(State(house): State<Arc<House>>) -> Json<Paid> {
    Json(house.memory().paid.clone())
}

async fn script(State(house): State<Arc<House>>, Json(rules): Json<Vec<Rule>>) -> Response {
    match house.memory().script.replace(rules) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => (StatusCode::BAD_REQUEST, problem).into_response(),
    }
}
