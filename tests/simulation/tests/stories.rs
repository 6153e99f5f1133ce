//! Stories of a whole house that a storm of a seed does not tell: a night in which nobody runs, a store that
//! lost a row, an agent that never gives up.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, a value that is not there is the failure"
)]

use std::time::Duration;

use agents_agent::{Agent, Effects, Event as Happens, Fault, What};
use infra_node::Team;
use schemas_records::headers::KIND;
use schemas_records::{Failure, FailureCode, Stateless, Text};
use tests_kit::simulation::storm::Event;
use tests_kit::simulation::team::{Errand, Notes, Way, errands};
use tests_kit::simulation::{Chance, DEADLINE, Report, Simulation, Storm, Task};

/// Seeds of each story: enough that the night falls on tasks in every stage.
const SEEDS: u64 = 10;

/// How long nobody runs.
const NIGHT: Duration = Duration::from_secs(3 * 3_600);

/// A deadline that a task may meet after the night.
const NEXT_DAY: Duration = Duration::from_secs(4 * 3_600);

/// Errands that have something under way at any moment: calls, parts, timers, answers of other agents, and
/// works that end while something of theirs is still to come. Whether a timer comes before another that is
/// due later is not said of a night in which both were due.
const ERRANDS: [Way; 8] =
    [Way::Say, Way::Twice, Way::Ask, Way::All, Way::First, Way::Wait, Way::Later, Way::Pass];

fn tasks(is_timely: bool) -> Vec<Task> {
    let task = |way: Way| {
        let errand = Errand { way, text: format!("an errand, {way:?}") };
        let task = Task::new(serde_json::to_vec(&errand).unwrap());
        if is_timely { task.timely() } else { task }
    };
    ERRANDS.map(task).into()
}

fn told(simulation: &Simulation, seed: u64) -> Report {
    simulation.run(seed).unwrap_or_else(|failed| panic!("{failed}"))
}

/// All instances are down for three hours, from a random moment of a storm on, while works end and answers
/// are on their way. Nobody stops, no task is lost or doubled; and where the deadline lies behind the night,
/// each result is what it would have been without.
#[test]
fn a_night_without_anybody_loses_nothing() {
    let night = |deadline: Duration| {
        move |chance: &Chance| {
            let mut storm = Storm { deadline, open_max: 12, ..Storm::of(chance) };
            let falls = chance.of("night").millis(200, 20_000);
            // A clock that steps back says nothing about times, and this story is about times.
            storm.events.retain(|(_, event)| !matches!(event, Event::ClockBack(_)));
            storm.events.push((falls, Event::Night(NIGHT)));
            storm.events.sort_by_key(|(at, _)| *at);
            storm
        }
    };
    let patient = Simulation::of(errands()).tasks(|_| tasks(false)).storms(night(NEXT_DAY));
    let hasty = Simulation::of(errands()).tasks(|_| tasks(true)).storms(night(DEADLINE));
    let (mut compared, mut failures) = (0, 0);
    for seed in 0..SEEDS {
        let report = told(&patient, seed);
        assert_eq!(report.happened.get("night"), Some(&1));
        compared += report.counts.compared;
        if seed % 2 == 0 {
            failures += told(&hasty, seed).counts.failures;
        }
    }
    println!("{compared} tasks ended as in a calm; {failures} missed their deadline or failed");
    assert!(compared >= 40, "only {compared} tasks were compared with a calm");
    assert!(failures >= 10, "only {failures} tasks met their deadline in the night");
}

/// A row that is gone is noticed by the answer or timer that its work had asked for: the owner stops and says
/// that rows are lost, instead of deciding on nothing.
#[test]
fn a_lost_row_stops_its_owner() {
    let rest =
        |way: Way| Task::new(serde_json::to_vec(&Errand { way, text: "an errand".into() }).unwrap()).timely();
    let night = Duration::from_secs(60);
    let millis = Duration::from_millis;
    let simulation =
        Simulation::of(errands()).tasks(move |_| vec![rest(Way::Later)]).storms(move |_| Storm {
            instances: 2,
            // The task is sent within the first second and waits for a timer of one and a half.
            lasts: millis(2_000),
            deadline: Duration::from_secs(80),
            events: vec![(millis(1_300), Event::LoseRow), (millis(1_350), Event::Night(night))],
            ..Storm::calm()
        });
    for seed in 0..3 {
        let failed = simulation.run(seed).unwrap_err();
        let says = |words: &str| failed.violations.iter().any(|violation| violation.contains(words));
        assert!(says("rows of the state store are lost") && says("desk of node-"), "seed {seed}: {failed}");
    }
}

