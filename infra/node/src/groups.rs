//! The consumer groups of a team as they stand on the brokers: members, shares, what is unread and how old it
//! is, how fast it is read. Looked at from outside: no node is asked, and none has to run.

mod figures;

use std::collections::BTreeMap;

use serde::Serialize;
use tokio::time::Instant;
use topics_catalog::{FIRST_GENERATION, Inboxes, Kind};
use topics_log::{Log, TopicDescription, TopicPartition};
use topics_log_kafka::{Bounds, Found, GroupDescription, GroupOffsets, KafkaLog, Stretch};

use self::figures::Seen;
use crate::config::Config;
use crate::gateways::{KNOWLEDGE, MODEL, TIMERS, TOOLS};
use crate::roles::{INTAKE, Node};
use crate::run::Error;

/// A role and what it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// The agent's or gateway's short name.
    pub role: String,
    /// Its consumer group.
    pub group: String,
    /// The topic that the group reads.
    pub topic: String,
    /// Of an agent: which generation of its inbox that is.
    pub generation: Option<i32>,
}

impl Reads {
    /// As it is shown and said: the role, and behind an agent's in a later generation `.g2`, since two of one agent
    /// stand beside each other while its inbox moves.
    #[must_use]
    pub fn name(&self) -> String {
        match self.generation {
            Some(generation) if generation != FIRST_GENERATION => format!("{}.g{generation}", self.role),
            _ => self.role.clone(),
        }
    }
}

impl Node {
    /// What each role that its team may run reads, intake and agents first; an agent once for each generation of
    /// its inbox among these topics, and for the first if there is none.
    #[must_use]
    pub fn reads(&self, topics: &[TopicDescription]) -> Vec<Reads> {
        let of = |role: &str, group: String, topic: String| {
            let (role, generation) = (role.to_owned(), None);
            Reads { role, group, topic, generation }
        };
        let names = self.names();
        let inboxes = Inboxes::among(names, topics);
        let of_agent = |role: &String, generation: i32, topic: String| Reads {
            generation: Some(generation),
            ..of(role, names.inbox_group(role, generation), topic)
        };
        let mut reads = vec![of(INTAKE, names.group(INTAKE), names.topic(Kind::Tasks))];
        for agent in self.agents() {
            let found = inboxes.of(&agent);
            reads.extend(
                found.iter().map(|inbox| of_agent(&agent, inbox.generation, inbox.topic.to_string())),
            );
            if found.is_empty() {
                reads.push(of_agent(&agent, FIRST_GENERATION, names.inbox(&agent)));
            }
        }
        for (role, kind) in [(TIMERS, Kind::Timers), (MODEL, Kind::ModelRequests)] {
            reads.push(of(role, names.gateway_group(role), names.topic(kind)));
        }
        for (role, _, kind) in self.supplying() {
            // Tools and knowledge are a team's own.
            debug_assert!([TOOLS, KNOWLEDGE].contains(&role));
            reads.push(of(role, names.group(role), names.topic(kind)));
        }
        reads
    }
}

/// Records, counted or estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// How many.
    pub records: u64,
    /// Whether all of them were counted. Otherwise a part of them was, and the rest is estimated by it.
    pub is_exact: bool,
}

/// A member and what it owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The instance's name.
    pub instance: String,
    /// Where it connects from.
    pub host: String,
    /// Its partitions.
    pub partitions: Vec<i32>,
}

/// How one group stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The agent's or gateway's short name ([`Reads::name`]).
    pub role: String,
    /// The group's name.
    pub group: String,
    /// The topic it reads.
    pub topic: String,
    /// `absent`, `empty`, `rebalancing`, `stable`, or `unknown` if it could not be described.
    pub state: String,
    /// Who is in it, by instance.
    pub members: Vec<Member>,
    /// The topic's partitions; 0 if there is no such topic.
    pub partitions: usize,
    /// Partitions that nobody owns.
    pub unowned: usize,
    /// The largest member's partitions over what each would have if all had the same: 1 is fair. None without
    /// members.
    pub skew: Option<f64>,
    /// Records that are readable and not committed; none if it is not known.
    pub lag: Option<Count>,
    /// How old the oldest of them is by this machine's clock, in milliseconds; none if there is none.
    pub age_ms: Option<u64>,
    /// Records committed a second between two looks; none while nothing is committed.
    pub rate: Option<f64>,
    /// The committed offset of each partition; null where there is none.
    pub committed: Vec<Option<i64>>,
    /// What else has to be said of it.
    pub notes: Vec<String>,
}

/// Where all groups and what they read stood at one moment: what the next look compares with.
pub struct Glance {
    at: Instant,
    committed: BTreeMap<TopicPartition, i64>,
    bounds: BTreeMap<TopicPartition, Bounds>,
}

impl Glance {
    /// When it was.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }
}

/// A team's groups, looked at from outside.
pub struct Groups {
    node: Node,
    log: KafkaLog,
}

/// What the brokers say of one role's group and topic.
struct Asked {
    reads: Reads,
    partitions: Vec<TopicPartition>,
    group: Result<GroupDescription, topics_log::Error>,
    committed: Result<GroupOffsets, topics_log::Error>,
}

