//! Groups from outside, and where partitions begin and end: the admin calls that rdkafka lacks.

use std::ffi::CString;
use std::os::raw::c_char;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as sys;
use rdkafka::error::RDKafkaErrorCode as Code;
use topics_log::{Committed, TopicPartition};

use super::{Client, NO_ERROR, Owned, millis, outcome, text};

/// How much sooner a request ends than the wait for its answer.
const ANSWER_MARGIN: Duration = Duration::from_secs(1);

/// A group as its coordinator describes it.
pub(crate) struct DescribedGroup {
    /// Kafka's word for how it stands.
    pub state: sys::rd_kafka_consumer_group_state_t,
    /// Who is in it.
    pub members: Vec<DescribedMember>,
}

/// A member of a group.
pub(crate) struct DescribedMember {
    /// Its instance's name; its client's if it has none.
    pub instance: String,
    /// Where it connects from.
    pub host: String,
    /// What it owns as the coordinator sees it.
    pub partitions: Vec<TopicPartition>,
}

/// Which end of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Its oldest record.
    First,
    /// Behind what a reader of committed records may see: the first open transaction, if there is one.
    Stable,
    /// Behind its newest record.
    Last,
}

/// Each that was asked about, with what was said of it.
pub(crate) type Answers<K, V> = Vec<(K, Result<V, Code>)>;

/// Sends an admin request and has its answer read while it is alive.
///
/// # Safety
/// `send` sends one request with these options to this queue; `read` keeps nothing of the event.
unsafe fn ask<T>(
    client: Client,
    operation: sys::rd_kafka_admin_op_t,
    bound: Duration,
    send: impl FnOnce(*mut sys::rd_kafka_AdminOptions_t, *mut sys::rd_kafka_queue_t) -> Result<(), Code>,
    read: impl FnOnce(*mut sys::rd_kafka_event_t) -> Result<T, Code>,
) -> Result<T, Code> {
    // SAFETY: the event is dropped before the queue, and librdkafka copies the options.
    unsafe {
        let options =
            Owned(sys::rd_kafka_AdminOptions_new(client, operation), sys::rd_kafka_AdminOptions_destroy);
        let queue = Owned(sys::rd_kafka_queue_new(client), sys::rd_kafka_queue_destroy);
        // So that of several brokers those that answer are heard, though one does not.
        let patience = millis(bound.saturating_sub(ANSWER_MARGIN));
        let (mut reason, room) = ([0; 256], 256);
        let set = sys::rd_kafka_AdminOptions_set_request_timeout;
        if set(options.0, patience, reason.as_mut_ptr(), room) != NO_ERROR {
            return Err(Code::InvalidArgument);
        }
        send(options.0, queue.0)?;
        let event = Owned(sys::rd_kafka_queue_poll(queue.0, millis(bound)), sys::rd_kafka_event_destroy);
        if event.0.is_null() {
            return Err(Code::OperationTimedOut);
        }
        match sys::rd_kafka_event_error(event.0) {
            NO_ERROR => read(event.0),
            error => Err(error.into()),
        }
    }
}

/// Describes groups, each by its own coordinator. One that does not exist is described as dead, or is an error
/// of that name, by the broker's version.
pub(crate) fn describe_groups(
    client: Client,
    names: &[String],
    bound: Duration,
) -> Result<Answers<String, DescribedGroup>, Code> {
    let names: Vec<CString> = names.iter().filter_map(|name| CString::new(name.as_str()).ok()).collect();
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    // SAFETY: the names live until the answer is read.
    unsafe {
        ask(
            client,
            sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
            bound,
            |options, queue| {
                let count = pointers.len();
                sys::rd_kafka_DescribeConsumerGroups(client, pointers.as_mut_ptr(), count, options, queue);
                Ok(())
            },
            |event| {
                let result = sys::rd_kafka_event_DescribeConsumerGroups_result(event);
                let mut count = 0;
                let groups = sys::rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count);
                let read = |index| {
                    let group = *groups.add(index);
                    (text(sys::rd_kafka_ConsumerGroupDescription_group_id(group)), read_group(group))
                };
                Ok((0..count).map(read).collect())
            },
        )
    }
}

