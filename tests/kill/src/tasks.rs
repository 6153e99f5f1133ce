//! The tasks: the bundled questions, varied until each asks the model three things that no other asks.
//!
//! Only then can the provider's count by prompt tell what was paid twice from what was asked by two.

use std::collections::BTreeSet;

use agents_team_briefing::messages::{Part, Question};
use agents_team_briefing::{Data, Month, plan, tasks};
use anyhow::Context;
use tests_provider::chat::prompt_hash;

use crate::work::{CALLS, Work, request};

#[cfg(test)]
mod tests;

/// The months that a question may be moved to: the tables cover them, and the two years before that a trend
/// looks back on.
const MONTHS: std::ops::Range<i32> = 0..96;

/// The first of them.
const FIRST_MONTH: &str = "2008-01";

/// One task.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// What a producer sends.
    pub json: String,
    /// The hashes of the prompts it needs, as the provider counts them.
    pub prompts: Vec<String>,
}

/// So many tasks.
///
/// # Errors
/// If the bundled questions do not yield as many different ones.
pub fn make(data: &Data, count: usize) -> anyhow::Result<Vec<Task>> {
    let bundled = tasks::bundled().context("read the bundled questions")?;
    let suited: Vec<&Question> = bundled.iter().filter(|question| is_suited(data, question)).collect();
    anyhow::ensure!(!suited.is_empty(), "none of the bundled questions needs {CALLS} model calls");
    let mut asked = BTreeSet::new();
    let mut made = Vec::new();
    for (number, question) in suited.iter().cycle().take(count).enumerate() {
        made.push(unlike(data, question, number + 1, &mut asked)?);
    }
    Ok(made)
}

/// Whether a question makes all three calls.
fn is_suited(data: &Data, question: &Question) -> bool {
    let wanted = plan::parts(question).wanted;
    let asks_both = wanted.contains(&Part::Figures) && wanted.contains(&Part::Trend);
    // A drilled part comes too late to be counted on.
    asks_both && question.late_drill.is_none() && Work::new(data, question.clone()).is_ok()
}

/// This question, moved to the first month in which each of its prompts is a new one.
fn unlike(
    data: &Data,
    question: &Question,
    number: usize,
    asked: &mut BTreeSet<String>,
) -> anyhow::Result<Task> {
    let first = Month::parse(FIRST_MONTH)?;
    let begin = question.month.since(first);
    for step in MONTHS {
        let mut moved = question.clone();
        moved.question = format!("{} (task {number})", question.question);
        moved.month = first.plus((begin + step).rem_euclid(MONTHS.end));
        let Ok(work) = Work::new(data, moved.clone()) else { continue };
        let prompts: Vec<String> =
            work.prompts().iter().map(|prompt| prompt_hash(&request(prompt).messages)).collect();
        if prompts.iter().any(|prompt| asked.contains(prompt)) {
            continue;
        }
        asked.extend(prompts.iter().cloned());
        let json = serde_json::to_string(&moved)?;
        return Ok(Task { id: format!("task-{number:03}"), json, prompts });
    }
    anyhow::bail!("the data yield only {} tasks that differ: say --tasks {}", number - 1, number - 1)
}
