//! How far each partition was read, so that nothing comes twice.
//!
//! librdkafka 2.12 can go back by itself: an answer to "where does this partition begin?" that is
//! overtaken by a move to another place is asked again half a second later, and then moves the partition
//! to its beginning. This door asks that question itself, so it should not happen; if it ever does, what
//! was read already is passed over.

use std::collections::HashMap;

use topics_log::{Record, TopicPartition};

/// The offset that comes next in each partition.
#[derive(Debug, Default)]
pub(crate) struct Progress(HashMap<TopicPartition, Place>);

#[derive(Debug)]
struct Place {
    next: i64,
    has_read: bool,
}

impl Progress {
    /// A partition is read from this offset on.
    pub(crate) fn start(&mut self, partition: &TopicPartition, offset: i64) {
        self.0.insert(partition.clone(), Place { next: offset, has_read: false });
    }

    /// The offset behind the last record read, if any was read since the start.
    pub(crate) fn read_to(&self, partition: &TopicPartition) -> Option<i64> {
        self.0.get(partition).filter(|place| place.has_read).map(|place| place.next)
    }

    /// Notes a record; false if it came before, or was not asked for.
    pub(crate) fn accept(&mut self, record: &Record) -> bool {
        let Some(place) = self.0.get_mut(&record.topic_partition) else { return false };
        if record.offset < place.next {
            tracing::debug!(
                target: "kafka",
                "{}/{} came again and is passed over", record.topic_partition, record.offset
            );
            return false;
        }
        *place = Place { next: record.offset + 1, has_read: true };
        true
    }
}

#[cfg(test)]
mod tests {
    //! Which records are taken.

    use topics_log::{Headers, Key, Record, Timestamp, TopicPartition};

    use super::Progress;

    /// What lies before the place named, or came already, is passed over; gaps are not.
    #[test]
    fn takes_each_offset_once() {
        let partition = TopicPartition::new("topic", 0);
        let record = |offset| Record {
            topic_partition: partition.clone(),
            offset,
            timestamp: Timestamp(0),
            key: Key::new(b""),
            value: "".into(),
            headers: Headers::new(),
        };
        let check = |start: Option<i64>, offsets: &[i64], expected: &[i64]| {
            let mut progress = Progress::default();
            if let Some(start) = start {
                progress.start(&partition, start);
            }
            let taken: Vec<i64> =
                offsets.iter().copied().filter(|offset| progress.accept(&record(*offset))).collect();
            assert_eq!(taken, expected, "{start:?} {offsets:?}");
        };
        check(Some(0), &[0, 1, 2], &[0, 1, 2]);
        check(Some(2), &[0, 1, 2, 3], &[2, 3]);
        check(Some(0), &[0, 1, 0, 1, 2], &[0, 1, 2]);
        check(Some(0), &[4, 9, 5, 10], &[4, 9, 10]);
        check(None, &[0, 1], &[]);
    }
}
