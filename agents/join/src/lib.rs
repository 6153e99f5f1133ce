//! The keyed join: what it waits for, when it closes, and with what.
//!
//! Pure functions over the row in which a join lives ([`JoinRow`]). A join closes exactly once, by a
//! record: an expectation without parts, the part that makes it enough, or the timer that ends its
//! patience. This crate does not know where records come from, nor who steps next.

use bytes::Bytes;
use schemas_records::protocol::{Expectation, JoinPolicy};
use schemas_records::work::{JoinPart, JoinRow, PartStatus};
use schemas_records::{Failure, Outcome};
use topics_guard::{Guard, stands};

/// Most parts of one fork. Every part stands in the join's row, which is written anew at each arrival:
/// with 64 parts of a few kilobytes that is some ten megabytes over a join's life. Wider forks wait for
/// parts to be kept apart from the row.
pub const PARTS_MAX: usize = 64;

/// Most bytes of all parts of a join together: the row must stay below the store's largest cell (1 MiB).
pub const PARTS_BYTES_MAX: usize = 768 * 1024;

/// Why an expectation cannot become a join.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More parts than a join can hold.
    #[error("the fork has {found} parts, a join holds at most {PARTS_MAX}")]
    TooMany {
        /// How many were expected.
        found: usize,
    },
    /// The policy needs more parts than there are, or none.
    #[error("the join needs {needed} parts of {parts}: use a number from 1 to {parts}")]
    Needed {
        /// What was asked for.
        needed: i32,
        /// How many there are.
        parts: usize,
    },
    /// Two branches of one name.
    #[error("the fork names branch {branch:?} twice: give each branch its own name")]
    Twice {
        /// The name.
        branch: String,
    },
}

/// Checks a fork before it is made.
///
/// # Errors
/// See [`Error`].
pub fn check(branches: &[&str], policy: JoinPolicy, needed: i32) -> Result<(), Error> {
    if branches.len() > PARTS_MAX {
        return Err(Error::TooMany { found: branches.len() });
    }
    for (index, branch) in branches.iter().enumerate() {
        if branches[..index].contains(branch) {
            return Err(Error::Twice { branch: (*branch).to_owned() });
        }
    }
    let is_counted = policy != JoinPolicy::All && !branches.is_empty();
    let is_possible = usize::try_from(needed).is_ok_and(|needed| (1..=branches.len()).contains(&needed));
    if is_counted && !is_possible {
        return Err(Error::Needed { needed, parts: branches.len() });
    }
    Ok(())
}

/// The join that an expectation begins.
///
/// # Errors
/// See [`check`].
pub fn open(expectation: &Expectation) -> Result<JoinRow, Error> {
    let branches: Vec<&str> = expectation.parts.iter().map(|part| part.branch.as_str()).collect();
    check(&branches, expectation.policy, expectation.needed)?;
    let parts = expectation.parts.iter().map(|part| JoinPart {
        branch: part.branch.clone(),
        topic: part.topic.clone(),
        partition: part.partition,
        key: part.key.clone(),
        status: PartStatus::Waiting,
        value: Bytes::new(),
    });
    Ok(JoinRow {
        fork: expectation.fork.clone(),
        policy: expectation.policy,
        needed: expectation.needed,
        context: expectation.context.clone(),
        parts: parts.collect(),
    })
}

/// What an arriving part was to the join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It was waited for, and is there now.
    Counted,
    /// It was there already: the first counts.
    Duplicate,
    /// No branch of this fork has that work.
    Stranger,
}

/// A part arrives. `key` is the part's work id; `value` its message, or a framed [`Failure`].
pub fn arrive(join: &mut JoinRow, key: &str, outcome: Outcome, value: Bytes) -> Arrival {
    let Some(part) = join.parts.iter_mut().find(|part| part.key == key) else {
        return Arrival::Stranger;
    };
    if part.status != PartStatus::Waiting && stands(Guard::FirstPartCounts) {
        return Arrival::Duplicate;
    }
    part.status = if outcome == Outcome::Ok { PartStatus::Arrived } else { PartStatus::Failed };
    part.value = value;
    Arrival::Counted
}

/// Bytes of all parts that are there.
#[must_use]
pub fn size_bytes(join: &JoinRow) -> usize {
    join.parts.iter().map(|part| part.value.len()).sum()
}

/// Whether the join has what it waits for, or no more hope of it.
#[must_use]
pub fn is_ready(join: &JoinRow) -> bool {
    if join.parts.is_empty() {
        return true;
    }
    let (waiting, arrived, failed) = count(join);
    let needed = usize::try_from(join.needed).unwrap_or(0);
    match join.policy {
        JoinPolicy::All => waiting == 0,
        JoinPolicy::Quorum => arrived >= needed || arrived + waiting < needed,
        JoinPolicy::First => arrived + failed >= needed,
    }
}

/// What became of one branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartOutcome {
    /// Its message, framed.
    Arrived(Bytes),
    /// Its failure, framed.
    Failed(Bytes),
    /// It had not come when the join closed.
    Missing,
}

/// A closed join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// The forker's message, framed; empty for none.
    pub context: Bytes,
    /// Every branch with what became of it, in the fork's order.
    pub parts: Vec<(String, PartOutcome)>,
}

/// The end of a join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// What was gathered, or the join's failure if a quorum was promised and is not there: the gathering
    /// agent's step must not run on fewer parts than its policy says.
    pub result: Result<Gathered, Failure>,
    /// Branches that still run, to be cancelled.
    pub running: Vec<Running>,
}

/// A branch that still runs when its join has closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The branch agent's inbox.
    pub topic: String,
    /// The partition its input went to.
    pub partition: i32,
    /// The part's work id.
    pub key: String,
}

/// Closes the join with what is there.
#[must_use]
pub fn close(join: JoinRow) -> Closed {
    let (_, arrived, _) = count(&join);
    let needed = usize::try_from(join.needed).unwrap_or(0);
    let running: Vec<Running> = join
        .parts
        .iter()
        .filter(|part| part.status == PartStatus::Waiting)
        .map(|part| Running { topic: part.topic.clone(), partition: part.partition, key: part.key.clone() })
        .collect();
    let is_short = join.policy == JoinPolicy::Quorum && !join.parts.is_empty() && arrived < needed;
    if is_short && stands(Guard::QuorumIsThere) {
        let absent: Vec<&str> = join
            .parts
            .iter()
            .filter(|part| part.status != PartStatus::Arrived)
            .map(|part| part.branch.as_str())
            .collect();
        let failure = Failure::new(
            schemas_records::FailureCode::JoinFailed,
            format!(
                "{arrived} of the {needed} parts that were needed arrived; failed or missing: {}",
                absent.join(", ")
            ),
            "look at why these parts failed, or lower the quorum",
        );
        return Closed { result: Err(failure), running };
    }
    let parts = join.parts.into_iter().map(|part| {
        let outcome = match part.status {
            PartStatus::Waiting => PartOutcome::Missing,
            PartStatus::Arrived => PartOutcome::Arrived(part.value),
            PartStatus::Failed => PartOutcome::Failed(part.value),
        };
        (part.branch, outcome)
    });
    Closed { result: Ok(Gathered { context: join.context, parts: parts.collect() }), running }
}

/// How many parts are waiting, arrived, failed.
fn count(join: &JoinRow) -> (usize, usize, usize) {
    let of = |status| join.parts.iter().filter(|part| part.status == status).count();
    (of(PartStatus::Waiting), of(PartStatus::Arrived), of(PartStatus::Failed))
}

#[cfg(test)]
mod tests;
