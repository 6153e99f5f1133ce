//! The admin door: who finds it, who may ask, and what is left when it is closed.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use infra_http::admin::{Admin, Client, NOTE};
use infra_http::told::{Cancel, LetterId, TaskId, WhichTasks};
use infra_http::{Desk, Kind};
use tokio_util::sync::CancellationToken;

use crate::desk::MadeUp;
use crate::raw::{SETTLE, request, send};

/// An answer, and an error, come through as they were told; the note is its owner's only, and goes with the door.
#[tokio::test]
async fn asks_through_the_door() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Client::find(folder.path(), Some(std::process::id())).await.unwrap().is_none(), "no note");
    let admin = Admin::open(folder.path(), 0, Arc::new(MadeUp::default())).await.unwrap();
    assert!(admin.address().ip().is_loopback());
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(admin.run(shutdown.clone()));
    let note = folder.path().join(NOTE);
    assert_eq!(note.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let client = Client::find(folder.path(), Some(std::process::id())).await.unwrap().unwrap();
    assert_eq!(client.process(), std::process::id());
    for holder in [None, Some(std::process::id() + 1)] {
        assert!(Client::find(folder.path(), holder).await.unwrap().is_none(), "another's folder: {holder:?}");
    }

    let tasks = client.tasks(WhichTasks { ended: None, most: 7 }).await.unwrap();
    assert_eq!(
        (tasks.found, tasks.looked.words().unwrap().as_str()),
        (7, "looked at the newest 100,000 records")
    );
    let put = client.put_back(LetterId { letter: "1/2".into() }).await.unwrap();
    assert_eq!(put.record, "1/2");
    let error = client.trace(TaskId { task: "ä/..".into() }).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Kind::NotFound, "there is no ä/.."));
    let error = client.cancel(Cancel { task: "t".into(), reason: String::new() }).await.unwrap_err();
    assert_eq!((error.kind, error.to_string().as_str()), (Kind::Refused, "it has ended"));

    shutdown.cancel();
    tokio::time::timeout(SETTLE, running).await.unwrap().unwrap();
    assert!(!note.exists(), "the note goes with the door");
    let error = client.topics().await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable, "{error}");
}

/// Another host's name, no token, another one, another method: nothing is told.
#[tokio::test]
async fn tells_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let admin = Admin::open(folder.path(), 0, Arc::new(MadeUp::default())).await.unwrap();
    let (address, shutdown) = (admin.address(), CancellationToken::new());
    let running = tokio::spawn(admin.run(shutdown.clone()));
    let noted: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join(NOTE)).unwrap()).unwrap();
    let token = format!("Bearer {}", noted["token"].as_str().unwrap());
    let own = address.to_string();
    let check = async |method: &str, path: &str, host: &str, token: &str, status: u16| {
        let headers = [("host", host), ("authorization", token)];
        let answer = send(address, &request(method, path, &headers, b"{}")).await;
        assert_eq!(answer.status, status, "{method} {path} {host}: {answer:?}");
    };
    check("POST", "/desk/topics", &own, &token, 200).await;
    check("POST", "/desk/topics", &format!("localhost:{}", address.port()), &token, 200).await;
    check("POST", "/desk/topics", "evil.example", &token, 421).await;
    check("POST", "/desk/topics", "127.0.0.1:1", &token, 421).await;
    check("POST", "/desk/topics", &own, "", 401).await;
    check("POST", "/desk/topics", &own, "Bearer 00", 401).await;
    check("GET", "/desk/topics", &own, &token, 405).await;
    check("POST", "/desk/nothing", &own, &token, 404).await;
    check("POST", "/../desk/topics", &own, &token, 404).await;
    check("POST", "/desk/trace", &own, &token, 400).await;
    shutdown.cancel();
    running.await.unwrap();
}

/// What a process that was killed left behind leads nowhere, and is written over by the next.
#[tokio::test]
async fn gets_over_a_stale_note() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join(NOTE);
    // Nobody listens on a port that was let go of.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    std::fs::write(&note, format!(r#"{{"address":"{gone}","token":"x","process":1}}"#)).unwrap();
    assert!(Client::find(folder.path(), Some(std::process::id())).await.unwrap().is_none());
    let admin = Admin::open(folder.path(), 0, Arc::new(MadeUp::default())).await.unwrap();
    assert_eq!(note.metadata().unwrap().permissions().mode() & 0o777, 0o600, "not the old one's mode");
    drop(admin);
    assert!(!note.exists());
    std::fs::write(&note, "no json").unwrap();
    assert!(Client::find(folder.path(), Some(std::process::id())).await.err().unwrap().contains(NOTE));
    let error = Admin::open(Path::new("/nowhere"), 0, Arc::new(MadeUp::default())).await.err().unwrap();
    assert!(error.contains("/nowhere"), "{error}");
}
