//! Answers as the gateway sees them.

use std::time::Duration;

use agents_model::Model;
use agents_model::model::{Completion, Error};
use schemas_records::model::{Finish, ModelRequest};
use tokio::sync::watch;

use super::folder;
use crate::weights::{self, SMOLLM2};
use crate::{CONTEXT_TOKENS_MAX, NAME, OfflineModel, Settings};

/// Longer than any of this takes on the slowest machine.
const SOON: Duration = Duration::from_secs(100);

/// The model, if its weights can be had.
fn model(workers: usize) -> Option<OfflineModel> {
    Some(OfflineModel::new(&Settings { workers, ..Settings::new(folder()?) }).unwrap())
}

/// A question whose answer stands in it.
fn question(max_tokens: i32) -> ModelRequest {
    let facts = "Construction had 7,492 thousand employees in December 2019, 2.1% more than a year before.";
    ModelRequest::new("You write one short sentence.", format!("Say this in your words: {facts}"), max_tokens)
}

/// A prompt that takes the model minutes to read, within the context.
fn long() -> ModelRequest {
    ModelRequest::new(
        "You write one short sentence.",
        "Say this again: ".to_owned() + &"one ".repeat(3_900),
        10,
    )
}

async fn until(counter: &mut watch::Receiver<usize>, wanted: usize) {
    let reached = tokio::time::timeout(SOON, counter.wait_for(|under_way| *under_way == wanted));
    reached.await.expect("in time").expect("the model lives");
}

fn refused(result: Result<Completion, Error>) -> String {
    match result {
        Err(Error::Refused { message }) => message,
        other => panic!("not refused: {other:?}"),
    }
}

/// An answer has words, the model's name, a reason for its end and its real tokens.
#[tokio::test]
async fn structure() {
    let Some(model) = model(1) else { return };
    let answer = model.complete(&question(60)).await.unwrap();
    assert_eq!((answer.model.as_str(), answer.finish), (NAME, Finish::Stop), "{answer:?}");
    assert!(answer.text.contains("onstruction"), "{answer:?}");
    assert!((5..60).contains(&answer.usage.output_tokens), "{answer:?}");
    assert!(!answer.text.contains("<|"), "{answer:?}");
    let cut = model.complete(&question(3)).await.unwrap();
    assert_eq!((cut.finish, cut.usage.output_tokens), (Finish::Length, 3));
    assert_eq!(cut.usage.input_tokens, answer.usage.input_tokens);
    assert!(answer.text.starts_with(&cut.text), "{cut:?} {answer:?}");
}

/// The same request gives the same text, without a temperature and with one, also from two workers at once.
#[tokio::test]
async fn repeatable() {
    let Some(model) = model(2) else { return };
    for temperature in [0.0, 1.0] {
        let request = ModelRequest { temperature, ..question(20) };
        let (one, other) = tokio::join!(model.complete(&request), model.complete(&request));
        assert_eq!(one.unwrap(), other.unwrap(), "{temperature}");
    }
}

/// Two workers answer at once; who stops waiting stops the work, long before it would have ended.
#[tokio::test]
async fn cancelled() {
    let Some(model) = model(2) else { return };
    let mut under_way = model.under_way();
    let request = long();
    {
        let both = futures(&model, &request);
        tokio::pin!(both);
        tokio::select! {
            () = until(&mut under_way, 2) => {}
            _ = &mut both => panic!("it was read too fast to be cancelled"),
        }
    }
    until(&mut under_way, 0).await;
    // Nobody is left behind: the next one is answered at once.
    model.complete(&question(1)).await.unwrap();
}

async fn futures(model: &OfflineModel, request: &ModelRequest) -> bool {
    let (one, other) = tokio::join!(model.complete(request), model.complete(request));
    one.is_ok() && other.is_ok()
}

/// What can never be answered is refused, with the numbers.
#[tokio::test]
async fn refusals() {
    let Some(model) = model(1) else { return };
    let long = ModelRequest::new("s", "one ".repeat(5_000), 10);
    let message = refused(model.complete(&long).await);
    assert!(message.contains("tokens and the context 4096"), "{message}");
    assert_eq!(CONTEXT_TOKENS_MAX, 4_096);
    let message = refused(model.complete(&question(0)).await);
    assert!(message.contains("max_tokens is 0"), "{message}");
    let message = refused(model.complete(&ModelRequest { messages: Vec::new(), ..question(9) }).await);
    assert!(message.contains("the prompt is empty"), "{message}");
    let message = refused(model.complete(&ModelRequest { temperature: -1.0, ..question(9) }).await);
    assert!(message.contains("use 0 or more"), "{message}");
}

/// Weights that are missing or too short are named at the start; other bytes of the right length at the
/// first request, which is refused.
#[tokio::test]
async fn wrong_weights() {
    let folder = tempfile::tempdir().unwrap();
    let start = || OfflineModel::new(&Settings::new(folder.path()));
    let message = start().err().unwrap().to_string();
    assert!(message.contains("`tributary model fetch` brings them"), "{message}");
    let file = std::fs::File::create(weights::path(folder.path(), &SMOLLM2)).unwrap();
    file.set_len(1_000).unwrap();
    let message = start().err().unwrap().to_string();
    assert!(message.contains("they have 1000 bytes and not 98362432"), "{message}");
    file.set_len(SMOLLM2.bytes).unwrap();
    let message = refused(start().unwrap().complete(&question(5)).await);
    assert!(message.contains("their sha256 is") && message.contains("replaces them"), "{message}");
}
