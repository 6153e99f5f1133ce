//! The public door: what it takes, and everything that it does not.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use infra_http::Limits;
use infra_http::public::{Public, Tokens};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::desk::MadeUp;
use crate::raw::{Answer, SETTLE, request, rest, send};

const TOKEN: &str = "0123456789abcdef-good";

/// An open door.
pub struct House {
    pub address: SocketAddr,
    desk: Arc<MadeUp>,
    shutdown: CancellationToken,
    running: tokio::task::JoinHandle<()>,
}

impl House {
    pub async fn new(limits: Limits) -> Self {
        let (desk, shutdown) = (Arc::new(MadeUp::default()), CancellationToken::new());
        let tokens = Tokens::parse(&format!("{TOKEN}\nfedcba9876543210-other")).unwrap();
        let any = (Ipv4Addr::LOCALHOST, 0).into();
        let door = Public::open(any, tokens, false, limits, Arc::clone(&desk) as _).await.unwrap();
        let address = door.address();
        Self { address, desk, shutdown: shutdown.clone(), running: tokio::spawn(door.run(shutdown)) }
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let token = format!("Bearer {TOKEN}");
        let mut all = vec![("host", "x"), ("authorization", token.as_str())];
        all.extend_from_slice(headers);
        send(self.address, &request(method, path, &all, body)).await
    }

