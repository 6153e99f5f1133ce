//! Bad records: what a producer or a stranger sends and what must become a dead letter, and nothing else.

use bytes::Bytes;
use schemas_records::{Headers, Key, headers};
use topics_catalog::Kind as Topic;
use topics_log::{NewRecord, partition_of};

use super::Producer;
use crate::verify::PLANTED;

/// A bad record of a test's own choice: it must become one dead letter, and nothing else.
#[derive(Clone, Debug)]
pub struct Plant {
    /// Where to.
    pub door: Door,
    /// Its key; empty for none.
    pub key: Key,
    /// Its value.
    pub value: Bytes,
    /// Its headers.
    pub headers: Headers,
    /// The code of its dead letter.
    pub code: &'static str,
}

/// Where records come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The task topic.
    Tasks,
    /// An agent's inbox.
    Inbox(&'static str),
    /// The model gateway's topic.
    Model,
    /// The timer gateway's topic.
    Timers,
}

/// A bad task: what it is called, its bytes, and a header that makes it bad.
type Bad = (&'static str, &'static [u8], Option<(&'static str, &'static str)>);

impl Producer<'_> {
    /// Sends a record that must become a dead letter, and nothing else.
    pub(super) fn plant(&mut self) {
        let bad: [Bad; 7] = [
            ("neither-json-nor-avro", b"should we hire?", None),
            ("not-json", b"{\"question\": ", None),
            ("wrong-json", b"{\"no-such-field\": 1}", None),
            ("unknown-schema", b"\0\0\0\0\x07rest", None),
            ("not-utf8", b"{\"question\": \"\xff\"}", None),
            ("bad-budget", b"{}", Some((headers::BUDGET, "calls=many"))),
            ("bad-deadline", b"{}", Some((headers::DEADLINE, "yesterday"))),
        ];
        let at = self.time();
        let choice = self.chance.below(bad.len() + 5);
        let (code, record) = match bad.get(choice) {
            Some((code, value, header)) => {
                let mut headers = Headers::new();
                if let Some((name, text)) = header {
                    headers.push(name, *text);
                }
                (*code, self.record(Topic::Tasks, None, Key::new(b""), Bytes::from_static(value), headers))
            }
            None => match choice - bad.len() {
                0 => ("bad-headers", self.stray(Topic::ModelRequests)),
                1 => ("bad-headers", self.stray(Topic::Timers)),
                2 => ("no-closing", self.stray(Topic::Closings)),
                3 => ("bad-headers", self.inbox_stray(false)),
                _ if self.world.storm.partitions > 1 => ("wrong-partition", self.inbox_stray(true)),
                _ => ("bad-headers", self.inbox_stray(false)),
            },
        };
        let mut record = record;
        record.headers.push(PLANTED, code);
        self.send(at, "bad record", record);
    }

    /// A record of a test's own choice.
    pub(super) fn planted(&self, plant: &Plant) -> NewRecord {
        let topic = match plant.door {
            Door::Tasks => self.world.topic(Topic::Tasks),
            Door::Model => self.world.topic(Topic::ModelRequests),
            Door::Timers => self.world.topic(Topic::Timers),
            Door::Inbox(agent) => self.world.names.inbox(agent),
        };
        let mut headers = plant.headers.clone();
        headers.push(PLANTED, plant.code);
        let (key, value) = (plant.key.clone(), plant.value.clone());
        NewRecord { topic: topic.as_str().into(), partition: None, key, value, headers }
    }

    /// A record that nobody asked for, on one of the runtime's own topics.
    fn stray(&self, topic: Topic) -> NewRecord {
        self.record(topic, None, Key::new(b"stray"), Bytes::from_static(b"?"), Headers::new())
    }

    /// The same in an inbox, in the partition where its key belongs or in another.
    fn inbox_stray(&mut self, is_misplaced: bool) -> NewRecord {
        let agents: Vec<String> = self.world.team.agents().map(str::to_owned).collect();
        let agent = self.chance.pick(&agents).cloned().unwrap_or_default();
        let key = Key::new(format!("stray-{}", self.chance.below(1_000)).as_bytes());
        let partitions = self.world.storm.partitions;
        let own = partition_of(key.as_bytes(), partitions);
        let partition = if is_misplaced { (own + 1) % partitions } else { own };
        NewRecord {
            topic: self.world.names.inbox(&agent).as_str().into(),
            partition: Some(partition),
            key,
            value: Bytes::from_static(b"?"),
            headers: Headers::new(),
        }
    }
}
