//! Values of every message, with every symbol of every enum, empty and full, least and greatest.
//!
//! The first of each is what the golden files hold: do not change it once its version is released.

// Each test file of this crate uses the part it needs.
#![allow(dead_code, reason = "one module for several test binaries, none of which needs all of it")]

pub mod gateway;
pub mod manifest;
pub mod tool;

use bytes::Bytes;
use schemas_records::message::Text;
use schemas_records::model::{Finish, ModelAnswer, ModelRequest, PromptMessage, Role};
use schemas_records::protocol::{
    Cancellation, Closing, ClosingReason, DeadHeader, DeadLetter, Draining, Expectation, ExpectedPart,
    JoinPolicy, Timer,
};
use schemas_records::work::{Awaited, Delegate, JoinPart, JoinRow, PartStatus, Pending, Status, WorkRow};
use schemas_records::{Failure, FailureCode};

pub fn cancellations() -> Vec<Cancellation> {
    vec![
        Cancellation { reason: "join closed early".into(), due: 0 },
        Cancellation { reason: String::new(), due: i64::MIN },
    ]
}

pub fn drainings() -> Vec<Draining> {
    vec![
        Draining { topic: "demo.briefing.planner.inbox.g2".into(), generation: 2, partitions: 6 },
        Draining { topic: String::new(), generation: i32::MIN, partitions: i32::MAX },
    ]
}

pub fn texts() -> Vec<Text> {
    vec![Text::new("hello"), Text::new("")]
}

pub fn timers() -> Vec<Timer> {
    vec![
        Timer { due: 1_700_000_000_000, name: "deadline".into() },
        Timer { due: i64::MAX, name: "früh \u{1F552}".into() },
    ]
}

pub fn closings() -> Vec<Closing> {
    use ClosingReason::{Duplicate, Failure, Refused, Result, Unknown};
    [Result, Failure, Duplicate, Refused, Unknown]
        .into_iter()
        .map(|reason| Closing { topic: "demo.briefing.tasks".into(), partition: 3, offset: 41, reason })
        .collect()
}

pub fn failures() -> Vec<Failure> {
    use FailureCode as Code;
    [
        Code::DeadlineExceeded,
        Code::Unknown,
        Code::BadInput,
        Code::Refused,
        Code::OutOfBudget,
        Code::Cancelled,
        Code::AgentFailed,
        Code::AgentPanicked,
        Code::NotAllowed,
        Code::JoinFailed,
        Code::ModelFailed,
        Code::OutcomeUnknown,
        Code::BadAnswer,
        Code::ToolFailed,
    ]
    .into_iter()
    .map(|code| Failure {
        code,
        message: "the deadline came before the parts".into(),
        remedy: "allow more time".into(),
        path: "planner/synthesizer".into(),
        calls_spent: 4,
    })
    .collect()
}

pub fn model_requests() -> Vec<ModelRequest> {
    let message = |role, content: &str| PromptMessage { role, content: content.into() };
    vec![
        ModelRequest {
            model: "small".into(),
            messages: vec![
                message(Role::System, "be brief"),
                message(Role::User, "should we hire?"),
                message(Role::Assistant, "yes"),
            ],
            temperature: 0.25,
            max_tokens: 300,
            shared: true,
        },
        ModelRequest {
            model: String::new(),
            messages: Vec::new(),
            temperature: 0.0,
            max_tokens: i32::MAX,
            shared: false,
        },
    ]
}

pub fn model_answers() -> Vec<ModelAnswer> {
    [Finish::Stop, Finish::Length, Finish::Unknown]
        .into_iter()
        .map(|finish| ModelAnswer {
            text: "hire two".into(),
            model: "small-2024".into(),
            finish,
            input_tokens: 120,
            output_tokens: 9,
            attempts: 2,
            unknown_attempts: 1,
            latency_ms: 812,
        })
        .collect()
}

