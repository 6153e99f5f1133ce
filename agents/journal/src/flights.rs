//! Single-flight: identical requests wait for one call, which belongs to none of them and to all.
//!
//! A flight is a future that its waiters share; whoever is polled drives it, nothing is spawned. So it
//! lives as long as somebody waits, and the last one to leave aborts it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use schemas_records::{CallId, Key};
use topics_runtime::Error;

use crate::asked::Asked;
use crate::journal::JournalEntry;

/// What a flight ends with: the journal's entry of every call that waited.
pub type Landed = Result<Arc<BTreeMap<CallId, JournalEntry>>, Ended>;

/// Why a flight ended without entries.
#[derive(Clone, Debug)]
pub enum Ended {
    /// Every waiter's partition went to another owner, who asks anew.
    Disowned,
    /// The store or the codec failed.
    Failed(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Identical: the same routing key and the same question. Requests that share nothing are keyed by call,
/// so only a call that is delivered twice meets itself.
type FlightKey = (Key, String);

/// The flights that are under way.
pub struct Flights<Q> {
    open: Mutex<Open<Q>>,
    /// The counter of requests that joined another's flight.
    shared: &'static str,
}

struct Open<Q> {
    flights: BTreeMap<FlightKey, Flight<Q>>,
    /// Counts flights and tickets, so that what ends late is not taken for a later one's.
    serial: u64,
}

struct Flight<Q> {
    serial: u64,
    future: WeakShared<BoxFuture<'static, Landed>>,
    /// Who waits, by ticket.
    waiting: BTreeMap<u64, Arc<Asked<Q>>>,
}

impl<Q> Flight<Q> {
    /// Whether this process still owns the partition of anybody who waits.
    fn has_owner(&self) -> bool {
        self.waiting.values().any(|asked| asked.token.is_alive())
    }
}

impl<Q: Send + Sync + 'static> Flights<Q> {
    /// None so far. `shared` names the counter of requests that join another's flight.
    #[must_use]
    pub fn new(shared: &'static str) -> Self {
        Self { open: Mutex::new(Open { flights: BTreeMap::new(), serial: 0 }), shared }
    }

    /// Waits for the flight of this request; begins it if there is none.
    pub async fn join<F, B>(self: &Arc<Self>, asked: &Arc<Asked<Q>>, begin: B) -> Landed
    where
        F: Future<Output = Landed> + Send + 'static,
        B: FnOnce(Passengers<Q>) -> F,
    {
        let (ticket, future) = self.board(asked, begin);
        let landed = future.await;
        drop(ticket);
        landed
    }

    fn board<F, B>(
        self: &Arc<Self>,
        asked: &Arc<Asked<Q>>,
        begin: B,
    ) -> (Ticket<Q>, Shared<BoxFuture<'static, Landed>>)
    where
        F: Future<Output = Landed> + Send + 'static,
        B: FnOnce(Passengers<Q>) -> F,
    {
        let key = (asked.key.clone(), asked.hash.clone());
        let mut open = self.lock();
        open.serial += 1;
        let number = open.serial;
        if let Some(flight) = open.flights.get_mut(&key)
            && let Some(future) = flight.future.upgrade()
        {
            metrics::counter!(self.shared).increment(1);
            flight.waiting.insert(number, Arc::clone(asked));
            let ticket = Ticket { flights: Arc::clone(self), key, serial: flight.serial, number };
            return (ticket, future);
        }
        let passengers = Passengers { flights: Arc::clone(self), key: key.clone(), serial: number };
        let flight = begin(passengers.clone());
        let future = async move {
            let landed = flight.await;
            // However it ended, nobody may join it any more.
            passengers.close();
            landed
        };
        let future = future.boxed().shared();
        if let Some(weak) = future.downgrade() {
            let waiting = BTreeMap::from([(number, Arc::clone(asked))]);
            open.flights.insert(key.clone(), Flight { serial: number, future: weak, waiting });
        }
        (Ticket { flights: Arc::clone(self), key, serial: number, number }, future)
    }

    /// A call was cancelled: it leaves every flight. Returns the routing keys of flights that nobody waits
    /// for any more; their futures end when the loop drops the calls'.
    #[must_use]
    pub fn leave(&self, call: CallId) -> Vec<Key> {
        let mut left = Vec::new();
        self.lock().flights.retain(|key, flight| {
            let before = flight.waiting.len();
            flight.waiting.retain(|_, asked| asked.call != call);
            if flight.waiting.is_empty() && before > 0 {
                left.push(key.0.clone());
            }
            !flight.waiting.is_empty()
        });
        left
    }

    /// Whether somebody waits for the answer to this very question.
    #[must_use]
    pub fn is_open(&self, asked: &Asked<Q>) -> bool {
        self.lock().flights.contains_key(&(asked.key.clone(), asked.hash.clone()))
    }

    /// How many are under way.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().flights.len()
    }

    fn lock(&self) -> MutexGuard<'_, Open<Q>> {
        // Each change is one insertion or removal: a panic elsewhere leaves nothing half done.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One waiter's place; dropping it is leaving.
struct Ticket<Q: Send + Sync + 'static> {
    flights: Arc<Flights<Q>>,
    key: FlightKey,
    serial: u64,
    number: u64,
}

impl<Q: Send + Sync + 'static> Drop for Ticket<Q> {
    fn drop(&mut self) {
        let mut open = self.flights.lock();
        let Some(flight) = open.flights.get_mut(&self.key).filter(|flight| flight.serial == self.serial)
        else {
            return;
        };
        flight.waiting.remove(&self.number);
        if flight.waiting.is_empty() {
            open.flights.remove(&self.key);
        }
    }
}

