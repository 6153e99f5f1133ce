//! Lists of partitions and offsets as librdkafka wants them.

use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use topics_log::{Error, OffsetCommit, Remedy, TopicPartition};

use crate::errors;

/// The partitions of a list.
pub(crate) fn partitions_of(list: &TopicPartitionList) -> Vec<TopicPartition> {
    let elements = list.elements();
    elements.iter().map(|element| TopicPartition::new(element.topic(), element.partition())).collect()
}

/// Partitions with the offset each is to be read from.
pub(crate) fn places<'a>(
    places: impl Iterator<Item = &'a (&'a TopicPartition, i64)>,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in places {
        list.add_partition_offset(&partition.topic, partition.partition, Offset::Offset(*offset))?;
    }
    Ok(list)
}

/// Offsets to be committed, with their notes.
///
/// # Errors
/// `Stop` if one cannot be stored.
pub(crate) fn commits(offsets: &[OffsetCommit], attempted: &str) -> Result<TopicPartitionList, Error> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for offset in offsets {
        let partition = &offset.assignment.topic_partition;
        if !offset.metadata.is_ascii() {
            let cause = format!("the note with the offset of {partition} is not ASCII");
            return Err(Error::new(Remedy::Stop, attempted, cause));
        }
        let mut element = list.add_partition(&partition.topic, partition.partition);
        element.set_offset(Offset::Offset(offset.next)).map_err(|error| {
            errors::of(format!("{attempted}: offset {} of {partition}", offset.next), &error)
        })?;
        element.set_metadata(&offset.metadata);
    }
    Ok(list)
}
