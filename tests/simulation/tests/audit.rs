//! The audit is itself tested: what storms left behind is proven equal, and whatever is changed by hand in a log is
//! found, named, and shown; and what cannot be audited is said and never passed in silence.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, a value that is not there is the failure"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;

use agents_model::Scripted;
use bytes::Bytes;
use infra_node::audit::{Limits, NotAudited, Report, Stepped, Stretch, What, audit};
use infra_node::{Doors, Node, Settings};
use schemas_records::{Headers, SpanId, Timestamp, Trace, headers};
use tests_kit::recorded_log::RecordedLog;
use tests_kit::simulation::storm::Event;
use tests_kit::simulation::team::{errands, some_errands};
use tests_kit::simulation::{Simulation, Storm};
use tests_kit::verify::{Evidence, FOREIGN};
use topics_log::{Record, VirtualClock};
use topics_runtime::NoProbe;
use topics_state::memory::MemoryStore;

/// Seeds of storms that are audited.
const SEEDS: u64 = 8;

/// Tasks of each.
const TASKS: usize = 6;

/// Storms in which nobody writes to the topics but the house and its producer: what a stranger sends again under
/// the headers of a step would be found, and rightly.
fn stormy() -> Simulation {
    let simulation = Simulation::of(errands()).tasks(|chance| some_errands(chance, TASKS));
    simulation.storms(|chance| {
        let mut storm = Storm { mischief_per_mille: 0, ..Storm::of(chance) };
        storm.events.retain(|(_, event)| !matches!(event, Event::Repeat(_)));
        storm
    })
}

/// Storms with strangers, who send bad records, and good ones again.
fn mischievous() -> Simulation {
    Simulation::of(errands()).tasks(|chance| some_errands(chance, TASKS))
}

fn calm() -> Evidence {
    let simulation = Simulation::of(errands()).tasks(|chance| some_errands(chance, TASKS));
    simulation.storms(|_| Storm::calm()).evidence(3).unwrap_or_else(|failed| panic!("{failed}"))
}

fn run(evidence: &Evidence, stretch: Stretch, limits: Limits) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let clock = Arc::new(VirtualClock::starting_at(Timestamp(0)));
        let store = MemoryStore::new(clock.clone());
        let log = RecordedLog::new(evidence.records.clone(), &evidence.topics.partitions);
        let doors = Doors {
            log: Arc::new(log),
            states: Arc::new(store.clone()),
            keyed: Arc::new(store),
            model: Arc::new(Scripted::default()),
            clock,
            probe: Arc::new(NoProbe),
            has_watchdog: false,
        };
        let namespace = evidence.topics.tasks.split('.').next().unwrap().to_owned();
        let node = Node::new(errands(), doors, Settings { namespace, ..Settings::default() }).unwrap();
        audit(&node, &stepped(evidence), stretch, limits).await.unwrap()
    })
}

/// Up to where each inbox was stepped.
fn stepped(evidence: &Evidence) -> Stepped {
    let mut stepped = Stepped::new();
    for step in evidence.steps.as_ref().unwrap() {
        let end = stepped.entry(step.record.topic_partition.clone()).or_insert(0);
        *end = step.record.offset.saturating_add(1).max(*end);
    }
    stepped
}

fn all(evidence: &Evidence) -> Report {
    run(evidence, Stretch::default(), Limits::default())
}

fn kind(record: &Record) -> &str {
    record.headers.text(headers::KIND).unwrap_or_default()
}

/// The place in the log of a record of this topic, some way behind the first.
fn place(evidence: &Evidence, topic: &str, wanted: &str) -> usize {
    let is_it = |record: &Record| &*record.topic_partition.topic == topic && kind(record) == wanted;
    let found: Vec<usize> = (0..evidence.records.len()).filter(|at| is_it(&evidence.records[*at])).collect();
    // Not a partition's first: what lies before that may have been deleted.
    let has_before = |at: &&usize| {
        let record = &evidence.records[**at];
        evidence
            .records
            .iter()
            .any(|other| other.topic_partition == record.topic_partition && other.offset < record.offset)
    };
    *found.iter().rfind(has_before).expect("such a record")
}

fn with_header(of: &Headers, name: &str, value: &str) -> Headers {
    let mut out = Headers::new();
    for (known, old) in of.iter() {
        out.push(known, if known == name { value.as_bytes() } else { old });
    }
    out
}

