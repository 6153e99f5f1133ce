//! A member as the cases drive it: it follows its group, starts at the committed offsets, remembers what
//! it saw, and can copy what it reads in transactions, as a worker would.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use topics_log::{
    Assignment, Committed, Consumer, Error, NewRecord, OffsetCommit, Polled, Record, Remedy, Start,
    TopicPartition, Transactor,
};

use super::{Scene, Timing};

/// How long one poll of a case waits: short, so that several members can be driven in turn.
const TURN: Duration = Duration::from_millis(50);

/// A member and what it knows.
pub struct Member {
    pub consumer: Box<dyn Consumer>,
    /// What it owns, as far as it knows.
    pub owned: BTreeMap<TopicPartition, Assignment>,
    /// Every record it was given, in that order.
    pub seen: Vec<Record>,
    /// How often its assignment changed.
    pub changes: usize,
    timing: Timing,
}

impl Member {
    /// Joins the case's group.
    pub async fn join(scene: &Scene, instance: &str, topic: &str) -> Result<Self, Error> {
        let consumer = scene.log.join(scene.group(instance), &[topic]).await?;
        Ok(Self { consumer, owned: BTreeMap::new(), seen: Vec::new(), changes: 0, timing: scene.timing })
    }

    /// Joins and waits until it owns so many partitions.
    pub async fn owning(
        scene: &Scene,
        instance: &str,
        topic: &str,
        partitions: usize,
    ) -> Result<Self, Error> {
        let mut member = Self::join(scene, instance, topic).await?;
        member.until(|member| member.owned.len() == partitions).await?;
        assert_eq!(member.owned.len(), partitions, "partitions assigned to {instance} in time");
        Ok(member)
    }

    /// Within which time anything that must happen has happened.
    pub fn settle(&self) -> Duration {
        self.timing.settle
    }

    /// One poll; what it brought is remembered, and returned if it was records.
    pub async fn turn(&mut self, max: usize) -> Result<Vec<Record>, Error> {
        match self.consumer.poll(max, TURN).await {
            Ok(Polled::Records(records)) => {
                self.seen.extend(records.iter().cloned());
                return Ok(records);
            }
            Ok(Polled::Assigned(assigned)) => self.start(assigned).await?,
            Ok(Polled::Revoked(revoked)) => {
                self.changes += 1;
                for assignment in revoked {
                    assert!(!assignment.token.is_alive(), "the token of what was revoked is dead");
                    self.owned.remove(&assignment.topic_partition);
                }
            }
            Err(error) if error.remedy == Remedy::Retry => {}
            Err(error) => return Err(error),
        }
        Ok(Vec::new())
    }

    /// Polls until something is so, at most for the time in which everything settles.
    pub async fn until(&mut self, done: impl Fn(&Self) -> bool) -> Result<(), Error> {
        let deadline = Instant::now() + self.timing.settle;
        while !done(self) && Instant::now() < deadline {
            self.turn(100).await?;
        }
        Ok(())
    }

    /// Takes new partitions and reads on where the group's commits end.
    async fn start(&mut self, assigned: Vec<Assignment>) -> Result<(), Error> {
        self.changes += 1;
        for assignment in &assigned {
            assert!(assignment.token.is_alive(), "the token of what was assigned lives");
            self.owned.insert(assignment.topic_partition.clone(), assignment.clone());
        }
        self.read_on(&assigned).await
    }

    /// Reads partitions from their committed offsets, or from the beginning.
    async fn read_on(&mut self, of: &[Assignment]) -> Result<(), Error> {
        let committed = committed(&mut *self.consumer, of, self.timing).await?;
        let place = |found: &Option<Committed>| {
            found.as_ref().map_or(Start::Beginning, |found| Start::At(found.offset))
        };
        let starts: Vec<_> = of.iter().cloned().zip(committed.iter().map(place)).collect();
        begin(&mut *self.consumer, &starts, self.timing).await
    }

