//! Reads partitions without a group.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::ADMIN;
use super::faults::{Door, Operation};
use super::shared::{Refusal, Shared, later};
use super::state::State;
use crate::error::Error;
use crate::record::{Record, TopicPartition};
use crate::room::Room;
use crate::seam::{Reader, Start};

/// Opens a reader.
pub(super) fn open(shared: &Arc<Shared>, from: &[(TopicPartition, Start)]) -> Result<Box<dyn Reader>, Error> {
    let state = shared.state();
    let mut places = Vec::with_capacity(from.len());
    for (at, start) in from {
        let next = state.topics.resolve(&*state.storage, at, *start);
        let next = next.map_err(|cause| Refusal::stop(cause).at(&ADMIN))?;
        places.push(Place { at: at.clone(), next });
    }
    drop(state);
    Ok(Box::new(MemoryReader { shared: Arc::clone(shared), places, turn: 0 }))
}

struct MemoryReader {
    shared: Arc<Shared>,
    /// In the order they were given.
    places: Vec<Place>,
    /// Which partition is served first; moves on at every read that brought records.
    turn: usize,
}

/// How far a partition was read.
struct Place {
    at: TopicPartition,
    next: i64,
}

const DOOR: Door<'static> = Door { operation: Operation::Read, group: "", instance: "", transactor: "" };

#[async_trait]
impl Reader for MemoryReader {
    async fn read(&mut self, max: usize, wait: Duration) -> Result<Vec<Record>, Error> {
        let deadline = later(Instant::now(), wait);
        self.shared.strike_plainly(&DOOR).await?;
        let shared = Arc::clone(&self.shared);
        let read =
            shared.until(Some(deadline), |state| self.fetch(state, max).map_err(|refusal| refusal.at(&DOOR)));
        Ok(read.await?.unwrap_or_default())
    }

    async fn ends(&mut self) -> Result<Vec<i64>, Error> {
        self.shared.strike_plainly(&DOOR).await?;
        let state = self.shared.state();
        let end = |place: &Place| {
            let partition = state.topics.partition(&place.at).map_err(Refusal::stop)?;
            Ok(partition.visible_end(&*state.storage)?)
        };
        self.places.iter().map(|place| end(place).map_err(|refusal: Refusal| refusal.at(&DOOR))).collect()
    }
}

impl MemoryReader {
    /// The next records, the partitions in turn; none if there are none.
    fn fetch(&mut self, state: &State, max: usize) -> Result<Option<Vec<Record>>, Refusal> {
        let (mut records, mut room) = (Vec::new(), Room::for_records(max));
        let count = self.places.len();
        for index in 0..count {
            let place = &mut self.places[(self.turn + index) % count];
            let partition = state.topics.partition(&place.at).map_err(Refusal::stop)?;
            room.fill(&mut records, partition.read(&*state.storage, &place.at, place.next, room.left())?);
            if let Some(last) = records.last().filter(|last| last.topic_partition == place.at) {
                place.next = last.offset + 1;
            }
        }
        if records.is_empty() {
            return Ok(None);
        }
        self.turn = (self.turn + 1) % count;
        Ok(Some(records))
    }
}
