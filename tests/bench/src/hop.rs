//! One hop on a real broker: records a second of a whole worker with a typed agent, against the raw copy.
//!
//! Each round gives every subject a backlog of its own on fresh topics, as large as it can do in the time
//! asked for, and times it from its first records to its last commit.

use std::sync::Arc;
use std::time::Duration;

use schemas_records::Headers;

use crate::arena::Arena;
use crate::figures::Sheet;
use crate::message::Parrot;
use crate::raw::{Copier, Route};
use crate::traffic::Traffic;
use crate::worker::{Store, start};

/// Who moves the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The raw copy of bare records.
    Raw,
    /// The raw copy of records with the runtime's headers, which it hands on unread.
    RawWithHeaders,
    /// A worker with the typed agent.
    Agent(Store),
}

/// All of them, in the order of the table.
pub const SUBJECTS: [Subject; 4] =
    [Subject::Raw, Subject::RawWithHeaders, Subject::Agent(Store::Memory), Subject::Agent(Store::Disk)];

/// Records that tell how quick a subject is, and warm up what is cold.
const TRIAL_RECORDS: u64 = 40_000;

/// Largest backlog: a topic of it is a gigabyte.
const BACKLOG_MAX: u64 = 1_000_000;

impl Subject {
    /// For the tables.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Raw => "raw copy, same Avro, no headers".into(),
            Self::RawWithHeaders => "raw copy, same Avro, our 18 headers handed on".into(),
            Self::Agent(store) => format!("worker, typed agent, {}", store.name()),
        }
    }

    /// Whether its records have the runtime's headers.
    const fn has_headers(self) -> bool {
        !matches!(self, Self::Raw)
    }

    /// The route of a raw copy over an arena.
    #[must_use]
    pub fn route(self, brokers: &str, arena: &Arena) -> Route {
        Route {
            brokers: brokers.to_owned(),
            from: arena.inbox.clone(),
            to: arena.outbox.clone(),
            name: arena.group().id,
            carries_headers: self.has_headers(),
        }
    }
}

/// Measures all of it.
///
/// # Errors
/// Whatever a subject could not do.
pub async fn measure(sheet: &mut Sheet, brokers: &str, rounds: u32, seconds: u32) -> anyhow::Result<()> {
    let mut backlogs = Vec::new();
    for subject in SUBJECTS {
        let took = round(subject, brokers, TRIAL_RECORDS).await?;
        let rate = TRIAL_RECORDS as f64 / took.as_secs_f64();
        backlogs.push(((rate * f64::from(seconds)) as u64).clamp(TRIAL_RECORDS, BACKLOG_MAX));
    }
    for _ in 0..rounds {
        for (subject, records) in SUBJECTS.into_iter().zip(&backlogs) {
            let took = round(subject, brokers, *records).await?;
            sheet.add(&subject.name(), "records/s", *records as f64 / took.as_secs_f64());
        }
    }
    let raw = Subject::Raw.name();
    for subject in &SUBJECTS[1..] {
        let name = subject.name();
        sheet.divide(&format!("{name} / raw copy"), &name, &raw);
    }
    sheet.note(format!(
        "backlogs of {backlogs:?} records of 944 bytes (plus headers), 4 partitions, up to 10,000 a transaction, \
         client and broker on the same machine; goal of the last two lines: 0.9"
    ));
    Ok(())
}

async fn round(subject: Subject, brokers: &str, records: u64) -> anyhow::Result<Duration> {
    let arena = Arena::on_kafka(brokers).await?;
    let traffic = Traffic::new(&arena)?;
    arena
        .fill(records, |number| {
            let record = traffic.input(number, number)?;
            Ok(match subject {
                Subject::Raw => topics_log::NewRecord { headers: Headers::new(), ..record },
                _ => record,
            })
        })
        .await?;
    let took = match subject {
        Subject::Raw | Subject::RawWithHeaders => {
            let route = subject.route(brokers, &arena);
            let codec = traffic.codec.clone();
            let copy = move || Copier::open(route, codec)?.run(|copied| copied < records);
            tokio::task::spawn_blocking(copy).await??
        }
        Subject::Agent(store) => {
            let works = Arc::new(traffic.works(&arena, Parrot)?);
            start(&arena, &traffic, works, store, records)?.finish().await?
        }
    };
    arena.check(records).await?;
    arena.close().await?;
    Ok(took)
}
