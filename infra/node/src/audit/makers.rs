//! Who made a record: what its headers and key say of the step that it comes from.
//!
//! A step's records carry the span of the step, which is a hash of where the stepped record stood. What has no span
//! of its step is named by what it is about. A record of a gateway, of intake, of an operator or of a stranger is
//! nobody's step's. It reads what is said, and believes it: that the steps say so too is the audit's to prove.

use schemas_records::headers::{AGENT_VERSION, KIND, ORIGIN, WORK_PATH};
use schemas_records::ids::content_hash;
use schemas_records::{Echo, Headers, Key, Kind, Origin, Position, SpanId, Trace, headers};
use topics_catalog::{FIRST_GENERATION, Kind as TopicKind, Names};
use topics_log::{Record, TopicPartition};

use crate::desk::PUT_BACK_FROM;

/// What names the step that made a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Maker {
    /// The step with this span.
    Step(SpanId),
    /// The step of the record that stands there: `topic/partition/offset`.
    Letter(String),
    /// The step that ended the task of this origin, or found it to be a duplicate.
    Closing(String),
    /// The step that refused the task of this origin.
    Refused(String),
    /// Some step of which nothing is said; told by the record's own bytes.
    Bytes(String),
}

/// A record as both sides have it: as it was found, and as it is made.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub at: &'a TopicPartition,
    pub key: &'a Key,
    pub value: &'a [u8],
    pub headers: &'a Headers,
}

impl<'a> From<&'a Record> for Seen<'a> {
    fn from(record: &'a Record) -> Self {
        let Record { topic_partition: at, key, value, headers, .. } = record;
        Self { at, key, value, headers }
    }
}

impl Seen<'_> {
    fn text(&self, name: &str) -> &str {
        self.headers.text(name).unwrap_or_default()
    }

    /// Names its bytes and its place, but for who wrote it down and, if so wished, which version.
    pub fn digest(&self, any_version: bool) -> String {
        let partition = self.at.partition.to_be_bytes();
        let mut parts: Vec<&[u8]> =
            vec![self.at.topic.as_bytes(), &partition, self.key.as_bytes(), self.value];
        for (name, value) in self.headers.iter().filter(|(name, _)| is_compared(name, any_version)) {
            parts.push(name.as_bytes());
            parts.push(value);
        }
        content_hash(&parts)
    }

    /// Names what it is for: two records of a step that are alike are one record that differs.
    pub fn likeness(&self) -> String {
        let parts = [KIND, headers::CALL_ID, headers::BRANCH].map(|name| self.text(name).as_bytes());
        content_hash(&[self.at.topic.as_bytes(), parts[0], parts[1], parts[2]])
    }
}

/// Whether a header is part of what a step says: not which process wrote it down.
pub(super) fn is_compared(header: &str, any_version: bool) -> bool {
    header != headers::INSTANCE && !(any_version && header == AGENT_VERSION)
}

/// The names of a team's topics, by which makers are told.
pub(super) struct Makers {
    names: Names,
    tasks: String,
    results: String,
    closings: String,
    dead_letters: String,
}

impl Makers {
    pub fn new(names: &Names) -> Self {
        Self {
            names: names.clone(),
            tasks: names.topic(TopicKind::Tasks),
            results: names.topic(TopicKind::Results),
            closings: names.topic(TopicKind::Closings),
            dead_letters: names.topic(TopicKind::DeadLetters),
        }
    }

    /// The step that made a record; `None` if no step of this team did.
    pub fn of(&self, seen: &Seen<'_>) -> Option<Maker> {
        let (topic, key) = (&*seen.at.topic, || seen.key.to_string());
        if seen.headers.get(PUT_BACK_FROM).is_some() {
            return None;
        }
        if topic == self.dead_letters {
            let origin = Origin::parse(seen.text(ORIGIN))?;
            return self.names.agent_of(&origin.topic).map(|_| Maker::Letter(origin.to_string()));
        }
        let kind = Kind::parse(seen.text(KIND))?;
        if topic == self.closings {
            return (kind == Kind::Closing).then(|| Maker::Closing(key()));
        }
        if topic == self.results && kind == Kind::Refused {
            return (seen.text(WORK_PATH) != "intake").then(|| Maker::Refused(key()));
        }
        self.of_sent(seen, kind)
    }

    /// The step that sent a record to an inbox, a gateway or a producer.
    fn of_sent(&self, seen: &Seen<'_>, kind: Kind) -> Option<Maker> {
        // Gateways and timers serve the teams of a namespace alike.
        let is_ours = Origin::parse(seen.text(ORIGIN)).is_some_and(|origin| origin.topic == self.tasks);
        // Whatever is no agent calls itself otherwise, or is a stranger that says nothing.
        if !is_ours || kind == Kind::Timer || !is_agents_version(seen.text(AGENT_VERSION)) {
            return None;
        }
        let Some(trace) = Trace::parse(seen.text(headers::TRACEPARENT)) else {
            return Some(Maker::Bytes(seen.digest(true)));
        };
        // A tool of somebody else's answers with the headers of the request, which name the step that asked.
        let asked = Echo::parse(seen.text(headers::ASKED_AT));
        let is_echo = |echo: &Echo| SpanId::of_step(&seen.at.topic, echo.position) == trace.span;
        let is_external = kind == Kind::Answer && asked.as_ref().is_some_and(is_echo);
        (!is_external).then_some(Maker::Step(trace.span))
    }
}

/// Whether a version is an agent's: 12 hexadecimal digits of a hash.
fn is_agents_version(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

/// What the records of this record's step are told by, as far as that follows from its place.
pub(super) fn makers_at(record: &Record) -> [Maker; 2] {
    let (at, offset) = (&record.topic_partition, record.offset);
    let position = Position { generation: generation_of(&at.topic), partition: at.partition, offset };
    [Maker::Step(SpanId::of_step(&at.topic, position)), Maker::Letter(place(at, offset))]
}

/// A record's place, as it is told.
pub(super) fn place(at: &TopicPartition, offset: i64) -> String {
    format!("{at}/{offset}")
}

/// The generation that an inbox's name ends with.
fn generation_of(topic: &str) -> i32 {
    topic.rsplit_once(".g").and_then(|(_, number)| number.parse().ok()).unwrap_or(FIRST_GENERATION)
}
