//! Calls to gateways: each has one answer, however often it is delivered, which comes unless it was cancelled.
//! Of those to the model it is the answer to its own question; it is paid for once but for takeovers; and a
//! task makes no more of them than its budget.

use std::collections::{BTreeMap, BTreeSet};

use schemas_records::ids::content_hash;
use schemas_records::{ModelAnswer, ModelRequest, Outcome, Timestamp};

use super::reading::{Read, Reading, is_gateways};
use super::{Claim, Evidence, Judge, Ledger};

pub(super) fn check(evidence: &Evidence, reading: &Reading<'_>, judge: &mut Judge) {
    let mut questions: BTreeMap<String, Asked> = BTreeMap::new();
    let mut spent: BTreeMap<&str, u32> = BTreeMap::new();
    let mut made: BTreeSet<String> = BTreeSet::new();
    for read in &reading.calls {
        judge.counts.calls += 1;
        let call = settled(read, reading, judge);
        let answers = reading.answers.get(&call).map(Vec::as_slice).unwrap_or_default();
        *spent.entry(read.envelope.task.as_str()).or_default() += 1;
        if let Ok(request) = evidence.codec.decode::<ModelRequest>(&read.record.value) {
            let asked = questions.entry(request.hash("")).or_default();
            asked.note(read, answers);
            check_own(evidence, &request, &call, answers, judge);
        }
        made.insert(call);
    }
    for read in &reading.supplied {
        judge.counts.supplied += 1;
        made.insert(settled(read, reading, judge));
    }
    for (call, answers) in &reading.answers {
        let first = &answers[0];
        judge.must(!is_gateways(first.record) || made.contains(call), Claim::OneAnswer, || {
            format!("call {call} of task {} is answered and was never made", first.envelope.task)
        });
        let same = |other: &Read<'_>| {
            (&other.record.value, other.envelope.outcome) == (&first.record.value, first.envelope.outcome)
        };
        judge.must(answers.iter().all(same), Claim::OneAnswer, || {
            format!("call {call} of task {} has answers that differ", first.envelope.task)
        });
    }
    for read in &reading.inputs {
        let (task, budget) = (read.envelope.task.as_str(), read.envelope.limits.budget.calls);
        let spent = spent.get(task).copied().unwrap_or(0);
        judge.must(spent <= budget, Claim::Budget, || format!("task {task} made {spent} calls of {budget}"));
    }
    if let Some(ledger) = &evidence.ledger {
        check_paid(ledger, &questions, evidence.is_clock_steady, judge);
    }
}

/// The id of a call, which must be answered or cancelled.
fn settled(read: &Read<'_>, reading: &Reading<'_>, judge: &mut Judge) -> String {
    let call = read.envelope.call.map(|call| call.to_string()).unwrap_or_default();
    let is_settled = reading.answers.contains_key(&call) || reading.cancelled.contains_key(&call);
    judge.must(is_settled, Claim::OneAnswer, || {
        format!("call {call} of task {} has no answer and was not cancelled", read.envelope.task)
    });
    call
}

/// A good answer says what the model said to this question, to nobody else's.
fn check_own(
    evidence: &Evidence,
    request: &ModelRequest,
    call: &str,
    answers: &[Read<'_>],
    judge: &mut Judge,
) {
    let Some(ledger) = &evidence.ledger else { return };
    let question = request.hash("");
    for read in answers.iter().filter(|read| read.envelope.outcome == Some(Outcome::Ok)) {
        let answer = evidence.codec.decode::<ModelAnswer>(&read.record.value);
        let words = answer.map(|answer| content_hash(&[answer.text.as_bytes()])).unwrap_or_default();
        let is_own = ledger.said.get(&question).is_some_and(|said| said.contains(&words));
        judge.must(is_own, Claim::OneAnswer, || {
            format!("call {call} of task {} has an answer to another question", read.envelope.task)
        });
    }
}

/// Who asked one question, and from when to when it was open.
struct Asked {
    calls: u64,
    from: Timestamp,
    to: Timestamp,
}

impl Default for Asked {
    fn default() -> Self {
        Self { calls: 0, from: Timestamp(i64::MAX), to: Timestamp(i64::MIN) }
    }
}

impl Asked {
    fn note(&mut self, read: &Read<'_>, answers: &[Read<'_>]) {
        self.calls += 1;
        self.from = self.from.min(read.record.timestamp);
        let last = answers.iter().map(|answer| answer.record.timestamp).max();
        self.to = self.to.max(last.unwrap_or(Timestamp(i64::MAX)));
    }
}

fn check_paid(
    ledger: &Ledger,
    questions: &BTreeMap<String, Asked>,
    is_clock_steady: bool,
    judge: &mut Judge,
) {
    for (question, paid) in &ledger.paid {
        let Some(asked) = questions.get(question) else {
            judge.find(Claim::PaidOnce, format!("question {question} was asked by nobody"));
            continue;
        };
        let meets =
            |from: Timestamp, to: Timestamp| !is_clock_steady || (asked.from <= to && from <= asked.to);
        let takeovers = ledger.takeovers.iter().filter(|at| meets(**at, **at)).count();
        let strays = ledger.strays.iter().filter(|(from, to)| meets(*from, *to)).count();
        let allowed = asked.calls + u64::try_from(takeovers + strays).unwrap_or(0);
        judge.must(paid.answered <= allowed, Claim::PaidOnce, || {
            format!(
                "question {question} was paid for {} times, by {} calls, {takeovers} takeovers and {strays} stray owners",
                paid.answered, asked.calls
            )
        });
    }
}
