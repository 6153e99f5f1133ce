//! The verifier: reads what a `read_committed` reader can read, and says what must not be there, or is
//! not there and must be.
//!
//! It knows topics, envelopes and the protocol's promises. It knows neither log nor store, and asks no
//! metric. What a simulation alone can know (what was paid for, what the same steps say when they are
//! made again) is given to it as further evidence, and may be left out.

mod answers;
mod bound;
mod calm;
mod dead;
mod joins;
mod outcomes;
mod reading;
mod steps;
mod timers;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::{FailureCode, Timestamp, headers};
use topics_log::{NewRecord, Record, TopicPartition};

use reading::Reading;
pub(crate) use steps::of_no_generation;

/// The header of what somebody else than the house sent, or sent again: it counts for nothing here.
pub const FOREIGN: &str = "sim-foreign";

/// The header of a record that must become a dead letter; its value is that letter's code.
pub const PLANTED: &str = "sim-planted";

/// The names of a team's topics.
#[derive(Clone, Debug)]
pub struct Topics {
    /// What producers submit.
    pub tasks: String,
    /// What they wait for.
    pub results: String,
    /// What intake follows.
    pub closings: String,
    /// What could not be handled.
    pub dead_letters: String,
    /// What the model gateway reads.
    pub model: String,
    /// What the gateways of tools and knowledge read, if the team has any.
    pub supplying: BTreeSet<String>,
    /// What the timer gateway reads.
    pub timers: String,
    /// Where tasks enter: the entry agent's inbox, in each of its generations.
    pub entry: BTreeSet<String>,
    /// Every agent's inboxes, the entry's too.
    pub inboxes: BTreeSet<String>,
    /// Partitions of every topic.
    pub partitions: BTreeMap<String, i32>,
}

/// What the step of one record said when it was made again.
#[derive(Clone, Debug)]
pub struct Step {
    /// The record.
    pub record: Record,
    /// What it produced, in order; dead letters among it.
    pub outputs: Vec<NewRecord>,
}

/// How a task ends when nothing goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// With this message, framed.
    Result(Bytes),
    /// With a failure of this code.
    Failure(FailureCode),
}

/// What was paid for one question to a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    /// Requests that were sent.
    pub sent: u64,
    /// Those that ended in an answer, good or not: a provider charges for it.
    pub answered: u64,
    /// Those that were given up by whoever asked, or died with him.
    pub dropped: u64,
}

/// What payments are judged by.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// What was paid, by the question's hash without a tenant.
    pub paid: BTreeMap<String, Paid>,
    /// Questions that may have got no good answer.
    pub spoilt: BTreeSet<String>,
    /// What the model said to each question: the hashes of its words.
    pub said: BTreeMap<String, BTreeSet<String>>,
    /// When partitions of the requests' topic were taken over: what was in flight then may be asked again.
    pub takeovers: Vec<Timestamp>,
    /// From when to when an owner was cut off and did not know: what came then it may have asked as well.
    pub strays: Vec<(Timestamp, Timestamp)>,
}

/// What there is to judge by.
#[derive(Clone)]
pub struct Evidence {
    /// Bytes and records.
    pub codec: Codec,
    /// The names.
    pub topics: Topics,
    /// Every committed record, each partition's in order.
    pub records: Vec<Record>,
    /// Most tasks that may be open at once in one task partition.
    pub open_max: u64,
    /// Whether the log's clock never stepped back: else times say nothing.
    pub is_clock_steady: bool,
    /// The steps made again; without them neither they nor joins are judged.
    pub steps: Option<Vec<Step>>,
    /// How tasks end in a calm, by their input as it stands in the entry inbox.
    pub calm: BTreeMap<Bytes, Settled>,
    /// Ids of tasks that were cancelled or had little time: they may end otherwise.
    pub troubled: BTreeSet<String>,
    /// Ids of tasks of which a step panics.
    pub deadly: BTreeSet<String>,
    /// What was paid for; without it payments are not judged.
    pub ledger: Option<Ledger>,
}

