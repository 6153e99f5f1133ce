//! Embeddings of the simulated provider: unit vectors that depend on the text alone.
//!
//! A text's vector is the sum of its tokens' directions, each drawn by the seed: texts that share tokens are
//! near each other, others are nearly orthogonal; the order of tokens is not seen. A call takes a slot for its
//! prefill. Of faults it knows refusals, garbage, silence and a body that stops in the middle.

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Simulator, headers};
use crate::answers::{End, body, garbage, halves};
use crate::engine::simulation::DIMENSIONS_MAX;
use crate::engine::{Ask, chance, tokens};
use crate::script::Fault;

/// Most texts of a request, as OpenAI has it.
const TEXTS_MAX: usize = 2048;

/// A request.
#[derive(Debug, Deserialize)]
pub(crate) struct EmbeddingRequest {
    model: String,
    input: Texts,
    dimensions: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

impl EmbeddingRequest {
    /// The texts, as scripts match them.
    pub(crate) fn texts(&self) -> &[String] {
        match &self.input {
            Texts::One(text) => std::slice::from_ref(text),
            Texts::Many(texts) => texts,
        }
    }
}

/// Answers a request; `fault` is what a script has for it.
pub(crate) async fn embed(
    simulator: &Simulator,
    account: &str,
    request: &EmbeddingRequest,
    fault: Option<Fault>,
) -> Response {
    let clock = simulator.clock();
    let texts = request.texts();
    let dimensions = request.dimensions.unwrap_or(simulator.0.dimensions);
    if texts.is_empty() || texts.len() > TEXTS_MAX || !(1..=DIMENSIONS_MAX).contains(&dimensions) {
        return headers::error(
            400,
            "invalid_request",
            "send 1 to 2048 texts, and ask for 1 to 4096 dimensions",
        );
    }
    let tokens: Vec<u64> = texts.iter().flat_map(|text| tokens::names_of_text(text)).collect();
    let model = &request.model;
    let output = Some(0);
    let ask = Ask {
        account,
        model,
        prompt: "",
        tokens: &tokens,
        output,
        is_cached: false,
        output_max: output,
        fault,
    };
    let (shown, entered) = simulator.enter(&ask);
    let mut seat = match entered {
        Ok(seat) => seat,
        Err(refusal) => {
            tokio::time::sleep(clock.real(refusal.takes)).await; // paces load
            return headers::refusal(&refusal, clock, &shown);
        }
    };
    let plan = seat.started().await;
    seat.until(plan.end()).await;
    let fault = seat.admitted.fault.clone();
    let text = answer(texts, model, tokens.len(), simulator.0.seed, dimensions).to_string();
    let mut response = match (&fault, halves(fault.as_ref())) {
        (Some(Fault::Hang | Fault::KeepAlive), _) => std::future::pending().await,
        (Some(Fault::Garbage), _) => garbage(),
        (_, Some(end)) => body("application/json", vec![text[..text.len() / 2].to_owned()], end),
        _ => body("application/json", vec![text], End::Whole),
    };
    headers::limits(response.headers_mut(), clock, &shown, fault.as_ref());
    response
}

fn answer(texts: &[String], model: &str, tokens: usize, seed: u64, dimensions: usize) -> Value {
    let data: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            json!({"object": "embedding", "index": index, "embedding": vector(seed, text, dimensions)})
        })
        .collect();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    json!({"object": "list", "data": data, "model": model, "usage": usage})
}

/// A text's unit vector.
#[allow(clippy::cast_possible_truncation, reason = "embeddings are sent in single precision")]
fn vector(seed: u64, text: &str, dimensions: usize) -> Vec<f32> {
    let mut names = tokens::names_of_text(text);
    if names.is_empty() {
        names.push(0);
    }
    let mut sum = vec![0.0_f64; dimensions];
    for name in names {
        let token = chance::draw(seed, "embedding", &[&name.to_le_bytes()]);
        for (place, number) in sum.iter_mut().enumerate() {
            *number += chance::share(chance::name(token, &place.to_le_bytes())) - 0.5;
        }
    }
    // Nothing but chance makes this zero, and then it stays a vector of zeros.
    let length = sum.iter().map(|number| number * number).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    sum.iter().map(|number| (number / length) as f32).collect()
}

#[cfg(test)]
mod tests;
