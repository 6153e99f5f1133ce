//! A namespace of a test's own on the broker under test: its topics, its folder, its scripted provider. All
//! of it goes when the test ends, however it ends.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use infra_node::{Config, Node, Team};
use schemas_codec::Codec;
use schemas_records::Text;
use tempfile::TempDir;
use tests_integration::{BROKERS, connect, settings};
use tests_provider::Provider;
use topics_catalog::{Kind, Names, Topics};
use topics_log::{Log, NewRecord, Publisher, Reader, Record, Remedy, Start, TopicPartition};
use topics_log_kafka::Settings;

/// Within which time anything that must happen has happened, on a busy machine too; with six servers, of which one dies,
/// it once took more than a minute.
pub const SETTLE: Duration = Duration::from_secs(150);

/// A member's session: the shortest that the broker of scripts/test takes with a margin for a busy machine.
/// Who waits for a session here waits for nothing else.
pub const SESSION: Duration = Duration::from_secs(3);

/// Partitions of each topic: two are enough to see that there are several, and quick to make.
pub const PARTITIONS: i32 = 2;

/// Which team a house is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The bundled one.
    Briefing,
    /// The one agent that misbehaves when told to.
    Odd,
    /// The example of a tool that another process serves, a folder of text files.
    Parcels,
}

impl Who {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Briefing => "briefing",
            Self::Odd => "odd",
            Self::Parcels => "parcels",
        }
    }

    /// Its agents' names.
    pub fn agents(self) -> Vec<String> {
        let of = |team: &Team| team.agents().map(str::to_owned).collect();
        match self {
            Self::Briefing => of(&briefing()),
            Self::Odd => vec!["odd".to_owned()],
            Self::Parcels => vec!["desk".to_owned()],
        }
    }

    /// The gateways that it has besides, by their role, and what they read.
    pub fn supplying(self) -> &'static [(&'static str, Kind)] {
        match self {
            Self::Briefing => {
                &[("tool-gateway", Kind::ToolRequests), ("knowledge-gateway", Kind::KnowledgeRequests)]
            }
            Self::Odd | Self::Parcels => &[],
        }
    }

    /// Its folder, if it is one.
    pub fn folder(self) -> Option<&'static str> {
        let parcels = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/tools/parcels");
        (self == Self::Parcels).then_some(parcels)
    }

    fn codec(self) -> Codec {
        let team = match self {
            Self::Briefing => briefing(),
            Self::Odd => Team::new("odd").message::<Text>(),
            Self::Parcels => Team::from_manifest(&loaded(self.folder().expect("a folder"))),
        };
        team.codec().expect("the team's schemas")
    }
}

/// A team of text files.
fn loaded(folder: &str) -> agents_manifest::Loaded {
    agents_manifest::load(folder.as_ref()).expect("a team without a mistake")
}

/// The bundled team.
pub fn briefing() -> Team {
    let data = agents_team_briefing::Data::bundled().expect("the bundled tables");
    tributary::briefing::team(&data)
}

/// A namespace and what belongs to it.
pub struct House {
    /// The brokers' address.
    pub brokers: String,
    /// The namespace.
    pub namespace: String,
    /// Names of its topics and groups.
    pub names: Names,
    /// Whose topics they are.
    pub who: Who,
    /// The broker, through the runtime's own door.
    pub log: Arc<dyn Log>,
    /// Bytes and records of the team.
    pub codec: Codec,
    /// The model behind the gateway.
    pub provider: Provider,
    folder: TempDir,
}

impl House {
    /// A new house with its topics, on the broker under test.
    pub async fn new(test: &str, who: Who) -> Self {
        let brokers = std::env::var(BROKERS).unwrap_or_default();
        Self::on(&brokers, test, who).await
    }

    /// A new house with its topics, on this broker.
    pub async fn on(brokers: &str, test: &str, who: Who) -> Self {
        let house = Self::bare(brokers, test, who, Duration::ZERO).await;
        house.apply().await;
        house
    }

    /// A new house without topics; each answer of its provider takes so long.
    #[allow(clippy::disallowed_methods, reason = "a name, not a decision, comes of this time")]
    pub async fn bare(brokers: &str, test: &str, who: Who, latency: Duration) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let settings = settings();
        let brokers = if brokers.is_empty() { settings.brokers.clone() } else { brokers.to_owned() };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let namespace = format!("it-{test}-{now}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let log = connect(Settings { brokers: brokers.clone(), ..settings }).await;
        let provider = tests_provider::Settings { latency, ..tests_provider::Settings::default() };
        Self {
            names: Names::new(&namespace, who.name()).expect("names"),
            codec: who.codec(),
            provider: Provider::start(provider).await.expect("a port for the provider"),
            folder: TempDir::new().expect("a folder"),
            log: Arc::new(log),
            brokers,
            namespace,
            who,
        }
    }

