//! The transaction coordinator: names, epochs, what is open, how it ends.
//!
//! A name has one living producer. What a transaction touched is remembered here; what ending it does to
//! a partition or to a group's offsets is theirs.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::faults::Fate;
use super::shared::{Refusal, later};
use super::state::State;
use super::storage::Batch;
use crate::error::{Error, Remedy};
use crate::record::TopicPartition;
use crate::seam::Committed;

/// What stands under a transactional name.
#[derive(Default)]
pub(super) struct Producer {
    /// Which of the transactors made under this name is the living one.
    epoch: u32,
    open: Option<Open>,
    /// Whether the last transaction was aborted by its time-out and its owner has not heard of it.
    timed_out: bool,
}

/// An open transaction.
struct Open {
    /// Unique among all transactions there ever were.
    number: u64,
    /// When it first touched something: from then on its time runs.
    since: Option<Instant>,
    partitions: BTreeSet<TopicPartition>,
    groups: BTreeSet<String>,
    doubt: Option<Doubt>,
}

/// What a commit whose answer was lost is waiting for.
#[derive(Clone, Copy)]
enum Doubt {
    /// The request is lost.
    Lost,
    /// The coordinator has decided; the effect shows at this time.
    Decided(Instant),
    /// The request arrives at this time, unless the transaction has ended before.
    UnderWay(Instant),
}

impl Producer {
    /// When the open transaction ends by itself, and whether committed.
    pub fn due(&self, timeout: Duration) -> Option<(Instant, bool)> {
        let open = self.open.as_ref()?;
        let timed_out = open.since.map(|since| later(since, timeout));
        match open.doubt {
            Some(Doubt::Decided(at)) => Some((at, true)),
            Some(Doubt::UnderWay(at)) if timed_out.is_none_or(|end| at < end) => Some((at, true)),
            _ => timed_out.map(|end| (end, false)),
        }
    }

    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

impl State {
    /// Makes a transactor under a name: whatever its predecessor left open is ended, and the predecessor
    /// fenced off by the new epoch.
    pub fn start_producer(&mut self, name: &str) -> u32 {
        let open = self.producers.get(name).and_then(|producer| producer.open.as_ref());
        let decided = open.is_some_and(|open| matches!(open.doubt, Some(Doubt::Decided(_))));
        self.settle_transaction(name, decided);
        let producer = self.producers.entry(name.to_owned()).or_default();
        producer.epoch += 1;
        producer.timed_out = false;
        producer.epoch
    }

    pub fn begin_transaction(&mut self, name: &str, epoch: u32) -> Result<(), Refusal> {
        let number = self.next_number();
        let producer = self.producer(name, epoch)?;
        if producer.open.is_some() {
            return Err(Refusal::stop("a transaction is open already: commit or abort it first"));
        }
        if producer.timed_out {
            return Err(timed_out());
        }
        let (partitions, groups) = (BTreeSet::new(), BTreeSet::new());
        producer.open = Some(Open { number, since: None, partitions, groups, doubt: None });
        Ok(())
    }

    /// The number of the open transaction under this name.
    pub fn transaction_number(&mut self, name: &str, epoch: u32) -> Result<u64, Refusal> {
        self.open_transaction(name, epoch).map(|open| open.number)
    }

    /// Notes which partitions the open transaction wrote to.
    pub fn touch(
        &mut self,
        name: &str,
        epoch: u32,
        partitions: BTreeSet<TopicPartition>,
    ) -> Result<(), Refusal> {
        let open = self.open_transaction(name, epoch)?;
        open.since.get_or_insert_with(Instant::now);
        open.partitions.extend(partitions);
        Ok(())
    }

    /// Adds offsets of a group to the open transaction. Whether they may be committed was checked before.
    pub fn hold_offsets(
        &mut self,
        name: &str,
        epoch: u32,
        group: &str,
        offsets: Vec<(TopicPartition, Committed)>,
    ) -> Result<(), Refusal> {
        let open = self.open_transaction(name, epoch)?;
        open.since.get_or_insert_with(Instant::now);
        open.groups.insert(group.to_owned());
        let number = open.number;
        if let Some(group) = self.groups.get_mut(group) {
            for (at, committed) in offsets {
                group.offsets.hold(number, at, committed);
            }
        }
        Ok(())
    }

