//! Where a figure was taken: cores, memory, kernel, Java, and how busy it was. No name, no date.

use std::fs;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

/// A machine as far as it matters to a figure.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Cores this process may use.
    pub cores: usize,
    /// What they call themselves.
    pub cpu: String,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// The kernel's version.
    pub kernel: String,
    /// The version of the Java that ran the broker; empty where none did.
    pub java: String,
    /// Processes that ran or wanted to, averaged over the minute before the run and the one at its end.
    /// The run itself counts.
    pub load_before: f64,
    /// See `load_before`.
    pub load_after: f64,
}

impl Machine {
    /// This one, now.
    #[must_use]
    pub fn look(java: &str) -> Self {
        let load = load_average();
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_default(),
            memory_mib: field("/proc/meminfo", "MemTotal").map_or(0, |text| kibibytes(&text) / 1024),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            java: java.to_owned(),
            load_before: load,
            load_after: load,
        }
    }

    /// How busy it is at the end.
    pub fn look_again(&mut self) {
        self.load_after = load_average();
    }

    /// How busy it was, in words.
    #[must_use]
    pub fn load(&self) -> String {
        format!(
            "load average {:.1} before, {:.1} after, of {} cores",
            self.load_before, self.load_after, self.cores
        )
    }
}

/// The memory of a process in bytes, as the system counts it (resident set); 0 if it is gone.
#[must_use]
pub fn resident_bytes(pid: u32) -> u64 {
    field(&format!("/proc/{pid}/status"), "VmRSS").map_or(0, |text| kibibytes(&text) * 1024)
}

/// Time that this process, all its threads together, has spent on processors; to a hundredth of a second.
#[must_use]
pub fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the program's name, which may hold anything: user and system ticks are fields 14 and 15.
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 1_000 / TICKS_PER_SECOND)
}

/// What Linux shows to processes, on every machine there is.
const TICKS_PER_SECOND: u64 = 100;

fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

/// The first `name : value` of a file of the system.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kibibytes(text: &str) -> u64 {
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
/// What a process holds in memory, in MiB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// Now.
    pub resident: f64,
    /// At its most, since it began.
    pub peak: f64,
}

/// What a process of this machine holds in memory, as the kernel counts it.
///
/// # Errors
/// A process that is gone, or a kernel that does not say.
pub fn memory_of(pid: u32) -> anyhow::Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("could not look at a process")?;
    let mib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let kib =
            line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kib| kib.parse::<f64>().ok());
        kib.map(|kib| kib / 1024.0).with_context(|| format!("no {name} in a process's status"))
    };
    Ok(Memory { resident: mib("VmRSS:")?, peak: mib("VmHWM:")? })
}
