//! The tape of one agent: the records of its inboxes that were stepped in the stretch, as far as their works begin
//! in it.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use schemas_records::headers::KIND;
use schemas_records::{Key, Kind};
use topics_log::{Error, Log, NewRecord, Record, Remedy, TopicPartition};

use super::compare::StepOf;
use super::makers::place;
use super::report::NotAudited;
use super::rerun::Tape;
use super::rows::Rows;
use super::table::Table;
use super::track::Track;
use super::{Stepped, Stretch};

/// Most keys of which it is remembered that they are not stepped any more.
const GIVEN_UP_MAX: usize = 100_000;

/// One agent's tape.
pub(super) struct Reel {
    pub agent: Arc<str>,
    pub log: Arc<dyn Log>,
    pub rows: Arc<Rows>,
    pub table: Arc<Table>,
    pub stretch: Stretch,
    /// Up to where each partition was stepped.
    pub stepped: Arc<Stepped>,
    /// Places of records whose steps never returned.
    pub deadly: Arc<BTreeSet<String>>,
    tracks: tokio::sync::Mutex<HashMap<Arc<str>, Reading>>,
    state: Mutex<State>,
}

/// A topic that is being read.
struct Reading {
    track: Track,
    read: VecDeque<(Record, bool)>,
}

/// What was seen on the way.
#[derive(Default)]
pub(super) struct State {
    /// Partitions of which not everything is read from their beginning.
    cut: HashSet<TopicPartition>,
    /// Works that are not stepped any more, and why.
    given_up: HashMap<Key, NotAudited>,
    /// Records read, and works begun.
    pub read: u64,
    pub works: u64,
    /// The record that was given last.
    pub last: Option<Record>,
    /// Why it could not be read on.
    pub failed: Option<Error>,
}

impl Reel {
    pub fn new(
        agent: Arc<str>,
        log: Arc<dyn Log>,
        rows: Arc<Rows>,
        table: Arc<Table>,
        stretch: Stretch,
        stepped: Arc<Stepped>,
        deadly: Arc<BTreeSet<String>>,
    ) -> Self {
        let (tracks, state) = (tokio::sync::Mutex::default(), Mutex::default());
        Self { agent, log, rows, table, stretch, stepped, deadly, tracks, state }
    }

    pub fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether something that lies before what is read may be missed.
    pub fn is_cut(&self) -> bool {
        self.rows.has_forgotten() || self.state(|state| !state.cut.is_empty())
    }

    /// The next record of a topic that is to be stepped.
    async fn advance(&self, of: &[TopicPartition]) -> Result<Option<Record>, Error> {
        let Some(topic) = of.first().map(|at| Arc::clone(&at.topic)) else { return Ok(None) };
        let mut tracks = self.tracks.lock().await;
        if !tracks.contains_key(&topic) {
            let track = Track::open(&*self.log, of, Some(&*self.stepped)).await?;
            tracks.insert(Arc::clone(&topic), Reading { track, read: VecDeque::new() });
        }
        let Some(reading) = tracks.get_mut(&topic) else { return Ok(None) };
        loop {
            while let Some((record, is_first)) = reading.read.pop_front() {
                if reading.track.holds(&record) && self.is_stepped(&record, is_first)? {
                    let may = self.table.may_make(&self.agent, record.timestamp).await;
                    return Ok(may.then_some(record));
                }
            }
            if reading.track.is_over() {
                return Ok(None);
            }
            reading.read.extend(reading.track.read().await?);
        }
    }

    /// Whether a record is to be stepped; notes why not.
    fn is_stepped(&self, record: &Record, is_first: bool) -> Result<bool, Error> {
        let is_early = self.stretch.from.is_some_and(|from| record.timestamp < from);
        if is_early || (is_first && record.offset > 0) {
            self.state(|state| state.cut.insert(record.topic_partition.clone()));
        }
        if is_early || self.stretch.to.is_some_and(|to| record.timestamp > to) {
            return Ok(false);
        }
        self.state(|state| state.read += 1);
        let Some(why) = self.why_not(record) else { return Ok(true) };
        self.table.meet(|both| both.skip(record, why));
        if why != NotAudited::BeganBefore {
            let given_up = self.state(|state| {
                state.given_up.insert(record.key.clone(), why);
                state.given_up.len()
            });
            if given_up > GIVEN_UP_MAX {
                let cause =
                    format!("more than {GIVEN_UP_MAX} works cannot be audited: take a shorter stretch");
                return Err(Error::new(Remedy::Stop, format!("audit {}", self.agent), cause));
            }
        }
        Ok(false)
    }

    /// Why a record cannot be stepped, if it cannot: what it stands on is not known.
    fn why_not(&self, record: &Record) -> Option<NotAudited> {
        let at = &record.topic_partition;
        if self.deadly.contains(&place(at, record.offset)) {
            return Some(NotAudited::NeverReturned);
        }
        if let Some(why) = self.state(|state| state.given_up.get(&record.key).copied()) {
            return Some(why);
        }
        if self.rows.knows(&record.key) {
            return None;
        }
        match record.headers.text(KIND).and_then(Kind::parse)? {
            Kind::Input | Kind::Expectation if self.rows.is_full() => Some(NotAudited::TooManyOpen),
            Kind::Input | Kind::Expectation => {
                self.state(|state| state.works += 1);
                None
            }
            Kind::Answer | Kind::Part | Kind::Timer | Kind::Cancellation => {
                let is_cut = self.rows.has_forgotten() || self.state(|state| state.cut.contains(at));
                is_cut.then_some(NotAudited::BeganBefore)
            }
            Kind::Result | Kind::Refused | Kind::Closing | Kind::Draining => None,
        }
    }
}

#[async_trait]
impl Tape for Reel {
    async fn next(&self, of: &[TopicPartition]) -> Result<Option<Record>, Error> {
        let next = self.advance(of).await;
        match &next {
            Ok(record) => self.state(|state| {
                state.last.clone_from(record);
                state.failed = None;
            }),
            Err(error) => self.state(|state| state.failed = Some(error.clone())),
        }
        next
    }

    fn said(&self, record: &Record, outputs: Vec<NewRecord>) {
        let is_cut =
            self.rows.has_forgotten() || self.state(|state| state.cut.contains(&record.topic_partition));
        let step = StepOf::new(&self.agent, record, is_cut);
        self.table.meet(|both| both.made(step, outputs));
    }
}
