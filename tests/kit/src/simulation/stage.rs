//! A stage for stories about ownership: one inbox, owners that come and go, and every fault exactly where
//! it is wanted.
//!
//! The owners are the runtime's own workers; the handler is the simplest one that shows everything: a
//! key's state is the text of its records so far, each with the mark of the code that stepped it, and each
//! step says the whole state. So what stands on the outputs' topic tells what every step had read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::protocol::DeadLetter;
use schemas_records::{Headers, Key};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use topics_log::memory::{Door, Faults, MemoryLog, NoFaults, Operation, Strike};
use topics_log::{Clock, Error as LogError, Group, Log, NewRecord, NewTopic, VirtualClock};
use topics_runtime::worker::{Parts, Settings, run};
use topics_runtime::{DeadReason, Error, Handler, Input, Moment, NewState, Probe, Step, Stopped};
use topics_state::memory::{self as state, MemoryStore};
use topics_state::{Owner as OwnerRow, Slot, StateStore};

use super::world::EPOCH;

/// The group of all owners; also the name their state is filed under.
pub const GROUP: &str = "stage.tally";
/// The inbox.
pub const INBOX: &str = "stage.inbox";
/// What steps say.
pub const OUTPUTS: &str = "stage.outputs";
/// Where dead letters go.
pub const DEAD: &str = "stage.dead";

/// Longest a story waits for anything: beyond every time-out there is.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// How long a tombstone lives.
pub const TOMBSTONE_LIVES: Duration = Duration::from_secs(60);

/// The handler. Its code is its mark, which a story may change as if a prompt had been reloaded.
#[derive(Default)]
pub struct Tally {
    mark: Mutex<String>,
}

impl Tally {
    /// From now on steps bear this mark. With the mark `-` a record changes nothing.
    pub fn reload(&self, mark: &str) {
        mark.clone_into(&mut lock(&self.mark));
    }
}

impl Handler for Tally {
    fn step(&self, input: &Input<'_>) -> Result<Step, Stopped> {
        let mark = lock(&self.mark).clone();
        let before = input.state.map(|version| String::from_utf8_lossy(&version.value).into_owned());
        let before = before.unwrap_or_default();
        let text = String::from_utf8_lossy(&input.record.value).into_owned();
        if mark == "-" {
            // Nothing changed: what there was, or nothing.
            let state = match input.state.filter(|version| !version.value.is_empty()) {
                Some(version) => NewState::Value(version.value.clone()),
                None => NewState::Absent { value: Bytes::new(), lives: Duration::from_secs(3_600) },
            };
            return Ok(Step {
                state,
                outputs: vec![said(&input.record.key, &before)],
                dead: None,
                notes: vec![],
            });
        }
        let after = if before.ends_with(".end") { before } else { format!("{before}{mark}{text}") };
        let value = Bytes::from(after.clone());
        let state = if after.ends_with(".end") {
            NewState::Ended { value, lives: TOMBSTONE_LIVES }
        } else {
            NewState::Value(value)
        };
        Ok(Step { state, outputs: vec![said(&input.record.key, &after)], dead: None, notes: vec![] })
    }

    fn fail(&self, input: &Input<'_>, reason: &DeadReason) -> Result<Step, Stopped> {
        let mut step = self.step(input)?;
        step.dead = Some(reason.clone());
        Ok(step)
    }
}

