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
        let (partition, next) = (&offset.assignment.topic_partition, Offset::Offset(offset.next));
        add(&mut list, partition, next, &offset.metadata, attempted)?;
    }
    Ok(list)
}

/// Adds an offset with its note to a list.
///
/// # Errors
/// `Stop` if it cannot be stored.
pub(crate) fn add(
    list: &mut TopicPartitionList,
    partition: &TopicPartition,
    offset: Offset,
    note: &str,
    attempted: &str,
) -> Result<(), Error> {
    if !note.is_ascii() {
        let cause = format!("the note with the offset of {partition} is not ASCII");
        return Err(Error::new(Remedy::Stop, attempted, cause));
    }
    let mut element = list.add_partition(&partition.topic, partition.partition);
    element
        .set_offset(offset)
        .map_err(|error| errors::of(format!("{attempted}: offset {offset:?} of {partition}"), &error))?;
    element.set_metadata(note);
    Ok(())
}
