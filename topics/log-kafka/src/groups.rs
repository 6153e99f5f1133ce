//! Consumer groups seen from outside: who is in them, what they have committed, how far that is from the ends
//! of what they read; and offsets put back into a group that lost them. It joins nothing, and what it asks
//! needs no more than to describe a group and its topic (to put offsets back: to read them).

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::bindings::rd_kafka_consumer_group_state_t as State;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::{Offset, TopicPartitionList};
use topics_log::{Committed, Error, Remedy, TopicPartition};

use crate::admin::{Admin, Worker};
use crate::connection::KafkaLog;
use crate::native::{self, End};
use crate::{errors, offsets};

/// How long one request about a group may take: its coordinator is found first. Short of the patience of who
/// looks at all groups of a team, one of whose coordinators may be away.
const ASK_BOUND: Duration = Duration::from_secs(10);

/// How a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is no such group: nobody was ever in it, or it was deleted.
    Absent,
    /// It has committed offsets, perhaps, and no members.
    Empty,
    /// Its members are sharing out their partitions.
    Rebalancing,
    /// Its members have their partitions.
    Stable,
}

impl Standing {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Empty => "empty",
            Self::Rebalancing => "rebalancing",
            Self::Stable => "stable",
        }
    }
}

/// A member of a group, as its coordinator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its instance's name; its client's if it has none.
    pub instance: String,
    /// Where it connects from.
    pub host: String,
    /// What it owns.
    pub partitions: Vec<TopicPartition>,
}

/// A group as its coordinator describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// How it stands.
    pub standing: Standing,
    /// Who is in it, by instance.
    pub members: Vec<GroupMember>,
}

/// The committed offsets of a group, with what was noted with each.
pub type GroupOffsets = BTreeMap<TopicPartition, Committed>;

/// Where a partition begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The offset of its oldest record.
    pub first: i64,
    /// Behind what a reader of committed records may see: where the first open transaction begins, or `last`.
    pub stable: i64,
    /// Behind its newest record.
    pub last: i64,
}

impl KafkaLog {
    /// Describes groups, by name. One that does not exist is absent, and no error.
    ///
    /// # Errors
    /// `Retry` for passing trouble with all of them. Of one group: `Stop` if it may not be described; `Retry` for
    /// passing trouble, for example a coordinator that is away.
    pub async fn groups(
        &self,
        names: &[String],
    ) -> Result<BTreeMap<String, Result<GroupDescription, Error>>, Error> {
        let names = names.to_vec();
        self.ask_about("describe groups", move |worker| describe(worker, &names)).await
    }

    /// The committed offsets of groups with their notes, of those partitions that have one; in the order of the
    /// questions. What an open transaction is about to commit does not count yet.
    ///
    /// # Errors
    /// `Retry` if no client can be made. Of one group: as for [`Self::groups`].
    pub async fn group_offsets(
        &self,
        asked: &[(String, Vec<TopicPartition>)],
    ) -> Result<Vec<Result<GroupOffsets, Error>>, Error> {
        let asked = asked.to_vec();
        let look = move |worker: &mut Worker| {
            Ok(asked.iter().map(|(group, of)| offsets_of(worker, group, of)).collect())
        };
        self.ask_about("read groups' offsets", look).await
    }

    /// Puts offsets into a group that has no members. All of them or, on an error, perhaps some.
    ///
    /// # Errors
    /// `Stop` if the group has members, or its offsets may not be written.
    pub async fn put_group_offsets(
        &self,
        group: &str,
        offsets: &BTreeMap<TopicPartition, Committed>,
    ) -> Result<(), Error> {
        let (group, offsets) = (group.to_owned(), offsets.clone());
        let put = move |worker: &mut Worker| {
            let attempted = format!("put offsets into group {group}");
            let list = offsets_list(&offsets, &attempted)?;
            native::alter_group_offsets(worker.native(), &group, &list, ASK_BOUND).map_err(|code| {
                match code {
                    // A group with members takes offsets from them only.
                    Code::UnknownMemberId | Code::NonEmptyGroup => {
                        Error::new(Remedy::Stop, attempted, "it has members: stop their nodes first")
                    }
                    code => errors::of_code(attempted, code),
                }
            })
        };
        self.ask_about("put offsets into a group", put).await
    }

