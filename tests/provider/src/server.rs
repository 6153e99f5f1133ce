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

mod doors;

use crate::answers;
use crate::chat::ChatRequest;
use crate::engine::simulation::Simulation;
use crate::paid::Paid;
use crate::script::{Fault, Rule, Script};
use crate::simulated::Simulator;

/// Largest request: what a record of the request topic may have.
pub const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// What the server is told.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 for any.
    pub port: u16,
    /// How long each answer takes, but for a simulated provider's.
    pub latency: Duration,
    /// The key that requests must carry, if any; a simulated provider's accounts have theirs instead.
    pub key: Option<String>,
    /// Answers come from a simulated provider, with its times, limits and prices, instead of the scripted
    /// model's words after `latency`; scripts hold for it too.
    pub simulation: Option<Simulation>,
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
    simulator: Option<Simulator>,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    paid: Paid,
    script: Script,
}

impl House {
    fn new(settings: Settings) -> std::io::Result<Self> {
        let wrong = |error| std::io::Error::new(std::io::ErrorKind::InvalidInput, error);
        let simulator = settings.simulation.map(Simulator::new).transpose().map_err(wrong)?;
        Ok(Self { latency: settings.latency, key: settings.key, simulator, memory: Mutex::default() })
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
    /// If the port cannot be had, or the simulation's settings cannot be.
    pub async fn start(settings: Settings) -> std::io::Result<Self> {
        let listener = bind(settings.port).await?;
        Self::on(listener, House::new(settings)?)
    }

    fn on(listener: TcpListener, house: House) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let house = Arc::new(house);
        let router = router(Arc::clone(&house));
        let task = tokio::spawn(async move {
            // It only returns if accepting fails for good, and then every test that asks says so.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, house, task })
    }

    /// Starts a simulated one on any port; the second value looks into it, and changes it while it runs.
    ///
    /// # Errors
    /// If no port can be had, or the settings cannot be.
    pub async fn simulate(simulation: Simulation) -> std::io::Result<(Self, Simulator)> {
        let simulator = Simulator::new(simulation)
            .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidInput, error))?;
        let listener = bind(0).await?;
        let house = House {
            latency: Duration::ZERO,
            key: None,
            simulator: Some(simulator.clone()),
            memory: Mutex::default(),
        };
        Ok((Self::on(listener, house)?, simulator))
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
    let house = House::new(settings)?;
    ready(listener.local_addr()?);
    axum::serve(listener, router(Arc::new(house))).await
}

async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

fn router(house: Arc<House>) -> Router {
    let answers = match house.simulator {
        Some(_) => doors::router(),
        None => Router::new().route("/v1/chat/completions", post(complete)),
    };
    let router = answers.route("/paid", get(paid)).route("/script", post(script));
    router.layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX)).with_state(house)
}

async fn complete(State(house): State<Arc<House>>, headers: HeaderMap, body: bytes::Bytes) -> Response {
    if !admits(&house, &headers) {
        return answers::refusal(401, None, None, Some("invalid_api_key"));
    }
    let Ok(request) = serde_json::from_slice::<ChatRequest>(&body) else {
        return answers::refusal(400, None, None, Some("invalid_request"));
    };
    let fault = house.memory().script.next(&request.texts());
    if !fault.as_ref().is_some_and(Fault::is_refusal) {
        house.memory().paid.count(request.prompt_hash());
    }
    let takes = match fault {
        // An error inside a 200 takes as long as an answer, as it always has.
        Some(Fault::Status { .. } | Fault::RetryAfter { .. }) => Duration::ZERO,
        Some(Fault::Late { ms }) => house.latency + Duration::from_millis(ms),
        Some(Fault::Slow { times }) => house.latency.saturating_mul(times),
        _ => house.latency,
    };
    tokio::time::sleep(takes).await; // paces load
    answers::answer(&request, fault.as_ref())
}

/// The key that a request carries.
fn key(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|value| value.strip_prefix("Bearer "))
}

fn admits(house: &House, headers: &HeaderMap) -> bool {
    house.key.is_none() || house.key.as_deref() == key(headers)
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
