//! The simulated provider's own doors: what it is, what it billed, what it saw, and what shall change.

use axum::response::Response;
use serde_json::json;

use super::Simulator;
use crate::answers::json_body;
use crate::engine::Change;

/// `GET /sim`
pub(crate) fn show(simulator: &Simulator) -> Response {
    let seen = simulator.seen();
    let mut simulation = simulator.simulation();
    // A page that anybody may read shows no keys.
    for account in &mut simulation.accounts {
        account.key = "...".to_owned();
    }
    json_body(
        200,
        &json!({
            "now_seconds": seen.now_seconds,
            "running": seen.running,
            "waiting": seen.waiting,
            "simulation": simulation,
        }),
    )
}

/// `POST /sim`
pub(crate) fn change(simulator: &Simulator, body: &[u8]) -> Response {
    let problem = match serde_json::from_slice::<Change>(body) {
        Ok(change) => simulator.change(change).err().map(|error| error.to_string()),
        Err(error) => Some(format!("read the change: {error}")),
    };
    match problem {
        None => json_body(200, &json!({"changed": true})),
        Some(problem) => json_body(400, &json!({"changed": false, "problem": problem})),
    }
}

/// `GET /sim/bill`
pub(crate) fn bill(simulator: &Simulator) -> Response {
    json_body(200, &json!(simulator.bill()))
}

/// `GET /sim/seen`
pub(crate) fn seen(simulator: &Simulator) -> Response {
    json_body(200, &json!(simulator.seen()))
}