/// Logs of storms (instances killed and cut off, stores that err, partitions moved) are, once, what their steps say;
/// and dead letters, timers, joins and refusals are among it.
#[test]
fn proves_what_storms_left() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..SEEDS {
        let evidence = stormy().evidence(seed).unwrap_or_else(|failed| panic!("{failed}"));
        let report = all(&evidence);
        assert!(report.is_equal() && report.not_audited.is_empty(), "seed {seed}: {report:#?}");
        assert_eq!((report.equal, report.read), (report.outputs, report.steps), "seed {seed}: {report:#?}");
        assert_eq!(report.steps, evidence.steps.as_ref().unwrap().len() as u64);
        evidence.records.iter().for_each(|record| *kinds.entry(kind(record).to_owned()).or_default() += 1);
    }
    for kind in ["input", "expectation", "part", "timer", "cancellation", "closing", "result"] {
        assert!(kinds.contains_key(kind), "{kind}: {kinds:?}");
    }
}

/// Where strangers write to the topics too, what became of it is proven as well, dead letters among it; and what they
/// sent again under the headers of a step is the only thing that no step says.
#[test]
fn finds_what_strangers_sent_again() {
    let (mut letters, mut unmade) = (0, 0);
    for seed in 0..SEEDS {
        let evidence = mischievous().evidence(seed).unwrap_or_else(|failed| panic!("{failed}"));
        let strangers =
            evidence.records.iter().filter(|record| record.headers.get(FOREIGN).is_some()).count();
        let report = all(&evidence);
        assert_eq!(report.equal, report.outputs, "seed {seed}: {report:#?}");
        assert!(report.differences.keys().all(|what| *what == What::Unmade), "seed {seed}: {report:#?}");
        assert!(report.differing() <= strangers as u64, "seed {seed}, {strangers}: {report:#?}");
        unmade += report.differing();
        letters += evidence
            .records
            .iter()
            .filter(|record| *record.topic_partition.topic == evidence.topics.dead_letters)
            .count();
    }
    assert!(letters > 0 && unmade > 0, "{letters} letters, {unmade} sent again");
}

/// Changes one record of a calm log by hand.
type Change = fn(&mut Evidence) -> usize;

/// Every change of one record is found, counted as what it is, and shown with its place and how it differs.
#[test]
fn finds_what_was_changed() {
    let check = |name: &str, change: Change, what: What, field: &str| {
        let mut evidence = calm();
        let at = change(&mut evidence);
        let report = all(&evidence);
        assert_eq!(report.differences, BTreeMap::from([(what, 1)]), "{name}: {report:#?}");
        let first = report.first.expect("the first");
        assert!(first.fields.iter().any(|it| it.name.starts_with(field)), "{name}: {first:#?}");
        assert_eq!(first.step.is_some(), what != What::Unmade, "{name}: {first:#?}");
        if what != What::Missing {
            let record = &evidence.records[at];
            let stands = format!("{}/{}", record.topic_partition, record.offset);
            assert_eq!(first.recorded_at.as_deref(), Some(&*stands), "{name}");
            assert_eq!(first.task, record.headers.text(headers::TASK_ID).unwrap(), "{name}");
        }
    };
    check("a byte of a text", change_text, What::Differs, "value.");
    check("the last byte cut off", cut_value, What::Differs, "value byte ");
    check("a header", change_header, What::Differs, "header hops");
    check("another partition", move_away, What::Differs, "partition");
    check("an output lost", lose, What::Missing, "value");
    check("an output twice", double, What::Unmade, "value");
    check("an output of nobody", forge, What::Unmade, "value");
}

/// Every model's question, with one letter that is another.
fn change_text(evidence: &mut Evidence) -> usize {
    let at = place(evidence, &evidence.topics.model.clone(), "input");
    let record = &mut evidence.records[at];
    let mut value = record.value.to_vec();
    let letter = value.iter().rposition(u8::is_ascii_lowercase).unwrap();
    value[letter] ^= 1;
    record.value = Bytes::from(value);
    at
}

fn cut_value(evidence: &mut Evidence) -> usize {
    let at = place(evidence, &evidence.topics.model.clone(), "input");
    let record = &mut evidence.records[at];
    record.value = record.value.slice(..record.value.len() - 1);
    at
}

fn change_header(evidence: &mut Evidence) -> usize {
    let at = place(evidence, &evidence.topics.results.clone(), "result");
    let record = &mut evidence.records[at];
    record.headers = with_header(&record.headers, headers::HOPS, "999");
    at
}

fn move_away(evidence: &mut Evidence) -> usize {
    let at = place(evidence, &evidence.topics.results.clone(), "result");
    let record = &mut evidence.records[at];
    record.topic_partition.partition = 1 - record.topic_partition.partition.min(1);
    record.offset += 10_000;
    at
}

fn lose(evidence: &mut Evidence) -> usize {
    let at = place(evidence, &evidence.topics.results.clone(), "result");
    evidence.records.remove(at);
    at
}

fn double(evidence: &mut Evidence) -> usize {
    let at = place(evidence, &evidence.topics.model.clone(), "input");
    let mut again = evidence.records[at].clone();
    again.offset += 10_000;
    evidence.records.push(again);
    evidence.records.len() - 1
}