    /// Where partitions begin and end; those whose leader does not answer are left out, and so are those that
    /// do not exist.
    ///
    /// # Errors
    /// `Stop` if a topic may not be described; `Retry` for passing trouble with all of them.
    pub async fn bounds(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Bounds>, Error> {
        if partitions.is_empty() {
            return Ok(BTreeMap::new());
        }
        let partitions = partitions.to_vec();
        self.ask_about("ask where partitions end", move |worker| bounds(worker, &partitions)).await
    }

    async fn ask_about<R: Send + 'static>(
        &self,
        attempted: &str,
        job: impl FnOnce(&mut Worker) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        Admin::open(self.settings()).await?.ask(attempted, job).await
    }
}

fn describe(
    worker: &Worker,
    names: &[String],
) -> Result<BTreeMap<String, Result<GroupDescription, Error>>, Error> {
    let found = native::describe_groups(worker.native(), names, ASK_BOUND)
        .map_err(|code| errors::of_code("describe groups", code))?;
    let described = found.into_iter().map(|(name, found)| {
        let description = match found {
            Ok(found) => Ok(description(found)),
            Err(Code::GroupIdNotFound) => Ok(ABSENT),
            Err(code) => Err(errors::of_code(format!("describe group {name}"), code)),
        };
        (name, description)
    });
    Ok(described.collect())
}

const ABSENT: GroupDescription = GroupDescription { standing: Standing::Absent, members: Vec::new() };

fn description(found: native::DescribedGroup) -> GroupDescription {
    let standing = match found.state {
        State::RD_KAFKA_CONSUMER_GROUP_STATE_DEAD => return ABSENT,
        State::RD_KAFKA_CONSUMER_GROUP_STATE_STABLE => Standing::Stable,
        State::RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY => Standing::Empty,
        _ => Standing::Rebalancing,
    };
    let member = |member: native::DescribedMember| GroupMember {
        instance: member.instance,
        host: member.host.trim_start_matches('/').to_owned(),
        partitions: member.partitions,
    };
    let mut members: Vec<GroupMember> = found.members.into_iter().map(member).collect();
    members.sort_by(|one, other| one.instance.cmp(&other.instance));
    GroupDescription { standing, members }
}

fn offsets_of(worker: &Worker, group: &str, of: &[TopicPartition]) -> Result<GroupOffsets, Error> {
    if of.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut list = TopicPartitionList::with_capacity(of.len());
    for partition in of {
        list.add_partition(&partition.topic, partition.partition);
    }
    match native::group_offsets(worker.native(), group, &list, ASK_BOUND) {
        Ok(found) => Ok(found.into_iter().collect()),
        Err(Code::GroupIdNotFound) => Ok(BTreeMap::new()),
        Err(code) => Err(errors::of_code(format!("read the offsets of group {group}"), code)),
    }
}

/// All three ends, one request to each leader for each. The first is asked for last: what retention deletes
/// meanwhile must not seem to be unread.
fn bounds(worker: &Worker, partitions: &[TopicPartition]) -> Result<BTreeMap<TopicPartition, Bounds>, Error> {
    let ask = |end| {
        let attempted = "ask where partitions end";
        let found = native::ends(worker.native(), partitions, end, ASK_BOUND)
            .map_err(|code| errors::of_code(attempted, code))?;
        let mut ends = BTreeMap::new();
        for (partition, end) in found {
            match end {
                Ok(offset) => drop(ends.insert(partition, offset)),
                Err(code @ Code::TopicAuthorizationFailed) => {
                    return Err(errors::of_code(format!("{attempted}: {partition}"), code));
                }
                Err(code) => {
                    tracing::debug!(target: "kafka", "{partition} does not say where it ends: {code}")
                }
            }
        }
        Ok(ends)
    };
    // A transaction that ends between the two would make the stable end overtake the last.
    let stable = ask(End::Stable)?;
    let (last, first) = (ask(End::Last)?, ask(End::First)?);
    let whole = stable.into_iter().filter_map(|(partition, stable)| {
        let bounds = Bounds { first: *first.get(&partition)?, stable, last: *last.get(&partition)? };
        Some((partition, bounds))
    });
    Ok(whole.collect())
}

fn offsets_list(
    of: &BTreeMap<TopicPartition, Committed>,
    attempted: &str,
) -> Result<TopicPartitionList, Error> {
    let mut list = TopicPartitionList::with_capacity(of.len());
    for (partition, committed) in of {
        offsets::add(&mut list, partition, Offset::Offset(committed.offset), &committed.metadata, attempted)?;
    }
    Ok(list)
}
