//! Batches and embeddings.

use serde_json::{Value, json};
use tests_provider::engine::prices::{Lane, Price, Used};
use tests_provider::engine::simulation::{Account, Batch};
use tests_provider::engine::tokens;
use tests_provider::server::REQUEST_BYTES_MAX;
use tests_provider::{Provider, Simulation};

use super::instant;
use super::wire::{self, ask, chat, send};

/// Embeddings are unit vectors in the order of their texts, and cost their tokens.
#[tokio::test]
async fn embeddings() {
    let (provider, simulator) = Provider::simulate(instant()).await.unwrap();
    let body = json!({"model": "e", "input": ["rain fell", "bees"], "dimensions": 8}).to_string();
    let answer = send(&provider, "POST", "/v1/embeddings", "", &body).await.json();
    for (place, data) in answer["data"].as_array().unwrap().iter().enumerate() {
        let vector: Vec<f64> =
            data["embedding"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
        let length: f64 = vector.iter().map(|number| number * number).sum();
        assert!(data["index"] == json!(place) && vector.len() == 8 && (length - 1.0).abs() < 1e-5);
    }
    assert_eq!(answer["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    let one = json!({"model": "e", "input": "bees", "dimensions": 8}).to_string();
    let again = send(&provider, "POST", "/v1/embeddings", "", &one).await.json();
    assert_eq!(again["data"][0]["embedding"], answer["data"][1]["embedding"]);
    assert_eq!(simulator.bill().lines[0].used, Used { input_tokens: 4, cached_tokens: 0, output_tokens: 0 });
}

/// A batch is made once it is due, at half the price, with the words of a single call; bad lines fail alone, a
/// cancelled batch costs nothing, and another account sees neither it nor its files.
#[tokio::test]
async fn batches() {
    let account = |name: &str| Account { name: name.to_owned(), key: name.to_owned(), limits: None };
    let accounts = vec![account("ann"), account("bob")];
    let now = Batch { takes_seconds: 0, ..Batch::default() };
    let later = Batch { takes_seconds: 1_000_000, ..Batch::default() };
    let start = async |batch: Batch| {
        Provider::simulate(Simulation { accounts: accounts.clone(), batch, ..instant() }).await.unwrap()
    };
    let line = |id: &str, body: Value| {
        json!({"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body}).to_string()
            + "\n"
    };
    let request = ask("m", "Say something. {{tokens:30}}");
    let file =
        line("a", request.clone()) + &line("b", json!({"model": "m"})) + &line("c", ask("m", "{{tokens:7}}"));
    let create = async |provider: &Provider, file: &str| {
        let sent = wire::upload(provider, "ann", file).await.json();
        let body = json!({"input_file_id": sent["id"], "endpoint": "/v1/chat/completions",
            "completion_window": "24h", "metadata": {"bench": "1"}});
        send(provider, "POST", "/v1/batches", "ann", &body.to_string()).await.json()
    };

    let (provider, simulator) = start(now).await;
    let batch = create(&provider, &file).await;
    let path = format!("/v1/batches/{}", batch["id"].as_str().unwrap());
    let done = send(&provider, "GET", &path, "ann", "").await.json();
    assert_eq!((&done["status"], &done["metadata"]["bench"]), (&json!("completed"), &json!("1")));
    assert_eq!(done["request_counts"], json!({"total": 3, "completed": 2, "failed": 1}));
    let content_of = |file: &Value| format!("/v1/files/{}/content", file.as_str().unwrap());
    let output = send(&provider, "GET", &content_of(&done["output_file_id"]), "ann", "").await;
    let lines: Vec<Value> = output.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["custom_id"], &lines[1]["custom_id"]), (&json!("a"), &json!("c")));
    let single = chat(&provider, "ann", &request).await;
    assert_eq!(lines[0]["response"]["body"]["choices"], single.json()["choices"]);
    let errors = send(&provider, "GET", &content_of(&done["error_file_id"]), "ann", "").await;
    assert!(errors.body.contains("\"custom_id\":\"b\"") && errors.body.contains("\"status_code\":400"));
    assert_eq!(send(&provider, "GET", &path, "bob", "").await.status, 404);
    assert_eq!(send(&provider, "GET", &content_of(&done["output_file_id"]), "bob", "").await.status, 404);
    let bill = simulator.bill();
    let of = |lane: Lane| bill.lines.iter().find(|line| line.lane == lane).unwrap();
    let used = |prompt: &str, output_tokens: u64| {
        let input_tokens = tokens::count(prompt) + 7;
        Price::default().cost(Lane::Batch, Used { input_tokens, cached_tokens: 0, output_tokens })
    };
    let halves = used("Say something. {{tokens:30}}", 30) + used("{{tokens:7}}", 7);
    assert_eq!((of(Lane::Batch).calls, of(Lane::Batch).micro_units, of(Lane::Live).calls), (2, halves, 1));
    for broken in ["", "{", &line("a", json!({})).repeat(2)] {
        assert_eq!(create(&provider, broken).await["status"], json!("failed"), "{broken}");
    }

    let (provider, simulator) = start(later).await;
    let batch = create(&provider, &file).await;
    let path = format!("/v1/batches/{}", batch["id"].as_str().unwrap());
    assert_eq!(send(&provider, "GET", &path, "ann", "").await.json()["status"], json!("in_progress"));
    let cancel = format!("{path}/cancel");
    assert_eq!(send(&provider, "POST", &cancel, "ann", "").await.json()["status"], json!("cancelled"));
    assert_eq!(send(&provider, "POST", &cancel, "ann", "").await.status, 409);
    let listed = send(&provider, "GET", "/v1/batches", "ann", "").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(send(&provider, "GET", "/v1/batches", "bob", "").await.json()["data"], json!([]));
    let input = format!("/v1/files/{}", batch["input_file_id"].as_str().unwrap());
    assert_eq!(send(&provider, "DELETE", &input, "bob", "").await.status, 404);
    assert_eq!(send(&provider, "DELETE", &input, "ann", "").await.status, 200);
    assert_eq!(send(&provider, "GET", &format!("{input}/content"), "ann", "").await.status, 404);
    // A file may be larger than a request.
    assert_eq!(wire::upload(&provider, "ann", &"x".repeat(2 * REQUEST_BYTES_MAX)).await.status, 200);
    assert_eq!(simulator.bill().micro_units, 0);
}
