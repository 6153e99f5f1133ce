//! The verifier itself: a clean shelf passes, and every promise that is broken on one by hand is found and named.
//! The records are those of a house in memory, so that no server is needed; they are read off a shelf as a broker's
//! are.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, a value that is not there is the failure"
)]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use schemas_records::protocol::{Closing, ClosingReason};
use schemas_records::{ModelRequest, Text, headers};
use tests_chaos::team::{Errand, Way, team};
use tests_chaos::verify::shelf::{Contents, Filling, TASKS_PER_SLICE, Topic};
use tests_chaos::verify::{Bill, Findings, Subject, judge};
use tests_kit::simulation::{Simulation, Storm, Task};
use tests_kit::verify::{Claim, PLANTED};
use tests_provider::chat::prompt_hash;
use topics_catalog::Kind;
use topics_log::Record;

/// The errands of the run: each way that does not wait for its deadline.
const WAYS: [Way; 6] = [Way::All, Way::First, Way::Later, Way::Pass, Way::Fail, Way::Panic];

/// Errands of each way.
const EACH: usize = 4;

/// What lies in a house's topics, and what its model was paid.
#[derive(Clone)]
struct Evidence {
    subject: Subject,
    records: Vec<Record>,
    partitions: Vec<(String, i32)>,
    bill: Bill,
}

/// A calm run.
static CLEAN: LazyLock<Evidence> = LazyLock::new(Evidence::clean);

impl Evidence {
    /// After a calm run.
    fn clean() -> Self {
        let task = |number: usize| {
            let way = WAYS[number % WAYS.len()];
            let errand = Errand { way, text: format!("errand {number}") };
            let task = Task::new(serde_json::to_vec(&errand).unwrap());
            if way == Way::Panic { task.deadly() } else { task }
        };
        // Two bad tasks in a thousand: there is one among these seeds.
        let simulation = Simulation::of(team("1"))
            .tasks(move |_| (0..WAYS.len() * EACH).map(task).collect())
            .storms(|_| Storm { mischief_per_mille: 60, ..Storm::calm() });
        let evidence =
            (0..40).map(|seed| simulation.evidence(seed).unwrap_or_else(|failed| panic!("{failed}")));
        let is_fit = |evidence: &tests_kit::verify::Evidence| {
            let bad = evidence.records.iter().filter(|record| record.headers.get(PLANTED).is_some());
            let of_tasks = bad.map(|record| *record.topic_partition.topic == *evidence.topics.tasks);
            let bad: Vec<bool> = of_tasks.collect();
            !bad.is_empty() && bad.iter().all(|is_task| *is_task) && evidence.troubled.is_empty()
        };
        let evidence = evidence.into_iter().find(is_fit).expect("a seed");
        let subject = Subject::new("sim", "chaos").unwrap();
        let mut bill = Bill::default();
        for record in evidence.records.iter().filter(|record| is_of(record, &evidence.topics.model)) {
            if let Ok(request) = subject.codec.decode::<ModelRequest>(&record.value) {
                bill.paid.count(prompt_hash(&request.messages));
            }
        }
        let partitions = evidence.topics.partitions.clone().into_iter().collect();
        Self { subject, records: evidence.records, partitions, bill }
    }

    fn judge(&self) -> Findings {
        self.judge_as(1)
    }

    /// Judges it as if there were so many tasks, which decides into how many slices it is cut.
    fn judge_as(&self, tasks: u64) -> Findings {
        let folder = tempfile::tempdir().unwrap();
        let inboxes: BTreeSet<String> =
            self.subject.team.agents().map(|agent| self.subject.names.inbox(agent)).collect();
        let topic = |(name, partitions): &(String, i32)| Topic {
            name: name.clone(),
            partitions: *partitions,
            stepped: inboxes.contains(name).then(|| vec![i64::MAX; usize::try_from(*partitions).unwrap()]),
        };
        let topics = self.partitions.iter().map(topic).collect();
        let contents = Contents { namespace: "sim".into(), team: "chaos".into(), slices: 0, topics };
        let mut filling = Filling::begin(folder.path(), contents, tasks).unwrap();
        for record in &self.records {
            filling.put(&tests_chaos::verify::reading::task_of(record, &self.subject.codec), record).unwrap();
        }
        judge(&filling.done().unwrap(), &self.subject, Some(&self.bill)).unwrap()
    }

    fn topic(&self, kind: Kind) -> String {
        self.subject.names.topic(kind)
    }

    /// The place of the first record of a topic that is like this.
    fn find(&self, topic: &str, is_meant: impl Fn(&Record) -> bool) -> usize {
        let found = self.records.iter().position(|record| is_of(record, topic) && is_meant(record));
        found.unwrap_or_else(|| panic!("no such record in {topic}"))
    }

