//! The envelope: what the headers of a record between agents and gateways say, as one value.
//!
//! It is read and written in this file alone. It knows nothing of the value that it accompanies.

use std::fmt;

use crate::address::ReplyTo;
use crate::headers::{self, Headers};
use crate::ids::{CallId, Position, TaskId, WorkPath};
use crate::limits::{Budget, Limits, PRIORITY_MAX, Timestamp};

/// What a record is to the work it is addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Begins a work: a task at its entry, a call at an agent or gateway, a branch of a fork.
    Input,
    /// Begins a join: which parts to wait for.
    Expectation,
    /// The reply to a call.
    Answer,
    /// One branch's reply, at its join.
    Part,
    /// A timer that fired.
    Timer,
    /// Ends a work or a call early.
    Cancellation,
    /// A task's outcome, for its producer.
    Result,
    /// A task that was not taken, and why.
    Refused,
    /// Tells intake that a task is no longer open.
    Closing,
    /// Tells one partition of an inbox that new works begin in the next generation. It belongs to no task.
    Draining,
}

const KINDS: [(Kind, &str); 10] = [
    (Kind::Input, "input"),
    (Kind::Expectation, "expectation"),
    (Kind::Answer, "answer"),
    (Kind::Part, "part"),
    (Kind::Timer, "timer"),
    (Kind::Cancellation, "cancellation"),
    (Kind::Result, "result"),
    (Kind::Refused, "refused"),
    (Kind::Closing, "closing"),
    (Kind::Draining, "draining"),
];

impl Kind {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        KINDS.iter().find(|(_, word)| *word == text).map(|(kind, _)| *kind)
    }
}

/// Whether an answer, part or result is what was asked for, or a [`crate::Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The value is the message that was asked for.
    Ok,
    /// The value is a [`crate::Failure`].
    Failed,
}

impl Outcome {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }
}

/// Where the task's own record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The task topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

impl Origin {
    /// Reads `topic/partition/offset`; topic names hold no slash.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.splitn(3, '/');
        let topic = fields.next()?.to_owned();
        let partition = fields.next()?.parse().ok()?;
        let offset = fields.next()?.parse().ok()?;
        Some(Self { topic, partition, offset })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.offset)
    }
}

/// The asking step, echoed by whatever answers it: an answer must never meet a state older than it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Where the asking record stood.
    pub position: Position,
    /// When it was appended.
    pub at: Timestamp,
}

impl Echo {
    /// Reads `generation/partition/offset@millis`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (position, at) = text.split_once('@')?;
        Some(Self { position: Position::parse(position)?, at: Timestamp(at.parse().ok()?) })
    }
}

impl fmt::Display for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.position, self.at)
    }
}

/// Everything the headers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What the record is.
    pub kind: Kind,
    /// The task it belongs to.
    pub task: TaskId,
    /// The readable path of the work it is addressed to.
    pub path: WorkPath,
    /// The call it makes, answers or cancels.
    pub call: Option<CallId>,
    /// The branch's name, on a part and on the input that asks for one.
    pub branch: Option<String>,
    /// On answers, parts and results.
    pub outcome: Option<Outcome>,
    /// Who is owed an answer to this record.
    pub reply_to: Option<ReplyTo>,
    /// Deadline, budget, priority, tenant.
    pub limits: Limits,
    /// The task's own record.
    pub origin: Origin,
    /// When intake took the task.
    pub accepted_at: Timestamp,
    /// The step that asked, echoed.
    pub asked_at: Option<Echo>,
    /// Depth in calls and forks.
    pub depth: u32,
    /// Records that led here.
    pub hops: u32,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// What made the record.
    pub agent_version: String,
}

