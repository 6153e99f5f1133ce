//! One task record: is it a task, and under which limits? Pure, but for the team's own check.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use schemas_codec::{Codec, Error};
use schemas_records::{FailureCode, Limits, Origin, TaskId, Trace, WorkId, headers};
use topics_log::Record;

use crate::limits::{self, Rules};
use crate::settings::Check;

/// Largest value of a task, in bytes. What is larger belongs into a store, and its address into the task:
/// an input is copied into several records and rows.
pub const INPUT_BYTES_MAX: usize = 64 * 1024;

/// A record that is a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id: the producer's, or where its record stands.
    pub id: TaskId,
    /// The work it begins with.
    pub work: WorkId,
    /// What it may use.
    pub limits: Limits,
    /// Intake's span in its trace.
    pub trace: Option<Trace>,
    /// The input, framed.
    pub value: Bytes,
}

/// Why a record is no task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The task's id, if that at least can be read.
    pub id: Option<TaskId>,
    /// For programs: a short word, for example `not-json`.
    pub code: &'static str,
    /// What its producer is told: `BadInput` for the value, `Refused` for the headers.
    pub failure: FailureCode,
    /// For people: what was found.
    pub message: String,
    /// What the producer can do.
    pub remedy: String,
}

/// What tasks are checked by.
#[derive(Clone, Copy)]
pub struct Checks<'a> {
    /// Bytes and records.
    pub codec: &'a Codec,
    /// The full name of the entry agent's input record.
    pub input: &'a str,
    /// Limits.
    pub rules: &'a Rules,
    /// The team's own check of the framed value.
    pub team: &'a Check,
}

/// Where a record stands.
#[must_use]
pub fn origin_of(record: &Record) -> Origin {
    Origin {
        topic: record.topic_partition.topic.to_string(),
        partition: record.topic_partition.partition,
        offset: record.offset,
    }
}

impl Checks<'_> {
    /// Checks one record: headers first, they cost nothing; then the value.
    ///
    /// # Errors
    /// The first thing that is wrong with it, boxed because it is rare and large.
    pub fn check(&self, record: &Record) -> Result<Task, Box<Refusal>> {
        let origin = origin_of(record);
        let id = id_of(record, &origin)?;
        let limits = self.rules.read(&record.headers, record.timestamp).map_err(|(header, message)| {
            let remedy = format!("correct the header {header}, or leave it out, and send the task again");
            refusal(&id, code_of(header), FailureCode::Refused, message, remedy)
        })?;
        let value = self
            .value(&record.value)
            .map_err(|(code, message, remedy)| refusal(&id, code, FailureCode::BadInput, message, remedy))?;
        Ok(Task {
            work: WorkId::of_task(&origin.topic, &id),
            limits,
            trace: limits::trace(&record.headers, &origin),
            value,
            id,
        })
    }

    /// The value, framed; or code, message and remedy.
    fn value(&self, value: &Bytes) -> Result<Bytes, (&'static str, String, String)> {
        if value.len() > INPUT_BYTES_MAX {
            let message =
                format!("the task's value has {} bytes, at most {INPUT_BYTES_MAX} are allowed", value.len());
            return Err((
                "too-large",
                message,
                "put what is large into a store and send where it is".to_owned(),
            ));
        }
        let framed = self.codec.read_message(self.input, value).map_err(|error| {
            let remedy = format!("send one {} as a JSON object or confluent-framed avro", self.input);
            (code_of_value(&error), error.to_string(), remedy)
        })?;
        // JSON can be shorter than what it means, where fields have defaults.
        if framed.len() > INPUT_BYTES_MAX {
            let message =
                format!("the task has {} bytes as avro, at most {INPUT_BYTES_MAX} are allowed", framed.len());
            return Err((
                "too-large",
                message,
                "put what is large into a store and send where it is".to_owned(),
            ));
        }
        match catch_unwind(AssertUnwindSafe(|| (self.team)(&framed))) {
            Ok(Ok(())) => Ok(framed),
            Ok(Err(message)) => {
                Err(("not-allowed", message, "correct the value and send the task again".to_owned()))
            }
            Err(_) => {
                let remedy = "mend the team's check of its input, then send the task again".to_owned();
                Err(("check-panicked", "the team's check of the input panicked".to_owned(), remedy))
            }
        }
    }
}

/// The producer's id for the task, or the one that its place gives it.
fn id_of(record: &Record, origin: &Origin) -> Result<TaskId, Box<Refusal>> {
    let given = limits::text(&record.headers, headers::TASK_ID);
    let id = given.and_then(|given| match given {
        Some(given) => TaskId::new(given),
        None => Ok(TaskId::of_origin(&origin.topic, origin.partition, origin.offset)),
    });
    id.map_err(|message| {
        Box::new(Refusal {
            id: None,
            code: "bad-task-id",
            failure: FailureCode::Refused,
            message,
            remedy: "choose another task-id, or leave the header out, and send the task again".to_owned(),
        })
    })
}

fn refusal(
    id: &TaskId,
    code: &'static str,
    failure: FailureCode,
    message: String,
    remedy: String,
) -> Box<Refusal> {
    Box::new(Refusal { id: Some(id.clone()), code, failure, message, remedy })
}

fn code_of(header: &str) -> &'static str {
    match header {
        headers::DEADLINE => "bad-deadline",
        headers::BUDGET => "bad-budget",
        _ => "bad-priority",
    }
}

fn code_of_value(error: &Error) -> &'static str {
    match error {
        Error::NotUtf8 { .. } => "not-utf8",
        Error::NotJson { .. } => "not-json",
        Error::Json { .. } => "wrong-json",
        Error::NeitherJsonNorAvro { .. } => "neither-json-nor-avro",
        Error::UnknownSchema { .. } => "unknown-schema",
        Error::WrongRecord { .. } => "wrong-record",
        _ => "wrong-avro",
    }
}

#[cfg(test)]
mod tests;
