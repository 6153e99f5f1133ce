//! An agent's inbox moves to another partition count: what stands, what is to be done next, and each step of it.
//! Every step may be repeated, and whoever does them may die between any two. What makes that right is the
//! worker's (`topics_runtime::worker`); here is only what an operator does and sees. Runs no agent.

use std::sync::Arc;
use std::time::Duration;

use schemas_records::{Envelope, Timestamp};
use topics_catalog::{Inbox, Inboxes, Topics};
use topics_log::{Record, Start, TopicPartition};
use topics_runtime::worker::{draining_record, names_next};

use crate::config::Config;
use crate::desk::look::Look;
use crate::roles::Node;
use crate::run::Error;
use crate::upkeep::Upkeep;

/// One agent's inbox and the count that is wanted of it.
pub struct Migration<'a> {
    node: &'a Node,
    /// The brokers; `None` for an embedded log, whose one process is not running while this is.
    upkeep: Option<Upkeep>,
    agent: String,
    wanted: i32,
}

/// What stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The inbox has one generation, with as many partitions as are wanted.
    Settled(Inbox),
    /// It has one, with another count.
    Alone(Inbox),
    /// It has two.
    Moving(Box<Moving>),
}

/// How far an inbox with two generations is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moving {
    /// The generation whose works end.
    pub old: Inbox,
    /// The generation in which new works begin.
    pub new: Inbox,
    /// How many processes read the new generation; `None` where that cannot be seen.
    pub readers: Option<usize>,
    /// The draining record of each of the old partitions, where one was found.
    pub draining: Vec<Option<i64>>,
    /// What is committed of each old partition; `None` where that cannot be seen.
    pub committed: Option<Vec<i64>>,
    /// Where each old partition ends.
    pub ends: Vec<i64>,
    /// From when on nothing in the old generation can matter any more: its works' deadlines have passed, and
    /// duplicates of their tasks are not to be expected.
    pub removable_at: Timestamp,
}

impl Moving {
    /// Whether every partition has been told to drain.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.draining.iter().all(Option::is_some)
    }

    /// Whether the old generation has committed past all draining records: the new one begins. `None` where that
    /// cannot be seen.
    #[must_use]
    pub fn has_moved(&self) -> Option<bool> {
        let committed = self.committed.as_ref()?;
        let mut both = self.draining.iter().zip(committed);
        Some(both.all(|(draining, committed)| draining.is_some_and(|draining| draining < *committed)))
    }

    /// Records of the old generation that are not read yet; `None` where that cannot be seen.
    #[must_use]
    pub fn lag_records(&self) -> Option<i64> {
        let committed = self.committed.as_ref()?;
        Some(self.ends.iter().zip(committed).map(|(end, committed)| (end - committed).max(0)).sum())
    }
}

impl<'a> Migration<'a> {
    /// Looks at nothing yet.
    ///
    /// # Errors
    /// [`Error::Config`] for an agent that there is not, or a count below one; the log's own.
    pub async fn open(node: &'a Node, config: &Config, agent: &str, wanted: i32) -> Result<Self, Error> {
        let agents = node.agents();
        if !agents.iter().any(|known| known == agent) {
            return refuse(format!("agent {agent:?} is unknown; there are: {}", agents.join(", ")));
        }
        if wanted < 1 {
            return refuse(format!("an inbox has one partition or more, not {wanted}"));
        }
        let upkeep = if config.brokers.is_some() { Some(Upkeep::open(config).await?) } else { None };
        Ok(Self { node, upkeep, agent: agent.to_owned(), wanted })
    }

    /// Looks what stands.
    ///
    /// # Errors
    /// [`Error::Config`] for generations that are not this command's to go on with; the log's own.
    pub async fn look(&self) -> Result<Standing, Error> {
        let names = self.node.names();
        let topics = self.node.doors().log.topics(&format!("{}.", names.namespace())).await?;
        match Inboxes::among(names, &topics).of(&self.agent) {
            [] => refuse(format!("{} has no inbox yet; `tributary topics apply` makes it", self.agent)),
            [one] if one.partitions == self.wanted => Ok(Standing::Settled(one.clone())),
            [one] => Ok(Standing::Alone(one.clone())),
            [old, new] if new.partitions == self.wanted => {
                Ok(Standing::Moving(Box::new(self.moving(old, new).await?)))
            }
            [old, new] => refuse(format!(
                "{} moves from generation {} to {} with {} partitions; end that first: say --partitions {}, and \
                 --remove-old once it has drained",
                self.agent, old.generation, new.generation, new.partitions, new.partitions
            )),
            more => refuse(format!(
                "{} has {} generations of its inbox, and at most two can be told apart; remove those that \
                 `tributary inbox migrate` did not make",
                self.agent,
                more.len()
            )),
        }
    }

    /// The topic that [`Migration::make`] makes.
    #[must_use]
    pub fn next(&self, old: &Inbox) -> Inbox {
        let generation = old.generation + 1;
        let topic = self.node.names().inbox_in(&self.agent, generation).into();
        Inbox { topic, generation, partitions: self.wanted }
    }

