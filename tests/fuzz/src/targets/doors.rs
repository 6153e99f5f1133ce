//! What comes over a connection to a node's doors, from whoever can reach them: a head, a path, a body, in any
//! pieces. The doors are the real ones with a made-up desk behind them; only the socket is missing.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use infra_http::admin::{Admin, NOTE};
use infra_http::public::{Public, Tokens};
use infra_http::told::{
    Cancel, Letter, LetterId, Letters, Looked, Outcome, PutBack, State, Status, Submission, Submitted, Task,
    TaskId, Tasks, Topics, Traced, Wait, WhichLetters, WhichTasks,
};
use infra_http::{Desk, Error, Kind, Limits};
use schemas_records::Timestamp;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

use crate::bytes::{first_line, joined, parts};

/// What opens the public door.
const TOKEN: &str = "0123456789abcdef-good";

/// What stands in an input for what opens the admin door and for its address: both are new in each process.
const ADMIN_TOKEN: &[u8] = b"@TOKEN@";
const ADMIN_HOST: &[u8] = b"@HOST@";

/// How much lies between the two ends of a connection. Little, so that pieces stay pieces.
const PIPE_BYTES: usize = 4096;

/// How long nothing more comes before the client hangs up: longer than any bound of the doors. The clock is a
/// virtual one.
const PATIENCE: Duration = Duration::from_secs(120);

/// The doors and who stands behind them.
struct House {
    public: Public,
    admin: Admin,
    /// What the admin door wants to see.
    token: String,
    desk: Arc<MadeUp>,
    runtime: Runtime,
    /// In it lies the admin door's note.
    _folder: TempDir,
}

static HOUSE: LazyLock<Mutex<House>> = LazyLock::new(|| {
    let house = open();
    assert!(house.is_ok(), "two doors: {:?}", house.as_ref().err());
    Mutex::new(house.unwrap_or_else(|_| std::process::abort()))
});

fn open() -> Result<House, String> {
    let said = |error: std::io::Error| error.to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let (runtime, folder) = (runtime.map_err(said)?, tempfile::tempdir().map_err(said)?);
    let desk = Arc::new(MadeUp::default());
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    // As often as one likes: the rate is not what is tried here.
    let limits = Limits { rate_per_minute: u32::MAX, burst: u32::MAX, ..Limits::default() };
    let behind = || Arc::clone(&desk) as Arc<dyn Desk>;
    let public = Public::open(address, Tokens::parse(TOKEN)?, false, limits, behind());
    let public = runtime.block_on(public)?;
    let admin = runtime.block_on(Admin::open(folder.path(), 0, behind()))?;
    let note = std::fs::read(folder.path().join(NOTE)).map_err(said)?;
    let note: serde_json::Value = serde_json::from_slice(&note).map_err(|error| error.to_string())?;
    let token = note["token"].as_str().unwrap_or_default().to_owned();
    Ok(House { public, admin, token, desk, runtime, _folder: folder })
}

/// Which door in the first line, then what is sent, in parts.
pub(super) fn run(bytes: &[u8]) {
    let house = HOUSE.lock().unwrap_or_else(PoisonError::into_inner);
    let (door, rest) = first_line(bytes);
    let is_admin = door == "admin";
    let host = house.admin.address().to_string();
    let named = |part: &[u8]| {
        replaced(&replaced(part, ADMIN_TOKEN, house.token.as_bytes()), ADMIN_HOST, host.as_bytes())
    };
    let pieces: Vec<Vec<u8>> = parts(rest).into_iter().map(named).collect();
    house.desk.was_asked.store(false, Ordering::SeqCst);
    let answer = house.runtime.block_on(house.converse(is_admin, &pieces));
    let sent = pieces.concat();
    let token = if is_admin { house.token.as_bytes() } else { TOKEN.as_bytes() };
    if house.desk.was_asked.load(Ordering::SeqCst) {
        assert!(position(&sent, token).is_some(), "the desk was asked by somebody without a token");
    }
    let is_head_wanted = sent.trim_ascii_start().starts_with(b"HEAD");
    check(&answer, is_head_wanted);
}

impl House {
    /// Sends the pieces and returns what comes back.
    async fn converse(&self, is_admin: bool, pieces: &[Vec<u8>]) -> Vec<u8> {
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        let answering =
            async { if is_admin { self.admin.converse(far).await } else { self.public.converse(far).await } };
        let (mut reading, mut writing) = tokio::io::split(near);
        let asking = async {
            for piece in pieces {
                if writing.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(PATIENCE).await; // virtual clock
            let _ = writing.shutdown().await;
        };
        let mut answer = Vec::new();
        let ((), (), _) = tokio::join!(answering, asking, reading.read_to_end(&mut answer));
        answer
    }
}

/// What comes back is HTTP, no failure of ours, and a problem is told in a document that can be read.
fn check(answer: &[u8], is_head_wanted: bool) {
    let mut answer = answer;
    while let Some(rest) = answer.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n") {
        answer = rest;
    }
    if answer.is_empty() {
        return;
    }
    let end = position(answer, b"\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.") && end.is_some(), "no answer: {}", answer.escape_ascii());
    let (head, body) = answer.split_at(end.unwrap_or_default());
    let head = String::from_utf8_lossy(head).to_lowercase();
    let status: u64 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    assert!((200..500).contains(&status) || status == 503, "a failure of ours: {head}");
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let length: usize = value("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    if value("content-type") == Some("application/problem+json") && !is_head_wanted {
        let document = body.get(4..4 + length).unwrap_or_default();
        let problem: serde_json::Value = serde_json::from_slice(document).unwrap_or_default();
        assert_eq!(problem["status"], status, "{}", document.escape_ascii());
        assert!(
            problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()),
            "refused without a word"
        );
    }
}

