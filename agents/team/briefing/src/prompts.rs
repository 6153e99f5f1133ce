//! What each agent asks a model: to say in one sentence what code has found. Nothing else is ever asked of it.
//!
//! A prompt is text built from computed numbers; sending it is the agent's matter, and what may be used of the answer
//! is `wording.rs`'s. Prompts are short and plain, because the smallest model they must serve has 135 million weights.

use crate::facts;
use crate::messages::{Compliance, Figures, Question, Statement, Trend};
use crate::verdict::Decision;

#[cfg(test)]
mod tests;

/// Tokens an answer may have: one sentence; small models wander off beyond it.
pub const ANSWER_TOKENS_MAX: u32 = 40;
/// Facts given to a model: more are not read by a small one, and cost a large one money.
pub const FACTS_MAX: usize = 6;
/// How much of the asker's question a model sees, in characters: enough to know the subject.
pub const QUESTION_CHARS_MAX: usize = 300;

/// The rules of the game, the same for all.
const SYSTEM: &str = "You write one short, plain English sentence. You use only what stands in the facts you are given, and no number that does not stand there. You give no advice.";

/// What is sent to a model, and what its answer is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The system message.
    pub system: String,
    /// The user message.
    pub user: String,
    /// The facts in it, one sentence each: pass them to [`crate::wording::accept`] with the answer.
    pub facts: Vec<String>,
    /// The most tokens the answer may have.
    pub answer_tokens_max: u32,
}

/// What `data-analyst` asks, once its figures stand.
#[must_use]
pub fn analyst(figures: &Figures) -> Prompt {
    prompt(
        texts(&facts::figures(figures)),
        &format!(
            "Say in one sentence how many people work in {} and how that changed.",
            facts::title(&figures.sector)
        ),
    )
}

/// What `market-trends` asks, once its trend stands.
#[must_use]
pub fn market(trend: &Trend) -> Prompt {
    prompt(
        texts(&facts::trend(trend)),
        &format!("Say in one sentence where employment in {} is going.", facts::title(&trend.sector)),
    )
}

/// What `legal-compliance` asks, once the rules are checked.
#[must_use]
pub fn legal(compliance: &Compliance) -> Prompt {
    prompt(
        texts(&facts::compliance(compliance)),
        "Say in one sentence what the rules say of the hiring plan.",
    )
}

/// What `synthesizer` asks, once the verdict stands. The asker's words are quoted, and no fact: a number in them is not one of ours.
#[must_use]
pub fn synthesizer(question: &Question, decision: &Decision) -> Prompt {
    let mut given = vec![decision.headline.clone()];
    given.extend(texts(&decision.conditions));
    let task = format!(
        "Someone asked: \"{}\"\nSay in one sentence what the answer is and why.",
        quoted(&question.question)
    );
    prompt(given, &task)
}

fn prompt(mut facts: Vec<String>, task: &str) -> Prompt {
    facts.truncate(FACTS_MAX);
    let mut user = String::from("Facts:\n");
    for fact in &facts {
        user.push_str("- ");
        user.push_str(fact);
        user.push('\n');
    }
    user.push_str(task);
    Prompt { system: SYSTEM.to_owned(), user, facts, answer_tokens_max: ANSWER_TOKENS_MAX }
}

fn texts(statements: &[Statement]) -> Vec<String> {
    statements.iter().map(|statement| statement.text.clone()).collect()
}

/// The asker's words on one line, without quotation marks that would end the quotation, cut to [`QUESTION_CHARS_MAX`].
pub(crate) fn quoted(question: &str) -> String {
    let plain = |letter: char| match letter {
        '"' | '“' | '”' => '\'',
        letter if letter.is_control() => ' ',
        letter => letter,
    };
    question.trim().chars().map(plain).take(QUESTION_CHARS_MAX).collect()
}
