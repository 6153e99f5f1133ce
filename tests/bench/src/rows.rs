//! One hop with state on a CQL server: records a second of a whole worker, against the raw copy that also
//! writes a row for each record.
//!
//! With distinct keys a worker reads and writes as many rows as there are records; the ceiling only writes.
//! With Zipf keys a worker reads what it does not remember and writes each key once a batch; the ceiling
//! writes a row for each record all the same.

use std::sync::Arc;
use std::time::Duration;

use topics_runtime::Handler;

use crate::arena::Arena;
use crate::cql::Ground;
use crate::figures::Sheet;
use crate::keys::Keys;
use crate::machine::processor_time;
use crate::message::Parrot;
use crate::raw::{Copier, Route, Rows};
use crate::traffic::Traffic;
use crate::worker::{Copy, start_over};

/// Records that tell how quick a subject is, and warm up what is cold.
const TRIAL_RECORDS: u64 = 5_000;

/// Largest backlog: more rows than any minute of these machines.
const BACKLOG_MAX: u64 = 500_000;

/// Who moves the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// The raw copy with rows.
    Raw(Keys),
    /// A worker that copies bytes and counts.
    Bytes(Keys),
    /// A worker with a typed agent; an input begins a work only once, so its keys are distinct.
    Agent,
}

const SUBJECTS: [Subject; 5] = [
    Subject::Raw(Keys::Distinct),
    Subject::Bytes(Keys::Distinct),
    Subject::Agent,
    Subject::Raw(Keys::Zipf),
    Subject::Bytes(Keys::Zipf),
];

impl Subject {
    fn name(self) -> String {
        match self {
            Self::Raw(keys) => format!("raw copy and a row a record, {}", keys.name()),
            Self::Bytes(keys) => format!("worker, byte-level handler, {}", keys.name()),
            Self::Agent => format!("worker, typed agent, {}", self.keys().name()),
        }
    }

    const fn keys(self) -> Keys {
        match self {
            Self::Raw(keys) | Self::Bytes(keys) => keys,
            Self::Agent => Keys::Distinct,
        }
    }
}

/// Measures all of it, or those subjects whose line has the text `only`.
///
/// # Errors
/// Whatever a subject could not do.
pub async fn measure(
    sheet: &mut Sheet,
    (brokers, cql): (&str, &str),
    only: &str,
    rounds: u32,
    seconds: u32,
) -> anyhow::Result<()> {
    let subjects: Vec<Subject> =
        SUBJECTS.into_iter().filter(|subject| subject.name().contains(only)).collect();
    let ground = Ground::make(cql).await?;
    let mut backlogs = Vec::new();
    for &subject in &subjects {
        let (took, _) = round(subject, brokers, &ground, TRIAL_RECORDS).await?;
        let rate = TRIAL_RECORDS as f64 / took.as_secs_f64();
        backlogs.push(((rate * f64::from(seconds)) as u64).clamp(TRIAL_RECORDS, BACKLOG_MAX));
    }
    for _ in 0..rounds {
        for (&subject, records) in subjects.iter().zip(&backlogs) {
            let (took, processor) = round(subject, brokers, &ground, *records).await?;
            let (name, count) = (subject.name(), *records as f64);
            sheet.add(&name, "records/s", count / took.as_secs_f64());
            let processor = processor.as_secs_f64() * 1e6 / count;
            sheet.add(&format!("{name}: processor time"), "us/record", processor);
        }
    }
    ground.strike().await?;
    for subject in subjects {
        let raw = Subject::Raw(subject.keys());
        if subject != raw {
            let name = subject.name();
            sheet.divide(&format!("{name} / raw copy and rows"), &name, &raw.name());
        }
    }
    sheet.note(format!(
        "backlogs of {backlogs:?} records of 944 bytes, 4 partitions, up to 10,000 a transaction, whose rows \
         are acknowledged before it ends; goal: 0.9 with distinct keys, above 1 with Zipf keys"
    ));
    sheet.note(
        "client, broker and CQL server share this machine's cores, so a worker's reads take from its writes; \
         processor time is this process's alone",
    );
    Ok(())
}

/// How long it took, and this process's processor time.
async fn round(
    subject: Subject,
    brokers: &str,
    ground: &Ground,
    records: u64,
) -> anyhow::Result<(Duration, Duration)> {
    let arena = Arena::on_kafka(brokers).await?;
    let traffic = Traffic::new(&arena)?;
    let drawn = subject.keys().draw(records);
    let key = |number: u64| drawn[usize::try_from(number).unwrap_or(0)];
    arena
        .fill(records, |number| match subject {
            Subject::Raw(_) | Subject::Bytes(_) => traffic.bare(number, key(number)),
            Subject::Agent => traffic.input(number, key(number)),
        })
        .await?;
    let before = processor_time();
    let took = match subject {
        Subject::Raw(_) => copy(&arena, &traffic, brokers, ground, records).await?,
        Subject::Bytes(_) => {
            let handler = Arc::new(Copy { to: arena.outbox.as_str().into() });
            work(&arena, &traffic, handler, ground, records).await?
        }
        Subject::Agent => {
            let handler = Arc::new(traffic.works(&arena, Parrot)?);
            work(&arena, &traffic, handler, ground, records).await?
        }
    };
    let processor = processor_time().saturating_sub(before);
    arena.check(records).await?;
    arena.close().await?;
    Ok((took, processor))
}

async fn copy(
    arena: &Arena,
    traffic: &Traffic,
    brokers: &str,
    ground: &Ground,
    records: u64,
) -> anyhow::Result<Duration> {
    let route = Route {
        brokers: brokers.to_owned(),
        from: arena.inbox.clone(),
        to: arena.outbox.clone(),
        name: arena.group().id,
        carries_headers: false,
    };
    let rows = Rows::open(ground.session(), &ground.settings.keyspace).await?;
    let codec = traffic.codec.clone();
    let copy = move || Copier::open(route, codec)?.with_rows(rows).run(|copied| copied < records);
    tokio::task::spawn_blocking(copy).await?
}

async fn work(
    arena: &Arena,
    traffic: &Traffic,
    handler: Arc<dyn Handler>,
    ground: &Ground,
    records: u64,
) -> anyhow::Result<Duration> {
    let store = Arc::new(ground.store().await?);
    Ok(start_over(arena, traffic, handler, store, records).finish().await?.all)
}