    /// The committed offset of the one partition a case is about.
    pub async fn committed(&mut self, topic: &str, partition: i32) -> Result<Option<Committed>, Error> {
        let assignment = self.assignment(topic, partition);
        let mut found = committed(&mut *self.consumer, &[assignment], self.timing).await?;
        Ok(found.pop().flatten())
    }

    /// The one partition it owns.
    pub fn only(&self) -> TopicPartition {
        assert_eq!(self.owned.len(), 1, "partitions owned");
        self.owned.keys().next().cloned().unwrap_or_else(|| TopicPartition::new("", 0))
    }

    /// What it owns of a topic's partition.
    pub fn assignment(&self, topic: &str, partition: i32) -> Assignment {
        let found = self.owned.get(&TopicPartition::new(topic, partition));
        assert!(found.is_some(), "{topic}/{partition} is owned");
        found.cloned().unwrap_or_else(|| Assignment {
            topic_partition: TopicPartition::new(topic, partition),
            token: topics_log::Token::default(),
        })
    }

    /// An offset of a partition it owns.
    pub fn offset(&self, topic: &str, partition: i32, next: i64, metadata: &str) -> OffsetCommit {
        OffsetCommit { assignment: self.assignment(topic, partition), next, metadata: metadata.into() }
    }

    /// One turn of a worker: reads a batch and copies it, with its offsets, in one transaction. Returns
    /// how many records were copied.
    pub async fn copy(&mut self, transactor: &mut dyn Transactor, to: &str) -> Result<usize, Error> {
        let records = self.turn(7).await?;
        if records.is_empty() {
            return Ok(0);
        }
        match self.copy_batch(transactor, to, &records).await {
            Ok(()) => Ok(records.len()),
            Err(error) if matches!(error.remedy, Remedy::Lost | Remedy::Abort) => {
                transactor.abort().await?;
                let alive: Vec<_> =
                    self.owned.values().filter(|owned| owned.token.is_alive()).cloned().collect();
                self.read_on(&alive)
                    .await
                    .or_else(|error| if error.remedy == Remedy::Lost { Ok(()) } else { Err(error) })?;
                Ok(0)
            }
            Err(error) => Err(error),
        }
    }

    async fn copy_batch(
        &mut self,
        transactor: &mut dyn Transactor,
        to: &str,
        from: &[Record],
    ) -> Result<(), Error> {
        let outputs = from.iter().map(|record| NewRecord {
            topic: to.into(),
            partition: Some(record.topic_partition.partition),
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record.headers.clone(),
        });
        let mut next = BTreeMap::new();
        for record in from {
            next.insert(record.topic_partition.clone(), record.offset + 1);
        }
        let mut offsets = Vec::new();
        for (at, next) in next {
            offsets.push(self.offset(&at.topic, at.partition, next, ""));
        }
        transact(transactor, outputs.collect(), &offsets).await
    }
}

/// Asks for committed offsets, patiently.
async fn committed(
    consumer: &mut dyn Consumer,
    of: &[Assignment],
    timing: Timing,
) -> Result<Vec<Option<Committed>>, Error> {
    let patience = timing.patience();
    loop {
        let found = consumer.committed(of).await;
        if !patience.again(found.as_ref().err()).await {
            return found;
        }
    }
}

/// Begins to read, patiently.
pub async fn begin(
    consumer: &mut dyn Consumer,
    at: &[(Assignment, Start)],
    timing: Timing,
) -> Result<(), Error> {
    let patience = timing.patience();
    loop {
        let begun = consumer.read_from(at).await;
        if !patience.again(begun.as_ref().err()).await {
            return begun;
        }
    }
}

/// One whole transaction.
pub async fn transact(
    transactor: &mut dyn Transactor,
    outputs: Vec<NewRecord>,
    offsets: &[OffsetCommit],
) -> Result<(), Error> {
    transactor.begin().await?;
    transactor.produce(outputs).await?;
    transactor.send_offsets(offsets).await?;
    transactor.commit().await
}
