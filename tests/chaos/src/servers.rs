//! The servers, and the network before them: who leads, who is killed and comes back, what passes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rustix::process::Signal;
use tests_stack::{Forward, Sky, Stack};

use crate::plan::{Door, Means};

/// Where the servers are.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The brokers, separated by commas.
    pub brokers: String,
    /// The nodes of the store.
    pub cql: String,
    /// Where each broker listens for what comes through a network of ours; none without one.
    pub proxied: Option<String>,
    /// Where each broker's clients are told to come for that.
    pub proxy: Option<String>,
    /// The folder of `scripts/stack`, if the servers are this run's own.
    pub stack: Option<PathBuf>,
}

/// How long a broker may take to say who leads.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// The topic whose leaders coordinate transactions.
const TRANSACTIONS: &str = "__transaction_state";

/// Servers and network.
pub struct Servers {
    places: Places,
    stack: Option<Arc<Stack>>,
    doors: BTreeMap<Door, Vec<Forward>>,
}

impl Servers {
    /// Lays the network before the servers. The store's is for one node of it: its clients find the others by
    /// themselves.
    ///
    /// # Errors
    /// A port that is taken.
    pub fn new(places: Places) -> anyhow::Result<Self> {
        let mut doors = BTreeMap::new();
        if let (Some(to), Some(from)) = (&places.proxied, &places.proxy) {
            let pairs = from.split(',').zip(to.split(','));
            let forwards = pairs.map(|(from, to)| forward(from, to)).collect::<anyhow::Result<_>>()?;
            doors.insert(Door::Kafka, forwards);
        }
        if !places.cql.contains(',') {
            doors.insert(Door::Cql, vec![forward("127.0.0.1:0", &places.cql)?]);
        }
        let stack = places.stack.as_deref().map(|folder| Arc::new(Stack::of(folder)));
        Ok(Self { places, stack, doors })
    }

    /// What there is to break.
    #[must_use]
    pub fn means(&self) -> Means {
        Means {
            servers: self.stack.is_some(),
            brokers: self.stack.is_some() && self.brokers() > 1,
            kafka_door: self.doors.contains_key(&Door::Kafka),
            cql_door: self.doors.contains_key(&Door::Cql),
        }
    }

    /// The brokers, as nodes are told of them.
    #[must_use]
    pub fn brokers_for_nodes(&self) -> String {
        self.door(Door::Kafka).unwrap_or_else(|| self.places.brokers.clone())
    }

    /// The store, as nodes are told of it.
    #[must_use]
    pub fn cql_for_nodes(&self) -> String {
        self.door(Door::Cql).unwrap_or_else(|| self.places.cql.clone())
    }

    fn door(&self, door: Door) -> Option<String> {
        let addresses = self.doors.get(&door)?.iter().map(|forward| forward.address.to_string());
        Some(addresses.collect::<Vec<_>>().join(","))
    }

    /// How many brokers there are.
    #[must_use]
    pub fn brokers(&self) -> usize {
        self.places.brokers.split(',').count()
    }

    /// How many nodes the store has.
    #[must_use]
    pub fn cql_nodes(&self) -> usize {
        self.places.cql.split(',').count()
    }

    /// Changes the network before a door.
    pub fn set(&self, door: Door, sky: Sky) {
        for forward in self.doors.get(&door).into_iter().flatten() {
            forward.set(sky);
        }
    }

    /// The broker that leads a partition of a topic, by its number.
    ///
    /// # Errors
    /// Brokers that do not answer, a partition without a leader.
    pub async fn leader(&self, topic: &str, partition: usize) -> anyhow::Result<usize> {
        let (brokers, topic) = (self.places.brokers.clone(), topic.to_owned());
        let ask = move || {
            let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", brokers).create()?;
            let metadata = client.fetch_metadata(Some(&topic), ANSWER_MAX)?;
            let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            let leader = partitions.map(|it| (it.id(), it.leader()));
            let found =
                leader.filter(|(id, _)| usize::try_from(*id) == Ok(partition)).map(|(_, it)| it).next();
            usize::try_from(found.context("no such partition")?).context("a partition without a leader")
        };
        tokio::task::spawn_blocking(ask).await?
    }

    /// The broker that coordinates the transactions of one in so many ids: those whose state lies in this
    /// partition.
    ///
    /// # Errors
    /// See [`Servers::leader`].
    pub async fn coordinator(&self, partition: usize) -> anyhow::Result<usize> {
        self.leader(TRANSACTIONS, partition).await
    }

    /// Kills a server, or brings it back: `kafka:2`.
    ///
    /// # Errors
    /// What `scripts/stack` says.
    pub async fn run(&self, command: &'static str, server: &str) -> anyhow::Result<()> {
        let (stack, server) = (self.stack()?, server.to_owned());
        let run = move || stack.try_run(command, &[&server]).map(drop).map_err(anyhow::Error::msg);
        tokio::task::spawn_blocking(run).await?
    }

    /// Stops a server's process in the middle of whatever it does, or lets it go on.
    ///
    /// # Errors
    /// One that does not run.
    pub fn freeze(&self, server: &str, is_frozen: bool) -> anyhow::Result<()> {
        let signal = if is_frozen { Signal::STOP } else { Signal::CONT };
        self.stack()?.try_signal(server, signal).with_context(|| format!("signal {server}"))
    }

    fn stack(&self) -> anyhow::Result<Arc<Stack>> {
        self.stack.clone().context("these servers are others' too: none of them may be broken")
    }
}

fn forward(from: &str, to: &str) -> anyhow::Result<Forward> {
    let (host, port) = from.rsplit_once(':').context("an address is HOST:PORT")?;
    Forward::at((host, port.parse()?), to).with_context(|| format!("listen at {from}"))
}