/// # Safety
/// `group` belongs to a living event.
unsafe fn read_group(group: *const sys::rd_kafka_ConsumerGroupDescription_t) -> Result<DescribedGroup, Code> {
    // SAFETY: as promised, and so is all that is reached from it.
    unsafe {
        let error = sys::rd_kafka_ConsumerGroupDescription_error(group);
        if !error.is_null() && sys::rd_kafka_error_code(error) != NO_ERROR {
            return Err(sys::rd_kafka_error_code(error).into());
        }
        let count = sys::rd_kafka_ConsumerGroupDescription_member_count(group);
        let member = |index| read_member(sys::rd_kafka_ConsumerGroupDescription_member(group, index));
        let state = sys::rd_kafka_ConsumerGroupDescription_state(group);
        Ok(DescribedGroup { state, members: (0..count).map(member).collect() })
    }
}

/// # Safety
/// `member` belongs to a living event.
unsafe fn read_member(member: *const sys::rd_kafka_MemberDescription_t) -> DescribedMember {
    // SAFETY: as promised; a member has an assignment, and that a list, which may be empty.
    unsafe {
        let instance = text(sys::rd_kafka_MemberDescription_group_instance_id(member));
        let client = text(sys::rd_kafka_MemberDescription_client_id(member));
        let assignment = sys::rd_kafka_MemberDescription_assignment(member);
        let mut partitions = Vec::new();
        if !assignment.is_null() {
            for element in elements(sys::rd_kafka_MemberAssignment_partitions(assignment)) {
                partitions.push(place(element));
            }
        }
        DescribedMember {
            instance: if instance.is_empty() { client } else { instance },
            host: text(sys::rd_kafka_MemberDescription_host(member)),
            partitions,
        }
    }
}

/// The committed offsets of a group, asked for from outside; only those partitions that have one. Offsets that
/// an open transaction has sent are not among them yet: the ones before are.
pub(crate) fn group_offsets(
    client: Client,
    group: &str,
    of: &TopicPartitionList,
    bound: Duration,
) -> Result<Vec<(TopicPartition, Committed)>, Code> {
    let group = CString::new(group).map_err(|_| Code::InvalidGroupId)?;
    // SAFETY: the request lives until the answer is read; librdkafka copies the list.
    unsafe {
        let request = Owned(
            sys::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), of.ptr()),
            sys::rd_kafka_ListConsumerGroupOffsets_destroy,
        );
        let mut requests = [request.0];
        ask(
            client,
            sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
            bound,
            |options, queue| {
                sys::rd_kafka_ListConsumerGroupOffsets(client, requests.as_mut_ptr(), 1, options, queue);
                Ok(())
            },
            |event| {
                let result = sys::rd_kafka_event_ListConsumerGroupOffsets_result(event);
                let mut count = 0;
                let groups = sys::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &raw mut count);
                let found = read_offsets(groups, count)?;
                let known = found.iter().filter(|element| element.offset >= 0);
                Ok(known.map(|element| (place(element), committed(element))).collect())
            },
        )
    }
}

/// Puts offsets into a group that has no members.
pub(crate) fn alter_group_offsets(
    client: Client,
    group: &str,
    offsets: &TopicPartitionList,
    bound: Duration,
) -> Result<(), Code> {
    let group = CString::new(group).map_err(|_| Code::InvalidGroupId)?;
    // SAFETY: as above.
    unsafe {
        let request = Owned(
            sys::rd_kafka_AlterConsumerGroupOffsets_new(group.as_ptr(), offsets.ptr()),
            sys::rd_kafka_AlterConsumerGroupOffsets_destroy,
        );
        let mut requests = [request.0];
        ask(
            client,
            sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS,
            bound,
            |options, queue| {
                sys::rd_kafka_AlterConsumerGroupOffsets(client, requests.as_mut_ptr(), 1, options, queue);
                Ok(())
            },
            |event| {
                let result = sys::rd_kafka_event_AlterConsumerGroupOffsets_result(event);
                let mut count = 0;
                let groups = sys::rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &raw mut count);
                read_offsets(groups, count).map(drop)
            },
        )
    }
}

