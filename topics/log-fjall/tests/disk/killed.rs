//! Kills a process that works on a log, again and again at random points, and compares what is there then
//! with what it had acknowledged.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use topics_log::{Consumer, Log, Polled, Start};
use topics_log_fjall::FjallLog;

use crate::stage::{Member, SOON, open, read, record, topic, values};

/// Set for the process that works and is killed: the log's folder.
const FOLDER: &str = "LOG_TEST_FOLDER";

/// Kills in one test.
const ROUNDS: u64 = 20;

/// Rounds one process works for at most: if nobody kills it, it ends by itself.
const TURNS_MAX: usize = 20_000;

/// Longest silence of a process that should be working.
const PATIENCE: Duration = Duration::from_secs(60);

/// Inputs published at once; a transaction takes fewer, so that its end lies anywhere among them.
const INPUTS: usize = 10;
const TAKEN: usize = 7;

/// What a process said, the newest of each kind.
#[derive(Clone, Copy, Debug, Default)]
struct Acknowledged {
    /// Inputs published.
    inputs: i64,
    /// The offset committed in a transaction, with the outputs of all inputs below it.
    worked: i64,
    /// The offset committed outside one.
    noted: i64,
}

/// Shows that after `kill -9` at any point the log has every acknowledged record and offset, outputs and
/// offsets of a transaction all or none, and nothing twice; and that nobody else can open it before.
#[tokio::test]
async fn nothing_acknowledged_is_lost_or_halved() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return work_until_killed(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    log.create(&[topic("in", 1, &[]), topic("out", 2, &[])]).await.unwrap();
    drop(log);
    let mut before = Acknowledged::default();
    for round in 0..ROUNDS {
        let acknowledged = kill_sometime(folder.path(), before, round);
        let log = open(folder.path()).unwrap();
        before = check(&log, acknowledged, round).await;
    }
    assert!(before.worked > 0 && before.noted > 0, "all kinds of work were done: {before:?}");
}

/// Publishes inputs, works them off in transactions of which some abort, and notes offsets beside; says
/// what was acknowledged.
async fn work_until_killed(folder: &Path) {
    let log = open(folder).unwrap();
    let publisher = log.publisher().await.unwrap();
    let mut gateway = Member::join(&log, "gateway", "in").await;
    let mut worker = Member::join(&log, "worker", "in").await;
    let begin = worker.committed().await.remove(0).map_or(0, |committed| committed.offset);
    worker.consumer.read_from(&[(worker.assigned[0].clone(), Start::At(begin))]).await.unwrap();
    let mut transactor = worker.consumer.transactor("worker").await.unwrap();
    let mut inputs = read(&log, "in", 0).await.unwrap().1;
    for turn in 0..TURNS_MAX {
        let numbers = inputs..inputs + INPUTS as i64;
        let records = numbers.map(|number| record("in", 0, &number.to_string())).collect();
        inputs = publisher.publish(records).await.unwrap().last().unwrap().offset + 1;
        say("inputs", inputs);
        let taken = poll(&mut *worker.consumer).await;
        let next = taken.last().unwrap().parse::<i64>().unwrap() + 1;
        transactor.begin().await.unwrap();
        for value in &taken {
            let outputs = vec![record("out", 0, value), record("out", 1, value)];
            transactor.produce(outputs).await.unwrap();
        }
        transactor.send_offsets(&[worker.offset(0, next, &format!("next {next}"))]).await.unwrap();
        if turn % 5 == 4 {
            transactor.abort().await.unwrap();
            let back = next - taken.len() as i64;
            worker.consumer.read_from(&[(worker.assigned[0].clone(), Start::At(back))]).await.unwrap();
        } else {
            transactor.commit().await.unwrap();
            say("worked", next);
        }
        gateway.consumer.commit(&[gateway.offset(0, next, &format!("noted {next}"))]).await.unwrap();
        say("noted", next);
    }
}

