//! Firing: what is due is sent, then its row is deleted; rows are read ahead; empty minutes are passed.

use std::time::Duration;

use futures::future::join_all;
use schemas_records::Timestamp;
use tokio::time::Instant;
use topics_guard::{Guard, stands};
use topics_log::{Appended, NewRecord, Record, TopicPartition};
use topics_runtime::{DeadReason, Error, Moment, Remedy};

use crate::agenda::{Cursor, Slot};
use crate::mark::Minute;
use crate::names;
use crate::request::{heartbeat, undeclared};
use crate::row::{TimerRow, minute_of};
use crate::run::{Loop, Owned};

/// Most firings in one publishing: more of them would make the last wait for the first longer than the
/// broker takes for one.
const FIRE_MAX: usize = 1_000;

/// Most rows deleted at once, as in keeping.
const DELETE_MAX: usize = 64;

/// Rows read at once: a page of 512 rows is some 300 KiB.
pub(crate) const PAGE: usize = 512;

/// Minutes read ahead of the present one: a timer that was set earlier is in memory one to two minutes
/// before it is due, which a slow store has time for.
const AHEAD: Minute = 2;

/// How long before a timer is due the broker's time is asked for, if it is not known well enough: half of
/// the age at which a report is too old, so that one asking is enough.
const SOON: Duration = Duration::from_secs(5);

/// Most pages read, and minutes passed, before timers that are due are looked after again.
const READS_MAX: usize = 16;

/// One timer that is being fired.
struct Firing {
    partition: TopicPartition,
    slot: Slot,
    /// If it could not go where it should: what was asked and why not.
    dead: Option<(Record, DeadReason)>,
}

impl Loop {
    /// A partition that needs to know the broker's time: of which a timer may be due soon, while what is
    /// known is too old to tell.
    pub(crate) fn needs_the_time(&self) -> Option<&Owned> {
        if self.clock.is_fresh() {
            return None;
        }
        let now = self.clock.now();
        self.owned.values().find(|Owned { agenda, .. }| match now {
            // Before the first report nobody knows which minutes to read: any timer there is may be due.
            None => agenda.fired_through().is_some(),
            Some(now) => agenda.next_due().is_some_and(|due| due <= now.plus(SOON)),
        })
    }

    /// Asks for the broker's time, if anyone needs it.
    pub(crate) async fn ask_the_time(&mut self) -> Result<(), Error> {
        let Some(owned) = self.needs_the_time() else { return Ok(()) };
        let record = heartbeat(&owned.assignment.topic_partition);
        metrics::counter!(names::HEARTBEATS).increment(1);
        self.publish(vec![record]).await.map(drop)
    }

    /// Sends what is due, at most [`FIRE_MAX`]. Nothing is due before the broker's time is known. Returns
    /// whether there may be more.
    pub(crate) async fn fire(&mut self) -> Result<bool, Error> {
        let is_fresh = self.clock.is_fresh() || !stands(Guard::FreshReport);
        let Some(now) = self.clock.now().filter(|_| is_fresh) else { return Ok(false) };
        let (firings, records) = self.due(now)?;
        if records.is_empty() {
            return Ok(false);
        }
        let appended = self.publish(records).await?;
        self.parts.probe.at(&self.settings.name, Moment::Reported).await;
        let is_full = firings.len() == FIRE_MAX;
        for (firing, appended) in firings.into_iter().zip(appended) {
            self.fired(firing, appended);
        }
        Ok(is_full)
    }

    /// What is due now, in partitions that are still ours.
    fn due(&self, now: Timestamp) -> Result<(Vec<Firing>, Vec<NewRecord>), Error> {
        let (mut firings, mut records) = (Vec::new(), Vec::new());
        for (partition, owned) in &self.owned {
            if !owned.assignment.token.is_alive() {
                continue;
            }
            for (slot, held) in owned.agenda.due(now).take(FIRE_MAX - firings.len()) {
                let row: TimerRow = self.parts.codec.decode_state(&held.row).map_err(|error| {
                    let attempted = format!("read a row of {} in minute {}", partition, held.minute);
                    Error::new(Remedy::Stop, attempted, error.to_string())
                })?;
                let (record, dead) = self.firing(partition, slot, &row)?;
                firings.push(Firing { partition: partition.clone(), slot: slot.clone(), dead });
                records.push(record);
            }
        }
        Ok((firings, records))
    }