fn said(key: &Key, text: &str) -> NewRecord {
    NewRecord {
        topic: OUTPUTS.into(),
        partition: None,
        key: key.clone(),
        value: Bytes::from(text.to_owned()),
        headers: Headers::new(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Strikes of the log that are still to come: the operation, the instance, how many such calls pass
/// before, what happens. The first that fits is taken.
#[derive(Default)]
struct Aimed(Mutex<Vec<(Operation, String, usize, Strike)>>);

impl Faults for Aimed {
    fn strike(&self, door: &Door<'_>) -> Strike {
        let mut strikes = lock(&self.0);
        let fits = |(operation, instance, ..): &(Operation, String, usize, Strike)| {
            *operation == door.operation && instance == door.instance
        };
        let Some(at) = strikes.iter().position(fits) else { return Strike::None };
        if strikes[at].2 > 0 {
            strikes[at].2 -= 1;
            return Strike::None;
        }
        strikes.remove(at).3
    }
}

/// Strikes of one owner's store that are still to come.
#[derive(Default)]
struct AimedStore(Mutex<Vec<(state::Door, usize, state::Strike)>>);

impl state::Faults for AimedStore {
    fn strike(&self, door: state::Door) -> state::Strike {
        let mut strikes = lock(&self.0);
        let Some(at) = strikes.iter().position(|(of, ..)| *of == door) else { return state::Strike::None };
        let strike = strikes[at].2;
        match &mut strikes[at].1 {
            1 => drop(strikes.remove(at)),
            times => *times -= 1,
        }
        strike
    }
}

/// Where an owner is to stand still, and where it does.
#[derive(Default)]
struct Gates {
    closed: Mutex<BTreeSet<Moment>>,
    stands: Mutex<BTreeSet<Moment>>,
    changed: tokio::sync::Notify,
}

#[async_trait]
impl Probe for Gates {
    async fn at(&self, _: &str, moment: Moment) {
        while lock(&self.closed).contains(&moment) {
            let changed = self.changed.notified();
            lock(&self.stands).insert(moment);
            changed.await;
        }
        lock(&self.stands).remove(&moment);
    }
}

/// The stage.
pub struct Stage {
    /// The log.
    pub log: MemoryLog,
    /// The store, seen without trouble.
    pub store: MemoryStore,
    /// What every worker is told; stories may change it before an owner starts.
    pub settings: Settings,
    clock: Arc<dyn Clock>,
    aimed: Arc<Aimed>,
    codec: Codec,
}

/// One owner: a worker that runs.
pub struct Owner {
    /// Its code.
    pub code: Arc<Tally>,
    gates: Arc<Gates>,
    strikes: Arc<AimedStore>,
    leave: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
}

impl Stage {
    /// An empty stage with one partition. Call it inside a paused runtime.
    ///
    /// # Errors
    /// A sentence; none that a story means.
    pub async fn new() -> Result<Self, String> {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::starting_at(EPOCH));
        let log = MemoryLog::new(Arc::clone(&clock)).with_faults(Arc::new(NoFaults));
        let topic = |name: &str| NewTopic {
            name: name.into(),
            partitions: 1,
            replication: 0,
            config: BTreeMap::new(),
        };
        let topics = [topic(INBOX), topic(OUTPUTS), topic(DEAD)];
        log.create(&topics).await.map_err(|error| error.to_string())?;
        let aimed: Arc<Aimed> = Arc::default();
        let log = log.with_faults(aimed.clone());
        let group = Group { id: GROUP.into(), instance: String::new() };
        Ok(Self {
            store: MemoryStore::new(Arc::clone(&clock)).with_identity("stage"),
            settings: Settings::new("tally", GROUP, group, INBOX.into(), 1, DEAD.into()),
            codec: Codec::new(Registry::new().map_err(|error| error.to_string())?),
            log,
            clock,
            aimed,
        })
    }

    /// An owner of this instance name starts, with code of this mark.
    #[must_use]
    pub fn start(&self, instance: &str, mark: &str) -> Owner {
        self.start_held(instance, mark, &[])
    }

    /// The same; it stands still when it first reaches one of these moments.
    #[must_use]
    pub fn start_held(&self, instance: &str, mark: &str, moments: &[Moment]) -> Owner {
        let (code, gates, strikes) = (Arc::new(Tally::default()), Arc::new(Gates::default()), Arc::default());
        code.reload(mark);
        *lock(&gates.closed) = moments.iter().copied().collect();
        let strikes: Arc<AimedStore> = strikes;
        let parts = Parts {
            log: Arc::new(self.log.clone()),
            store: Arc::new(self.store.clone().with_faults(strikes.clone())),
            handler: code.clone(),
            codec: self.codec.clone(),
            clock: Arc::clone(&self.clock),
            probe: gates.clone(),
            watchdog: None,
        };
        let mut settings = self.settings.clone();
        settings.group.instance = instance.into();
        let leave = CancellationToken::new();
        let running = tokio::spawn(run(parts, settings, leave.clone()));
        Owner { code, gates, strikes, leave, running }
    }

    /// A record comes.
    pub async fn send(&self, key: &str, text: &str) {
        self.send_all(key, &[text]).await;
    }

    /// Records come at once.
    pub async fn send_all(&self, key: &str, texts: &[&str]) {
        let record = |text: &&str| NewRecord {
            topic: INBOX.into(),
            partition: None,
            key: Key::new(key.as_bytes()),
            value: Bytes::from((*text).to_owned()),
            headers: Headers::new(),
        };
        if let Ok(publisher) = self.log.publisher().await {
            let _: Result<_, LogError> = publisher.publish(texts.iter().map(record).collect()).await;
        }
    }

    /// The call of the log that this instance makes next at this operation, after `pass` others, is struck.
    pub fn strike(&self, instance: &str, operation: Operation, pass: usize, strike: Strike) {
        lock(&self.aimed.0).push((operation, instance.into(), pass, strike));
    }

    /// What steps have said of a key, as a reader of committed records sees it.
    #[must_use]
    pub fn said(&self, key: &str) -> Vec<String> {
        let records = self.log.control().committed_records();
        let of_key = records.iter().filter(|record| {
            &*record.topic_partition.topic == OUTPUTS && record.key.as_bytes() == key.as_bytes()
        });
        of_key.map(|record| String::from_utf8_lossy(&record.value).into_owned()).collect()
    }

    /// The codes of the dead letters.
    #[must_use]
    pub fn dead(&self) -> Vec<String> {
        let records = self.log.control().committed_records();
        let letters = records.iter().filter(|record| &*record.topic_partition.topic == DEAD);
        letters
            .filter_map(|record| self.codec.decode::<DeadLetter>(&record.value).ok())
            .map(|letter| letter.code)
            .collect()
    }

    /// The committed offset of the inbox.
    #[must_use]
    pub fn committed(&self) -> Option<i64> {
        let offsets = self.log.control().committed_offsets();
        offsets.get(GROUP)?.values().next().map(|committed| committed.offset)
    }

    /// The owner's row.
    pub async fn owner(&self) -> Option<OwnerRow> {
        let slot = Slot { agent: GROUP.into(), generation: self.settings.generation, partition: 0 };
        self.store.owner(&slot).await.ok().flatten()
    }

    /// Waits until this many things were said of a key. Returns whether it came to that.
    pub async fn until_said(&self, key: &str, count: usize) -> bool {
        self.until(|| self.said(key).len() >= count).await
    }

    /// Waits until something is so; at most beyond every time-out there is.
    pub async fn until(&self, is_so: impl Fn() -> bool) -> bool {
        let wait = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(5)).await; // virtual clock
            }
        };
        tokio::time::timeout(WAIT_MAX, wait).await.is_ok()
    }

    /// Lets time pass.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await; // virtual clock
    }

    /// Cuts a member off from its group, which it does not know, for longer than its session.
    pub async fn cut_off(&self, instance: &str) {
        self.log.control().freeze(GROUP, instance);
        self.pass(Duration::from_secs(11)).await;
    }

    /// Connects it again.
    pub fn connect(&self, instance: &str) {
        self.log.control().thaw(GROUP, instance);
    }
}

