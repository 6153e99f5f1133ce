//! The verifier is itself tested: the log of a run in which everything held passes, and each promise broken
//! by hand in that log is found and named. A judge who finds nothing proves nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, a value that is not there is the failure"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use schemas_records::protocol::{Closing, ClosingReason, DeadLetter, Timer};
use schemas_records::{Envelope, Headers, ModelRequest, Timestamp, headers};
use tests_kit::simulation::team::{Errand, Way, errands};
use tests_kit::simulation::{Simulation, Storm, Task};
use tests_kit::verify::{self, Claim, Evidence, PLANTED, Settled, Step};
use topics_log::Record;

/// Errands that leave everything in the log that there is to judge: calls of two agents, a join with all its
/// parts, timers, and an answer that is waited for.
const ERRANDS: [Way; 6] = [Way::Say, Way::Twice, Way::All, Way::Later, Way::Wait, Way::Ask];

/// Seeds among which there is one whose producer sends a bad task and leaves the good ones in peace.
const SEEDS: u64 = 20;

/// The log of a calm run, with one bad task in it.
fn clean() -> Evidence {
    let task = |way: Way| {
        let errand = Errand { way, text: format!("an errand, {way:?}") };
        Task::new(serde_json::to_vec(&errand).unwrap())
    };
    let simulation = Simulation::of(errands())
        .tasks(move |_| ERRANDS.map(task).into())
        .storms(|_| Storm { mischief_per_mille: 60, ..Storm::calm() });
    let has_bad_task = |evidence: &Evidence| {
        let tasks = &evidence.topics.tasks;
        evidence.records.iter().any(|it| it.headers.get(PLANTED).is_some() && is_of(it, tasks))
    };
    let found = (0..SEEDS).map(|seed| simulation.evidence(seed).unwrap_or_else(|failed| panic!("{failed}")));
    found.into_iter().find(|evidence| has_bad_task(evidence) && evidence.troubled.is_empty()).expect("a seed")
}

fn is_of(record: &Record, topic: &str) -> bool {
    &*record.topic_partition.topic == topic
}

fn kind(record: &Record) -> &str {
    record.headers.text(headers::KIND).unwrap_or_default()
}

/// The places in the log of all records like this one.
fn places(evidence: &Evidence, is_meant: impl Fn(&Record) -> bool) -> Vec<usize> {
    let all = evidence.records.iter().enumerate();
    let found: Vec<usize> = all.filter(|(_, record)| is_meant(record)).map(|(at, _)| at).collect();
    assert!(!found.is_empty(), "there is no such record in the log");
    found
}

/// The places of the results of tasks that ended well.
fn results(evidence: &Evidence) -> Vec<usize> {
    places(evidence, |it| is_of(it, &evidence.topics.results) && kind(it) == "result")
}

/// The places of the model's answers.
fn answers(evidence: &Evidence) -> Vec<usize> {
    let by = |it: &Record| it.headers.text(headers::AGENT_VERSION).unwrap_or_default().to_owned();
    places(evidence, |it| kind(it) == "answer" && by(it).starts_with("model-gateway"))
}

/// Takes away what is like this.
fn lose(evidence: &mut Evidence, is_meant: impl Fn(&Record, &Evidence) -> bool) {
    let before = evidence.records.len();
    let whole = evidence.clone();
    evidence.records.retain(|record| !is_meant(record, &whole));
    assert!(evidence.records.len() < before, "there is no such record in the log");
}

/// Writes a record again, behind everything in its partition.
fn write_again(evidence: &mut Evidence, at: usize, change: impl FnOnce(&mut Record)) {
    let mut again = evidence.records[at].clone();
    again.offset += 10_000;
    change(&mut again);
    evidence.records.push(again);
}

/// The same headers, one of them with another value.
fn with_header(of: &Headers, name: &'static str, value: &str) -> Headers {
    let mut out = Headers::new();
    for (known, value) in of.iter().filter(|(known, _)| *known != name) {
        out.push(known, value);
    }
    out.push(name, value);
    out
}