/// Some inputs.
async fn poll(consumer: &mut dyn Consumer) -> Vec<String> {
    match consumer.poll(TAKEN, SOON).await.unwrap() {
        Polled::Records(records) => values(&records),
        other => panic!("expected records, got {other:?}"),
    }
}

/// Acknowledges to the parent.
fn say(what: &str, number: i64) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{what} {number}").unwrap();
    output.flush().unwrap();
}

/// Runs a process that works, kills it once it has said something so often and a moment has passed, both
/// drawn from the round, and returns what it said.
fn kill_sometime(folder: &Path, before: Acknowledged, round: u64) -> Acknowledged {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::nothing_acknowledged_is_lost_or_halved", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = lines(&mut child);
    let draw = (round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut acknowledged = before;
    for _ in 0..1 + draw % 400 {
        let Ok((what, number)) = said.recv_timeout(PATIENCE) else {
            child.kill().unwrap();
            panic!("the working process stopped at {acknowledged:?} with {:?}", child.wait());
        };
        acknowledged.hear(&what, number);
    }
    let refused = open(folder).map(drop).unwrap_err();
    assert!(refused.cause.contains(&format!("process {} ", child.id())), "names the holder: {refused}");
    let moment = Instant::now() + Duration::from_micros(draw >> 32 & 0x3ff);
    while Instant::now() < moment {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died, and nobody had read yet, was acknowledged too.
    said.iter().for_each(|(what, number)| acknowledged.hear(&what, number));
    acknowledged
}

impl Acknowledged {
    fn hear(&mut self, what: &str, number: i64) {
        match what {
            "inputs" => self.inputs = number,
            "worked" => self.worked = number,
            "noted" => self.noted = number,
            other => panic!("nothing is called {other}"),
        }
    }
}

/// What a process says, as it comes.
fn lines(child: &mut Child) -> Receiver<(String, i64)> {
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        // The test harness writes lines of its own; one that is cut off by the kill has no end of line and
        // may be half of one.
        let mut rest = output;
        let mut line = String::new();
        while rest.read_line(&mut line).is_ok_and(|count| count > 0) {
            let whole = line.strip_suffix('\n').and_then(|line| line.rsplit_once(' '));
            let said = whole.and_then(|(what, number)| Some((what.to_owned(), number.parse().ok()?)));
            let kinds = ["inputs", "worked", "noted"];
            if let Some(said) = said.filter(|(what, _)| kinds.contains(&what.as_str()))
                && sender.send(said).is_err()
            {
                return;
            }
            line.clear();
        }
    });
    receiver
}

/// Compares what is there with what was acknowledged; returns what is there.
async fn check(log: &FjallLog, acknowledged: Acknowledged, round: u64) -> Acknowledged {
    let (inputs, end) = read(log, "in", 0).await.unwrap();
    let numbers = |count: i64| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
    assert_eq!(values(&inputs), numbers(end), "round {round}: inputs as published");
    assert!(end >= acknowledged.inputs, "round {round}: {end} inputs, {acknowledged:?}");
    assert_eq!(end % INPUTS as i64, 0, "round {round}: {end} inputs, published all or none");
    let worked = Member::join(log, "worker", "in").await.committed().await.remove(0);
    let worked = worked.map_or(0, |committed| {
        assert_eq!(committed.metadata, format!("next {}", committed.offset), "round {round}: the note");
        committed.offset
    });
    assert!(worked >= acknowledged.worked, "round {round}: worked to {worked}, {acknowledged:?}");
    for partition in 0..2 {
        let (outputs, _) = read(log, "out", partition).await.unwrap();
        assert_eq!(values(&outputs), numbers(worked), "round {round}: outputs in partition {partition}");
    }
    let noted = Member::join(log, "gateway", "in").await.committed().await.remove(0);
    let noted = noted.map_or(0, |committed| {
        assert_eq!(committed.metadata, format!("noted {}", committed.offset), "round {round}: the note");
        committed.offset
    });
    assert!(noted >= acknowledged.noted.min(worked), "round {round}: noted {noted}, {acknowledged:?}");
    Acknowledged { inputs: end, worked, noted }
}