impl Owner {
    /// It stands still when it next reaches this moment.
    pub fn hold(&self, moment: Moment) {
        lock(&self.gates.closed).insert(moment);
    }

    /// Waits until it stands there. Returns whether it came to that.
    pub async fn stands(&self, moment: Moment) -> bool {
        let wait = async {
            while !lock(&self.gates.stands).contains(&moment) {
                tokio::time::sleep(Duration::from_millis(1)).await; // virtual clock
            }
        };
        tokio::time::timeout(WAIT_MAX, wait).await.is_ok()
    }

    /// It goes on, and stands still nowhere any more.
    pub fn release(&self) {
        lock(&self.gates.closed).clear();
        self.gates.changed.notify_waiters();
    }

    /// Its next calls of the store at this door, so many of them, are struck.
    pub fn strike(&self, door: state::Door, times: usize, strike: state::Strike) {
        lock(&self.strikes.0).push((door, times, strike));
    }

    /// How many strikes of its store are still to come.
    #[must_use]
    pub fn strikes_left(&self) -> usize {
        lock(&self.strikes.0).iter().map(|(_, times, _)| times).sum()
    }

    /// It dies where it is.
    pub async fn kill(self) {
        self.running.abort();
        let _ = self.running.await;
    }

    /// It leaves in good order.
    ///
    /// # Errors
    /// What it ended with.
    pub async fn leave(self) -> Result<(), Error> {
        self.leave.cancel();
        self.ended().await
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// What it ended with.
    pub async fn ended(self) -> Result<(), Error> {
        match tokio::time::timeout(WAIT_MAX, self.running).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => {
                Err(Error::new(topics_runtime::Remedy::Stop, "run an owner", error.to_string()))
            }
            Err(_) => Err(Error::new(topics_runtime::Remedy::Stop, "wait for an owner's end", "it goes on")),
        }
    }
}
