//! A member of a group: the asking side. Its client lives on a thread of its own ([`worker`]).

mod places;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use topics_log::{Assignment, Committed, Consumer, Error, Group, OffsetCommit, Polled, Start, Transactor};

use self::worker::Worker;
use crate::arrivals::Arrivals;
use crate::desk::Desk;
use crate::ownership::Ownership;
use crate::settings::Settings;
use crate::transactor::KafkaTransactor;

/// How long [`Consumer::close`] waits for the client: a static member leaves without asking anybody, so
/// only a hung client takes longer.
const CLOSE_BOUND: Duration = Duration::from_secs(10);

/// A member of a group.
pub(crate) struct KafkaConsumer {
    settings: Settings,
    group: Group,
    desk: Desk<Worker>,
    arrivals: Arc<Arrivals>,
    ownership: Arc<Ownership>,
}

impl KafkaConsumer {
    /// Joins a group.
    pub(crate) async fn join(settings: Settings, group: Group, topics: &[&str]) -> Result<Self, Error> {
        let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        let arrivals = Arc::new(Arrivals::default());
        let ownership = Arc::new(Ownership::default());
        let make = {
            let (settings, group) = (settings.clone(), group.clone());
            let (ownership, arrivals) = (Arc::clone(&ownership), Arc::clone(&arrivals));
            move || Worker::join(settings, group, topics, ownership, arrivals)
        };
        let desk = Desk::open(&format!("kafka-consumer {}", group.id), make).await?;
        Ok(Self { settings, group, desk, arrivals, ownership })
    }

    fn attempted(&self, what: &str) -> String {
        format!("{what} group {} as {}", self.group.id, self.group.instance)
    }
}

#[async_trait]
impl Consumer for KafkaConsumer {
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, Error> {
        // What a poll that was abandoned brought lies here already.
        if let Some(polled) = self.arrivals.take(max)? {
            return Ok(polled);
        }
        let attempted = self.attempted("poll");
        self.desk.ask(&attempted, move |worker, asker| worker.fill(max, wait, asker)).await?;
        Ok(self.arrivals.take(max)?.unwrap_or_else(|| Polled::Records(Vec::new())))
    }

    async fn committed(&mut self, of: &[Assignment]) -> Result<Vec<Option<Committed>>, Error> {
        let partitions: Vec<_> = of.iter().map(|one| one.topic_partition.clone()).collect();
        let attempted = self.attempted("read the committed offsets of");
        let bound = self.settings.transaction_timeout + places::SETTLE_MARGIN;
        self.desk
            .ask(&attempted.clone(), move |worker, asker| {
                worker.committed(&partitions, bound, attempted, asker)
            })
            .await
    }

    async fn read_from(&mut self, at: &[(Assignment, Start)]) -> Result<(), Error> {
        let places = at.to_vec();
        let attempted = self.attempted("begin to read for");
        self.desk.ask(&attempted.clone(), move |worker, _| worker.read_from(&places, &attempted)).await
    }

    async fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error> {
        let offsets = offsets.to_vec();
        let attempted = self.attempted("commit offsets of");
        self.desk.ask(&attempted.clone(), move |worker, _| worker.commit(&offsets, &attempted)).await
    }

    async fn transactor(&mut self, name: &str) -> Result<Box<dyn Transactor>, Error> {
        let ownership = Arc::clone(&self.ownership);
        let transactor = KafkaTransactor::open(&self.settings, name, ownership).await?;
        Ok(Box::new(transactor))
    }

    async fn close(self: Box<Self>) {
        self.desk.close(CLOSE_BOUND).await;
    }
}
