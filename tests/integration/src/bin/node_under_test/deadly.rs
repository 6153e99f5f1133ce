//! A probe that ends its own process with SIGKILL at a moment it was told: nothing is flushed, closed or
//! said goodbye to, as with a machine that loses power, but to the millisecond.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use async_trait::async_trait;
use rustix::process::{Signal, getpid, kill_process};
use topics_runtime::{Moment, Probe};

/// The moment to die at, `ROLE:MOMENT:N` for the N-th time; without it the probe only looks on.
const DIE_AT: &str = "DIE_AT";

/// The file to which the moment is written just before: the process's own word that it was reached.
const REPORT: &str = "DIE_REPORT";

/// Dies at one moment.
pub struct Deadly {
    at: Option<(String, Moment, u32)>,
    report: Option<PathBuf>,
    reached: Mutex<BTreeMap<(String, Moment), u32>>,
}

impl Deadly {
    /// As the environment says.
    pub fn from_environment() -> anyhow::Result<Self> {
        let at = std::env::var(DIE_AT).ok().map(|text| parse(&text)).transpose()?;
        let report = std::env::var_os(REPORT).map(PathBuf::from);
        Ok(Self { at, report, reached: Mutex::default() })
    }

    fn reach(&self, who: &str, moment: Moment) -> u32 {
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let times = reached.entry((who.to_owned(), moment)).or_default();
        *times += 1;
        *times
    }
}

fn parse(text: &str) -> anyhow::Result<(String, Moment, u32)> {
    let fields: Vec<&str> = text.split(':').collect();
    let &[role, moment, times] = fields.as_slice() else {
        anyhow::bail!("{DIE_AT} is {text:?}, not ROLE:MOMENT:N");
    };
    let found = Moment::ALL.into_iter().find(|known| known.as_str() == moment);
    let found = found.with_context(|| format!("{DIE_AT} is {text:?}: there is no moment {moment:?}"))?;
    Ok((role.to_owned(), found, times.parse()?))
}

#[async_trait]
impl Probe for Deadly {
    async fn at(&self, who: &str, moment: Moment) {
        let times = self.reach(who, moment);
        let Some((role, at, wanted)) = &self.at else { return };
        if who != role || moment != *at || times != *wanted {
            return;
        }
        if let Some(report) = &self.report {
            // Unwritten, the test says that the moment was not reached, which is then true of the report.
            let _ = fs::write(report, format!("{who}:{}:{times}", moment.as_str()));
        }
        let _ = kill_process(getpid(), Signal::KILL);
        // The other threads may run for microseconds more; this one does not.
        std::future::pending::<()>().await;
    }
}
