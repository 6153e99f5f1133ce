//! The doors that only a simulated provider has, and who may go through them.
//!
//! `/v1` asks for an account's key where there are accounts; `/sim` is the operator's and asks nothing: the
//! server listens on this machine only.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{delete, get, post};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{House, key};
use crate::answers::{json_body, refusal};
use crate::chat::ChatRequest;
use crate::simulated::batches::BatchRequest;
use crate::simulated::embeddings::EmbeddingRequest;
use crate::simulated::files::FILE_BYTES_MAX;
use crate::simulated::{Simulator, batches, chat, control, embeddings, files};

/// A form around a file has some bytes of its own.
const FORM_BYTES_MAX: usize = FILE_BYTES_MAX + 64 * 1024;

/// The doors.
pub(super) fn router() -> Router<Arc<House>> {
    let upload = post(upload).layer(DefaultBodyLimit::max(FORM_BYTES_MAX));
    Router::new()
        .route("/v1/chat/completions", post(complete))
        .route("/v1/models", get(models))
        .route("/v1/embeddings", post(embed))
        .route("/v1/files", upload)
        .route("/v1/files/{id}", delete(delete_file))
        .route("/v1/files/{id}/content", get(content))
        .route("/v1/batches", post(create).get(list_batches))
        .route("/v1/batches/{id}", get(batch))
        .route("/v1/batches/{id}/cancel", post(cancel))
        .route("/sim", get(show).post(change))
        .route("/sim/bill", get(bill))
        .route("/sim/seen", get(seen))
}

type Here = State<Arc<House>>;

/// The provider and whose request it is; else the refusal.
fn who<'a>(house: &'a House, headers: &HeaderMap) -> Result<(&'a Simulator, String), Box<Response>> {
    let refused = || Box::new(refusal(401, None, None, Some("invalid_api_key")));
    let simulator = house.simulator.as_ref().ok_or_else(refused)?;
    let account = simulator.account(key(headers)).ok_or_else(refused)?;
    Ok((simulator, account))
}

/// What an account may do at once.
fn with(house: &House, headers: &HeaderMap, act: impl FnOnce(&Simulator, &str) -> Response) -> Response {
    match who(house, headers) {
        Ok((simulator, account)) => act(simulator, &account),
        Err(refused) => *refused,
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Box<Response>> {
    serde_json::from_slice(body).map_err(|_| Box::new(refusal(400, None, None, Some("invalid_request"))))
}

async fn complete(State(house): Here, headers: HeaderMap, body: Bytes) -> Response {
    let (simulator, account) = match who(&house, &headers) {
        Ok(who) => who,
        Err(refused) => return *refused,
    };
    let request: ChatRequest = match read(&body) {
        Ok(request) => request,
        Err(refused) => return *refused,
    };
    let fault = house.memory().script.next(&request.texts());
    let paid = || house.memory().paid.count(request.prompt_hash());
    chat::complete(simulator, &account, &request, fault, paid).await
}

async fn embed(State(house): Here, headers: HeaderMap, body: Bytes) -> Response {
    let (simulator, account) = match who(&house, &headers) {
        Ok(who) => who,
        Err(refused) => return *refused,
    };
    let request: EmbeddingRequest = match read(&body) {
        Ok(request) => request,
        Err(refused) => return *refused,
    };
    let fault = house.memory().script.next(request.texts());
    embeddings::embed(simulator, &account, &request, fault).await
}

async fn models(State(house): Here, headers: HeaderMap) -> Response {
    with(&house, &headers, |simulator, _| {
        let model = |name| json!({"id": name, "object": "model", "created": 0, "owned_by": "simulated"});
        let data: Vec<Value> = simulator.models().into_iter().map(model).collect();
        json_body(200, &json!({"object": "list", "data": data}))
    })
}

async fn upload(State(house): Here, headers: HeaderMap, body: Bytes) -> Response {
    with(&house, &headers, |simulator, account| files::upload(simulator, account, &headers, &body))
}

async fn delete_file(State(house): Here, Path(id): Path<String>, headers: HeaderMap) -> Response {
    with(&house, &headers, |simulator, account| files::delete(simulator, account, &id))
}

async fn content(State(house): Here, Path(id): Path<String>, headers: HeaderMap) -> Response {
    with(&house, &headers, |simulator, account| files::content(simulator, account, &id))
}

async fn create(State(house): Here, headers: HeaderMap, body: Bytes) -> Response {
    with(&house, &headers, |simulator, account| match read::<BatchRequest>(&body) {
        Ok(request) => batches::create(simulator, account, request),
        Err(refused) => *refused,
    })
}

async fn list_batches(State(house): Here, headers: HeaderMap) -> Response {
    with(&house, &headers, batches::list)
}

async fn batch(State(house): Here, Path(id): Path<String>, headers: HeaderMap) -> Response {
    with(&house, &headers, |simulator, account| batches::show(simulator, account, &id))
}

async fn cancel(State(house): Here, Path(id): Path<String>, headers: HeaderMap) -> Response {
    with(&house, &headers, |simulator, account| batches::cancel(simulator, account, &id))
}

/// What the operator may do.
fn operate(house: &House, act: impl FnOnce(&Simulator) -> Response) -> Response {
    house.simulator.as_ref().map_or_else(|| refusal(404, None, None, Some("not_found")), act)
}

async fn show(State(house): Here) -> Response {
    operate(&house, control::show)
}

async fn change(State(house): Here, body: Bytes) -> Response {
    operate(&house, |simulator| control::change(simulator, &body))
}

async fn bill(State(house): Here) -> Response {
    operate(&house, control::bill)
}

async fn seen(State(house): Here) -> Response {
    operate(&house, control::seen)
}
