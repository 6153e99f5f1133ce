//! A bounded number of connections, each lent to one statement at a time on a thread of its own.
//!
//! SQLite blocks the thread it runs on, so it gets threads that may be blocked. A statement that nobody
//! waits for any more is told to stop, and keeps its place until it has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::database::Database;
use super::guard::Guarded;
use crate::tool::Error;

/// The connections.
pub(super) struct Pool {
    database: Arc<Database>,
    places: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Guarded>>>,
}

/// Tells a statement to stop when whoever waits for it is gone.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Pool {
    pub(super) fn new(database: Database, connections_max: usize) -> Self {
        Self {
            database: Arc::new(database),
            places: Arc::new(Semaphore::new(connections_max)),
            idle: Arc::default(),
        }
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// How many statements run, those that were told to stop among them.
    #[cfg(test)]
    pub(super) fn running(&self) -> usize {
        super::CONNECTIONS_MAX - self.places.available_permits()
    }

    /// Lends a connection to `work`, on a thread that it may block.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Guarded, &Arc<AtomicBool>) -> Result<T, Error> + Send + 'static,
    {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return Err(Error::transient("the database is being closed"));
        };
        let stop = Arc::<AtomicBool>::default();
        let _stops = StopOnDrop(Arc::clone(&stop));
        let (database, idle) = (Arc::clone(&self.database), Arc::clone(&self.idle));
        let lent = tokio::task::spawn_blocking(move || {
            let _place = place;
            let waiting = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut guarded = match waiting {
                Some(guarded) => guarded,
                None => database.connect()?,
            };
            let result = work(&mut guarded, &stop);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(guarded);
            result
        });
        // It panicked, and its connection is gone with it.
        lent.await.unwrap_or_else(|error| Err(Error::failed(format!("the statement's thread died: {error}"))))
    }
}
