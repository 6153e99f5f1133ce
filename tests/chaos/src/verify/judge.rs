//! Judges a shelf slice by slice: every step is made again on nothing but the log, and what lies there is compared
//! with what must.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use schemas_records::headers::AGENT_VERSION;
use schemas_records::{Headers, Outcome, headers};
use tests_kit::simulation::replay::{Replayed, replay};
use tests_kit::verify::{self, Claim, Counts, Evidence, Step};
use topics_log::{Record, TopicDescription};

use super::bill::{self, Bill};
use super::shelf::{Shelf, Topic};
use super::subject::Subject;

/// Most violations that are kept in words: whoever has so many reads the first.
const TOLD_MAX: usize = 100;

/// Slices that are judged at the same time: half of all the memory is for one.
const JUDGES: usize = 2;

/// What an agent of whatever version is taken for.
const ANY_VERSION: &str = "agent";

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What there was to judge.
    pub counts: Counts,
    /// Tasks that were accepted and have no outcome.
    pub lost: usize,
    /// Tasks that have more than one.
    pub doubled: usize,
    /// Dead letters, by their code.
    pub letters: BTreeMap<String, usize>,
    /// What was paid for; none without a bill.
    pub paid: Option<bill::Counts>,
    /// How often each promise was broken.
    pub broken: BTreeMap<Claim, usize>,
    /// The first that were, in words.
    pub told: Vec<String>,
}

impl Findings {
    /// Whether everything held.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty()
    }

    fn find(&mut self, claim: Claim, words: String) {
        *self.broken.entry(claim).or_default() += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(words);
        }
    }

    /// Takes in what another found of other slices.
    fn merge(&mut self, other: Self) {
        self.add(other.counts);
        self.lost += other.lost;
        self.doubled += other.doubled;
        for (code, count) in other.letters {
            *self.letters.entry(code).or_default() += count;
        }
        for (claim, count) in other.broken {
            *self.broken.entry(claim).or_default() += count;
        }
        if let Some(paid) = other.paid {
            self.pay(paid);
        }
        let room = TOLD_MAX.saturating_sub(self.told.len());
        self.told.extend(other.told.into_iter().take(room));
    }

    fn pay(&mut self, counts: bill::Counts) {
        let sum = self.paid.get_or_insert_default();
        sum.calls += counts.calls;
        sum.paid += counts.paid;
        sum.again += counts.again;
        sum.unknown += counts.unknown;
    }

    fn add(&mut self, counts: Counts) {
        let sum = &mut self.counts;
        let Counts { received, accepted, refused, duplicates, results, failures, joins, .. } = counts;
        sum.received += received;
        sum.accepted += accepted;
        sum.refused += refused;
        sum.duplicates += duplicates;
        sum.results += results;
        sum.failures += failures;
        sum.joins += joins;
        sum.calls += counts.calls;
        sum.supplied += counts.supplied;
        sum.firings += counts.firings;
        sum.letters += counts.letters;
        sum.outputs += counts.outputs;
        sum.compared += counts.compared;
    }
}

/// Judges everything on a shelf.
///
/// # Errors
/// Evidence that cannot be read, or steps that cannot be made again.
pub fn judge(shelf: &Shelf, subject: &Subject, bill: Option<&Bill>) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let next = AtomicUsize::new(0);
    // The slices that come next, each by whoever is free.
    let some = || -> anyhow::Result<Findings> {
        let mut findings = Findings::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= shelf.contents.slices {
                return Ok(findings);
            }
            slice(shelf.slice(number)?, &shelf.contents.topics, subject, bill, &mut findings)?;
        }
    };
    thread::scope(|scope| {
        let judges: Vec<_> = (0..JUDGES).map(|_| scope.spawn(some)).collect();
        for judge in judges {
            let found = judge.join().map_err(|_| anyhow::anyhow!("a judge panicked"))?;
            findings.merge(found?);
        }
        anyhow::Ok(())
    })?;
    if let (Some(bill), Some(paid)) = (bill, findings.paid) {
        let asked = findings.counts.calls;
        if bill.paid.calls != paid.paid {
            let strange = bill.paid.calls.abs_diff(paid.paid);
            let words = format!("{strange} requests were paid for that none of the {asked} calls made");
            findings.find(Claim::PaidOnce, words);
        }
        if paid.unknown > bill.in_flight_max {
            let (unknown, most) = (paid.unknown, bill.in_flight_max);
            let words = format!("{unknown} attempts are unknown, at most {most} were in flight at crashes");
            findings.find(Claim::PaidOnce, words);
        }
    }
    let Counts { received, accepted, refused, duplicates, results, failures, .. } = findings.counts;
    let open = accepted.saturating_sub(results + failures);
    if received != accepted + refused + duplicates || open > 0 {
        let words = format!(
            "received {received} is not accepted {accepted} + refused {refused} + duplicates {duplicates}, or accepted \
             not results {results} + failures {failures}: {open} are open"
        );
        findings.find(Claim::OneOutcome, words);
    }
    Ok(findings)
}