impl Envelope {
    /// Reads the headers of a record that another agent, gateway or intake wrote.
    ///
    /// # Errors
    /// A sentence that names the header, what was found and what is allowed.
    pub fn read(headers: &Headers) -> Result<Self, String> {
        let kind = required(headers, headers::KIND)?;
        let deadline = number::<i64>(headers, headers::DEADLINE)?;
        let priority = number::<u8>(headers, headers::PRIORITY)?;
        if priority > PRIORITY_MAX {
            return Err(format!("header priority is {priority}, at most {PRIORITY_MAX} is allowed"));
        }
        Ok(Self {
            kind: Kind::parse(kind).ok_or_else(|| format!("header kind {kind:?} is unknown"))?,
            task: TaskId::new(required(headers, headers::TASK_ID)?)?,
            path: WorkPath::new(required(headers, headers::WORK_PATH)?),
            call: parsed(headers, headers::CALL_ID, |text| CallId::parse(text.as_bytes()))?,
            branch: headers.text(headers::BRANCH).map(str::to_owned),
            outcome: parsed(headers, headers::OUTCOME, |text| match text {
                "ok" => Some(Outcome::Ok),
                "failed" => Some(Outcome::Failed),
                _ => None,
            })?,
            reply_to: headers.text(headers::REPLY_TO).map(ReplyTo::parse).transpose()?,
            limits: Limits {
                deadline: Timestamp(deadline),
                budget: Budget::parse(required(headers, headers::BUDGET)?)?,
                priority,
                tenant: required(headers, headers::TENANT)?.to_owned(),
            },
            origin: parsed(headers, headers::ORIGIN, Origin::parse)?
                .ok_or_else(|| "header origin is missing".to_owned())?,
            accepted_at: Timestamp(number(headers, headers::ACCEPTED_AT)?),
            asked_at: parsed(headers, headers::ASKED_AT, Echo::parse)?,
            depth: number(headers, headers::DEPTH)?,
            hops: number(headers, headers::HOPS)?,
            traceparent: headers.text(headers::TRACEPARENT).map(str::to_owned),
            agent_version: headers.text(headers::AGENT_VERSION).unwrap_or_default().to_owned(),
        })
    }

    /// Writes the headers.
    #[must_use]
    pub fn write(&self) -> Headers {
        let mut out = Headers::with_capacity(HEADERS_USUAL, HEADER_BYTES_USUAL);
        out.push(headers::KIND, self.kind.as_str());
        out.push(headers::TASK_ID, self.task.as_str());
        out.push(headers::WORK_PATH, self.path.as_str());
        optional(&mut out, headers::CALL_ID, self.call.as_ref());
        optional(&mut out, headers::BRANCH, self.branch.as_ref());
        optional(&mut out, headers::OUTCOME, self.outcome.map(Outcome::as_str).as_ref());
        optional(&mut out, headers::REPLY_TO, self.reply_to.as_ref());
        optional(&mut out, headers::ASKED_AT, self.asked_at.as_ref());
        optional(&mut out, headers::TRACEPARENT, self.traceparent.as_ref());
        out.push_text(headers::DEADLINE, &self.limits.deadline);
        out.push_text(headers::BUDGET, &self.limits.budget);
        out.push_text(headers::PRIORITY, &self.limits.priority);
        out.push(headers::TENANT, &self.limits.tenant);
        out.push_text(headers::ORIGIN, &self.origin);
        out.push_text(headers::ACCEPTED_AT, &self.accepted_at);
        out.push_text(headers::DEPTH, &self.depth);
        out.push_text(headers::HOPS, &self.hops);
        out.push(headers::AGENT_VERSION, &self.agent_version);
        out
    }
}

/// What a record between agents has, the instance that signs it included, so that its headers are allocated
/// for once.
const HEADERS_USUAL: usize = 19;
const HEADER_BYTES_USUAL: usize = 512;

fn optional(out: &mut Headers, name: &'static str, value: Option<&impl fmt::Display>) {
    if let Some(value) = value {
        out.push_text(name, value);
    }
}

fn required<'a>(headers: &'a Headers, name: &str) -> Result<&'a str, String> {
    match headers.get(name) {
        None => Err(format!("header {name} is missing")),
        Some(bytes) => std::str::from_utf8(bytes).map_err(|_| format!("header {name} is not UTF-8")),
    }
}

fn number<T: std::str::FromStr>(headers: &Headers, name: &str) -> Result<T, String> {
    let text = required(headers, name)?;
    text.parse().map_err(|_| format!("header {name} is {text:?}, a whole number within its range is needed"))
}

fn parsed<T>(headers: &Headers, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, String> {
    if headers.get(name).is_none() {
        return Ok(None);
    }
    let text = required(headers, name)?;
    parse(text).map(Some).ok_or_else(|| format!("header {name} is {text:?}, which is not of its form"))
}

#[cfg(test)]
mod tests;
