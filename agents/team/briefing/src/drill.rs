//! Drills: a part that comes too late because the question asks for that, so that anybody can see what a brief says then.

use std::time::Duration;

use agents_agent::Effects;

use crate::messages::{Part, Question};

/// The timer of a part that is to come late.
pub(crate) const LATE: &str = "late-drill";

/// How much later than the parts are waited for: enough that a busy machine does not make it early.
const LATER: Duration = Duration::from_secs(60);

/// Waits for longer than anybody waits for `part`, if the question says so. Returns whether it does.
pub(crate) fn delays(question: &Question, part: Part, effects: &mut Effects) -> bool {
    let Some(within) = within(question).filter(|_| question.late_drill == Some(part)) else { return false };
    effects.timer(LATE, within + LATER);
    true
}

/// How long the parts are waited for, if the asker says so.
pub(crate) fn within(question: &Question) -> Option<Duration> {
    let seconds = question.within_seconds?;
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}