fn slice(
    records: Vec<Record>,
    topics: &[Topic],
    subject: &Subject,
    bill: Option<&Bill>,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let steps = match steps(&records, topics, subject)? {
        Ok(steps) => Some(steps),
        // An agent meets what no sound log leads to, for example an answer to what was never asked.
        Err(error) => {
            let claim = Claim::WholeSteps;
            findings.find(claim, format!("{claim:?}: the steps cannot be made again on this log: {error}"));
            None
        }
    };
    let partitions = topics.iter().map(|topic| (topic.name.clone(), topic.partitions)).collect();
    let known = subject.known(&records)?;
    if let Some(bill) = bill {
        let (counts, wrong) = bill.check(subject, &records);
        findings.pay(counts);
        wrong.into_iter().for_each(|words| findings.find(Claim::PaidOnce, words));
    }
    count(&records, subject, findings);
    let evidence = Evidence {
        codec: subject.codec.clone(),
        topics: subject.named(partitions),
        open_max: subject.open_max,
        is_clock_steady: true,
        steps,
        calm: known.calm,
        troubled: Default::default(),
        deadly: known.deadly,
        ledger: bill.map(|bill| bill.ledger(subject, &records)),
        records: records.into_iter().map(unversioned).collect(),
    };
    let (counts, violations) = verify::check(&evidence);
    findings.add(counts);
    for violation in violations {
        findings.find(violation.claim, violation.to_string());
    }
    Ok(())
}

/// The steps of a slice made again: of those records that were stepped. A sentence, if they cannot be.
fn steps(
    records: &[Record],
    topics: &[Topic],
    subject: &Subject,
) -> anyhow::Result<Result<Vec<Step>, String>> {
    let is_stepped = |record: &&Record| {
        let at = &record.topic_partition;
        let topic = topics.iter().find(|topic| *topic.name == *at.topic);
        let committed = topic.and_then(|topic| topic.stepped.as_ref());
        let partition = usize::try_from(at.partition).unwrap_or(usize::MAX);
        committed.and_then(|committed| committed.get(partition)).is_some_and(|end| record.offset < *end)
    };
    let stepped: Vec<Record> = records.iter().filter(is_stepped).cloned().collect();
    let described = topics.iter().map(|topic| TopicDescription {
        name: topic.name.clone(),
        id: topic.name.clone(),
        partitions: topic.partitions,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let again = replay(subject.names.namespace(), subject.team.clone(), stepped, described.collect());
    let Replayed { steps, .. } = match runtime.block_on(again) {
        Ok(replayed) => replayed,
        Err(error) => return Ok(Err(error)),
    };
    let unsigned = |mut step: Step| {
        for output in &mut step.outputs {
            output.headers = without_version(&output.headers);
        }
        step
    };
    Ok(Ok(steps.into_iter().map(unsigned).collect()))
}

/// A record without the version of the agent that said it: versions change in a run, and say the same.
fn unversioned(mut record: Record) -> Record {
    record.headers = without_version(&record.headers);
    record
}

fn without_version(of: &Headers) -> Headers {
    let mut out = Headers::new();
    for (name, value) in of.iter() {
        // Gateways, intake and timers sign with their name and a slash; agents with a hash.
        let is_agents = name == AGENT_VERSION && !value.contains(&b'/');
        out.push(name, if is_agents { ANY_VERSION.as_bytes() } else { value });
    }
    out
}

/// Counts outcomes by task, and dead letters by code.
fn count(records: &[Record], subject: &Subject, findings: &mut Findings) {
    let (results, dead) = (
        subject.names.topic(topics_catalog::Kind::Results),
        subject.names.topic(topics_catalog::Kind::DeadLetters),
    );
    let entry = subject.team.agents().next().map(|agent| subject.names.inbox(agent)).unwrap_or_default();
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records {
        let (topic, text) = (&*record.topic_partition.topic, |name| record.headers.text(name));
        let task = text(headers::TASK_ID).unwrap_or_default();
        if topic == entry && text(headers::REPLY_TO).is_some_and(|to| to.starts_with("result|")) {
            outcomes.entry(task).or_default();
        } else if topic == results && text(headers::KIND) == Some("result") {
            let is_outcome = [Outcome::Ok, Outcome::Failed].map(Outcome::as_str);
            let says = text(headers::OUTCOME).unwrap_or_default();
            *outcomes.entry(task).or_default() += usize::from(is_outcome.contains(&says));
        } else if topic == dead {
            let letter = subject.codec.decode::<schemas_records::protocol::DeadLetter>(&record.value);
            let code = letter.map_or_else(|_| "unreadable".to_owned(), |letter| letter.code);
            *findings.letters.entry(code).or_default() += 1;
        }
    }
    findings.lost += outcomes.values().filter(|count| **count == 0).count();
    findings.doubled += outcomes.values().filter(|count| **count > 1).count();
}
