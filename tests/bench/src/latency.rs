//! How long one hop takes at 200 records a second, from the moment a record was due to be sent until a
//! reader of committed records sees the output. The schedule waits for nobody.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rdkafka::Message as _;
use schemas_records::Headers;
use tokio::task::JoinHandle;
use topics_log::NewRecord;

use crate::arena::{Arena, PARTITIONS};
use crate::feed::Feed;
use crate::figures::Sheet;
use crate::hop::Subject;
use crate::message::Parrot;
use crate::pace::{Schedule, wait_until};
use crate::raw::Copier;
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
            let (ours, raw) =
                (format!("{}, {word}", subject.name()), format!("{}, {word}", SUBJECTS[0].name()));
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
    let moving = Moving::start(subject, brokers, &arena, &traffic)?;
    let schedule = Schedule::per_second(RATE);
    let (from, until) = (schedule.start + WARM_UP, schedule.start + WARM_UP + time);
    let counts = schedule.first_from(from)..schedule.first_from(until);
    let histogram = Histogram::new_with_bounds(1, 60_000_000, 3)?;
    let seen = Arc::new(Mutex::new(Seen { schedule, counts, histogram }));
    let noting = Arc::clone(&seen);
    let watch = Watch::begin(brokers, &arena.outbox, PARTITIONS, move |message, at| {
        if let Some(number) = number_of(message.key().unwrap_or_default()) {
            lock(&noting).see(number, at);
        }
    })?;
    let bare = subject == Subject::Raw;
    let feed = Feed::begin(brokers, schedule, move |number| {
        let record = traffic.input(number, number)?;
        Ok(if bare { NewRecord { headers: Headers::new(), ..record } } else { record })
    })?;
    tokio::time::sleep_until(until.into()).await; // paces load
    let complete = wait_until(PATIENCE, || lock(&seen).is_complete()).await;
    feed.end()?;
    moving.stop().await?;
    watch.end()?;
    arena.close().await?;
    let seen = lock(&seen);
    anyhow::ensure!(complete, "{} of {:?} records came out in time", seen.histogram.len(), seen.counts);
    Ok(seen.histogram.clone())
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A subject that runs.
enum Moving {
    Raw(JoinHandle<anyhow::Result<Duration>>, Arc<AtomicBool>),
    Worker(worker::Running),
}

impl Moving {
    fn start(subject: Subject, brokers: &str, arena: &Arena, traffic: &Traffic) -> anyhow::Result<Self> {
        if let Subject::Agent(store) = subject {
            let works = Arc::new(traffic.works(arena, Parrot)?);
            return Ok(Self::Worker(worker::start(arena, traffic, works, store, u64::MAX)?));
        }
        let (route, codec) = (subject.route(brokers, arena), traffic.codec.clone());
        let ends = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ends);
        let copy = move || Copier::open(route, codec)?.run(|_| !told.load(Ordering::Acquire));
        Ok(Self::Raw(tokio::task::spawn_blocking(copy), ends))
    }

    async fn stop(self) -> anyhow::Result<()> {
        match self {
            Self::Raw(copy, ends) => {
                ends.store(true, Ordering::Release);
                copy.await?.map(drop)
            }
            Self::Worker(worker) => worker.stop().await,
        }
    }
}
