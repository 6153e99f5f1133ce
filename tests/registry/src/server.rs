//! One connection: one request, one answer.

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::{Value, json};

use crate::{House, Mood};

/// Reads a request and answers it; whatever is wrong with the connection ends it.
pub(crate) fn answer(house: &House, stream: &mut (impl Read + Write)) {
    let Some(request) = read(stream) else { return };
    let (status, body) = {
        let mut memory = house.memory();
        memory.requests.push(format!("{} {}", request.method, request.path.join("/")));
        match memory.mood.clone() {
            Mood::Hangs => (0, String::new()),
            Mood::Says { status, body } => (status, body),
            _ if memory.authorization.is_some() && memory.authorization != request.authorization => {
                (401, json!({"error_code": 40101, "message": "who are you"}).to_string())
            }
            Mood::SaysToNew { status, body } if request.is_new() => (status, body),
            Mood::Well | Mood::SaysToNew { .. } => {
                let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
                let (status, body) = memory.shelf.answer(&request.method, &path, &request.body);
                (status, body.to_string())
            }
        }
    };
    if status == 0 {
        // Until the other side gives up.
        drop(stream.read_to_end(&mut Vec::new()));
        return;
    }
    let head = format!(
        "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let answer = [head.as_bytes(), body.as_bytes()].concat();
    drop(stream.write_all(&answer).and_then(|()| stream.flush()));
}

struct Request {
    method: String,
    /// Without what stands before it in every url.
    path: Vec<String>,
    authorization: Option<String>,
    body: Value,
}

impl Request {
    fn is_new(&self) -> bool {
        self.method == "POST" && self.path.last().is_some_and(|last| last == "versions")
    }
}

fn read(stream: &mut impl Read) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?);
    let path = path.strip_prefix("/api/").unwrap_or(path).split('/').map(str::to_owned).collect();
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => authorization = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, authorization, body: serde_json::from_slice(&body).unwrap_or_default() })
}
