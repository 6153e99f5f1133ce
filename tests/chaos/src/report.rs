//! What a run was, in words: each fault as it strikes, and the sums at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::strike::Struck;
use crate::tasks::Tasks;
use crate::team::Way;
use crate::verify::Findings;

/// Violations that are printed.
const SHOWN_MAX: usize = 30;

/// How long after each fault everything that was open when it struck had ended; none if something has not.
/// Errands that take their time by themselves are left out.
#[must_use]
pub fn recoveries(
    struck: &[Struck],
    tasks: &Tasks,
    sent: &[Instant],
    seen: &[Option<Instant>],
) -> Vec<Option<Duration>> {
    let is_prompt =
        |number: usize| matches!(tasks.errand(number as u64).way, Way::All | Way::First | Way::Pass);
    let ends: Vec<(Instant, Option<Instant>)> = sent
        .iter()
        .copied()
        .zip(seen.iter().copied())
        .enumerate()
        .filter(|(number, _)| is_prompt(*number))
        .map(|(_, ends)| ends)
        .collect();
    let recovery = |fault: &Struck| {
        let open =
            ends.iter().filter(|(sent, seen)| *sent <= fault.at && seen.is_none_or(|seen| seen > fault.at));
        open.map(|(_, seen)| seen.map(|seen| seen - fault.at))
            .try_fold(Duration::ZERO, |longest, took| Some(longest.max(took?)))
    };
    struck.iter().map(recovery).collect()
}

/// The faults by kind: how many, and the slowest recovery.
#[must_use]
pub fn faults(struck: &[Struck], recoveries: &[Option<Duration>]) -> String {
    let mut kinds: BTreeMap<&str, (usize, Option<Duration>)> = BTreeMap::new();
    for (fault, recovery) in struck.iter().zip(recoveries) {
        let entry = kinds.entry(fault.kind.name()).or_insert((0, Some(Duration::ZERO)));
        entry.0 += 1;
        entry.1 = entry.1.zip(*recovery).map(|(one, other)| one.max(other));
    }
    let mut text = format!("{:<36}{:>8}{:>22}\n", "fault", "times", "slowest recovery, s");
    for (kind, (times, slowest)) in kinds {
        let _ = writeln!(text, "{kind:<36}{times:>8}{:>22}", seconds(slowest));
    }
    let slowest =
        recoveries.iter().copied().try_fold(Duration::ZERO, |longest, took| Some(longest.max(took?)));
    let _ = writeln!(text, "{:<36}{:>8}{:>22}", "all", struck.len(), seconds(slowest));
    text
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "never".to_owned(), |time| format!("{:.1}", time.as_secs_f64()))
}

/// What the verifier found.
#[must_use]
pub fn findings(findings: &Findings) -> String {
    let counts = findings.counts;
    let letters: Vec<String> =
        findings.letters.iter().map(|(code, count)| format!("{code} {count}")).collect();
    let mut text = format!(
        "received {} = accepted {} + refused {} + duplicates {}; accepted = results {} + failures {} + open {}\n",
        counts.received,
        counts.accepted,
        counts.refused,
        counts.duplicates,
        counts.results,
        counts.failures,
        counts.accepted.saturating_sub(counts.results + counts.failures),
    );
    let _ = writeln!(text, "lost {}, doubled {}", findings.lost, findings.doubled);
    let _ = writeln!(
        text,
        "judged: {} outputs of steps, {} joins, {} model calls, {} tool calls, {} timers, {} outcomes compared",
        counts.outputs, counts.joins, counts.calls, counts.supplied, counts.firings, counts.compared
    );
    let _ = writeln!(
        text,
        "dead letters: {}",
        if letters.is_empty() { "none".to_owned() } else { letters.join(", ") }
    );
    if let Some(paid) = findings.paid {
        let _ = writeln!(
            text,
            "model calls {}, paid for {}, paid again {}, unknown attempts {}",
            paid.calls, paid.paid, paid.again, paid.unknown
        );
    }
    for (claim, count) in &findings.broken {
        let _ = writeln!(text, "BROKEN {claim:?}: {count} times");
    }
    for told in findings.told.iter().take(SHOWN_MAX) {
        let _ = writeln!(text, "  {told}");
    }
    text
}

#[cfg(test)]
mod tests;