/// What was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// Every task has exactly one outcome.
    OneOutcome,
    /// Every task that was taken has exactly one closing.
    OneClosing,
    /// Never more than N tasks are open.
    Bound,
    /// What a step says is there whole.
    WholeSteps,
    /// Nothing is there that no step said, nothing twice.
    NothingElse,
    /// What the steps of a partition say stands in their order.
    Order,
    /// A join closes once, with what its inbox holds.
    Joins,
    /// A call has one answer, its own, and it comes.
    OneAnswer,
    /// An answer is paid for once, but for takeovers.
    PaidOnce,
    /// A task asks for no more than its budget.
    Budget,
    /// A timer fires, and never early.
    Timers,
    /// What is bad is a dead letter, and nothing else is.
    DeadLetters,
    /// What goes wrong around a task does not change its outcome.
    SameAsInCalm,
}

impl Claim {
    /// Every claim.
    pub const ALL: [Self; 13] = [
        Self::OneOutcome,
        Self::OneClosing,
        Self::Bound,
        Self::WholeSteps,
        Self::NothingElse,
        Self::Order,
        Self::Joins,
        Self::OneAnswer,
        Self::PaidOnce,
        Self::Budget,
        Self::Timers,
        Self::DeadLetters,
        Self::SameAsInCalm,
    ];
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub claim: Claim,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.claim, self.what)
    }
}

/// What was counted while judging: a promise that nothing tested is not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Task records.
    pub received: usize,
    /// Tasks that were worked on.
    pub accepted: usize,
    /// Task records that were refused, at intake or at the entry.
    pub refused: usize,
    /// Task records that repeated a task.
    pub duplicates: usize,
    /// Tasks that ended with a result.
    pub results: usize,
    /// Tasks that ended with a failure.
    pub failures: usize,
    /// Joins.
    pub joins: usize,
    /// Calls to the model.
    pub calls: usize,
    /// Calls to tools and knowledge.
    pub supplied: usize,
    /// Timers that fired.
    pub firings: usize,
    /// Dead letters.
    pub letters: usize,
    /// Outputs of steps.
    pub outputs: usize,
    /// Tasks whose outcome was compared with the one in a calm.
    pub compared: usize,
}

/// Judges everything.
#[must_use]
pub fn check(evidence: &Evidence) -> (Counts, Vec<Violation>) {
    let mut judge = Judge { counts: Counts::default(), violations: Vec::new() };
    let reading = Reading::of(evidence);
    outcomes::check(evidence, &reading, &mut judge);
    bound::check(evidence, &reading, &mut judge);
    answers::check(evidence, &reading, &mut judge);
    timers::check(evidence, &reading, &mut judge);
    dead::check(evidence, &reading, &mut judge);
    calm::check(evidence, &reading, &mut judge);
    if let Some(steps) = &evidence.steps {
        steps::check(evidence, &reading, steps, &mut judge);
        joins::check(evidence, steps, &mut judge);
    }
    (judge.counts, judge.violations)
}

/// What was found so far.
struct Judge {
    counts: Counts,
    violations: Vec<Violation>,
}

impl Judge {
    fn find(&mut self, claim: Claim, what: impl Into<String>) {
        self.violations.push(Violation { claim, what: what.into() });
    }

    fn must(&mut self, is_kept: bool, claim: Claim, what: impl FnOnce() -> String) {
        if !is_kept {
            self.find(claim, what());
        }
    }
}

/// The places of the records that one generation of an inbox passed on to another: they were stepped where they
/// went.
fn passed_on(evidence: &Evidence) -> BTreeSet<String> {
    let moved = evidence.records.iter().filter_map(|record| record.headers.text(headers::MOVED_FROM));
    moved.map(str::to_owned).collect()
}

/// A record's place, as it is told.
fn place(at: &TopicPartition, offset: i64) -> String {
    format!("{at}/{offset}")
}
