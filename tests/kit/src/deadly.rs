//! A probe that ends its own process with SIGKILL at a moment it was told: nothing is flushed, closed or
//! said goodbye to, as with a machine that loses power, but to the millisecond.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rustix::process::{Signal, getpid, kill_process};
use topics_runtime::{Moment, Probe};

/// The variable that names the moment to die at, `ROLE:MOMENT:N` for the N-th time; without it the probe only
/// looks on until it is armed.
pub const DIE_AT: &str = "DIE_AT";

/// The variable that names the file to which the moment is written just before: the process's own word that it
/// was reached.
pub const REPORT: &str = "DIE_REPORT";

/// Dies at one moment.
#[derive(Debug, Default)]
pub struct Deadly {
    report: Option<PathBuf>,
    life: Mutex<Life>,
}

/// What was reached so far, and where it ends.
#[derive(Debug, Default)]
struct Life {
    ends: Option<(String, Moment, u32)>,
    reached: BTreeMap<(String, Moment), u32>,
}

impl Deadly {
    /// As the environment says.
    ///
    /// # Errors
    /// A sentence: there is no such moment.
    pub fn from_environment() -> Result<Self, String> {
        let deadly = Self { report: std::env::var_os(REPORT).map(PathBuf::from), life: Mutex::default() };
        if let Ok(at) = std::env::var(DIE_AT) {
            deadly.arm(&at).map_err(|error| format!("{DIE_AT}: {error}"))?;
        }
        Ok(deadly)
    }

    /// Has the process die at `ROLE:MOMENT:N`, the N-th time counted from now.
    ///
    /// # Errors
    /// A sentence: there is no such moment.
    pub fn arm(&self, at: &str) -> Result<(), String> {
        let ends = Some(parse(at)?);
        *self.life() = Life { ends, reached: BTreeMap::new() };
        Ok(())
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a moment. Which time it is, if life ends with it.
    fn reach(&self, who: &str, moment: Moment) -> Option<u32> {
        let mut life = self.life();
        let times = life.reached.entry((who.to_owned(), moment)).or_default();
        *times += 1;
        let times = *times;
        let (role, at, wanted) = life.ends.as_ref()?;
        (who == role && moment == *at && times == *wanted).then_some(times)
    }
}

fn parse(text: &str) -> Result<(String, Moment, u32), String> {
    let fields: Vec<&str> = text.split(':').collect();
    let &[role, moment, times] = fields.as_slice() else {
        return Err(format!("{text:?} is not ROLE:MOMENT:N"));
    };
    let found = Moment::ALL.into_iter().find(|known| known.as_str() == moment);
    let found = found.ok_or_else(|| format!("{text:?}: there is no moment {moment:?}"))?;
    let times = times.parse().map_err(|_| format!("{text:?}: {times:?} is no number"))?;
    Ok((role.to_owned(), found, times))
}

#[async_trait]
impl Probe for Deadly {
    async fn at(&self, who: &str, moment: Moment) {
        let Some(times) = self.reach(who, moment) else { return };
        if let Some(report) = &self.report {
            // Unwritten, the test says that the moment was not reached, which is then true of the report.
            let _ = fs::write(report, format!("{who}:{}:{times}", moment.as_str()));
        }
        let _ = kill_process(getpid(), Signal::KILL);
        // The other threads may run for microseconds more; this one does not.
        std::future::pending::<()>().await;
    }
}
