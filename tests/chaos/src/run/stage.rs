//! What a run stands on: topics, a keyspace, a provider, nodes. All of it goes in the end.

use std::path::Path;
use std::sync::Arc;

use infra_node::{Config, Node, open};
use tests_bench::arena::{connect, new_name};
use tests_bench::cql::Ground;
use tests_provider::Provider;
use topics_catalog::{Kind, Topics};
use topics_log::Log;

use super::Settings;
use crate::fleet::Fleet;
use crate::servers::Servers;
use crate::strike::{Field, SESSION};
use crate::team;
use crate::verify::Subject;
use crate::watch::Watch;

/// Partitions of every topic: each of four nodes has one of each.
const PARTITIONS: i32 = 4;

/// How long each call to the model takes: long against everything else, so that kills meet calls in flight.
const MODEL_LATENCY: std::time::Duration = std::time::Duration::from_millis(200);

/// Calls in flight at most in one node: what a kill may cost.
pub const CALLS_IN_FLIGHT: u64 = 32;

/// Most tasks that are open at once, over all partitions: nodes' own default, said here because it is judged.
const OPEN_MAX: u64 = 1_000;

/// Nodes at the beginning.
const NODES: usize = 2;

/// What a run stands on.
pub struct Stage {
    /// Where faults strike; taken by the run.
    pub field: Option<Field>,
    /// Whose topics they are.
    pub subject: Subject,
    /// The model behind the gateway.
    pub provider: Provider,
    /// Where tasks go.
    pub tasks_topic: String,
    log: Arc<dyn Log>,
    ground: Ground,
}

impl Stage {
    /// Makes everything and starts the first nodes.
    ///
    /// # Errors
    /// Servers that cannot be reached.
    pub async fn set(settings: &Settings) -> anyhow::Result<Self> {
        let (places, namespace) = (&settings.places, new_name().replace("bench", "chaos"));
        let mut subject = Subject::new(&namespace, team::NAME)?;
        subject.open_max = OPEN_MAX / PARTITIONS.unsigned_abs() as u64;
        let latency = tests_provider::Settings { latency: MODEL_LATENCY, ..Default::default() };
        let provider = Provider::start(latency).await?;
        let ground = Ground::make(&places.cql).await?;
        let servers = Servers::new(places.clone())?;
        let plain = [
            format!("namespace={namespace}"),
            "log=warn,scylla=off".to_owned(),
            format!("model=openai:{}#scripted", provider.base_url()),
            // The provider only words.
            "model_writes=false".to_owned(),
            format!("partitions={PARTITIONS}"),
            format!("open_tasks_max={OPEN_MAX}"),
            format!("calls_in_flight_max={CALLS_IN_FLIGHT}"),
            format!("session_timeout_ms={}", SESSION.as_millis()),
        ];
        make_topics(&plain, &places.brokers).await?;
        let mut sets = plain.to_vec();
        sets.push(format!("brokers={}", servers.brokers_for_nodes()));
        sets.push(format!("cql={}", servers.cql_for_nodes()));
        sets.push(format!("cql_keyspace={}", ground.settings.keyspace));
        let mut fleet = Fleet::new(sets, &settings.folder.join("nodes"))?;
        for at in 0..NODES {
            fleet.start(at, None)?;
        }
        let results = subject.names.topic(Kind::Results);
        let watch = Watch::begin(&places.brokers, &results, PARTITIONS, settings.tasks)?;
        let inbox = subject.team.agents().next().map(|agent| subject.names.inbox(agent)).unwrap_or_default();
        let partitions = usize::try_from(PARTITIONS)?;
        let tasks_topic = subject.names.topic(Kind::Tasks);
        let log = connect(&places.brokers).await?;
        let field = Some(Field { fleet, servers, watch, inbox, partitions });
        Ok(Self { field, subject, provider, tasks_topic, log, ground })
    }

    /// Removes topics and keyspace. Nodes must have ended.
    ///
    /// # Errors
    /// Servers that are gone.
    pub async fn strike(self) -> anyhow::Result<()> {
        let topics = self.log.topics(&format!("{}.", self.subject.names.namespace())).await?;
        self.log.remove(&topics.into_iter().map(|topic| topic.name).collect::<Vec<_>>()).await?;
        self.ground.strike().await
    }
}

/// The team's topics, as a node would make them.
async fn make_topics(sets: &[String], brokers: &str) -> anyhow::Result<()> {
    let mut sets = sets.to_vec();
    sets.push(format!("brokers={brokers}"));
    // It runs nothing: what it would keep goes at once.
    let data = tempfile::tempdir()?;
    sets.push(format!("data={}", shown(data.path())));
    let config = Config::read(None, [], &sets)?;
    let node = Node::new(team::team("founder"), open(&config).await?, config.settings.clone())?;
    let plan = node.plan(Topics { partitions: PARTITIONS, replication: 0 }).await?;
    Ok(plan.apply(&*node.doors().log).await?)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