impl Groups {
    /// Reaches the configuration's brokers.
    ///
    /// # Errors
    /// [`Error::Config`] if none are named; the log's own.
    pub async fn open(node: &Node, config: &Config) -> Result<Self, Error> {
        let brokers = config.brokers.as_deref().ok_or_else(|| Error::Config {
            message: "no brokers are named: groups are looked at on a broker".into(),
        })?;
        Ok(Self { node: node.clone(), log: KafkaLog::connect(config.kafka(brokers)?).await? })
    }

    /// Only where everything stands: the first of two looks.
    ///
    /// # Errors
    /// The log's own, if nothing at all can be seen.
    pub async fn glance(&self) -> Result<Glance, Error> {
        Ok(self.ask_all().await?.1)
    }

    /// Looks how each group stands, and how fast it went since an earlier moment: one line for each role, and
    /// where everything stands now.
    ///
    /// # Errors
    /// The log's own, if nothing at all can be seen. What cannot be seen of one group is said in its line.
    pub async fn look(&self, since: &Glance) -> Result<(Vec<Line>, Glance), Error> {
        let (asked, glance) = self.ask_all().await?;
        let unread = self.find(stretches(&asked, &glance.bounds)).await?;
        let passed = self.find(passed(since, &glance.committed)).await?;
        let seconds = glance.at.duration_since(since.at).as_secs_f64();
        let now = self.node.doors().clock.now();
        let (before, bounds) = (&since.bounds, &glance.bounds);
        let seen = Seen { bounds, before, unread: &unread, passed: &passed, seconds, now };
        Ok((asked.into_iter().map(|asked| seen.line(asked)).collect(), glance))
    }

    async fn ask_all(&self) -> Result<(Vec<Asked>, Glance), Error> {
        let topics = self.log.topics(&format!("{}.", self.node.names().namespace())).await?;
        let asked = self.ask(&topics).await?;
        let at = Instant::now();
        let all: Vec<TopicPartition> = asked.iter().flat_map(|asked| asked.partitions.clone()).collect();
        let bounds = self.log.bounds(&all).await?;
        let known = asked.iter().filter_map(|asked| asked.committed.as_ref().ok()).flatten();
        let committed = known.map(|(at, committed)| (at.clone(), committed.offset)).collect();
        Ok((asked, Glance { at, committed, bounds }))
    }

    async fn ask(&self, topics: &[TopicDescription]) -> Result<Vec<Asked>, Error> {
        let reads = self.node.reads(topics);
        let partitions = |reads: &Reads| -> Vec<TopicPartition> {
            let topic = topics.iter().find(|topic| topic.name == reads.topic);
            let count = topic.map_or(0, |topic| topic.partitions);
            (0..count).map(|partition| TopicPartition::new(reads.topic.as_str(), partition)).collect()
        };
        let of: Vec<_> = reads.iter().map(|reads| (reads.group.clone(), partitions(reads))).collect();
        let names: Vec<String> = reads.iter().map(|reads| reads.group.clone()).collect();
        let (groups, offsets) =
            futures::future::try_join(self.log.groups(&names), self.log.group_offsets(&of)).await?;
        let mut groups = groups;
        let together = reads.into_iter().zip(of).zip(offsets);
        let asked = together.map(|((reads, (name, partitions)), committed)| {
            let group = groups.remove(&name).unwrap_or_else(|| Err(unanswered(&name)));
            Asked { reads, partitions, group, committed }
        });
        Ok(asked.collect())
    }

    async fn find(
        &self,
        stretches: Vec<Stretch>,
    ) -> Result<BTreeMap<TopicPartition, (Stretch, Found)>, Error> {
        let found = self.log.look_at(&stretches).await?;
        Ok(stretches
            .into_iter()
            .zip(found)
            .map(|(stretch, found)| (stretch.at.clone(), (stretch, found)))
            .collect())
    }
}

fn unanswered(group: &str) -> topics_log::Error {
    topics_log::Error::new(
        topics_log::Remedy::Retry,
        format!("describe group {group}"),
        "there was no answer",
    )
}

/// What is unread: from the committed offset, or the first there is, to what may be read.
fn stretches(asked: &[Asked], bounds: &BTreeMap<TopicPartition, Bounds>) -> Vec<Stretch> {
    let mut all = Vec::new();
    for Asked { partitions, committed, .. } in asked {
        let Ok(committed) = committed else { continue };
        for at in partitions {
            let Some(Bounds { first, stable, .. }) = bounds.get(at) else { continue };
            let next = committed.get(at).map_or(*first, |committed| committed.offset.max(*first));
            all.push(Stretch { at: at.clone(), from: next, to: *stable });
        }
    }
    all
}

/// What was committed between two looks; all there was, where nothing was committed at the first.
fn passed(since: &Glance, committed: &BTreeMap<TopicPartition, i64>) -> Vec<Stretch> {
    let stretch = |(at, to): (&TopicPartition, &i64)| {
        let begins = || since.bounds.get(at).map(|bounds| bounds.first);
        let from = since.committed.get(at).copied().or_else(begins)?;
        Some(Stretch { at: at.clone(), from, to: *to })
    };
    committed.iter().filter_map(stretch).collect()
}