/// The steps of a join over three parts, by their places: its expectation's, then its parts', in order.
fn join(steps: &[Step]) -> Vec<usize> {
    let parts = |key: &[u8]| {
        let of_key = steps.iter().enumerate().filter(|(_, step)| step.record.key.as_bytes() == key);
        let of_join = of_key.filter(|(_, step)| matches!(kind(&step.record), "expectation" | "part"));
        of_join.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let begins = steps.iter().filter(|step| kind(&step.record) == "expectation");
    let found = begins.map(|step| parts(step.record.key.as_bytes())).find(|steps| steps.len() == 4);
    found.expect("a join over three parts")
}

/// A part is counted twice: the join closes with the second of three.
fn count_twice(evidence: &mut Evidence) {
    let steps = evidence.steps.as_mut().unwrap();
    let [_, _, second, last] = join(steps)[..] else { panic!("four steps") };
    let outputs = std::mem::take(&mut steps[last].outputs);
    steps[second].outputs = outputs;
}

/// A join closes although its last part never came and no time was up.
fn close_without(evidence: &mut Evidence) {
    let steps = evidence.steps.as_mut().unwrap();
    let [_, _, second, last] = join(steps)[..] else { panic!("four steps") };
    steps[second].outputs = std::mem::take(&mut steps[last].outputs);
    steps.remove(last);
}

/// A timer fires a second before it is due.
fn fire_early(evidence: &mut Evidence) {
    let at = places(evidence, |it| kind(it) == "timer")[0];
    let timer: Timer = evidence.codec.decode(&evidence.records[at].value).unwrap();
    evidence.records[at].timestamp = Timestamp(timer.due - 1_000);
}

/// One question is paid for once more than it was asked.
fn pay_twice(evidence: &mut Evidence) {
    let ledger = evidence.ledger.as_mut().unwrap();
    ledger.paid.values_mut().next().unwrap().answered += 1;
}

/// Two calls get each other's answers.
fn swap_answers(evidence: &mut Evidence) {
    let answers = answers(evidence);
    let other = answers.iter().find(|at| evidence.records[**at].value != evidence.records[answers[0]].value);
    let (one, other) = (answers[0], *other.expect("another answer"));
    let value = evidence.records[one].value.clone();
    evidence.records[one].value = std::mem::replace(&mut evidence.records[other].value, value);
}

/// An answer comes under the id of a call that was never made.
fn answer_nobody(evidence: &mut Evidence) {
    let at = answers(evidence)[0];
    let call = "0".repeat(32);
    let changed = with_header(&evidence.records[at].headers, headers::CALL_ID, &call);
    write_again(evidence, at, |again| again.headers = changed);
}

/// An answer comes a second time and says something else.
fn answer_otherwise(evidence: &mut Evidence) {
    let all = answers(evidence);
    let value = all.iter().map(|at| evidence.records[*at].value.clone());
    let value = value.into_iter().find(|value| *value != evidence.records[all[0]].value).expect("another");
    write_again(evidence, all[0], |again| again.value = value);
}

/// A task ends in silence: neither result nor closing.
fn never_end(evidence: &mut Evidence) {
    let at = results(evidence)[0];
    let envelope = Envelope::read(&evidence.records[at].headers).unwrap();
    let origin = &envelope.origin;
    lose(evidence, |it, whole| {
        let closing = whole.codec.decode::<Closing>(&it.value);
        let is_closing = is_of(it, &whole.topics.closings)
            && closing.is_ok_and(|it| (it.partition, it.offset) == (origin.partition, origin.offset));
        let is_result = is_of(it, &whole.topics.results)
            && Envelope::read(&it.headers).is_ok_and(|it| it.task == envelope.task);
        is_closing || is_result
    });
}

/// The closing of a task says that it was a duplicate.
fn close_otherwise(evidence: &mut Evidence) {
    let at = places(evidence, |it| is_of(it, &evidence.topics.closings))[0];
    let mut closing: Closing = evidence.codec.decode(&evidence.records[at].value).unwrap();
    closing.reason = ClosingReason::Duplicate;
    evidence.records[at].value = evidence.codec.encode(&closing).unwrap();
}

/// A dead letter is kept with other bytes than the record's.
fn maim_letter(evidence: &mut Evidence) {
    let at = places(evidence, |it| is_of(it, &evidence.topics.dead_letters))[0];
    let mut letter: DeadLetter = evidence.codec.decode(&evidence.records[at].value).unwrap();
    letter.value = b"something else".to_vec().into();
    evidence.records[at].value = evidence.codec.encode(&letter).unwrap();
}

/// Two timers that an inbox's steps set one after the other stand in the wrong order.
fn swap_outputs(evidence: &mut Evidence) {
    let topic = evidence.topics.timers.clone();
    let steps = evidence.steps.clone().unwrap();
    // The partition of each step that sets a timer, and where that timer stands in the log.
    let mut set = Vec::new();
    for step in &steps {
        let Some(timer) = step.outputs.iter().find(|output| *output.topic == *topic) else { continue };
        let at = evidence.records.iter().position(|it| is_of(it, &topic) && it.key == timer.key);
        set.push((&step.record.topic_partition, at.expect("the timer's record")));
    }
    let partition = |at: usize| &evidence.records[at].topic_partition;
    let pairs = set.iter().enumerate().flat_map(|(at, one)| set[at + 1..].iter().map(move |two| (one, two)));
    let mut pairs = pairs.filter(|(one, two)| one.0 == two.0 && partition(one.1) == partition(two.1));
    let ((_, one), (_, two)) = pairs.next().expect("two timers in one partition");
    let (one, two) = (*one, *two);
    let offset = evidence.records[one].offset;
    evidence.records[one].offset = std::mem::replace(&mut evidence.records[two].offset, offset);
    evidence.records.swap(one, two);
}

/// A task that ends otherwise in a calm.
fn end_otherwise(evidence: &mut Evidence) {
    let calm = evidence.calm.values_mut().find(|calm| matches!(calm, Settled::Result(_)));
    *calm.expect("a good end") = Settled::Result(b"something else".as_slice().into());
}

/// A task's budget is less than it spent.
fn overspend(evidence: &mut Evidence) {
    for record in &mut evidence.records {
        if kind(record) == "input" && evidence.topics.entry.iter().any(|entry| is_of(record, entry)) {
            record.headers = with_header(&record.headers, headers::BUDGET, "calls=1");
        }
    }
}

/// A promise broken by hand: what is done to the log, which promise that breaks, what must be said of it.
type Planted = (&'static str, fn(&mut Evidence), Claim, &'static str);

const ALL: [Planted; 23] = [
    (
        "a result lost",
        |it| lose(it, |record, it| is_of(record, &it.topics.results) && kind(record) == "result"),
        Claim::OneOutcome,
        "has 0 results instead of 1",
    ),
    (
        "a result lost, as its step says",
        |it| lose(it, |record, it| is_of(record, &it.topics.results) && kind(record) == "result"),
        Claim::WholeSteps,
        "outputs are missing: result to",
    ),
    (
        "a result written twice, with other bytes",
        |it| {
            let at = results(it)[0];
            write_again(it, at, |again| again.value = b"something else".as_slice().into());
        },
        Claim::OneOutcome,
        "has 2 results instead of 1",
    ),
    (
        "a result written twice, as no step says",
        |it| {
            let at = results(it)[0];
            write_again(it, at, |_| ());
        },
        Claim::NothingElse,
        "no step said the result",
    ),
    ("a task that never ends", never_end, Claim::OneOutcome, "has 0 results instead of 1"),
    ("a task that never closes", never_end, Claim::OneClosing, "has closings [] instead of one"),
    ("a closing with another reason", close_otherwise, Claim::OneClosing, "has closings [Duplicate]"),
    ("more tasks open than may be", |it| it.open_max = 0, Claim::Bound, "at most 0 may be"),
    ("a part counted twice", count_twice, Claim::Joins, "before it closes"),
    ("a join closed without its part", close_without, Claim::Joins, "never closes"),
    (
        "a join that says nothing",
        |it| {
            let steps = it.steps.as_mut().unwrap();
            let last = join(steps)[3];
            steps[last].outputs.clear();
        },
        Claim::Joins,
        "among 0 outputs",
    ),
    ("outputs out of order", swap_outputs, Claim::Order, "before one of an earlier step"),
    (
        "an answer lost",
        |it| {
            let at = answers(it)[0];
            it.records.remove(at);
        },
        Claim::OneAnswer,
        "has no answer",
    ),
    ("two answers that differ", answer_otherwise, Claim::OneAnswer, "has answers that differ"),
    ("an answer from another call", swap_answers, Claim::OneAnswer, "an answer to another question"),
    ("an answer to no call", answer_nobody, Claim::OneAnswer, "was never made"),
    ("a call paid twice", pay_twice, Claim::PaidOnce, "0 takeovers and 0 stray owners"),
    ("a budget overspent", overspend, Claim::Budget, "made 2 calls of 1"),
    ("a timer that fires early", fire_early, Claim::Timers, "fired 1s early"),
    (
        "a timer that never fires",
        |it| lose(it, |record, _| kind(record) == "timer"),
        Claim::Timers,
        "neither fired nor was cancelled",
    ),
    (
        "a dead letter missing",
        |it| lose(it, |record, it| is_of(record, &it.topics.dead_letters)),
        Claim::DeadLetters,
        "has dead letters [] instead of Some",
    ),
    ("a dead letter with other bytes", maim_letter, Claim::DeadLetters, "is not its bytes"),
    ("another end than in a calm", end_otherwise, Claim::SameAsInCalm, "in a calm with 14 bytes"),
];

/// Nothing is found where everything held, and there was something to find.
#[test]
fn a_clean_log_passes() {
    let (counts, violations) = verify::check(&clean());
    assert_eq!(violations, []);
    assert!(counts.results >= ERRANDS.len() && counts.joins >= 2 && counts.calls > 8, "{counts:?}");
    assert!(counts.firings > 0 && counts.letters > 0 && counts.compared >= ERRANDS.len(), "{counts:?}");
}

/// Every promise broken by hand is found, under its name and with its sentence.
#[test]
fn each_broken_promise_is_found_and_named() {
    let clean = clean();
    let mut broken = BTreeSet::new();
    for (what, plant, claim, words) in ALL {
        let mut evidence = clean.clone();
        plant(&mut evidence);
        let (_, violations) = verify::check(&evidence);
        let said: Vec<String> = violations.iter().map(ToString::to_string).collect();
        let is_found = violations.iter().any(|it| it.claim == claim && it.what.contains(words));
        assert!(is_found, "{what}: no {claim:?} says {words:?}, but {said:#?}");
        broken.insert(claim);
    }
    assert_eq!(broken, Claim::ALL.into(), "each promise is broken once");
}

/// A call that was under way when its owner was replaced may be paid for again, once for each; one that was
/// not may not.
#[test]
fn only_a_crash_excuses_paying_again() {
    let clean = clean();
    let check = |takeover: Option<Timestamp>, times: u64, is_excused: bool| {
        let mut evidence = clean.clone();
        let ledger = evidence.ledger.as_mut().unwrap();
        (0..times).for_each(|_| ledger.paid.values_mut().next().unwrap().answered += 1);
        ledger.takeovers = takeover.into_iter().collect();
        let (_, violations) = verify::check(&evidence);
        assert_eq!(violations.is_empty(), is_excused, "{takeover:?}, {times}: {violations:?}");
    };
    let (question, _) = clean.ledger.as_ref().unwrap().paid.first_key_value().unwrap();
    let request = clean.records.iter().find(|it| {
        let asked = clean.codec.decode::<ModelRequest>(&it.value);
        is_of(it, &clean.topics.model) && asked.is_ok_and(|it| it.hash("") == *question)
    });
    let asked = request.unwrap().timestamp;
    check(Some(asked), 1, true);
    check(Some(asked), 2, false);
    check(Some(asked.plus(Duration::from_secs(3_600))), 1, false);
    check(None, 1, false);
}
