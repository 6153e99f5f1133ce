//! Batches of the simulated provider: chat completions that may wait, at half the price, past all limits but
//! their own. All of a batch is made, and billed, at the moment at which it is due; whoever cancels it before
//! pays nothing. Faults do not befall it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::response::Response;
use bytes::Bytes;
use schemas_records::model::Finish;
use serde::Deserialize;
use serde_json::{Value, json};

use super::chat::ask_of;
use super::{Memory, Simulator, headers};
use crate::answers::json_body;
use crate::chat::ChatRequest;
use crate::engine::{Ask, tokens, words};
use crate::wording::{Said, Wording};

/// The only endpoint that a batch can be for.
const ENDPOINT: &str = "/v1/chat/completions";
/// A day: when a batch that is not done would be given up; simulated seconds.
const WINDOW_SECONDS: u64 = 86_400;
/// Most batches that are remembered.
const BATCHES_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    InProgress,
    Completed,
    Cancelled,
    Failed,
}

/// A batch.
#[derive(Debug)]
pub(crate) struct Batch {
    account: String,
    input_file: String,
    metadata: Value,
    requests: Vec<Line>,
    created: u64,
    due: Duration,
    ended: Option<u64>,
    state: State,
    problem: Option<String>,
    completed: usize,
    output_file: Option<String>,
    error_file: Option<String>,
}

/// A line of a batch's file.
#[derive(Debug, Deserialize)]
struct Line {
    custom_id: String,
    method: String,
    url: String,
    body: Value,
}

/// What a batch is made of.
#[derive(Debug, Deserialize)]
pub(crate) struct BatchRequest {
    input_file_id: String,
    endpoint: String,
    completion_window: String,
    #[serde(default)]
    metadata: Value,
}

/// All batches.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    batches: BTreeMap<u64, Batch>,
    made: u64,
}

impl Batches {
    fn find(&mut self, account: &str, id: &str) -> Option<&mut Batch> {
        let number = id.strip_prefix("batch_")?.parse().ok()?;
        self.batches.get_mut(&number).filter(|batch| batch.account == account)
    }
}

/// `POST /v1/batches`
pub(crate) fn create(simulator: &Simulator, account: &str, request: BatchRequest) -> Response {
    if request.endpoint != ENDPOINT || request.completion_window != "24h" {
        return headers::error(400, "invalid_request", "a batch is for /v1/chat/completions, within 24h");
    }
    let mut memory = simulator.memory();
    let now = simulator.tick(&mut memory, Duration::ZERO);
    let Some(file) = memory.files.find(account, &request.input_file_id) else {
        return headers::error(400, "invalid_request", "input_file_id names no file of this account");
    };
    if memory.batches.batches.len() >= BATCHES_MAX {
        return headers::error(429, "rate_limit_exceeded", "too many batches");
    }
    let settings = memory.engine.simulation().batch;
    let read = lines(&file.bytes, settings.requests_max);
    let (requests, problem) = read.map_or_else(|problem| (Vec::new(), Some(problem)), |lines| (lines, None));
    let batch = Batch {
        account: account.to_owned(),
        input_file: request.input_file_id,
        metadata: request.metadata,
        requests,
        created: now.as_secs(),
        due: now.saturating_add(Duration::from_secs(settings.takes_seconds)),
        ended: problem.as_ref().map(|_| now.as_secs()),
        state: if problem.is_some() { State::Failed } else { State::InProgress },
        problem,
        completed: 0,
        output_file: None,
        error_file: None,
    };
    memory.batches.made += 1;
    let number = memory.batches.made;
    let shown = batch.shown(&format!("batch_{number}"));
    memory.batches.batches.insert(number, batch);
    json_body(200, &shown)
}

/// `GET /v1/batches/{id}`
pub(crate) fn show(simulator: &Simulator, account: &str, id: &str) -> Response {
    let mut memory = simulator.memory();
    let now = simulator.tick(&mut memory, Duration::ZERO);
    memory.finish_batches(now, simulator.0.seed);
    match memory.batches.find(account, id) {
        Some(batch) => json_body(200, &batch.shown(id)),
        None => none(id),
    }
}

/// `POST /v1/batches/{id}/cancel`
pub(crate) fn cancel(simulator: &Simulator, account: &str, id: &str) -> Response {
    let mut memory = simulator.memory();
    let now = simulator.tick(&mut memory, Duration::ZERO);
    memory.finish_batches(now, simulator.0.seed);
    match memory.batches.find(account, id) {
        Some(batch) if batch.state == State::InProgress => {
            (batch.state, batch.ended) = (State::Cancelled, Some(now.as_secs()));
            json_body(200, &batch.shown(id))
        }
        Some(_) => headers::error(409, "conflict", "this batch has ended"),
        None => none(id),
    }
}

/// `GET /v1/batches`
pub(crate) fn list(simulator: &Simulator, account: &str) -> Response {
    let mut memory = simulator.memory();
    let now = simulator.tick(&mut memory, Duration::ZERO);
    memory.finish_batches(now, simulator.0.seed);
    let batches = memory.batches.batches.iter().rev().filter(|(_, batch)| batch.account == account);
    let data: Vec<Value> = batches.map(|(number, batch)| batch.shown(&format!("batch_{number}"))).collect();
    json_body(200, &json!({"object": "list", "data": data, "has_more": false}))
}

fn none(id: &str) -> Response {
    headers::error(404, "not_found", &format!("no such batch: {id}"))
}

