//! What is asked: errands by seed and number, and the mischief that producers do with them.

use bytes::Bytes;
use schemas_records::{Headers, Key, headers};
use tests_kit::simulation::Chance;
use tests_kit::verify::PLANTED;
use topics_log::NewRecord;

use crate::team::{Errand, Way};

/// How many of a thousand errands are run how. Nearly all are whole: a fork, a model, a tool, a join.
const WAYS: [(Way, usize); 7] = [
    (Way::All, 810),
    (Way::First, 80),
    (Way::Later, 40),
    (Way::Pass, 40),
    (Way::Fail, 10),
    (Way::Panic, 5),
    (Way::Idle, 15),
];

/// How many of a thousand tasks are sent a second time.
const AGAIN_PER_MILLE: usize = 10;

/// How many of a thousand ids are used again for another errand.
const OTHER_PER_MILLE: usize = 5;

/// How many records of a thousand are no task.
const BAD_PER_MILLE: usize = 5;

/// How many tasks later what was sent is sent again: some are still open then, others have ended.
const LATER: u64 = 50;

/// What an idle errand's producer waits for it, as its header says it.
const IDLE_DEADLINE: &str = "3000ms";

/// Records that are no task, and the codes of the dead letters that they become.
const BAD: [(&str, &[u8]); 2] =
    [("neither-json-nor-avro", b"should we hire?"), ("wrong-json", b"{\"no-such-field\": 1}")];

/// The tasks of a seed.
#[derive(Clone, Debug)]
pub struct Tasks {
    seed: u64,
    topic: String,
}

impl Tasks {
    /// The tasks of a seed, for this topic.
    #[must_use]
    pub fn new(seed: u64, topic: &str) -> Self {
        Self { seed, topic: topic.to_owned() }
    }

    /// The errand of a number.
    #[must_use]
    pub fn errand(&self, number: u64) -> Errand {
        let mut draw = self.chance("way", number).below(1_000);
        let mut way = Way::All;
        for (known, per_mille) in WAYS {
            way = known;
            if draw < per_mille {
                break;
            }
            draw -= per_mille;
        }
        Errand { way, text: format!("errand {number} of seed {}", self.seed) }
    }

    /// What is sent when this number's time has come: the task, and what mischief goes with it.
    ///
    /// # Errors
    /// None that there should be.
    pub fn records(&self, number: u64) -> anyhow::Result<Vec<NewRecord>> {
        let mut records = vec![self.task(number, &self.errand(number))?];
        let mut chance = self.chance("mischief", number);
        let draws =
            [AGAIN_PER_MILLE, OTHER_PER_MILLE, BAD_PER_MILLE].map(|per_mille| chance.happens(per_mille));
        if let Some(earlier) = number.checked_sub(LATER) {
            let errand = self.errand(earlier);
            if draws[0] {
                records.push(self.task(earlier, &errand)?);
            }
            if draws[1] {
                let other = Errand { text: format!("another {}", errand.text), ..errand };
                records.push(self.task(earlier, &other)?);
            }
        }
        if draws[2] {
            let (code, value) = BAD[chance.below(BAD.len())];
            let mut record = self.record(&format!("bad-{number}"), Bytes::from_static(value));
            record.headers.push(PLANTED, code);
            records.push(record);
        }
        Ok(records)
    }

    fn task(&self, number: u64, errand: &Errand) -> anyhow::Result<NewRecord> {
        let mut record = self.record(&id(number), serde_json::to_vec(errand)?.into());
        if errand.way == Way::Idle {
            record.headers.push(headers::DEADLINE, IDLE_DEADLINE);
        }
        Ok(record)
    }

    fn record(&self, id: &str, value: Bytes) -> NewRecord {
        let mut with = Headers::new();
        with.push(headers::TASK_ID, id);
        let key = Key::new(id.as_bytes());
        NewRecord { topic: self.topic.as_str().into(), partition: None, key, value, headers: with }
    }

    fn chance(&self, of: &str, number: u64) -> Chance {
        Chance::new(self.seed).of(&format!("{of} {number}"))
    }
}

/// A task's id.
#[must_use]
pub fn id(number: u64) -> String {
    format!("task-{number:06}")
}

/// The number in a task's id; none if it is no such id.
#[must_use]
pub fn number(id: &str) -> Option<u64> {
    id.strip_prefix("task-")?.parse().ok()
}

#[cfg(test)]
mod tests;