    /// The door answers others still, and closes in time.
    pub async fn end(self) {
        assert_eq!(self.send("GET", "/health", &[], b"").await.status, 200);
        self.shutdown.cancel();
        tokio::time::timeout(SETTLE, self.running).await.unwrap().unwrap();
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");

/// Tasks in, results out.
#[tokio::test]
async fn takes_tasks() {
    let house = House::new(Limits::default()).await;
    let post = async |id: &str, path: &str| {
        house.send("POST", path, &[JSON, ("Task-Id", id)], br#"{"text":"x"}"#).await
    };
    let answer = post("t-1", "/tasks").await;
    assert_eq!((answer.status, answer.header("location")), (202, Some("/tasks/t-1")), "{answer:?}");
    let answer = post("slow", "/tasks?wait=1s").await;
    assert_eq!((answer.status, answer.json()["state"].as_str()), (200, Some("done")));
    assert_eq!(post("slow", "/tasks").await.status, 202);
    let answer = house.send("POST", "/tasks", &[JSON], br#"{"text":"x"}"#).await;
    assert_eq!(answer.header("location"), Some("/tasks/n.t.tasks%2f0%2f7"), "{answer:?}");
    for path in ["/tasks/done", "/tasks/done?wait=1s", "/tasks/n.t.tasks%2F0%2F7"] {
        let answer = house.send("GET", path, &[], b"").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{path}");
    }
    let answer = house.send("GET", "/tasks/done", &[], b"").await.json();
    assert_eq!(answer["result"], serde_json::json!({ "text": "x" }));
    house.end().await;
}

/// What is wrong with a request is said in a problem document, and nothing is submitted.
#[tokio::test]
async fn refuses_what_it_does_not_take() {
    let house = House::new(Limits::default()).await;
    let good: &[u8] = br#"{"text":"x"}"#;
    let check =
        async |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8], status: u16, words: &str| {
            let answer = house.send(method, path, headers, body).await;
            assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
            let problem = answer.json();
            assert_eq!(problem["status"], status);
            assert!(problem["detail"].as_str().unwrap().contains(words), "{words}: {problem}");
            answer
        };
    check("POST", "/tasks", &[JSON], b"garbage", 422, "expected value").await;
    check("POST", "/tasks", &[JSON], b"\xff\xfe", 422, "byte 0 of the body is not UTF-8").await;
    let answer = check("POST", "/tasks", &[JSON], b"{}", 422, "missing field").await;
    assert_eq!(answer.json()["field"], "text");
    check("POST", "/tasks", &[JSON, ("task-id", "taken")], good, 409, "was used before").await;
    check("POST", "/tasks", &[("content-type", "text/plain")], good, 415, "text/plain").await;
    check("POST", "/tasks", &[], good, 415, "application/json").await;
    check("POST", "/tasks?wait=1h", &[JSON], good, 400, "1h").await;
    check("POST", "/tasks?wiat=1s", &[JSON], good, 400, "wiat").await;
    check("POST", "/tasks", &[JSON], &vec![b'x'; 300_000], 413, "262144").await;
    check("GET", "/tasks/unknown", &[], b"", 404, "unknown").await;
    for path in
        ["/tasks/..%2f..%2fetc%2fpasswd", "/tasks/../desk/status", "/tasks/%2e%2e", "/tasks/", "/", "//tasks"]
    {
        check("GET", path, &[], b"", 404, "").await;
    }
    check("GET", "/tasks/%ff", &[], b"", 400, "cannot be read").await;
    let answer = check("DELETE", "/tasks", &[], b"", 405, "").await;
    assert_eq!(answer.header("allow"), Some("post"));
    check("POST", "/tasks/t-1", &[JSON], good, 405, "").await;
    check("POST", "/health", &[JSON], good, 405, "").await;
    assert_eq!(house.desk.submitted.load(Ordering::SeqCst), 0);
    house.end().await;
}

/// Without one of its tokens the door does not open, whatever comes.
#[tokio::test]
async fn wants_a_token() {
    let house = House::new(Limits::default()).await;
    let basic = format!("Basic {TOKEN}");
    let longer = format!("Bearer {TOKEN}x");
    for token in ["", "Bearer ", "Bearer wrong", &basic, TOKEN, &longer] {
        for (method, path) in
            [("POST", "/tasks"), ("GET", "/tasks/done"), ("GET", "/nowhere"), ("PUT", "/tasks")]
        {
            let headers = [("host", "x"), ("authorization", token), JSON];
            let answer = send(house.address, &request(method, path, &headers, b"{}")).await;
            assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("bearer")), "{token}");
            assert!(!answer.body.contains("wrong"), "a token is not quoted: {answer:?}");
        }
    }
    assert_eq!(send(house.address, &request("GET", "/tasks/done", &[("host", "x")], b"")).await.status, 401);
    let other = [("host", "x"), ("authorization", "Bearer fedcba9876543210-other")];
    assert_eq!(send(house.address, &request("GET", "/tasks/done", &other, b"")).await.status, 200);
    house.end().await;
}

/// A door that everybody could open is only opened on this machine, and if that is said.
#[tokio::test]
async fn does_not_open_to_everybody() {
    let open = async |address: &str, is_open: bool| {
        let (tokens, desk) = (Tokens::default(), Arc::new(MadeUp::default()));
        Public::open(address.parse().unwrap(), tokens, is_open, Limits::default(), desk).await
    };
    for (address, is_open) in [("127.0.0.1:0", false), ("0.0.0.0:0", true), ("[::]:0", true)] {
        let error = open(address, is_open).await.err().unwrap();
        assert!(error.contains("TRIBUTARY_HTTP_TOKEN"), "{address}: {error}");
    }
    let door = open("127.0.0.1:0", true).await.unwrap();
    let (address, shutdown) = (door.address(), CancellationToken::new());
    let running = tokio::spawn(door.run(shutdown.clone()));
    let own = address.to_string();
    let local = format!("localhost:{}", address.port());
    for (host, status) in [(own.as_str(), 200), (&local, 200), ("evil.example", 421), ("127.0.0.1", 421)] {
        for path in ["/tasks/done", "/health"] {
            let answer = send(address, &request("GET", path, &[("host", host)], b"")).await;
            assert_eq!(answer.status, status, "{host} {path}");
        }
    }
    assert!(
        Public::open(address, Tokens::default(), true, Limits::default(), Arc::new(MadeUp::default()))
            .await
            .is_err()
    );
    shutdown.cancel();
    running.await.unwrap();
}

/// A gigabyte that is streamed is cut off after the limit, not read.
#[tokio::test]
async fn cuts_off_a_gigabyte() {
    let house = House::new(Limits::default()).await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let head = format!(
        "POST /tasks HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    let mut sent: u64 = 0;
    let (mut reader, mut writer) = stream.split();
    let mut answer = vec![0; 4096];
    let answered = async { tokio::io::AsyncReadExt::read(&mut reader, &mut answer).await.unwrap() };
    let sending = async {
        while sent < 1 << 30 && writer.write_all(&chunk).await.is_ok() {
            sent += chunk.len() as u64;
        }
        std::future::pending::<()>().await;
    };
    let count = tokio::select! {
        count = answered => count,
        () = sending => 0,
        () = tokio::time::sleep(SETTLE) => panic!("it takes a gigabyte"), // paces load
    };
    assert_eq!(Answer::parse(&answer[..count]).status, 413);
    assert!(sent < 64 << 20, "{sent} bytes went through");
    let declared = request(
        "POST",
        "/tasks",
        &[
            ("host", "x"),
            ("authorization", &format!("Bearer {TOKEN}")),
            JSON,
            ("content-length", "1000000000"),
        ],
        b"",
    );
    assert_eq!(send(house.address, &declared).await.status, 413, "before a byte of it came");
    house.end().await;
}

/// Heads and bodies have a time; whoever is slower is cut off, and does not keep others out.
#[tokio::test]
async fn cuts_off_who_is_slow() {
    let soon = Duration::from_millis(200);
    let house = House::new(Limits { head_time_max: soon, body_time_max: soon, ..Limits::default() }).await;
    let mut head = TcpStream::connect(house.address).await.unwrap();
    head.write_all(b"POST /tasks HTTP/1.1\r\nho").await.unwrap();
    let rest_of_head = rest(&mut head).await;
    assert!(rest_of_head.is_empty() || Answer::parse(&rest_of_head).status == 408, "{rest_of_head:?}");
    let mut body = TcpStream::connect(house.address).await.unwrap();
    let token = format!("Bearer {TOKEN}");
    let begun = request(
        "POST",
        "/tasks",
        &[("host", "x"), ("authorization", &token), JSON, ("content-length", "100")],
        b"",
    );
    body.write_all(&begun).await.unwrap();
    body.write_all(b"{\"te").await.unwrap();
    assert_eq!(Answer::parse(&rest(&mut body).await).status, 408);
    let long = format!("/tasks/{}", "x".repeat(100_000));
    let answer = house.send("GET", &long, &[], b"").await;
    assert!(matches!(answer.status, 0 | 414 | 431), "{answer:?}");
    house.end().await;
}

/// One token's burst is used up by itself; the other's is whole.
#[tokio::test]
async fn limits_the_rate() {
    let house = House::new(Limits { rate_per_minute: 6, burst: 3, ..Limits::default() }).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(house.send("GET", "/tasks/done", &[], b"").await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
    let answer = house.send("GET", "/tasks/done", &[], b"").await;
    let after: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=10).contains(&after), "{answer:?}");
    let other = [("host", "x"), ("authorization", "Bearer fedcba9876543210-other")];
    assert_eq!(send(house.address, &request("GET", "/tasks/done", &other, b"")).await.status, 200);
    house.end().await;
}

/// Requests that wait hold a place; when all are held, others are told to come back.
#[tokio::test]
async fn limits_what_is_under_way() {
    let drain_max = Duration::from_millis(100);
    let house = House::new(Limits { requests_max: 2, drain_max, ..Limits::default() }).await;
    let token = format!("Bearer {TOKEN}");
    let waits = request("GET", "/tasks/for-ever?wait=60s", &[("host", "x"), ("authorization", &token)], b"");
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(&waits).await.unwrap();
        held.push(stream);
    }
    let full = async {
        loop {
            let answer = house.send("GET", "/tasks/done", &[], b"").await;
            if answer.status == 503 {
                break answer;
            }
        }
    };
    let answer = tokio::time::timeout(SETTLE, full).await.unwrap();
    assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
    drop(held);
    let free = async { while house.send("GET", "/tasks/done", &[], b"").await.status != 200 {} };
    tokio::time::timeout(SETTLE, free).await.unwrap();
    house.end().await;
}