fn position(bytes: &[u8], sought: &[u8]) -> Option<usize> {
    bytes.windows(sought.len()).position(|window| window == sought)
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let Some(at) = position(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    // Bare line ends are taken too, and can be read here.
    let public = format!("authorization: Bearer {TOKEN}\nhost: x\n");
    let admin = "host: @HOST@\nauthorization: Bearer @TOKEN@\n";
    let body = r#"{"text":"x"}"#;
    let json = format!("content-type: application/json\ncontent-length: {}\n", body.len());
    let given = "task-id: t-1\ntask-deadline: 30s\ntask-budget: calls=12\ntask-priority: 4\n";
    let trace = "traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\n";
    let submitted = format!("public\nPOST /tasks?wait=30s HTTP/1.1\n{public}{given}{trace}{json}\n");
    let get = |path: &str| format!("public\nGET {path} HTTP/1.1\n{public}\n").into_bytes();
    let ask = |name: &str, question: &str| {
        let head = format!("admin\nPOST /desk/{name} HTTP/1.1\n{admin}content-length: {}\n", question.len());
        format!("{head}\n{question}").into_bytes()
    };
    let chunked = format!(
        "public\nPOST /tasks HTTP/1.1\n{public}content-type: application/json\ntransfer-encoding: chunked\n\
         expect: 100-continue\n\nc\r\n{body}\r\n0\r\n\r\n"
    );
    vec![
        joined(&[submitted.as_bytes(), body.as_bytes()]),
        chunked.into_bytes(),
        [get("/tasks/t-1?wait=250ms"), b"GET /health HTTP/1.1\n\n".to_vec()].concat(),
        get("/tasks/n.t.tasks%2F0%2F7"),
        get("/openapi.json"),
        b"public\nDELETE /tasks/%ff HTTP/1.0\n\n".to_vec(),
        ask("status", ""),
        ask("tasks", r#"{"ended":true,"most":9}"#),
        ask("cancel", r#"{"task":"t-1","reason":"changed my mind"}"#),
        ask("submit", r#"{"json":"{}","task":null,"deadline":"30s"}"#),
        ask("outcome", r#"{"task":"t-1","wait":{"secs":1,"nanos":999999999}}"#),
        ask("dead-letters", r#"{"code":null,"most":18446744073709551615}"#),
        ask("put-back", r#"{"letter":"0/7"}"#),
    ]
}

/// Takes whatever it is given, and notes that it was asked.
#[derive(Default)]
struct MadeUp {
    was_asked: AtomicBool,
}

impl MadeUp {
    fn nothing<T>(&self, sought: &str) -> Result<T, Error> {
        self.was_asked.store(true, Ordering::SeqCst);
        Err(Error::new(Kind::NotFound, format!("there is no {sought}"), "look elsewhere"))
    }

    fn told<T>(&self, told: T) -> Result<T, Error> {
        self.was_asked.store(true, Ordering::SeqCst);
        Ok(told)
    }

    fn outcome_of(&self, task: String) -> Result<Outcome, Error> {
        let origin = format!("origin of {task}");
        let (at, state) = (Timestamp(1), State::Open);
        let task = Task { task, state, origin, at, ended_at: None, failure: None };
        self.told(Outcome { task, result: None })
    }
}

#[async_trait]
impl Desk for MadeUp {
    async fn status(&self) -> Result<Status, Error> {
        self.nothing("status")
    }

    async fn topics(&self) -> Result<Topics, Error> {
        self.told(Topics { topics: Vec::new() })
    }

    async fn tasks(&self, which: WhichTasks) -> Result<Tasks, Error> {
        let looked = Looked { records: 1, is_all: false };
        self.told(Tasks { tasks: Vec::new(), found: which.most, looked })
    }

    async fn trace(&self, task: TaskId) -> Result<Traced, Error> {
        self.nothing(&task.task)
    }

    async fn cancel(&self, cancel: Cancel) -> Result<Outcome, Error> {
        self.outcome_of(format!("{} {}", cancel.task, cancel.reason))
    }

    async fn submit(&self, task: Submission) -> Result<Submitted, Error> {
        let is_new = serde_json::from_str::<serde_json::Value>(&task.json).is_ok();
        self.told(Submitted { task: task.task.unwrap_or(task.json), is_new })
    }

    async fn outcome(&self, wait: Wait) -> Result<Outcome, Error> {
        tokio::time::sleep(wait.wait.min(PATIENCE / 2)).await; // virtual clock
        self.outcome_of(wait.task)
    }

    async fn dead_letters(&self, which: WhichLetters) -> Result<Letters, Error> {
        self.nothing(which.code.as_deref().unwrap_or("letter"))
    }

    async fn dead_letter(&self, letter: LetterId) -> Result<Letter, Error> {
        self.nothing(&letter.letter)
    }

    async fn put_back(&self, letter: LetterId) -> Result<PutBack, Error> {
        self.told(PutBack { record: letter.letter, task: None })
    }
}
