//! One hop on a real broker: records a second of a whole worker with a typed agent, against the raw copy.
//!
//! Each round gives every subject a backlog of its own on fresh topics, as large as it can do in the time
//! asked for, and times it from its first records to its last commit.

use std::sync::Arc;
use std::time::Duration;

use crate::arena::Arena;
use crate::figures::Sheet;
use crate::machine::processor_time;
use crate::message::Parrot;
use crate::raw::{Copier, Route};
use crate::traffic::Traffic;
use crate::worker::{Spent, Store, start};

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

/// Measures all of it, or those subjects whose line has the text `only`.
///
/// # Errors
/// Whatever a subject could not do.
pub async fn measure(
    sheet: &mut Sheet,
    brokers: &str,
    only: &str,
    rounds: u32,
    seconds: u32,
) -> anyhow::Result<()> {
    let subjects: Vec<Subject> =
        SUBJECTS.into_iter().filter(|subject| subject.name().contains(only)).collect();
    let mut backlogs = Vec::new();
    for &subject in &subjects {
        let trial = round(subject, brokers, TRIAL_RECORDS).await?;
        let rate = TRIAL_RECORDS as f64 / trial.spent.all.as_secs_f64();
        backlogs.push(((rate * f64::from(seconds)) as u64).clamp(TRIAL_RECORDS, BACKLOG_MAX));
    }
    for _ in 0..rounds {
        for (&subject, records) in subjects.iter().zip(&backlogs) {
            let found = round(subject, brokers, *records).await?;
            found.add_to(sheet, subject, *records as f64);
        }
    }
    let raw = Subject::Raw.name();
    for subject in &SUBJECTS[1..] {
        let name = subject.name();
        sheet.divide(&format!("{name} / raw copy"), &name, &raw);
    }
    sheet.note(format!(
        "backlogs of {backlogs:?} records of 944 bytes (plus headers), 4 partitions, up to 10,000 a transaction, \
         client and broker on the same machine; goal of the worker's ratios: 0.9"
    ));
    sheet.note(
        "processor time is this process's alone, all threads, joining and leaving included; it says more than \
         records/s where others use the machine too",
    );
    Ok(())
}

/// What a round found.
struct Found {
    spent: Spent,
    processor: Duration,
}

impl Found {
    fn add_to(&self, sheet: &mut Sheet, subject: Subject, records: f64) {
        let name = subject.name();
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / records;
        sheet.add(&name, "records/s", records / self.spent.all.as_secs_f64());
        sheet.add(&format!("{name}: processor time"), "us/record", micros(self.processor));
        let Spent { polling, stepping, producing, committing, .. } = self.spent;
        if let Subject::Agent(_) = subject {
            sheet.add(&format!("{name}: settling, pruning, polling"), "us/record", micros(polling));
            sheet.add(&format!("{name}: loading, stepping"), "us/record", micros(stepping));
            sheet.add(&format!("{name}: saving, producing"), "us/record", micros(producing));
            sheet.add(&format!("{name}: offsets, commit"), "us/record", micros(committing));
        }
    }
}

async fn round(subject: Subject, brokers: &str, records: u64) -> anyhow::Result<Found> {
    let arena = Arena::on_kafka(brokers).await?;
    let traffic = Traffic::new(&arena)?;
    arena
        .fill(records, |number| match subject {
            Subject::Raw => traffic.bare(number, number),
            Subject::RawWithHeaders | Subject::Agent(_) => traffic.input(number, number),
        })
        .await?;
    let before = processor_time();
    let spent = match subject {
        Subject::Raw | Subject::RawWithHeaders => {
            let route = subject.route(brokers, &arena);
            let codec = traffic.codec.clone();
            let copy = move || Copier::open(route, codec)?.run(|copied| copied < records);
            Spent { all: tokio::task::spawn_blocking(copy).await??, ..Spent::default() }
        }
        Subject::Agent(store) => {
            let works = Arc::new(traffic.works(&arena, Parrot)?);
            start(&arena, &traffic, works, store, records)?.finish().await?
        }
    };
    let processor = processor_time().saturating_sub(before);
    arena.check(records).await?;
    arena.close().await?;
    Ok(Found { spent, processor })
}
