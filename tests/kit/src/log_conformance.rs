//! The conformance suite of the `Log` seam: the same cases for every implementation, the embedded log
//! and the real broker alike, so that the one which simulation trusts is itself tested.
//!
//! A case uses nothing but the seam, and names that begin with a prefix of its own, so that cases can
//! share a broker. What needs a hand inside the log (freezing a member, losing an answer) is tested where
//! that hand is.

mod commits;
mod fencing;
mod groups;
mod member;
mod records;
mod scene;
mod topics;
mod visibility;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use topics_log::{Error, Log, Remedy};

pub use self::scene::Scene;

/// How fast the log under test is, and how far it goes. Real brokers need real time.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// After which time a silent member loses its partitions, as the log is configured.
    pub session_timeout: Duration,
    /// Within which time anything that must happen has happened; above the session's and the
    /// transaction's time-out.
    pub settle: Duration,
    /// How long one waits before believing that nothing will come.
    pub quiet: Duration,
    /// The largest record the log takes, in bytes as [`topics_log::NewRecord::wire_bytes_max`] counts them.
    pub record_bytes_max: usize,
}

impl Timing {
    /// How long a case makes a call again that is told `Retry`, as whoever keeps the contract does: a broker
    /// may need a moment before it knows the topic it just created.
    #[must_use]
    pub fn patience(self) -> Patience {
        Patience { until: Instant::now() + self.settle }
    }
}

/// See [`Timing::patience`].
pub struct Patience {
    until: Instant,
}

impl Patience {
    /// Whether the call that was told this is to be made again, after the pause this takes.
    pub async fn again(&self, told: Option<&Error>) -> bool {
        let again = told.is_some_and(|error| error.remedy == Remedy::Retry) && Instant::now() < self.until;
        if again {
            tokio::time::sleep(Duration::from_millis(20)).await; // paces load
        }
        again
    }
}

/// How a case ends: what it claims is asserted; an error of the log that it did not ask for ends it.
pub type Verdict = Result<(), Error>;

/// A case, ready to be run in its own corner of a log.
pub type CaseFn = fn(Scene) -> Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// Lists cases by the names of their functions.
macro_rules! cases {
    ($($room:ident :: $name:ident),+ $(,)?) => {
        vec![$((stringify!($name), (|scene| Box::pin($room::$name(scene))) as CaseFn)),+]
    };
}

/// Every case with its name.
#[must_use]
pub fn cases() -> Vec<(&'static str, CaseFn)> {
    cases![
        records::keeps_order_in_a_partition,
        records::tells_where_and_when_it_appended,
        records::puts_a_key_where_murmur2_says,
        records::spreads_records_without_key,
        records::carries_headers_in_order,
        records::takes_large_records_and_refuses_larger_ones,
        records::counts_every_byte_towards_the_limit,
        records::ends_a_poll_at_its_bytes,
        visibility::hides_what_is_open_or_aborted,
        visibility::holds_back_what_stands_behind_an_open_transaction,
        visibility::reads_from_beginning_end_and_offset,
        visibility::tells_the_end_behind_the_last_visible_record,
        visibility::wakes_a_waiting_reader,
        commits::shows_outputs_and_offsets_together_or_not_at_all,
        commits::takes_offsets_alone_and_nothing_at_all,
        commits::waits_for_pending_offsets,
        commits::keeps_the_note_beside_an_offset,
        commits::commits_offsets_outside_a_transaction,
        commits::goes_on_after_an_abort,
        fencing::ends_and_fences_a_transactor_made_again,
        fencing::refuses_a_revoked_partition_in_a_transaction,
        fencing::refuses_a_revoked_partition_outside_a_transaction,
        fencing::fences_a_member_whose_name_was_taken,
        groups::reads_nothing_before_it_is_told_where,
        groups::serves_rebalances_without_records,
        groups::goes_back_and_forgets_what_it_fetched,
        groups::gives_everything_to_who_is_alone,
        groups::gives_a_returning_member_its_partitions,
        groups::loses_and_doubles_nothing_from_one_member_to_two_and_back,
        groups::wakes_a_waiting_member,
        topics::names_a_missing_topic_when_producing,
        topics::names_a_missing_topic_when_reading,
        topics::names_a_missing_topic_when_joining,
        topics::refuses_to_create_what_exists,
        topics::describes_and_removes,
        topics::gives_a_topic_made_anew_another_id,
    ]
}

/// Runs every case whose name contains `only` (empty for all), one after another, and returns what
/// failed and why. Topics whose names begin with `prefix` are removed after each case.
pub async fn run(log: Arc<dyn Log>, prefix: &str, timing: Timing, only: &str) -> Vec<String> {
    let mut failures = Vec::new();
    for (index, (name, case)) in cases().into_iter().enumerate() {
        if !name.contains(only) {
            continue;
        }
        let scene = Scene::new(Arc::clone(&log), format!("{prefix}.{index}"), timing);
        let verdict = run_one(scene.clone(), case).await;
        println!("{name}: {}", verdict.as_ref().err().map_or("holds", String::as_str));
        failures.extend(verdict.err().map(|cause| format!("{name}: {cause}")));
        if let Err(error) = scene.tidy().await {
            failures.push(format!("{name}: tidying up: {error}"));
        }
    }
    failures
}

/// A case that takes longer than this many times what everything in it may take hangs.
const STEPS_MAX: u32 = 8;

/// Runs a case as a task of its own, so that a failed assertion is its own failure only.
async fn run_one(scene: Scene, case: CaseFn) -> Result<(), String> {
    let limit = scene.timing.settle * STEPS_MAX;
    let task = tokio::spawn(case(scene));
    let abort = task.abort_handle();
    match tokio::time::timeout(limit, task).await {
        Ok(Ok(verdict)) => verdict.map_err(|error| format!("{error} (remedy {:?})", error.remedy)),
        Ok(Err(panicked)) => Err(panicked.to_string()),
        Err(_) => {
            abort.abort();
            Err(format!("did not end within {limit:?}"))
        }
    }
}
