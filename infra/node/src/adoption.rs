//! Giving a group the offsets back that it has lost: deleted, or expired after it was empty for longer than the
//! broker keeps them. What the owner's rows recorded beside the state is compared with what the group has.
//!
//! Only agents' groups need this. State is a function of position, so an agent must go on exactly where it
//! stopped: a record stepped again would find versions pruned below it, and a record passed over would be lost.
//! Whoever lost the offset of a gateway reads again from the beginning: its journal answers what was answered
//! without asking anybody again, and intake's repeated inputs are known to the inbox as duplicates for as long
//! as the task topic keeps them.
//!
//! What retention has deleted behind a committed offset stops a node too, any group's: it cannot know whether
//! these were records that nobody had read, or only what every transaction leaves behind its last record, as in
//! a partition that was idle for longer than records are kept. Whoever knows lets the group go on behind it.
//!
//! A row says where its owner took over, and where it left, if it left in good order. Of one that died only the
//! former is known. That is exact just as well if nothing readable lies behind it; else the group stays as it
//! is until an operator, who may know the offset from elsewhere, says it.

use std::collections::BTreeMap;
use std::fmt;

use topics_log::{Committed, Log, Start, TopicDescription, TopicPartition};
use topics_log_kafka::{Bounds, KafkaLog, Standing};
use topics_state::Slot;

use crate::config::Config;
use crate::groups::Reads;
use crate::roles::Node;
use crate::run::Error;

/// A partition whose group does not have the offset that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The agent's or gateway's short name ([`Reads::name`]).
    pub role: String,
    /// Its group.
    pub group: String,
    /// The partition.
    pub at: TopicPartition,
    /// What the group has.
    pub committed: Option<i64>,
    /// What the owner's row has; none in a gateway's group.
    pub recorded: Option<i64>,
    /// What is to stand beside the offset: the names of stores, and counts.
    pub note: String,
    /// What follows.
    pub verdict: Verdict,
}

/// What can be said of where a group stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on here, and nothing is done twice or left out.
    Exact(i64),
    /// Its last owner died somewhere between these two, and nothing tells where.
    Between(i64, i64),
    /// The partition begins here, behind what is committed: what lies between is gone, read or not.
    Gone(i64),
    /// The partition ends before it: a broker has lost records.
    Beyond(i64),
}

impl Lost {
    /// As it is named on the command line: `planner/0`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.role, self.at.partition)
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, committed, recorded, verdict, .. } = self;
        match committed {
            None => write!(f, "{}: no offset in group {group}", self.name())?,
            Some(offset) => write!(f, "{}: {offset} in group {group}", self.name())?,
        }
        if let Some(recorded) = recorded {
            write!(f, ", {recorded} recorded")?;
        }
        match *verdict {
            Verdict::Exact(offset) if Some(offset) == *recorded => write!(f, ": {offset} is to be put back"),
            Verdict::Exact(offset) | Verdict::Gone(offset) => write!(
                f,
                ": what lay before {offset} is gone, read or not (retention): {offset} is to be put there"
            ),
            Verdict::Between(from, to) => write!(f, ": its last owner died, somewhere from {from} to {to}"),
            Verdict::Beyond(end) => write!(
                f,
                ": the partition ends at {end}: it has lost records; restore it, or remove the agent's state to \
                 begin anew"
            ),
        }
    }
}

/// The brokers, and the state beside them.
pub struct Adoption {
    node: Node,
    log: KafkaLog,
}

impl Adoption {
    /// Reaches the configuration's brokers; the state is the node's.
    ///
    /// # Errors
    /// [`Error::Config`] if no brokers are named; the log's own.
    pub async fn open(node: &Node, config: &Config) -> Result<Self, Error> {
        let brokers = config.brokers.as_deref().ok_or_else(|| Error::Config {
            message: "no brokers are named: groups live on a broker".into(),
        })?;
        Ok(Self { node: node.clone(), log: KafkaLog::connect(config.kafka(brokers)?).await? })
    }

    /// What was lost of the node's own roles (it has no rights to others' groups), by role and partition.
    ///
    /// # Errors
    /// A role that there is not; a group that has members; the log's and the store's own.
    pub async fn look(&self) -> Result<Vec<Lost>, Error> {
        let topics = self.log.topics(&format!("{}.", self.node.names().namespace())).await?;
        let runs = self.node.role_names()?;
        let mut lost = Vec::new();
        for reads in self.node.reads(&topics).into_iter().filter(|reads| runs.contains(&reads.role)) {
            if let Some(topic) = topics.iter().find(|topic| topic.name == reads.topic) {
                lost.extend(self.look_at(&reads, topic).await?);
            }
        }
        Ok(lost)
    }

    async fn look_at(&self, reads: &Reads, topic: &TopicDescription) -> Result<Vec<Lost>, Error> {
        let partitions: Vec<TopicPartition> = (0..topic.partitions)
            .map(|partition| TopicPartition::new(topic.name.as_str(), partition))
            .collect();
        let asked = [(reads.group.clone(), partitions.clone())];
        // One question, one answer.
        let Some(committed) = self.log.group_offsets(&asked).await?.pop().transpose()? else {
            return Ok(Vec::new());
        };
        let bounds = self.log.bounds(&partitions).await?;
        let mut lost = Vec::new();
        for at in partitions {
            let committed = committed.get(&at);
            let Some(bounds) = bounds.get(&at).copied() else {
                let cause = "it does not say where it begins and ends: has it a leader?";
                let attempted = format!("look at {at}");
                return Err(topics_log::Error::new(topics_log::Remedy::Retry, attempted, cause).into());
            };
            let recorded = self.recorded(reads, &at, topic).await?;
            let offset = committed.map(|committed| committed.offset);
            let verdict = match recorded {
                Some((recorded, is_closed)) if offset.is_none_or(|offset| offset < recorded) => {
                    self.judge(&at, recorded, is_closed, bounds).await?
                }
                _ if offset.is_some_and(|offset| offset < bounds.first) => Verdict::Gone(bounds.first),
                _ => continue,
            };
            let note = match committed {
                Some(committed) => committed.metadata.clone(),
                // What workers find beside their offsets: which store the state is in.
                None => {
                    let identity = self.node.doors().states.identity().await;
                    format!("store={}", identity.map_err(Error::from_store)?)
                }
            };
            let (role, group) = (reads.name(), reads.group.clone());
            let recorded = recorded.map(|(recorded, _)| recorded);
            lost.push(Lost { role, group, at, committed: offset, recorded, note, verdict });
        }
        if !lost.is_empty() {
            self.must_be_empty(&reads.group).await?;
        }
        Ok(lost)
    }