/// How an agent goes on for ever.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// It gathers itself, each time in a new work below the last.
    Deeper,
    /// It waits for the join, in one work.
    Waiting,
    /// It pauses before it forks again.
    Pausing,
}

/// Forks, and when a part fails forks again, for ever.
struct Stubborn(Manner);

impl Stubborn {
    fn fork(&self, text: &str, effects: &mut Effects) {
        let text = Text::new(text);
        let mut fork = effects.fork();
        fork.branch_named("lost", "loser", &text);
        fork.branch_named("found", "stone", &text);
        match self.0 {
            Manner::Deeper => fork.join("stubborn", &text),
            Manner::Waiting | Manner::Pausing => fork.join_and_wait("gathered", "stone", &text),
        }
    }
}

impl Agent for Stubborn {
    type Input = Text;
    type State = Notes;

    fn step(&self, event: Happens<Text>, notes: &mut Notes, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Answer(_) if matches!(self.0, Manner::Pausing) => {
                effects.timer("pause", Duration::from_secs(10));
                return Ok(());
            }
            What::Input(text) | What::Gathered(text, _) => notes.text = text.text,
            What::Answer(_) | What::Timer(_) => {}
        }
        self.fork(&notes.text, effects);
        Ok(())
    }
}

/// Fails.
struct Loser;

impl Agent for Loser {
    type Input = Text;
    type State = Stateless;

    fn step(&self, _: Happens<Text>, _: &mut Stateless, _: &mut Effects) -> Result<(), Fault> {
        Err(Fault::failed("win"))
    }
}

/// Says what it is told, and that it could not gather what is lost.
struct Stone;

impl Agent for Stone {
    type Input = Text;
    type State = Stateless;

    fn step(&self, event: Happens<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(text) => effects.reply(&text),
            _ => return Err(Fault::failed("gather what is lost")),
        }
        Ok(())
    }
}

/// An agent that forks again whenever a part fails does not go on for ever: its task ends by how deep its
/// works lie, by the number of records that led to one, or by its deadline, with a failure that says so.
#[test]
fn an_agent_that_never_gives_up_ends() {
    let check = |manner: Manner, code: FailureCode, words: &str| {
        let team = Team::new("stubborn")
            .agent("stubborn", Stubborn(manner))
            .agent("loser", Loser)
            .agent("stone", Stone);
        // Another than in a calm, where the deadline would take another number of rounds.
        let simulation = Simulation::of(team).tasks(|_| vec![Task::new(r#"{"text":"again"}"#).timely()]);
        for seed in 0..2 {
            let evidence = simulation.evidence(seed).unwrap_or_else(|failed| panic!("{manner:?}: {failed}"));
            let of_results = |it: &&topics_log::Record| *it.topic_partition.topic == *evidence.topics.results;
            let is_result = |it: &&topics_log::Record| it.headers.text(KIND) == Some("result");
            let found = evidence.records.iter().filter(of_results).find(is_result).expect("a result");
            let failure: Failure = evidence.codec.decode(&found.value).unwrap();
            assert_eq!(failure.code, code, "{manner:?}, seed {seed}: {failure}");
            assert!(failure.message.contains(words), "{manner:?}, seed {seed}: {failure}");
        }
    };
    check(Manner::Deeper, FailureCode::NotAllowed, "17 levels of calls and forks below its task");
    check(Manner::Waiting, FailureCode::NotAllowed, "1000 records led here from the task");
    check(Manner::Pausing, FailureCode::DeadlineExceeded, "deadline");
}
