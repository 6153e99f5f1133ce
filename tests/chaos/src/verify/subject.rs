//! Whose topics are looked at: a team in a namespace, and what of its tasks is known without running them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use agents_team_briefing::Data;
use anyhow::Context;
use bytes::Bytes;
use infra_node::Team;
use schemas_codec::Codec;
use schemas_records::{Text, headers};
use tests_kit::verify::{PLANTED, Settled, Topics};
use topics_catalog::{Kind, Names};
use topics_log::Record;

use crate::team::{self, Errand, Way};

/// The name of the bundled team.
const BRIEFING: &str = "briefing";

/// A team in a namespace.
#[derive(Clone)]
pub struct Subject {
    /// The team.
    pub team: Team,
    /// The names of its topics and groups.
    pub names: Names,
    /// Bytes and records.
    pub codec: Codec,
    /// Most tasks that may be open in one task partition.
    pub open_max: u64,
}

/// What must come of tasks.
#[derive(Debug, Default)]
pub struct Known {
    /// How each ends, by its input as it stands in the entry inbox.
    pub calm: BTreeMap<Bytes, Settled>,
    /// The ids of those of which a step panics.
    pub deadly: BTreeSet<String>,
}

impl Subject {
    /// A team by its name, `chaos` or `briefing`, or a folder of text files.
    ///
    /// # Errors
    /// A name or a folder that is none.
    pub fn new(namespace: &str, team: &str) -> anyhow::Result<Self> {
        let team = match team {
            team::NAME => team::team("verifier"),
            BRIEFING => tributary::briefing::team(&Data::bundled()?),
            folder => {
                let loaded = agents_manifest::load(Path::new(folder));
                let loaded = loaded.map_err(|error| anyhow::anyhow!("{error}"))?;
                Team::from_manifest(&loaded).supplied_by(&loaded, Path::new(folder))
            }
        };
        let (names, codec) = (team.check(namespace)?, team.codec()?);
        Ok(Self { team, names, codec, open_max: u64::MAX })
    }

    /// Every topic that there may be, and the group that steps it, if it is an inbox.
    #[must_use]
    pub fn topics(&self) -> Vec<(String, Option<String>)> {
        const KINDS: [Kind; 8] = [
            Kind::Tasks,
            Kind::Results,
            Kind::Closings,
            Kind::DeadLetters,
            Kind::ModelRequests,
            Kind::ToolRequests,
            Kind::KnowledgeRequests,
            Kind::Timers,
        ];
        let kinds = KINDS.map(|kind| (self.names.topic(kind), None));
        let inboxes =
            self.team.agents().map(|agent| (self.names.inbox(agent), Some(self.names.group(agent))));
        kinds.into_iter().chain(inboxes).collect()
    }

    /// Every group of it and what it reads, but timers: records for them come at all times.
    #[must_use]
    pub fn reads(&self) -> Vec<(String, String)> {
        let gateway = |role: &str, kind| (self.names.group(role), self.names.topic(kind));
        let mut reads = vec![
            gateway("intake", Kind::Tasks),
            gateway("tool-gateway", Kind::ToolRequests),
            gateway("knowledge-gateway", Kind::KnowledgeRequests),
            (self.names.gateway_group("model-gateway"), self.names.topic(Kind::ModelRequests)),
        ];
        reads.extend(self.team.agents().map(|agent| (self.names.group(agent), self.names.inbox(agent))));
        reads
    }

    /// The same topics as the judge names them.
    #[must_use]
    pub fn named(&self, partitions: BTreeMap<String, i32>) -> Topics {
        let inbox = |agent| self.names.inbox(agent);
        Topics {
            tasks: self.names.topic(Kind::Tasks),
            results: self.names.topic(Kind::Results),
            closings: self.names.topic(Kind::Closings),
            dead_letters: self.names.topic(Kind::DeadLetters),
            model: self.names.topic(Kind::ModelRequests),
            supplying: [Kind::ToolRequests, Kind::KnowledgeRequests]
                .map(|kind| self.names.topic(kind))
                .into(),
            timers: self.names.topic(Kind::Timers),
            entry: self.team.agents().next().map(inbox).into_iter().collect(),
            inboxes: self.team.agents().map(inbox).collect(),
            partitions,
        }
    }

    /// What must come of the tasks among these records: of the team whose errands say it, and of no other.
    ///
    /// # Errors
    /// A result that cannot be written.
    pub fn known(&self, records: &[Record]) -> anyhow::Result<Known> {
        let mut known = Known::default();
        if self.team.name() != team::NAME {
            return Ok(known);
        }
        let tasks = self.names.topic(Kind::Tasks);
        let is_task = |record: &&Record| {
            *record.topic_partition.topic == *tasks && record.headers.get(PLANTED).is_none()
        };
        for record in records.iter().filter(is_task) {
            let errand: Errand = serde_json::from_slice(&record.value).context("read a task")?;
            let settled = match team::must_be(&errand) {
                Ok(text) => Settled::Result(self.codec.encode(&Text::new(text))?),
                Err(code) => Settled::Failure(code),
            };
            known.calm.insert(self.codec.encode(&errand)?, settled);
            if errand.way == Way::Panic {
                known.deadly.extend(record.headers.text(headers::TASK_ID).map(str::to_owned));
            }
        }
        Ok(known)
    }
}