fn lines(bytes: &[u8], requests_max: usize) -> Result<Vec<Line>, String> {
    let mut lines: Vec<Line> = Vec::new();
    let mut names = BTreeSet::new();
    let not_empty = |line: &&[u8]| !line.trim_ascii().is_empty();
    for (place, line) in bytes.split(|byte| *byte == b'\n').filter(not_empty).enumerate() {
        let line: Line =
            serde_json::from_slice(line).map_err(|error| format!("line {}: {error}", place + 1))?;
        if line.url != ENDPOINT || line.method != "POST" {
            return Err(format!("line {}: it is no POST to {ENDPOINT}", place + 1));
        }
        if !names.insert(line.custom_id.clone()) {
            return Err(format!("line {}: custom_id {} is there twice", place + 1, line.custom_id));
        }
        lines.push(line);
        if lines.len() > requests_max {
            return Err(format!("more than {requests_max} requests"));
        }
    }
    if lines.is_empty() { Err("the file has no requests".to_owned()) } else { Ok(lines) }
}

impl Batch {
    fn shown(&self, id: &str) -> Value {
        let ended = |state: State| self.ended.filter(|_| self.state == state);
        let status = match self.state {
            State::InProgress => "in_progress",
            State::Completed => "completed",
            State::Cancelled => "cancelled",
            State::Failed => "failed",
        };
        let failed = if self.state == State::Completed { self.requests.len() - self.completed } else { 0 };
        let error = |message: &String| json!({"object": "list", "data": [{"code": "invalid_file", "message": message}]});
        json!({
            "id": id,
            "object": "batch",
            "endpoint": ENDPOINT,
            "errors": self.problem.as_ref().map(error),
            "input_file_id": self.input_file,
            "completion_window": "24h",
            "status": status,
            "output_file_id": self.output_file,
            "error_file_id": self.error_file,
            "created_at": self.created,
            "in_progress_at": self.created,
            "expires_at": self.created + WINDOW_SECONDS,
            "completed_at": ended(State::Completed),
            "failed_at": ended(State::Failed),
            "cancelled_at": ended(State::Cancelled),
            "request_counts": {"total": self.requests.len(), "completed": self.completed, "failed": failed},
            "metadata": self.metadata,
        })
    }
}

impl Memory {
    /// Makes all batches that are due.
    pub(super) fn finish_batches(&mut self, now: Duration, seed: u64) {
        let is_due = |batch: &Batch| batch.state == State::InProgress && batch.due <= now;
        let due: Vec<u64> =
            self.batches.batches.iter().filter(|(_, one)| is_due(one)).map(|(n, _)| *n).collect();
        for number in due {
            let Some(mut batch) = self.batches.batches.remove(&number) else { continue };
            self.finish(&mut batch, number, seed);
            self.batches.batches.insert(number, batch);
        }
    }

    fn finish(&mut self, batch: &mut Batch, number: u64, seed: u64) {
        let (mut output, mut errors) = (String::new(), String::new());
        for (place, line) in batch.requests.iter().enumerate() {
            let (status, body) = self.one(&batch.account, line, number, place, seed);
            let response =
                json!({"status_code": status, "request_id": format!("req_{number}_{place}"), "body": body});
            let written = json!({
                "id": format!("batch_req_{number}_{place}"),
                "custom_id": line.custom_id,
                "response": response,
                "error": null,
            });
            let file = if status == 200 { &mut output } else { &mut errors };
            file.push_str(&format!("{written}\n"));
            batch.completed += usize::from(status == 200);
        }
        let at = batch.due.as_secs();
        let mut keep = |name: &str, text: String| {
            let bytes = Bytes::from(text);
            let kept =
                (!bytes.is_empty()).then(|| self.files.keep(&batch.account, name, "batch_output", at, bytes));
            kept.flatten()
        };
        batch.output_file = keep("output.jsonl", output);
        batch.error_file = keep("errors.jsonl", errors);
        (batch.state, batch.ended) = (State::Completed, Some(at));
    }

    /// One call of a batch: its status and body.
    fn one(&mut self, account: &str, line: &Line, number: u64, place: usize, seed: u64) -> (u16, Value) {
        let error = |status: u16, code: &str, message: String| {
            (status, json!({"error": {"message": message, "type": "invalid_request_error", "code": code}}))
        };
        let request = serde_json::from_value::<ChatRequest>(line.body.clone());
        let read = request.map_err(|error| error.to_string()).and_then(|request| {
            let most = request.max_tokens.map(u64::try_from).transpose();
            most.map(|most| (request, most)).map_err(|_| "max_tokens is negative".to_owned())
        });
        let (request, output_max) = match read {
            Ok(read) => read,
            Err(problem) => return error(400, "invalid_request", problem),
        };
        let (prompt, tokens) = (request.prompt_hash(), tokens::names(&request.messages));
        let ask = Ask { output_max, ..ask_of(account, &request, &prompt, &tokens) };
        match self.engine.batch(&ask) {
            Err(refusal) => error(refusal.status(), refusal.code(), refusal.message()),
            Ok((used, is_cut)) => {
                let said = Said {
                    id: format!("chatcmpl-{seed:x}-batch-{number}-{place}"),
                    pieces: words::answer(seed, &request.model, &prompt, used.output_tokens),
                    finish: if is_cut { Finish::Length } else { Finish::Stop },
                    input_tokens: used.input_tokens,
                    cached_tokens: Some(0),
                    output_tokens: used.output_tokens,
                };
                (200, Wording::new(&request, None, said).object())
            }
        }
    }
}
