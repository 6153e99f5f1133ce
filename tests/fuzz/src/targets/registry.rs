//! What a schema registry answers, over a real connection: a schema by its id, with what it refers to.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use schemas_codec::{Registry, SchemaId};
use schemas_registry::{HttpRegistry, Settings};
use tokio::runtime::Runtime;

use crate::bytes::{first_line, joined, parts};

/// Answers that the server has to give, the next one last.
type Answers = Arc<Mutex<Vec<Vec<u8>>>>;

/// A registry of ours that says whatever it is told to, and one who asks it. One connection is kept, so that
/// no number of inputs uses up the machine's ports.
struct Door {
    answers: Answers,
    client: HttpRegistry,
    runtime: Runtime,
}

static DOOR: LazyLock<Mutex<Door>> = LazyLock::new(|| {
    let door = open();
    assert!(door.is_ok(), "a server on the loopback: {:?}", door.as_ref().err());
    Mutex::new(door.unwrap_or_else(|_| std::process::abort()))
});

fn open() -> Result<Door, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let answers = Answers::default();
    let given = Arc::clone(&answers);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let given = Arc::clone(&given);
            std::thread::spawn(move || serve(stream, &given));
        }
    });
    let client =
        HttpRegistry::new(&Settings::new(&format!("http://{address}"))).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(Door { answers, client, runtime: runtime.map_err(|error| error.to_string())? })
}

/// Answers request after request; a GET has no body.
fn serve(stream: TcpStream, answers: &Answers) {
    let Ok(mut writing) = stream.try_clone() else { return };
    let _ = stream.set_nodelay(true);
    let mut reading = BufReader::new(stream);
    loop {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if !matches!(reading.read_line(&mut line), Ok(1..)) {
                return;
            }
        }
        let answer = answers.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let (status, body) = first_line(&answer);
        let status =
            status.trim().parse::<u16>().ok().filter(|status| (200..600).contains(status)).unwrap_or(200);
        // These two have no body, whatever is sent.
        let status = if matches!(status, 204 | 304) { 200 } else { status };
        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n", body.len());
        if writing.write_all(&[head.as_bytes(), body].concat()).is_err() {
            return;
        }
    }
}

/// Parts: answers, the status in the first line and the body behind it, in the order of the questions.
pub(super) fn run(bytes: &[u8]) {
    let door = DOOR.lock().unwrap_or_else(PoisonError::into_inner);
    let mut given: Vec<Vec<u8>> = parts(bytes).into_iter().map(<[u8]>::to_vec).collect();
    given.reverse();
    *door.answers.lock().unwrap_or_else(PoisonError::into_inner) = given;
    match door.runtime.block_on(door.client.text_of(SchemaId(7))) {
        Ok(text) => {
            let Ok(registry) = Registry::new() else { return };
            let _ = registry.register_text("schema 7", &text);
        }
        Err(error) => assert!(!error.to_string().is_empty(), "refused without a word"),
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let schema = r#"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"s\",\"type\":\"a.S\"}]}"#;
    let other = r#"{\"type\":\"record\",\"name\":\"a.S\",\"fields\":[{\"name\":\"n\",\"type\":\"int\"}]}"#;
    let refers = r#","references":[{"name":"a.S","subject":"s","version":1}]"#;
    let kept = |schema: &str, more: &str| format!("200\n{{\"schema\":\"{schema}\"{more}}}").into_bytes();
    // Each refers to the next one twice: written out, 2 to the power of 40.
    let twice = |number: usize| {
        let more = format!(r#","references":[{{"name":"n{0}","subject":"n{0}","version":1}}]"#, number + 1);
        kept(&format!(r#"[\"n{0}\",\"n{0}\"]"#, number + 1), &more)
    };
    let twice: Vec<Vec<u8>> = (0..40).map(twice).chain([kept(r#"\"int\""#, "")]).collect();
    let twice: Vec<&[u8]> = twice.iter().map(Vec::as_slice).collect();
    vec![
        joined(&twice),
        kept(other, r#","schemaType":"AVRO","id":7"#),
        joined(&[&kept(schema, refers), &kept(other, "")]),
        kept(other, r#","schemaType":"PROTOBUF""#),
        b"404\n{\"error_code\":40403,\"message\":\"no such schema\"}".to_vec(),
        b"422\n{\"error_code\":42201,\"message\":\"not avro\"}".to_vec(),
        b"503\n<html>".to_vec(),
    ]
}