pub fn expectations() -> Vec<Expectation> {
    let part = |branch: &str, partition| ExpectedPart {
        branch: branch.into(),
        topic: format!("demo.briefing.{branch}.inbox"),
        partition,
        key: "0123456789abcdef0123456789abcdef".into(),
    };
    [JoinPolicy::Quorum, JoinPolicy::All, JoinPolicy::First]
        .into_iter()
        .map(|policy| Expectation {
            fork: "1/3/77".into(),
            parts: vec![part("data-analyst", 0), part("market-trends", 3)],
            policy,
            needed: 1,
            until: 1_700_000_030_000,
            context: Bytes::from_static(&[0, 0, 0, 0, 9, 255]),
        })
        .collect()
}

pub fn dead_letters() -> Vec<DeadLetter> {
    let header =
        |name: &str, value: &'static [u8]| DeadHeader { name: name.into(), value: Bytes::from_static(value) };
    vec![
        DeadLetter {
            topic: "demo.briefing.planner.inbox".into(),
            partition: 2,
            offset: 1_000_000,
            timestamp: 1_700_000_000_123,
            key: Bytes::from_static(b"key"),
            value: Bytes::from_static(b"\xff\xfe not avro"),
            headers: vec![header("kind", b"input"), header("kind", b"\x80")],
            handler: "demo.briefing.planner".into(),
            code: "malformed".into(),
            message: "the bytes end early".into(),
            remedy: "send the whole record".into(),
        },
        DeadLetter {
            topic: String::new(),
            partition: i32::MIN,
            offset: -1,
            timestamp: -1,
            key: Bytes::new(),
            value: Bytes::new(),
            headers: Vec::new(),
            handler: String::new(),
            code: String::new(),
            message: String::new(),
            remedy: String::new(),
        },
    ]
}

fn pending(awaited: Awaited) -> Pending {
    Pending {
        call: "00112233445566778899aabbccddeeff".into(),
        name: "wording".into(),
        awaited,
        topic: "demo.model.requests".into(),
        partition: 5,
        key: "ffeeddccbbaa99887766554433221100".into(),
        due: 1_700_000_060_000,
        allotment: 2,
    }
}

fn join_part(status: PartStatus, value: &'static [u8]) -> JoinPart {
    JoinPart {
        branch: "data-analyst".into(),
        topic: "demo.briefing.data-analyst.inbox".into(),
        partition: 1,
        key: "0123456789abcdef0123456789abcdef".into(),
        status,
        value: Bytes::from_static(value),
    }
}

pub fn work_rows() -> Vec<WorkRow> {
    let full = WorkRow {
        status: Status::Open,
        task: "task-7".into(),
        path: "planner/synthesizer".into(),
        origin: "demo.briefing.tasks/0/12".into(),
        content: "c0ffee".into(),
        accepted_at: 1_700_000_000_000,
        reply_to: "result|demo.briefing.results|0|00112233445566778899aabbccddeeff|task-7".into(),
        asked_at: "1/3/76@1700000000400".into(),
        deadline: 1_700_000_060_000,
        budget_calls: 12,
        priority: 4,
        tenant: "demo".into(),
        depth: 1,
        hops: 3,
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
        last_at: 1_700_000_000_456,
        pending: vec![
            pending(Awaited::Answer),
            pending(Awaited::Timer),
            pending(Awaited::Deadline),
            pending(Awaited::Until),
        ],
        join: Some(JoinRow {
            fork: "1/3/77".into(),
            policy: JoinPolicy::First,
            needed: 2,
            context: Bytes::from_static(b"\0ctx"),
            parts: vec![
                join_part(PartStatus::Waiting, b""),
                join_part(PartStatus::Arrived, b"\x01\x02"),
                join_part(PartStatus::Failed, b"\xff"),
            ],
        }),
        delegate: Some(Delegate {
            topic: "demo.briefing.synthesizer.inbox".into(),
            partition: 0,
            key: "0123456789abcdef0123456789abcdef".into(),
        }),
        state: Bytes::from_static(&[7, 0, 255]),
        calls_spent: 5,
        steps: 9,
    };
    let mut rows = vec![full.clone()];
    for status in [Status::Absent, Status::Replied, Status::Failed, Status::Delegated] {
        rows.push(WorkRow {
            status,
            pending: Vec::new(),
            join: None,
            delegate: None,
            state: Bytes::new(),
            ..full.clone()
        });
    }
    rows
}