    /// Commits, or leaves the commit in doubt.
    pub fn commit_transaction(&mut self, name: &str, epoch: u32, fate: Option<Fate>) -> Result<(), Refusal> {
        let now = Instant::now();
        let open = self.open_transaction(name, epoch)?;
        match fate {
            None | Some(Fate::Happened) => self.end_transaction(name, true)?,
            Some(Fate::Never) => open.doubt = Some(Doubt::Lost),
            Some(Fate::Late(after)) => open.doubt = Some(Doubt::Decided(later(now, after))),
            Some(Fate::UnderWay(after)) => open.doubt = Some(Doubt::UnderWay(later(now, after))),
        }
        match fate {
            None => Ok(()),
            Some(_) => Err(in_doubt()),
        }
    }

    /// Aborts what is open; nothing open is nothing to do.
    pub fn abort_transaction(&mut self, name: &str, epoch: u32) -> Result<(), Refusal> {
        let producer = self.producer(name, epoch)?;
        producer.timed_out = false;
        if producer.open.as_ref().is_some_and(|open| open.doubt.is_some()) {
            return Err(in_doubt());
        }
        self.end_transaction(name, false)
    }

    /// Ends a transaction whose time has come.
    pub fn end_due_transaction(&mut self, name: &str, committed: bool) {
        let committed = self.settle_transaction(name, committed);
        if let Some(producer) = self.producers.get_mut(name) {
            producer.timed_out = !committed;
        }
    }

    /// Ends a transaction although nobody could be told of an error: what cannot be kept is aborted.
    /// Returns whether it was committed.
    fn settle_transaction(&mut self, name: &str, committed: bool) -> bool {
        if self.end_transaction(name, committed).is_ok() {
            return committed;
        }
        // An abort changes nothing in the storage and so does not fail.
        let _ = self.end_transaction(name, false);
        false
    }

    /// Ends the open transaction under a name. One that the storage did not take stays open, in doubt,
    /// until its time is over: what stands in its rows is known once they are opened again.
    fn end_transaction(&mut self, name: &str, committed: bool) -> Result<(), Refusal> {
        let Some(mut open) = self.producers.get_mut(name).and_then(|producer| producer.open.take()) else {
            return Ok(());
        };
        if committed && let Err(error) = self.keep(&open) {
            open.doubt = Some(Doubt::Lost);
            if let Some(producer) = self.producers.get_mut(name) {
                producer.open = Some(open);
            }
            return Err(error.into());
        }
        for at in &open.partitions {
            if let Some(partition) = self.topics.partition_mut(at) {
                partition.end_transaction(open.number, committed);
            }
        }
        for group in &open.groups {
            if let Some(group) = self.groups.get_mut(group) {
                group.offsets.end_transaction(open.number, committed);
            }
        }
        Ok(())
    }

    /// Hands a transaction's outputs and offsets to the storage, in one piece.
    fn keep(&mut self, open: &Open) -> Result<(), Error> {
        let mut batch = Batch::default();
        for at in &open.partitions {
            let Some(partition) = self.topics.partition_mut(at) else { continue };
            let place = partition.place();
            let Some(records) = partition.take_undecided(open.number) else { continue };
            batch.records.extend(records.into_iter().map(|kept| (place, kept)));
            batch.ends.push((place, partition.end() + 1));
        }
        for group in &open.groups {
            let held =
                self.groups.get(group).into_iter().flat_map(|state| state.offsets.held_by(open.number));
            batch.offsets.extend(self.topics.placed(group, held));
        }
        self.storage.append(batch)
    }

    fn producer(&mut self, name: &str, epoch: u32) -> Result<&mut Producer, Refusal> {
        match self.producers.get_mut(name) {
            Some(producer) if producer.epoch == epoch => Ok(producer),
            _ => Err(Refusal::new(
                Remedy::Fenced,
                "a newer transactor was made under this name: stop this one",
            )),
        }
    }

    fn open_transaction(&mut self, name: &str, epoch: u32) -> Result<&mut Open, Refusal> {
        let producer = self.producer(name, epoch)?;
        match &mut producer.open {
            Some(open) if open.doubt.is_some() => Err(in_doubt()),
            Some(open) => Ok(open),
            None if producer.timed_out => Err(timed_out()),
            None => Err(Refusal::stop("no transaction is open: begin one first")),
        }
    }
}

fn timed_out() -> Refusal {
    Refusal::new(
        Remedy::Abort,
        "the transaction was open for longer than its time-out and was aborted: abort, begin again",
    )
}

fn in_doubt() -> Refusal {
    Refusal::new(
        Remedy::Unknown,
        "the answer was lost: make the transactor again under its name and read the committed offsets",
    )
}