    /// The place of the result of the first errand of this way.
    fn result(&self, way: Way) -> usize {
        let number = WAYS.iter().position(|known| *known == way).unwrap();
        let id = format!("task-{number}");
        let is_its = |it: &Record| it.headers.text(headers::TASK_ID) == Some(&id) && kind(it) == "result";
        self.find(&self.topic(Kind::Results), is_its)
    }

    fn inbox(&self, agent: &str) -> String {
        self.subject.names.inbox(agent)
    }
}

fn is_of(record: &Record, topic: &str) -> bool {
    *record.topic_partition.topic == *topic
}

fn kind(record: &Record) -> &str {
    record.headers.text(headers::KIND).unwrap_or_default()
}

/// Writes a record again, behind everything.
fn again(evidence: &mut Evidence, at: usize) {
    let mut record = evidence.records[at].clone();
    record.offset += 100_000;
    evidence.records.push(record);
}

/// Two model calls' answers get each other's words.
fn swap_answers(evidence: &mut Evidence) {
    let is_answer = |it: &Record| {
        kind(it) == "answer"
            && it.headers.text(headers::AGENT_VERSION).is_some_and(|by| by.starts_with("model-gateway/"))
    };
    let found = evidence.records.iter().enumerate().filter(|(_, it)| is_answer(it)).map(|(at, _)| at);
    let found: Vec<usize> = found.collect();
    let value = evidence.records[found[0]].value.clone();
    let other = found.iter().find(|at| evidence.records[**at].value != value).copied().unwrap();
    evidence.records[found[0]].value = evidence.records[other].value.clone();
    evidence.records[other].value = value;
}

/// Two requests that the steps of one partition said stand in the wrong order.
fn swap_order(evidence: &mut Evidence) {
    let requests = evidence.topic(Kind::ModelRequests);
    // A step of the clerk says one request; requests of one clerk's partition in one partition are in its order.
    let asked = |it: &Record| {
        it.headers.text(headers::ASKED_AT).map(|at| at.split('/').nth(1).unwrap_or("").to_owned())
    };
    let places: Vec<usize> = (0..evidence.records.len())
        .filter(|at| is_of(&evidence.records[*at], &requests) && kind(&evidence.records[*at]) == "input")
        .collect();
    let path =
        |at: usize| evidence.records[at].headers.text(headers::WORK_PATH).unwrap_or("").contains("clerk");
    let pair = places.iter().flat_map(|one| places.iter().map(move |two| (*one, *two))).find(|(one, two)| {
        let (first, second) = (&evidence.records[*one], &evidence.records[*two]);
        first.offset < second.offset
            && path(*one) == path(*two)
            && first.topic_partition == second.topic_partition
            && asked(first).is_some()
            && asked(first) == asked(second)
    });
    let (one, two) = pair.expect("two requests of one partition's steps");
    let offset = evidence.records[one].offset;
    evidence.records[one].offset = evidence.records[two].offset;
    evidence.records[two].offset = offset;
    evidence.records.swap(one, two);
}

/// A promise broken by hand: what is done, which promise that breaks, what is said of it.
type Planted = (&'static str, fn(&mut Evidence), Claim, &'static str);

