//! Keeping: what the records of the topic ask for is written to the rows before their offsets pass.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::future::join_all;
use topics_log::{NewRecord, Record};
use topics_runtime::dead_letters::dead_letter;
use topics_runtime::{DeadReason, Error, Moment, Remedy};
use topics_state::DueRow;

use crate::mark::Minute;
use crate::names;
use crate::request::{Bad, Reading, Request};
use crate::run::Loop;

/// Most rows written at once: what one node of a database takes well, and few enough that timers that
/// are due meanwhile wait some milliseconds only.
const KEEP_MAX: usize = 64;

/// One record of a chunk with what is to be done about it.
struct Step {
    record: Record,
    request: Result<Request, Box<Bad>>,
    minute: Minute,
}

impl Loop {
    /// Writes the rows that the next records ask for, at most [`KEEP_MAX`] at once. The first that fails
    /// and all behind it do not pass: they are taken again. Returns whether there are more.
    pub(crate) async fn keep(&mut self) -> Result<bool, Error> {
        let steps = self.chunk();
        if steps.is_empty() {
            return Ok(false);
        }
        let written = join_all(steps.iter().map(|step| self.write(step))).await;
        self.parts.probe.at(&self.settings.name, Moment::Saved).await;
        for (step, written) in steps.into_iter().zip(written) {
            written?;
            self.backlog.pop_front();
            self.kept(step);
        }
        Ok(!self.backlog.is_empty())
    }

    /// The next records up to the first that speaks of the same call again, so that a timer's setting and
    /// its cancellation are never written at once.
    fn chunk(&mut self) -> Vec<Step> {
        let is_ours = |record: &Record| self.owned.contains_key(&record.topic_partition);
        while self.backlog.front().is_some_and(|record| !is_ours(record)) {
            self.backlog.pop_front();
        }
        let mut steps = Vec::new();
        let mut calls: BTreeSet<Bytes> = BTreeSet::new();
        for record in self.backlog.iter().take(KEEP_MAX) {
            let Some(owned) = self.owned.get_mut(&record.topic_partition) else { break };
            let reading = Reading {
                codec: &self.parts.codec,
                directory: &self.parts.directory,
                agent_version: &self.settings.agent_version,
            };
            let request = reading.read(record);
            let mut minute = 0;
            if let Ok(Request::Set { call, due, .. } | Request::Cancel { call, due }) = &request {
                if !calls.insert(call.clone()) {
                    break;
                }
                owned.agenda.begin(record.timestamp);
                minute = owned.agenda.minute_for(*due);
            }
            steps.push(Step { record: record.clone(), request, minute });
        }
        steps
    }

    /// Does what one record asks for; doing it again does no harm.
    async fn write(&self, step: &Step) -> Result<(), Error> {
        let Step { record, request, minute } = step;
        let (space, bucket) = (&self.settings.topic, record.topic_partition.partition);
        match request {
            Ok(Request::Set { call, due, row }) => {
                let row = DueRow { due: *due, key: call.clone(), value: row.clone() };
                Ok(self.parts.store.schedule(space, bucket, *minute, row).await?)
            }
            Ok(Request::Cancel { call, due }) => {
                Ok(self.parts.store.unschedule(space, bucket, *minute, *due, call).await?)
            }
            Ok(Request::Heartbeat) => Ok(()),
            Err(bad) => {
                let mut records = vec![self.letter(record, &bad.reason)?];
                records.extend(bad.answer.as_deref().cloned());
                self.publisher.publish(records).await?;
                Ok(())
            }
        }
    }

    /// What one record asked for stands in the rows: memory and offset follow.
    fn kept(&mut self, step: Step) {
        let Step { record, request, minute } = step;
        let Some(owned) = self.owned.get_mut(&record.topic_partition) else { return };
        owned.next = Some(record.offset + 1);
        owned.is_moved |= !matches!(request, Ok(Request::Heartbeat));
        owned.agenda.begin(record.timestamp);
        match request {
            Ok(Request::Set { call, due, row }) => {
                owned.agenda.add(minute, DueRow { due, key: call, value: row });
                metrics::counter!(names::SET).increment(1);
            }
            Ok(Request::Cancel { call, due }) => {
                owned.agenda.cancel(&(due, call));
                metrics::counter!(names::CANCELLED).increment(1);
            }
            Ok(Request::Heartbeat) => {}
            Err(bad) => self.say_dead(&record, &bad.reason),
        }
    }

    /// The dead letter for a record.
    pub(crate) fn letter(&self, record: &Record, reason: &DeadReason) -> Result<NewRecord, Error> {
        dead_letter(&self.parts.codec, &self.settings.dead_letters, &self.settings.name, record, reason)
            .map_err(|error| Error::new(Remedy::Stop, "write a dead letter", error.to_string()))
    }

    /// Says that a dead letter was acknowledged.
    pub(crate) fn say_dead(&self, record: &Record, reason: &DeadReason) {
        tracing::warn!(gateway = %self.settings.name, partition = %record.topic_partition, offset = record.offset,
            code = reason.code, message = %reason.message, "dead letter");
        metrics::counter!(topics_runtime::names::DEAD_LETTERS, "handler" => self.settings.name.clone(),
            "code" => reason.code)
        .increment(1);
    }
}