/// The partitions of the one group that was asked about.
///
/// # Safety
/// The groups belong to a living event, which what is returned must not outlive.
unsafe fn read_offsets<'a>(
    groups: *mut *const sys::rd_kafka_group_result_t,
    count: usize,
) -> Result<&'a [sys::rd_kafka_topic_partition_t], Code> {
    if count == 0 {
        return Err(Code::Fail);
    }
    // SAFETY: as promised, and so is all that is reached from it.
    unsafe {
        let error = sys::rd_kafka_group_result_error(*groups);
        if !error.is_null() {
            return Err(sys::rd_kafka_error_code(error).into());
        }
        let found = elements(sys::rd_kafka_group_result_partitions(*groups));
        match found.iter().find(|element| element.err != NO_ERROR) {
            Some(element) => Err(element.err.into()),
            None => Ok(found),
        }
    }
}

/// One end of each partition, or why it cannot be told.
pub(crate) fn ends(
    client: Client,
    partitions: &[TopicPartition],
    end: End,
    bound: Duration,
) -> Result<Answers<TopicPartition, i64>, Code> {
    let spec = match end {
        End::First => sys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_EARLIEST,
        End::Stable | End::Last => sys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_LATEST,
    };
    let isolation = match end {
        End::Stable => sys::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED,
        End::First | End::Last => sys::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED,
    };
    // SAFETY: the list lives until the answer is read; librdkafka copies it and the options.
    unsafe {
        let list = Owned(
            sys::rd_kafka_topic_partition_list_new(i32::try_from(partitions.len()).unwrap_or_default()),
            sys::rd_kafka_topic_partition_list_destroy,
        );
        for partition in partitions {
            let topic = CString::new(&*partition.topic).map_err(|_| Code::InvalidTopic)?;
            let element = sys::rd_kafka_topic_partition_list_add(list.0, topic.as_ptr(), partition.partition);
            // What is asked for stands where the offset will.
            (*element).offset = spec as i64;
        }
        ask(
            client,
            sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS,
            bound,
            |options, queue| {
                outcome(sys::rd_kafka_AdminOptions_set_isolation_level(options, isolation))
                    .map_err(|failure| failure.code)?;
                sys::rd_kafka_ListOffsets(client, list.0, options, queue);
                Ok(())
            },
            |event| {
                let result = sys::rd_kafka_event_ListOffsets_result(event);
                let mut count = 0;
                let infos = sys::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
                let read = |index| {
                    let element = &*sys::rd_kafka_ListOffsetsResultInfo_topic_partition(*infos.add(index));
                    let found =
                        if element.err == NO_ERROR { Ok(element.offset) } else { Err(element.err.into()) };
                    (place(element), found)
                };
                Ok((0..count).map(read).collect())
            },
        )
    }
}

/// The elements of a list.
///
/// # Safety
/// The list is null or alive, for as long as what is returned.
unsafe fn elements<'a>(
    list: *const sys::rd_kafka_topic_partition_list_t,
) -> &'a [sys::rd_kafka_topic_partition_t] {
    // SAFETY: as promised; a list that is empty has no elements to point to.
    unsafe {
        match list.is_null() || (*list).cnt <= 0 {
            true => &[],
            false => std::slice::from_raw_parts((*list).elems, usize::try_from((*list).cnt).unwrap_or(0)),
        }
    }
}

fn place(element: &sys::rd_kafka_topic_partition_t) -> TopicPartition {
    let topic: *const c_char = element.topic;
    TopicPartition::new(text(topic), element.partition)
}

fn committed(element: &sys::rd_kafka_topic_partition_t) -> Committed {
    let metadata = match element.metadata.is_null() {
        true => String::new(),
        // SAFETY: a note has the length that stands beside it, and is copied.
        false => unsafe {
            let bytes = std::slice::from_raw_parts(element.metadata.cast::<u8>(), element.metadata_size);
            String::from_utf8_lossy(bytes).into_owned()
        },
    };
    Committed { offset: element.offset, metadata }
}