    /// Makes the next generation's topic. From here on whoever starts reads it, and begins nothing in it.
    ///
    /// # Errors
    /// The log's own.
    pub async fn make(&self, old: &Inbox, replication: i32) -> Result<(), Error> {
        let catalog = self.node.catalog(Topics { partitions: self.wanted, replication });
        let topic = catalog.inbox(&self.next(old).topic);
        Ok(self.node.doors().log.create(&topic.into_iter().collect::<Vec<_>>()).await?)
    }

    /// Tells every partition of the old generation to drain. Those that were told before are told again.
    ///
    /// # Errors
    /// The log's own.
    pub async fn drain(&self, moving: &Moving) -> Result<(), Error> {
        let record = |partition| draining_record(self.node.codec(), &moving.old, partition, &moving.new);
        let records: Result<Vec<_>, _> = (0..moving.old.partitions).map(record).collect();
        self.node.doors().log.publisher().await?.publish(records?).await?;
        Ok(())
    }

    /// Removes the old generation's topic and all that is in it.
    ///
    /// # Errors
    /// [`Error::Config`] while it may still matter, unless `allows_loss`; the log's own.
    pub async fn remove(&self, moving: &Moving, allows_loss: bool) -> Result<(), Error> {
        if let Some(why) = self.keeps(moving).filter(|_| !allows_loss) {
            return refuse(format!("{} stays: {why}", moving.old.topic));
        }
        Ok(self.node.doors().log.remove(&[moving.old.topic.to_string()]).await?)
    }

    /// Why the old generation must stay, if it must.
    fn keeps(&self, moving: &Moving) -> Option<String> {
        if !moving.is_told() {
            return Some("it was not told to drain".to_owned());
        }
        if moving.has_moved() == Some(false) || moving.lag_records().is_some_and(|lag| lag > 0) {
            return Some("not all of it is read; see that nodes run".to_owned());
        }
        let left = moving.removable_at.since(self.node.doors().clock.now());
        (!left.is_zero()).then(|| {
            format!(
                "its works may be open, or duplicates of their tasks come, for {}; --allow-loss removes it all the same",
                in_words(left)
            )
        })
    }

    async fn moving(&self, old: &Inbox, new: &Inbox) -> Result<Moving, Error> {
        let log = &*self.node.doors().log;
        let at: Vec<TopicPartition> = (0..old.partitions)
            .map(|partition| TopicPartition::new(Arc::clone(&old.topic), partition))
            .collect();
        let starts: Vec<_> = at.iter().map(|at| (at.clone(), Start::End)).collect();
        let ends = log.reader(&starts).await?.ends().await?;
        let (draining, removable_at) = self.read(&at, new).await?;
        let names = self.node.names();
        let (readers, committed) = match &self.upkeep {
            None => (None, None),
            Some(upkeep) => {
                let group = names.inbox_group(&self.agent, old.generation);
                let committed = upkeep.committed_by(&group, &at).await?;
                let committed = committed.into_iter().map(|offset| offset.unwrap_or(0)).collect();
                let readers = upkeep.readers(&names.inbox_group(&self.agent, new.generation)).await?;
                (Some(readers), Some(committed))
            }
        };
        let (old, new) = (old.clone(), new.clone());
        Ok(Moving { old, new, readers, draining, committed, ends, removable_at })
    }

    /// What the newest records of the old generation say: where each partition is told to drain, and from when on
    /// none of them can matter.
    async fn read(&self, at: &[TopicPartition], new: &Inbox) -> Result<(Vec<Option<i64>>, Timestamp), Error> {
        let mut draining = vec![None; at.len()];
        let mut removable_at = Timestamp(0);
        let (bounds, codec) = (self.node.team.bounds, self.node.codec());
        let see = |record: Record| {
            let partition = usize::try_from(record.topic_partition.partition).unwrap_or_default();
            if let Some(found) = draining.get_mut(partition).filter(|found| found.is_none())
                && names_next(codec, &record).as_ref() == Some(new)
            {
                *found = Some(record.offset);
            }
            removable_at = removable_at.max(record.timestamp.plus(bounds.duplicates));
            if let Ok(envelope) = Envelope::read(&record.headers) {
                removable_at = removable_at.max(envelope.limits.deadline.plus(bounds.late));
            }
            None::<()>
        };
        let looked = Look::new(&*self.node.doors().log).newest(at, see).await;
        looked.map_err(|error| Error::Outside(error.to_string()))?;
        Ok((draining, removable_at))
    }
}

fn refuse<T>(message: String) -> Result<T, Error> {
    Err(Error::Config { message })
}

/// A time as an operator reads it: days and hours, or less if it is less.
fn in_words(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    match (minutes / 1_440, minutes / 60) {
        (0, 0) => format!("{minutes} min"),
        (0, hours) => format!("{hours} h {} min", minutes % 60),
        (days, hours) => format!("{days} days {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests;
