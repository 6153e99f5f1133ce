//! How much one poll or read may return: every implementation of the seam counts alike.

use crate::record::Record;

/// From so many bytes on, one poll or read returns no further record. A batch of ten thousand common records
/// (18 MB with their headers) fits; as many of the largest would be nine gigabytes.
pub const POLL_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What one poll or read may still return.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    records: usize,
    bytes: usize,
}

impl Room {
    /// Room for so many records, and for [`POLL_BYTES_MAX`].
    #[must_use]
    pub const fn for_records(max: usize) -> Self {
        Self { records: max, bytes: POLL_BYTES_MAX }
    }

    /// How many records more may come, as far as one can tell before their sizes are known.
    #[must_use]
    pub const fn left(&self) -> usize {
        if self.bytes == 0 { 0 } else { self.records }
    }

    /// Counts a record, whose size may exceed what is left: so that the largest one comes, too.
    pub fn take(&mut self, record: &Record) {
        self.records = self.records.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(record.size_bytes());
    }

    /// Moves records from the front as long as there is room.
    pub fn fill(&mut self, into: &mut Vec<Record>, from: impl IntoIterator<Item = Record>) {
        let mut from = from.into_iter();
        while self.left() > 0
            && let Some(record) = from.next()
        {
            self.take(&record);
            into.push(record);
        }
    }
}

#[cfg(test)]
mod tests {
    //! Room ends by number or by bytes, and the record that ends it comes.

    use bytes::Bytes;
    use schemas_records::{Headers, Key, Timestamp};

    use super::{POLL_BYTES_MAX, Room};
    use crate::record::{Record, TopicPartition};

    /// How many of ten records of a size come, for a number that was asked for.
    #[test]
    fn ends_by_number_or_by_bytes() {
        let of = |bytes: usize| Record {
            topic_partition: TopicPartition::new("topic", 0),
            offset: 0,
            timestamp: Timestamp(0),
            key: Key::new(b""),
            value: Bytes::from(vec![0; bytes]),
            headers: Headers::new(),
        };
        let check = |max: usize, bytes: usize, expected: usize| {
            let mut came = Vec::new();
            Room::for_records(max).fill(&mut came, (0..10).map(|_| of(bytes)));
            assert_eq!(came.len(), expected, "{max} of {bytes} bytes");
        };
        check(0, 1, 0);
        check(3, 1, 3);
        check(20, 1, 10);
        check(10, POLL_BYTES_MAX, 1);
        check(10, POLL_BYTES_MAX / 4, 4);
        check(10, POLL_BYTES_MAX / 4 - 1, 5);
        check(10, POLL_BYTES_MAX + 1, 1);
    }
}