    /// A new house with its topics, whose model takes its time.
    pub async fn with_latency(test: &str, who: Who, latency: Duration) -> Self {
        let brokers = std::env::var(BROKERS).unwrap_or_default();
        let house = Self::bare(&brokers, test, who, latency).await;
        house.apply().await;
        house
    }

    /// Makes its topics.
    pub async fn apply(&self) {
        let topics = Topics { partitions: PARTITIONS, replication: 1 };
        let catalog = topics_catalog::Catalog::of(&self.names, &self.who.agents(), topics);
        let catalog =
            self.who.supplying().iter().fold(catalog, |catalog, (_, kind)| catalog.with(&self.names, *kind));
        let plan = catalog.plan(&*self.log, &self.names).await.expect("a plan");
        plan.apply(&*self.log).await.expect("its topics");
    }

    /// A path in its folder, which goes with it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a node of this house is told: `key=value` pairs, those of a first instance.
    pub fn sets(&self) -> Vec<String> {
        let pairs = [
            ("brokers", self.brokers.clone()),
            ("namespace", self.namespace.clone()),
            ("data", self.path("data").display().to_string()),
            ("partitions", PARTITIONS.to_string()),
            ("model", format!("openai:{}#scripted", self.provider.base_url())),
            // The provider only words: what its calls are is counted.
            ("model_writes", "false".to_owned()),
            ("session_timeout_ms", SESSION.as_millis().to_string()),
        ];
        pairs.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    /// The `tributary` command with this house's broker and namespace, and these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_command_under_test"));
        command.args(arguments);
        if let Some(folder) = self.who.folder() {
            command.args(["--team", folder]);
        }
        for set in self.sets() {
            command.args(["--set", &set]);
        }
        command
    }

    /// Runs that command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        let run = tokio::task::spawn_blocking(move || command.output());
        run.await.expect("a thread").expect("run the command")
    }

    /// A publisher of its own.
    pub async fn publisher(&self) -> Box<dyn Publisher> {
        self.log.publisher().await.expect("a publisher")
    }

    /// Appends records.
    pub async fn publish(&self, records: Vec<NewRecord>) {
        self.publisher().await.publish(records).await.expect("publish");
    }

    /// All that a reader of committed records sees of one of its topics, each partition in order.
    pub async fn records(&self, kind: Kind) -> Vec<Record> {
        all_records(&*self.log, &self.names.topic(kind), PARTITIONS).await
    }

    /// The quiet house: the same team over a log in memory, asking the same provider.
    pub async fn quiet(&self) -> Node {
        let sets = [format!("model=openai:{}#scripted", self.provider.base_url())];
        let config = Config::read(None, [], &sets).expect("a configuration");
        let doors = infra_node::open(&config).await.expect("doors in memory");
        let node = Node::new(briefing(), doors, config.settings.clone()).expect("a node");
        let plan = node.plan(Topics { partitions: PARTITIONS, replication: 1 }).await.expect("a plan");
        plan.apply(&*node.doors().log).await.expect("its topics");
        node
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // Off this thread's async runtime, and with the command that a user has for it.
        let mut command = self.command(&["topics", "remove", "--yes"]);
        let _ = std::thread::spawn(move || command.output()).join();
    }
}

/// A reader of all partitions of a topic from their beginnings.
pub async fn reader(log: &dyn Log, topic: &str, partitions: i32) -> Box<dyn Reader> {
    let from: Vec<_> = (0..partitions).map(|p| (TopicPartition::new(topic, p), Start::Beginning)).collect();
    let deadline = Instant::now() + SETTLE;
    loop {
        match log.reader(&from).await {
            Ok(reader) => return reader,
            // A topic that was made a moment ago.
            Err(error) if error.remedy == Remedy::Retry && Instant::now() < deadline => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// All that a reader of committed records sees of a topic now, each partition in order.
pub async fn all_records(log: &dyn Log, topic: &str, partitions: i32) -> Vec<Record> {
    let mut reader = reader(log, topic, partitions).await;
    let ends = reader.ends().await.expect("ends");
    let (mut all, mut next) = (Vec::new(), vec![0; ends.len()]);
    let deadline = Instant::now() + SETTLE;
    while next.iter().zip(&ends).any(|(next, end)| next < end) {
        assert!(Instant::now() < deadline, "read {topic} to {next:?} of {ends:?}");
        for record in reader.read(10_000, Duration::from_millis(100)).await.expect("read") {
            next[usize::try_from(record.topic_partition.partition).unwrap_or(0)] = record.offset + 1;
            all.push(record);
        }
    }
    all.sort_by_key(|record: &Record| (record.topic_partition.partition, record.offset));
    all
}
