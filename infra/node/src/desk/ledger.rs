//! Which tasks there are and how they stand, told by three topics: the task topic, the entry agent's inbox, and
//! the results.
//!
//! One reader serves all who ask. It begins at the newest records, within a bound, and from then on reads what
//! was added; nobody reads while nobody asks. What it holds can always be read again.

mod seen;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_http::Error;
use infra_http::told::{Looked, State, Task, Tasks, WhichTasks};
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::time::Instant;
use topics_catalog::Kind;
use topics_log::{Log, Remedy};

pub(super) use seen::Entry;
use seen::{Seen, Sources};

use super::look::{Look, Stand};
use super::partitions;
use crate::roles::Node;

/// How long whoever waits reads before he looks around: others ask too.
const WAIT_SLICE: Duration = Duration::from_millis(500);

/// The tasks of one team.
pub(super) struct Ledger {
    log: Arc<dyn Log>,
    sources: Sources,
    namespace: String,
    /// Held by whoever reads.
    following: AsyncMutex<Option<Stand>>,
    seen: Mutex<Seen>,
    /// Told after each read that brought something.
    changed: watch::Sender<()>,
}

impl Ledger {
    pub fn new(node: &Node) -> Self {
        let names = node.names();
        let entry = node.agents().first().cloned().unwrap_or_default();
        Self {
            log: Arc::clone(&node.doors().log),
            sources: Sources {
                tasks: names.topic(Kind::Tasks),
                results: names.topic(Kind::Results),
                names: names.clone(),
                entry,
                codec: node.codec().clone(),
            },
            namespace: names.namespace().to_owned(),
            following: AsyncMutex::new(None),
            seen: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// Reads everything that was there when this was asked.
    pub async fn catch_up(&self) -> Result<(), Error> {
        let look = Look::new(&*self.log);
        let mut following = self.following.lock().await;
        let mut has_settled = false;
        loop {
            match self.read_on(&look, &mut following, has_settled).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    // Begin anew: what was read so far is read again.
                    *following = None;
                    if error.remedy == Remedy::Stop && !has_settled {
                        has_settled = true;
                    } else {
                        look.bear(error).await?;
                    }
                }
            }
        }
    }

    /// Takes what lies ready; what is only on its way is not waited for.
    pub async fn freshen(&self) {
        if let Some(stand) = &mut *self.following.lock().await {
            // What fails here fails for whoever catches up too, who says so.
            while let Ok(1..) = self.take(stand, Duration::ZERO).await {}
        }
    }

    /// Waits until a task has ended, or until then.
    pub async fn wait(&self, task: &str, until: Instant) -> Result<(), Error> {
        let mut changed = self.changed.subscribe();
        loop {
            if self.find(task).is_none_or(|entry| entry.state.is_ended()) || Instant::now() >= until {
                return Ok(());
            }
            tokio::select! {
                biased;
                _ = changed.changed() => {}
                () = tokio::time::sleep_until(until) => {}
                mut following = self.following.lock() => {
                    let left = until.saturating_duration_since(Instant::now()).min(WAIT_SLICE);
                    let read = match &mut *following {
                        Some(stand) => self.take(stand, left).await.is_ok(),
                        None => false,
                    };
                    if !read {
                        *following = None;
                        drop(following);
                        self.catch_up().await?;
                    }
                }
            }
        }
    }

    /// What is known of a task.
    pub fn find(&self, task: &str) -> Option<Entry> {
        self.seen().find(task)
    }

    /// Notes a task that was just put on the task topic here, before it is read.
    pub fn note(&self, task: &str, entry: Entry) {
        self.seen().note(task, entry);
    }

    /// How far was looked.
    pub fn looked(&self) -> Looked {
        self.seen().looked
    }

    /// Some tasks, the newest first.
    pub fn tasks(&self, which: &WhichTasks) -> Tasks {
        let seen = self.seen();
        let fits = |entry: &Entry| which.ended.is_none_or(|ended| ended == entry.state.is_ended());
        let mut found: Vec<Task> = seen.tasks(fits);
        found.sort_by(|one, other| (other.at, &other.task).cmp(&(one.at, &one.task)));
        let count = found.len();
        found.truncate(which.most);
        Tasks { tasks: found, found: count, looked: seen.looked }
    }

    /// How many tasks are in a state.
    pub fn count(&self, state: State) -> usize {
        self.seen().count(state)
    }

    async fn read_on(
        &self,
        look: &Look<'_>,
        following: &mut Option<Stand>,
        has_settled: bool,
    ) -> Result<(), topics_log::Error> {
        if following.is_none() {
            let all = self.log.topics(&format!("{}.", self.namespace)).await?;
            let ours = all.iter().filter(|topic| self.sources.tell(&topic.name));
            let stand = look.stand(&partitions(ours), has_settled).await?;
            *self.seen() = Seen::default();
            self.seen().looked = Looked { records: 0, is_all: stand.is_all };
            *following = Some(stand);
        }
        let Some(stand) = following else { return Ok(()) };
        stand.look_up().await?;
        while !stand.has_read() {
            look.in_time()?;
            self.take(stand, WAIT_SLICE).await?;
        }
        Ok(())
    }

    /// One read; how many records it brought.
    async fn take(&self, stand: &mut Stand, wait: Duration) -> Result<usize, topics_log::Error> {
        let records = stand.read(wait).await?;
        if records.is_empty() {
            return Ok(0);
        }
        let mut seen = self.seen();
        for (_, record) in &records {
            seen.see(&self.sources, record);
        }
        seen.looked.records += records.len();
        drop(seen);
        self.changed.send_replace(());
        Ok(records.len())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Each record changes one entry: a panic elsewhere leaves nothing half done.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