const ALL: [Planted; 15] = [
    (
        "a result lost",
        |it| drop(it.records.remove(it.result(Way::All))),
        Claim::OneOutcome,
        "has 0 results instead of 1",
    ),
    (
        "a result doubled",
        |it| again(it, it.result(Way::All)),
        Claim::OneOutcome,
        "has 2 results instead of 1",
    ),
    (
        "a step's outputs torn: a request without the timers that were set with it",
        |it| drop(it.records.remove(it.find(&it.topic(Kind::Timers), |it| kind(it) == "input"))),
        Claim::WholeSteps,
        "outputs are missing",
    ),
    (
        "a record gone that others come of",
        |it| drop(it.records.remove(it.find(&it.inbox("teller"), |it| kind(it) == "input"))),
        Claim::WholeSteps,
        "cannot be made again",
    ),
    ("outputs out of order", swap_order, Claim::Order, "before one of an earlier step"),
    (
        "a record of a transaction that was aborted and done again is there too",
        |it| again(it, it.find(&it.topic(Kind::Timers), |it| kind(it) == "input")),
        Claim::NothingElse,
        "no step said the input",
    ),
    (
        "a join that gives other than its parts",
        |it| {
            let at = it.result(Way::All);
            it.records[at].value = it.subject.codec.encode(&Text::new("nobody's words")).unwrap();
        },
        Claim::SameAsInCalm,
        "ended with",
    ),
    (
        "a join that never closes",
        |it| {
            let text = it.records[it.find(&it.inbox("binder"), |it| kind(it) == "expectation")].clone();
            let key = text.key.clone();
            it.records.retain(|it| !(it.key == key && kind(it) == "part"));
        },
        Claim::Joins,
        "never closes",
    ),
    (
        "an answer lost",
        |it| drop(it.records.remove(it.find(&it.inbox("teller"), |it| kind(it) == "answer"))),
        Claim::OneAnswer,
        "has no answer",
    ),
    ("an answer to another's question", swap_answers, Claim::OneAnswer, "an answer to another question"),
    (
        "a call paid twice",
        |it| {
            let prompt = it.bill.paid.by_prompt.keys().next().cloned().unwrap();
            it.bill.paid.count(prompt);
        },
        Claim::PaidOnce,
        "was paid for 2 times",
    ),
    (
        "a call paid that nobody made",
        |it| it.bill.paid.count("no such prompt".into()),
        Claim::PaidOnce,
        "that none of the",
    ),
    (
        "a dead letter missing",
        |it| drop(it.records.remove(it.find(&it.topic(Kind::DeadLetters), |_| true))),
        Claim::DeadLetters,
        "has dead letters [] instead of",
    ),
    (
        "a closing with another reason",
        |it| {
            let at = it.find(&it.topic(Kind::Closings), |_| true);
            let mut closing: Closing = it.subject.codec.decode(&it.records[at].value).unwrap();
            closing.reason = ClosingReason::Duplicate;
            it.records[at].value = it.subject.codec.encode(&closing).unwrap();
        },
        Claim::OneClosing,
        "has closings [Duplicate]",
    ),
    (
        "a timer that fires early",
        |it| {
            let at = it.find(&it.inbox("desk"), |it| kind(it) == "timer");
            it.records[at].timestamp = it.records[at].timestamp.minus(std::time::Duration::from_secs(3_600));
        },
        Claim::Timers,
        "early",
    ),
];

/// Nothing is found where everything held, into however many slices it is cut; the sums are those of what was sent.
#[test]
fn a_clean_shelf_passes() {
    let findings = CLEAN.judge();
    let sliced = CLEAN.judge_as(3 * TASKS_PER_SLICE);
    assert_eq!(
        (sliced.counts, &sliced.letters, &sliced.told),
        (findings.counts, &findings.letters, &findings.told)
    );
    assert!(findings.is_clean(), "{:#?}", findings.told);
    let counts = findings.counts;
    assert_eq!((findings.lost, findings.doubled, counts.accepted), (0, 0, WAYS.len() * EACH));
    assert_eq!(counts.received, counts.accepted + counts.refused + counts.duplicates);
    assert!(counts.joins >= 2 * EACH && counts.firings >= EACH && counts.compared >= 4 * EACH, "{counts:?}");
    assert!(findings.letters.contains_key("step-panicked"), "{:?}", findings.letters);
}

/// Every promise broken by hand is found, under its name and with its sentence; so are lost and doubled results
/// counted.
#[test]
fn each_broken_promise_is_found_and_named() {
    for (what, plant, claim, words) in ALL {
        let mut evidence = CLEAN.clone();
        plant(&mut evidence);
        let findings = evidence.judge();
        let named = format!("{claim:?}");
        let is_told =
            |told: &String| told.contains(words) && (told.starts_with(&named) || claim == Claim::PaidOnce);
        assert!(findings.broken.contains_key(&claim), "{what}: {:?}", findings.broken);
        assert!(findings.told.iter().any(is_told), "{what}: {words:?} is not in {:#?}", findings.told);
        assert_eq!(findings.lost, usize::from(what == "a result lost"), "{what}");
        assert_eq!(findings.doubled, usize::from(what == "a result doubled"), "{what}");
    }
}

/// What was in flight at a crash may be paid for once more, if its answer says so or its owner was astray; nothing
/// else may.
#[test]
fn only_what_was_in_flight_may_be_paid_again() {
    let check = |strays: Vec<(i64, i64)>, times: u32, is_excused: bool| {
        let mut evidence = CLEAN.clone();
        let prompt = evidence.bill.paid.by_prompt.keys().next().cloned().unwrap();
        (0..times).for_each(|_| evidence.bill.paid.count(prompt.clone()));
        evidence.bill.strays.clone_from(&strays);
        let findings = evidence.judge();
        assert_eq!(findings.is_clean(), is_excused, "{strays:?}, {times}: {:?}", findings.told);
    };
    check(vec![(0, i64::MAX)], 1, true);
    check(vec![(0, i64::MAX)], 2, false);
    check(vec![(0, 1)], 1, false);
    check(vec![], 1, false);
}
