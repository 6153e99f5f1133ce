//! What a topic's settings say about how long its records stay.
//!
//! Only what is said counts: a broker forgets after seven days what nobody spoke of, a log in somebody's
//! folder does not.

use std::time::Duration;

use topics_log::{NewTopic, Timestamp};

/// How long a topic's records stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Retention {
    /// A record may go once it is older.
    age: Option<Duration>,
    /// The oldest records of a partition may go while it has more bytes.
    bytes: Option<u64>,
}

impl Retention {
    /// What the settings say, in Kafka's words: `retention.ms`, `retention.bytes` (-1 for ever in both),
    /// and `cleanup.policy`, without whose `delete` nothing goes.
    pub fn of(topic: &NewTopic) -> Result<Self, String> {
        let number = |name: &str| match topic.config.get(name) {
            None => Ok(None),
            Some(text) => match text.parse::<i64>() {
                Ok(number) if number >= -1 => Ok(u64::try_from(number).ok()),
                _ => {
                    Err(format!("{name} of topic {} is {text:?}: a whole number, or -1 for ever", topic.name))
                }
            },
        };
        let (age, bytes) = (number("retention.ms")?.map(Duration::from_millis), number("retention.bytes")?);
        let policy = topic.config.get("cleanup.policy").map_or("delete", String::as_str);
        if policy.split(',').any(|word| word.trim() == "delete") {
            Ok(Self { age, bytes })
        } else {
            Ok(Self::default())
        }
    }

    /// Whether nothing ever goes.
    pub fn is_for_ever(self) -> bool {
        self == Self::default()
    }

    /// Whether the oldest record of a partition may go.
    pub fn lets_go(self, appended: Timestamp, bytes_in_partition: u64, now: Timestamp) -> bool {
        self.age.is_some_and(|age| appended.plus(age) < now)
            || self.bytes.is_some_and(|most| most < bytes_in_partition)
    }
}

#[cfg(test)]
mod tests;
