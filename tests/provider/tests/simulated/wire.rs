//! HTTP as a stranger speaks it: bytes on a socket, and what comes back taken apart.

use std::time::Duration;

use serde_json::{Value, json};
use tests_provider::Provider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    /// The body, with its chunks joined.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(of, _)| *of == name).map(|(_, value)| value)
    }

    /// The events of a stream, but for the last word.
    pub fn events(&self) -> Vec<Value> {
        let data = self.body.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}

/// A request for a completion.
pub fn ask(model: &str, prompt: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": prompt}]})
}

/// Asks for a completion.
pub async fn chat(provider: &Provider, key: &str, request: &Value) -> Answer {
    send(provider, "POST", "/v1/chat/completions", key, &request.to_string()).await
}

/// Uploads a file for a batch, as clients do.
pub async fn upload(provider: &Provider, key: &str, file: &str) -> Answer {
    let body = format!(
        "--frame\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--frame\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n{file}\r\n--frame--\r\n"
    );
    let kind = "multipart/form-data; boundary=frame";
    read(open_as(provider, "POST", "/v1/files", key, kind, &body).await).await
}

/// Sends a request and reads the answer.
pub async fn send(provider: &Provider, method: &str, path: &str, key: &str, body: &str) -> Answer {
    read(open(provider, method, path, key, body).await).await
}

/// Sends a request, and leaves the answer to be read.
pub async fn open(provider: &Provider, method: &str, path: &str, key: &str, body: &str) -> TcpStream {
    open_as(provider, method, path, key, "application/json", body).await
}

async fn open_as(
    provider: &Provider,
    method: &str,
    path: &str,
    key: &str,
    kind: &str,
    body: &str,
) -> TcpStream {
    let authority = provider.base_url().replace("http://", "").replace("/v1", "");
    let mut socket = TcpStream::connect(&authority).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {key}\r\n\
         content-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    socket.write_all((head + body).as_bytes()).await.unwrap();
    socket
}

async fn read(mut socket: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A broken answer is one too; what came of it counts.
    let _ = tokio::time::timeout(Duration::from_secs(60), socket.read_to_end(&mut bytes)).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let is_chunked = head.contains("transfer-encoding: chunked");
    let body = if is_chunked { unchunked(body) } else { body.to_owned() };
    Answer { status, head: format!("{head}\r\n"), body }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length.trim(), 16).unwrap_or(0);
        if length == 0 || rest.len() < length {
            break;
        }
        whole.push_str(&rest[..length]);
        body = rest[length..].trim_start_matches("\r\n");
    }
    whole
}