    /// The record that fires, or a dead letter if its topic is gone: an unknown topic would stop the
    /// publisher, and with it every other timer.
    fn firing(
        &self,
        partition: &TopicPartition,
        slot: &Slot,
        row: &TimerRow,
    ) -> Result<(NewRecord, Option<(Record, DeadReason)>), Error> {
        let firing = row.firing();
        let address = schemas_records::Address {
            topic: row.topic.clone(),
            partition: row.partition,
            key: firing.key.clone(),
        };
        if self.parts.directory.holds(&address) {
            return Ok((firing, None));
        }
        let reason = undeclared(&row.topic, row.partition).reason;
        let request = row.request(partition.clone(), slot.1.clone());
        Ok((self.letter(&request, &reason)?, Some((request, reason))))
    }

    /// A firing was acknowledged.
    fn fired(&mut self, firing: Firing, appended: Appended) {
        let Firing { partition, slot, dead } = firing;
        if let Some((request, reason)) = dead {
            self.say_dead(&request, &reason);
        } else {
            metrics::counter!(names::FIRED).increment(1);
            metrics::histogram!(names::LATE_SECONDS).record(appended.timestamp.since(slot.0).as_secs_f64());
        }
        if let Some(owned) = self.owned.get_mut(&partition) {
            owned.agenda.fire(&slot);
        }
    }

    /// Deletes the rows of what has fired.
    pub(crate) async fn delete(&mut self) -> Result<(), Error> {
        for (partition, owned) in &mut self.owned {
            loop {
                let rows = owned.agenda.to_delete(DELETE_MAX);
                if rows.is_empty() {
                    break;
                }
                let (store, space) = (&self.parts.store, &self.settings.topic);
                let deletions = rows.iter().map(|(minute, (due, call))| {
                    store.unschedule(space, partition.partition, *minute, *due, call)
                });
                let deleted = join_all(deletions).await;
                let done = deleted.iter().zip(&rows).filter(|(deleted, _)| deleted.is_ok());
                done.for_each(|(_, row)| owned.agenda.deleted(row));
                deleted.into_iter().collect::<Result<(), _>>()?;
            }
        }
        Ok(())
    }

    /// Passes minutes that are over and of which the store has no row; what it still has is read. Returns
    /// whether there are more.
    pub(crate) async fn pass(&mut self) -> Result<bool, Error> {
        let Some(now) = self.clock.now() else { return Ok(false) };
        let mut reads = READS_MAX;
        for (partition, owned) in &mut self.owned {
            while let Some(minute) = owned.agenda.passable(now) {
                if reads == 0 {
                    return Ok(true);
                }
                reads -= 1;
                let (store, space) = (&self.parts.store, &self.settings.topic);
                let rows = store.due(space, partition.partition, minute, None, PAGE).await?;
                if rows.is_empty() {
                    owned.agenda.pass(minute);
                } else {
                    let is_last = rows.len() < PAGE;
                    owned.agenda.read(&Cursor { minute, after: None }, rows, is_last);
                }
            }
        }
        Ok(false)
    }

    /// Reads the rows of the next minutes into memory, as far as there is room. Returns whether there are
    /// more.
    pub(crate) async fn read_ahead(&mut self) -> Result<bool, Error> {
        let mut reads = READS_MAX;
        for (partition, owned) in &mut self.owned {
            let Some(fired_through) = owned.agenda.fired_through() else { continue };
            // The broker's clock may have stepped back behind what was fired: then the next minute is now.
            let present = self.clock.now().map_or(fired_through, minute_of).max(fired_through + 1);
            while let Some(cursor) = owned.agenda.page(present + AHEAD, PAGE) {
                if reads == 0 {
                    return Ok(true);
                }
                reads -= 1;
                let (store, space) = (&self.parts.store, &self.settings.topic);
                let (minute, after) = (cursor.minute, cursor.after.clone());
                let rows = store.due(space, partition.partition, minute, after, PAGE).await?;
                let is_last = rows.len() < PAGE;
                owned.agenda.read(&cursor, rows, is_last);
            }
        }
        Ok(false)
    }

    /// Publishes and learns the broker's time from the report.
    async fn publish(&mut self, mut records: Vec<NewRecord>) -> Result<Vec<Appended>, Error> {
        self.settings.group.sign(&mut records);
        let sent = Instant::now();
        let appended = self.publisher.publish(records).await?;
        // The earliest of them: between brokers the slower clock is the safe one.
        if let Some(time) = appended.iter().map(|appended| appended.timestamp).min()
            && self.clock.learn(sent, time)
        {
            tracing::warn!(gateway = %self.settings.name, time = %time, "the broker's clock stepped back");
            metrics::counter!(names::CLOCK_BACK).increment(1);
        }
        Ok(appended)
    }
}