    /// What an agent's row has recorded of a partition, and whether that owner left in good order. (A row of
    /// another topic of this name is none of this one's: the node says what that means.)
    async fn recorded(
        &self,
        reads: &Reads,
        at: &TopicPartition,
        topic: &TopicDescription,
    ) -> Result<Option<(i64, bool)>, Error> {
        let Some(generation) = reads.generation else { return Ok(None) };
        // State is one for all generations of an agent's inbox; groups are not.
        let agent = self.node.names().group(&reads.role).into();
        let slot = Slot { agent, generation, partition: at.partition };
        let owner = self.node.doors().states.owner(&slot).await.map_err(Error::from_store)?;
        let owner = owner.filter(|owner| owner.topic_id == topic.id);
        Ok(owner.and_then(|owner| Some((owner.committed?, owner.closed))))
    }

    async fn judge(
        &self,
        at: &TopicPartition,
        recorded: i64,
        is_closed: bool,
        Bounds { first, last, .. }: Bounds,
    ) -> Result<Verdict, Error> {
        if recorded > last {
            return Ok(Verdict::Beyond(last));
        }
        let next = recorded.max(first);
        if is_closed {
            return Ok(Verdict::Exact(next));
        }
        // Behind the last record that can be read: if that lies below, nobody has ever stepped beyond.
        let mut reader = self.log.reader(&[(at.clone(), Start::At(next))]).await?;
        let end = reader.ends().await?.into_iter().next().unwrap_or_default();
        Ok(if end <= next { Verdict::Exact(next) } else { Verdict::Between(next, end) })
    }

    async fn must_be_empty(&self, group: &str) -> Result<(), Error> {
        let mut found = self.log.groups(&[group.to_owned()]).await?;
        let Some(found) = found.remove(group).transpose()? else { return Ok(()) };
        if matches!(found.standing, Standing::Absent | Standing::Empty) {
            return Ok(());
        }
        let names: Vec<&str> = found.members.iter().map(|member| member.instance.as_str()).collect();
        let message = format!(
            "nothing is adopted while nodes run: group {group} has members ({}); stop them, or wait for the end of \
             their sessions if they died",
            names.join(", ")
        );
        Err(Error::Config { message })
    }

    /// Puts offsets back, those that are exact and those that the operator says (by [`Lost::name`]).
    ///
    /// # Errors
    /// [`Error::Config`] for an offset that cannot be, or one that is neither exact nor said: then nothing is
    /// put back. The log's own.
    pub async fn adopt(&self, lost: &[Lost], said: &BTreeMap<String, i64>) -> Result<(), Error> {
        let offsets = chosen(lost, said)?;
        let mut by_group: BTreeMap<&str, BTreeMap<TopicPartition, Committed>> = BTreeMap::new();
        for (lost, offset) in lost.iter().zip(offsets) {
            let committed = Committed { offset, metadata: lost.note.clone() };
            by_group.entry(&lost.group).or_default().insert(lost.at.clone(), committed);
        }
        for (group, offsets) in by_group {
            self.log.put_group_offsets(group, &offsets).await?;
        }
        Ok(())
    }
}

/// The offset for each that was lost.
fn chosen(lost: &[Lost], said: &BTreeMap<String, i64>) -> Result<Vec<i64>, Error> {
    let refuse = |message: String| Err(Error::Config { message: format!("nothing is adopted: {message}") });
    if let Some(name) = said.keys().find(|name| !lost.iter().any(|lost| lost.name() == **name)) {
        return refuse(format!("--at {name}: nothing was lost there"));
    }
    let mut offsets = Vec::new();
    for lost in lost {
        let name = lost.name();
        match (lost.verdict, said.get(&name).copied()) {
            (Verdict::Exact(offset) | Verdict::Gone(offset), None) => offsets.push(offset),
            (Verdict::Exact(offset) | Verdict::Gone(offset), Some(said)) if said == offset => {
                offsets.push(offset);
            }
            (Verdict::Exact(offset) | Verdict::Gone(offset), Some(said)) => {
                return refuse(format!("--at {name}={said}: it goes on at {offset}, which is certain"));
            }
            (Verdict::Between(from, to), Some(said)) if (from..=to).contains(&said) => offsets.push(said),
            (Verdict::Between(from, to), Some(said)) => {
                return refuse(format!("--at {name}={said}: it stopped at an offset from {from} to {to}"));
            }
            (Verdict::Between(..), None) => {
                return refuse(format!(
                    "where {name} stopped is not known; if you know it (from an earlier `tributary status --json`, or \
                     your monitoring), say --at {name}=OFFSET"
                ));
            }
            (Verdict::Beyond(_), _) => return refuse(lost.to_string()),
        }
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests;
