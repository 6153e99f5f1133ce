//! One life of a node: a process that is started, and dies, or is told to stop.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::house::{House, SETTLE, Who};

/// A running node.
pub struct Life {
    child: Child,
    words: PathBuf,
    report: PathBuf,
}

impl Life {
    /// Starts a node of the house that dies at this moment (`ROLE:MOMENT:N`), or lives.
    pub fn start(house: &House, die_at: Option<&str>) -> Self {
        Self::with(house, die_at, &[])
    }

    /// The same, told these `key=value` pairs over the house's.
    pub fn with(house: &House, die_at: Option<&str>, sets: &[String]) -> Self {
        Self::told(house, die_at, &[house.sets().as_slice(), sets].concat())
    }

    /// The same, told these `key=value` pairs and nothing else.
    pub fn told(house: &House, die_at: Option<&str>, sets: &[String]) -> Self {
        let report = unused(house, "report");
        let mut command = Command::new(env!("CARGO_BIN_EXE_node_under_test"));
        command.args(sets).env("DIE_REPORT", &report);
        if let Some(moment) = die_at {
            command.env("DIE_AT", moment);
        }
        if house.who == Who::Odd {
            command.env("TEAM", "odd");
        }
        Self::of(house, command, report)
    }

    /// `tributary node`, as a user starts it.
    pub fn of_user(house: &House) -> Self {
        let report = unused(house, "report");
        Self::of(house, house.command(&["node"]).into(), report)
    }

    /// The same, told these `key=value` pairs and nothing else.
    pub fn of_user_told(house: &House, sets: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_command_under_test"));
        command.arg("node");
        for set in sets {
            command.args(["--set", set]);
        }
        Self::of(house, command, unused(house, "report"))
    }

    fn of(house: &House, mut command: Command, report: PathBuf) -> Self {
        let words = unused(house, "words");
        command.kill_on_drop(true);
        let file = File::create(&words).expect("a file for its words");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        Self { child: command.spawn().expect("start a node"), words, report }
    }

    /// Waits for its end.
    pub async fn end(&mut self) -> ExitStatus {
        self.end_within(SETTLE).await
    }

    /// Waits for its end within a bound.
    pub async fn end_within(&mut self, bound: Duration) -> ExitStatus {
        match tokio::time::timeout(bound, self.child.wait()).await {
            Ok(status) => status.expect("wait for a process"),
            Err(_) => panic!("the node lives on after {bound:?}; it said:\n{}", self.words()),
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("look at a process").is_some()
    }

    /// Waits until it has died of SIGKILL at the moment it was told, by its own report.
    pub async fn dies_at(&mut self, moment: &str) {
        let status = self.end().await;
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()), "{moment}: {status}\n{}", self.words());
        let report = fs::read_to_string(&self.report).unwrap_or_default();
        assert_eq!(report, moment, "what it reported before it died");
    }

    /// Ends it at once, as a crash would.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("kill a process");
    }

    /// Asks it to stop, and waits for a good end.
    pub async fn stop(&mut self) {
        self.terminate();
        let status = self.end().await;
        assert!(status.success(), "{status}\n{}", self.words());
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).unwrap_or(0)));
        kill_process(pid.expect("a living process"), Signal::TERM).expect("SIGTERM");
    }

    /// Waits until it has said these words.
    pub async fn says(&mut self, words: &str) {
        let deadline = Instant::now() + SETTLE;
        while !self.words().contains(words) {
            assert!(!self.has_ended(), "the node ended by itself:\n{}", self.words());
            assert!(Instant::now() < deadline, "{words:?} is not in:\n{}", self.words());
            tokio::task::yield_now().await;
        }
    }

    /// The processor time that it has used.
    pub fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id().expect("a living process")));
        let stat = stat.expect("its state");
        // Behind the name in brackets, which may hold spaces: the twelfth and thirteenth, in hundredths of seconds.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// What it said so far.
    pub fn words(&self) -> String {
        fs::read_to_string(&self.words).unwrap_or_default()
    }
}

/// A path in the house's folder that no other life has.
fn unused(house: &House, name: &str) -> PathBuf {
    let mut numbers = 1..;
    let path = numbers.by_ref().map(|n| house.path(&format!("{name}-{n}"))).find(|path| !path.exists());
    let path = path.expect("a free name");
    // Taken, so that the next one finds another.
    File::create(&path).expect("a file in the house's folder");
    path
}
