//! A collector in the test's own process, that can be as bad as collectors are. Not OpenTelemetry's.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use infra_telemetry::otlp::{Endpoint, Settings};
use serde_json::Value;

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes everything.
    Takes,
    /// Answers with this status, and takes nothing.
    Answers(u16),
    /// Reads the request, and never answers.
    Silent,
    /// Has gone: nobody listens.
    Away,
}

pub struct Collector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<Value>>>,
}

impl Collector {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, spans) = (listener.local_addr().unwrap(), Arc::default());
        if manner != Manner::Away {
            let spans = Arc::clone(&spans);
            // Ends with the process.
            std::thread::spawn(move || {
                for connection in listener.incoming().flatten() {
                    let spans = Arc::clone(&spans);
                    std::thread::spawn(move || serve(connection, manner, &spans));
                }
            });
        }
        Self { address, spans }
    }

    pub fn settings(&self) -> Settings {
        let endpoint = Endpoint::parse(&format!("http://{}", self.address)).unwrap();
        Settings { endpoint, namespace: "acme".to_owned(), instance: "node-1".to_owned() }
    }

    /// What it was told so far.
    pub fn spans(&self) -> Vec<Value> {
        self.spans.lock().unwrap().clone()
    }
}

/// One connection; ends when the other side is gone.
fn serve(mut connection: TcpStream, manner: Manner, spans: &Mutex<Vec<Value>>) {
    while let Some(body) = request(&mut connection) {
        let status = match manner {
            Manner::Silent => continue,
            Manner::Answers(status) => status,
            Manner::Takes | Manner::Away => 200,
        };
        if status == 200 {
            let told: Value = serde_json::from_slice(&body).unwrap();
            let of_node = &told["resourceSpans"][0];
            let resource = of_node["resource"]["attributes"].to_string();
            assert!(resource.contains("acme") && resource.contains("node-1"), "{resource}");
            spans.lock().unwrap().extend(of_node["scopeSpans"][0]["spans"].as_array().unwrap().clone());
        }
        let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: 2\r\n\r\n{{}}");
        if connection.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// The body of the next request, which is a POST to where traces go.
fn request(connection: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    connection.read_exact(&mut body).ok()?;
    Some(body)
}

/// An attribute of a span, as text, whatever its type; empty if it has none of this name.
pub fn attribute(span: &Value, name: &str) -> String {
    let all = span["attributes"].as_array().unwrap();
    let found = all.iter().find(|attribute| attribute["key"] == name);
    let value = found.and_then(|attribute| attribute["value"].as_object()?.values().next().cloned());
    value.map_or_else(String::new, |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
