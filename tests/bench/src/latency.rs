//! How long one hop takes at 200 records a second, from the moment a record was due to be sent until a
//! reader of committed records sees the output. The schedule waits for nobody.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rdkafka::Message as _;
use rdkafka::producer::BaseRecord;
use schemas_records::Headers;

use crate::arena::{Arena, PARTITIONS};
use crate::figures::Sheet;
use crate::hop::Subject;
use crate::message::Parrot;
use crate::pace::{Schedule, wait_until};
use crate::raw::{self, Copier};
use crate::traffic::{Traffic, number_of};
use crate::watch::Watch;
use crate::worker::{self, Store};

/// Records a second.
pub const RATE: u32 = 200;

/// Before anything counts: joining, warming up, and what piled up meanwhile.
const WARM_UP: Duration = Duration::from_secs(5);

/// How long the last outputs are waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who is measured, and what is shown.
const SUBJECTS: [Subject; 3] = [Subject::Raw, Subject::Agent(Store::Memory), Subject::Agent(Store::Disk)];
const QUANTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")];

/// Measures all of it.
///
/// # Errors
/// Whatever a subject could not do.
pub async fn measure(sheet: &mut Sheet, brokers: &str, rounds: u32, seconds: u32) -> anyhow::Result<()> {
    for _ in 0..rounds {
        for subject in SUBJECTS {
            let seen = round(subject, brokers, Duration::from_secs(seconds.into())).await?;
            for (quantile, word) in QUANTILES {
                let ms = seen.value_at_quantile(quantile) as f64 / 1_000.0;
                sheet.add(&format!("{}, {word}", subject.name()), "ms", ms);
            }
        }
    }
    for subject in &SUBJECTS[1..] {
        for (_, word) in QUANTILES {
            let (ours, raw) = (format!("{}, {word}", subject.name()), format!("{}, {word}", SUBJECTS[0].name()));
            sheet.divide(&format!("{ours} / raw"), &ours, &raw);
        }
    }
    sheet.note(format!(
        "{RATE} records/s for {seconds} s a round after {} s of warm-up, open loop, from the scheduled time of \
         sending to a read_committed reader; the raw copy is one producer that commits whatever one poll \
         finds; goal of the ratios: 1.1",
        WARM_UP.as_secs()
    ));
    Ok(())
}

/// Latencies in microseconds, by record.
struct Seen {
    schedule: Schedule,
    counts: std::ops::Range<u64>,
    histogram: Histogram<u64>,
}

impl Seen {
    fn see(&mut self, number: u64, at: Instant) {
        if self.counts.contains(&number) {
            let late = at.saturating_duration_since(self.schedule.due(number));
            self.histogram.saturating_record(u64::try_from(late.as_micros()).unwrap_or(u64::MAX));
        }
    }

    fn is_complete(&self) -> bool {
        self.histogram.len() >= self.counts.end - self.counts.start
    }
}

async fn round(subject: Subject, brokers: &str, time: Duration) -> anyhow::Result<Histogram<u64>> {
    let arena = Arena::on_kafka(brokers).await?;
    let traffic = Traffic::new(&arena)?;
    let stopped = Arc::new(AtomicBool::new(false));
    let running = match subject {
        Subject::Raw | Subject::RawWithHeaders => {
            let (route, codec) = (subject.route(brokers, &arena), traffic.codec.clone());
            let told = Arc::clone(&stopped);
            let copy = move || Copier::open(route, codec)?.run(|_| !told.load(Ordering::Acquire));
            Moving::Raw(tokio::task::spawn_blocking(copy))
        }
        Subject::Agent(store) => {
            let works = Arc::new(traffic.works(&arena, Parrot)?);
            Moving::Worker(worker::start(&arena, &traffic, works, store, u64::MAX)?)
        }
    };
    let schedule = Schedule::per_second(RATE);
    let counts = schedule.first_from(schedule.start + WARM_UP)..schedule.first_from(schedule.start + WARM_UP + time);
    let last = counts.end;
    let seen =
        Arc::new(Mutex::new(Seen { schedule, counts, histogram: Histogram::new_with_bounds(1, 60_000_000, 3)? }));
    let noting = Arc::clone(&seen);
    let watch = Watch::begin(brokers, &arena.outbox, PARTITIONS, move |message, at| {
        if let Some(number) = number_of(message.key().unwrap_or_default()) {
            noting.lock().unwrap_or_else(PoisonError::into_inner).see(number, at);
        }
    })?;
    let bare = subject == Subject::Raw;
    let sending = {
        let brokers = brokers.to_owned();
        move || send(&brokers, &traffic, bare, &schedule, last)
    };
    tokio::task::spawn_blocking(sending).await??;
    let complete = wait_until(PATIENCE, || seen.lock().unwrap_or_else(PoisonError::into_inner).is_complete()).await;
    stopped.store(true, Ordering::Release);
    match running {
        Moving::Raw(copy) => drop(copy.await??),
        Moving::Worker(worker) => worker.stop().await?,
    }
    watch.end()?;
    arena.close().await?;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    anyhow::ensure!(complete, "{} of {:?} records came out in time", seen.histogram.len(), seen.counts);
    Ok(seen.histogram.clone())
}

/// A subject that runs.
enum Moving {
    Raw(tokio::task::JoinHandle<anyhow::Result<Duration>>),
    Worker(worker::Running),
}

/// Sends every record when it is due.
fn send(brokers: &str, traffic: &Traffic, bare: bool, schedule: &Schedule, last: u64) -> anyhow::Result<()> {
    let sender = raw::sender(brokers)?;
    let mut failed = None;
    schedule.run(|number| {
        let sent = (|| {
            let mut record = traffic.input(number, number)?;
            if bare {
                record.headers = Headers::new();
            }
            raw::send(&sender, &record)
        })();
        if let Err(error) = sent {
            failed.get_or_insert(error);
        }
        number + 1 < last && failed.is_none()
    });
    failed.map_or(Ok(()), Err)
}