/// What a flight knows of those who wait for it.
pub struct Passengers<Q> {
    flights: Arc<Flights<Q>>,
    key: FlightKey,
    serial: u64,
}

impl<Q> Clone for Passengers<Q> {
    fn clone(&self) -> Self {
        Self { flights: Arc::clone(&self.flights), key: self.key.clone(), serial: self.serial }
    }
}

impl<Q: Send + Sync + 'static> Passengers<Q> {
    /// Whether this process still owns the partition of anybody who waits. If not, nobody can join any
    /// more: whoever comes now begins a flight of his own.
    ///
    /// # Errors
    /// [`Ended::Disowned`] if not.
    pub fn check_owned(&self) -> Result<(), Ended> {
        let mut open = self.flights.lock();
        let Some(flight) = open.flights.get(&self.key).filter(|flight| flight.serial == self.serial) else {
            return Err(Ended::Disowned);
        };
        if flight.has_owner() {
            return Ok(());
        }
        open.flights.remove(&self.key);
        Err(Ended::Disowned)
    }

    /// The same, and whoever waits goes on waiting.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        let open = self.flights.lock();
        let flight = open.flights.get(&self.key).filter(|flight| flight.serial == self.serial);
        flight.is_some_and(Flight::has_owner)
    }

    /// Those who wait and are not in `served`, each call once.
    #[must_use]
    pub fn unserved<T>(&self, served: &BTreeMap<CallId, T>) -> BTreeMap<CallId, Arc<Asked<Q>>> {
        let open = self.flights.lock();
        let flight = open.flights.get(&self.key).filter(|flight| flight.serial == self.serial);
        let waiting = flight.into_iter().flat_map(|flight| flight.waiting.values());
        waiting
            .filter(|asked| !served.contains_key(&asked.call))
            .map(|asked| (asked.call, Arc::clone(asked)))
            .collect()
    }

    /// Ends boarding if all who wait are in `served`; in one step, so that nobody slips in between.
    #[must_use]
    pub fn close_if_served<T>(&self, served: &BTreeMap<CallId, T>) -> bool {
        let mut open = self.flights.lock();
        let Some(flight) = open.flights.get(&self.key).filter(|flight| flight.serial == self.serial) else {
            return true;
        };
        let all = flight.waiting.values().all(|asked| served.contains_key(&asked.call));
        if all {
            open.flights.remove(&self.key);
        }
        all
    }

    /// Ends boarding.
    fn close(&self) {
        let mut open = self.flights.lock();
        if open.flights.get(&self.key).is_some_and(|flight| flight.serial == self.serial) {
            open.flights.remove(&self.key);
        }
    }
}