/// A result with the span of a step that there never was.
fn forge(evidence: &mut Evidence) -> usize {
    let at = double_result(evidence);
    let record = &mut evidence.records[at];
    let trace = Trace::parse(record.headers.text(headers::TRACEPARENT).unwrap()).unwrap();
    let trace = trace.next(SpanId::parse("00f067aa0ba902b7").unwrap()).to_string();
    record.headers = with_header(&record.headers, headers::TRACEPARENT, &trace);
    at
}

fn double_result(evidence: &mut Evidence) -> usize {
    let at = place(evidence, &evidence.topics.results.clone(), "result");
    let mut again = evidence.records[at].clone();
    again.offset += 10_000;
    evidence.records.push(again);
    evidence.records.len() - 1
}

/// What another version made is counted and not compared, unless that is asked for; then only what it says counts,
/// not its name.
#[test]
fn tells_other_versions_apart() {
    let mut evidence = calm();
    let is_agents = |version: &str| version.len() == 12 && !version.contains('/');
    let mut renamed = 0;
    for record in &mut evidence.records {
        if record.headers.text(headers::AGENT_VERSION).is_some_and(is_agents) {
            record.headers = with_header(&record.headers, headers::AGENT_VERSION, "0123456789ab");
            renamed += 1;
        }
    }
    let report = all(&evidence);
    assert!(report.is_equal() && report.first.is_none(), "{report:#?}");
    assert_eq!(report.other_versions.iter().map(|other| other.records).sum::<u64>(), renamed);
    assert!(report.other_versions.iter().all(|other| other.here.as_ref() != Some(&other.recorded)));
    let any = Stretch { any_version: true, ..Stretch::default() };
    let report = run(&evidence, any, Limits::default());
    assert!(report.is_equal() && report.other_versions.is_empty(), "{report:#?}");
    assert_eq!(report.equal, report.outputs);
    change_header(&mut evidence);
    let report = run(&evidence, any, Limits::default());
    assert_eq!(report.differences, BTreeMap::from([(What::Differs, 1)]), "{report:#?}");
}

/// A stretch that begins, or ends, in the middle; a log whose oldest records are gone; and more works open at once
/// than memory holds: nothing differs, what is not audited is counted, and something is audited.
#[test]
fn says_what_it_does_not_audit() {
    let mut said: BTreeSet<NotAudited> = BTreeSet::new();
    let mut check = |name: &str, evidence: &Evidence, stretch: Stretch, limits: Limits| {
        let report = run(evidence, stretch, limits);
        assert!(report.is_equal() && report.equal > 0, "{name}: {report:#?}");
        said.extend(report.not_audited.keys());
        report.not_audited
    };
    for seed in 0..SEEDS {
        let evidence = stormy().evidence(seed).unwrap_or_else(|failed| panic!("{failed}"));
        let mut times: Vec<Timestamp> = evidence.records.iter().map(|record| record.timestamp).collect();
        times.sort_unstable();
        let middle = times[times.len() / 3];
        let from = Stretch { from: Some(middle), ..Stretch::default() };
        check(&format!("from the middle of {seed}"), &evidence, from, Limits::default());
        let to = Stretch { to: Some(middle), ..Stretch::default() };
        let spared = check(&format!("to the middle of {seed}"), &evidence, to, Limits::default());
        assert!(spared.is_empty(), "all that begins in a stretch is audited: {spared:?}");
        let few = Limits { open_bytes: Some(0) };
        check(&format!("bounded {seed}"), &evidence, Stretch::default(), few);
        let mut deleted = evidence.clone();
        deleted.records.retain(|record| record.timestamp >= middle);
        check(&format!("deleted {seed}"), &deleted, Stretch::default(), Limits::default());
    }
    use NotAudited::{BeganBefore, Earlier, Skipped, TooManyOpen};
    assert!(said.is_superset(&[BeganBefore, Earlier, Skipped, TooManyOpen].into()), "{said:?}");
}

/// The variable under which a child of this test says what it made.
const SAYS: &str = "TRIBUTARY_TEST_SAYS";

/// The log of a storm and what its steps say again are the same bytes in two processes, whose hash maps are in
/// different orders.
#[test]
fn two_processes_say_the_same() {
    if std::env::var_os(SAYS).is_some() {
        for seed in 0..3 {
            let report = stormy().run(seed).unwrap_or_else(|failed| panic!("{failed}"));
            let evidence = stormy().evidence(seed).unwrap_or_else(|failed| panic!("{failed}"));
            println!("said {seed} {} {}", report.digest, all(&evidence).digest);
        }
        return;
    }
    let child = || {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "two_processes_say_the_same", "--nocapture"]).env(SAYS, "1");
        let output = child.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().filter(|line| line.contains("said ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let (one, other) = (child(), child());
    assert_eq!(one.len(), 3, "{one:?}");
    assert_eq!(one, other);
}
