//! What an agent's file says, as data: what it takes and gives, and its steps in order.
//!
//! The grammar: ask a model, a tool, a knowledge base or an agent; fork over agents or over a list; route
//! by a field; repeat at most n times; reply, fail, delegate. Nothing here is checked against the team.

mod read;

use crate::given::{Given, Message};
use crate::problem::{At, Place};

pub(crate) use read::read;

/// One agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// Its name: its file's.
    pub name: String,
    /// Its file, from the team's folder.
    pub file: String,
    /// The schema of what begins its work; for a gathering agent, of what the forker tells it.
    pub takes: At<String>,
    /// The schema of its answer.
    pub gives: At<String>,
    /// Tools it may use.
    pub tools: Vec<At<String>>,
    /// Knowledge bases it may ask.
    pub knowledge: Vec<At<String>>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// The names of steps that could not be read; what refers to them is not blamed.
    pub(crate) lost: Vec<String>,
    /// Its file's text.
    pub source: String,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name, under which its result is used and other steps lead to it.
    pub name: Option<At<String>>,
    /// Where it begins.
    pub place: Place,
    /// How errors and the agent's state name it: its name, or `#3` for the third.
    pub label: String,
    /// What it does.
    pub does: Does,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    /// Asks the model.
    Ask(Ask),
    /// Asks a tool.
    Tool {
        /// Its name in the team's file.
        tool: At<String>,
        /// Its arguments.
        send: Message,
    },
    /// Asks a knowledge base.
    Knowledge {
        /// Its name in the team's file.
        base: At<String>,
        /// What is looked for: a template.
        query: At<String>,
        /// Most passages.
        top: i64,
    },
    /// Asks another agent.
    Call {
        /// Its name.
        agent: At<String>,
        /// What it is told.
        send: Message,
    },
    /// Forks over agents; their parts meet in a join.
    Fork {
        /// Each agent, and what it is told.
        branches: Vec<(At<String>, Message)>,
        /// Which join.
        join: Join,
    },
    /// Forks over a list: one part for each item.
    Each(Each),
    /// Goes on at a later step, by a value.
    Route {
        /// The value, an expression.
        by: At<String>,
        /// Value and step.
        cases: Vec<(At<String>, At<String>)>,
        /// The step for any other value.
        otherwise: Option<At<String>>,
    },
    /// Goes back to an earlier step: the only way back.
    Repeat {
        /// The step.
        step: At<String>,
        /// As long as this expression holds,
        condition: At<String>,
        /// and at most so often in one work.
        at_most: i64,
    },
    /// Answers, and ends.
    Reply(Message),
    /// Fails with a sentence (a template), and ends.
    Fail(At<String>),
    /// Hands the right to reply to another agent, and ends.
    Delegate {
        /// The agent.
        agent: At<String>,
        /// What it is told.
        send: Message,
    },
}

/// A question to the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The prompt's file, from the team's folder.
    pub prompt: At<String>,
    /// The prompt: a template.
    pub text: String,
    /// Instructions beside it: a template. Empty for none.
    pub system: At<String>,
    /// The file they came from, if they did.
    pub system_file: Option<At<String>>,
    /// Most tokens of the answer.
    pub max_tokens: i32,
    /// 0 for no sampling.
    pub temperature: f64,
    /// The schema of the answer; text without one.
    pub answer: Option<At<String>>,
    /// The full name of that schema; empty until the team was checked.
    pub answer_schema: String,
    /// How often it may be asked for.
    pub rounds: i32,
}

/// A fork over a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Each {
    /// The list, an expression.
    pub over: At<String>,
    /// The agent that takes each item.
    pub to: At<String>,
    /// Most items.
    pub at_most: i64,
    /// What it is told of `item`.
    pub send: Message,
    /// Which join.
    pub join: Join,
}

/// The join that a fork feeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// Its name in the team's file.
    pub name: At<String>,
    /// What its gathering agent is told.
    pub context: Message,
}

impl Step {
    /// Whether it waits for an answer, which is its result.
    #[must_use]
    pub fn has_result(&self) -> bool {
        matches!(self.does, Does::Ask(_) | Does::Tool { .. } | Does::Knowledge { .. } | Does::Call { .. })
    }

    /// Whether the work ends here.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(
            self.does,
            Does::Fork { .. } | Does::Each(_) | Does::Reply(_) | Does::Fail(_) | Does::Delegate { .. }
        )
    }

    /// The agents it sends to directly, joins apart.
    #[must_use]
    pub fn sends_to(&self) -> Vec<&At<String>> {
        match &self.does {
            Does::Call { agent, .. } | Does::Delegate { agent, .. } => vec![agent],
            Does::Fork { branches, .. } => branches.iter().map(|(agent, _)| agent).collect(),
            Does::Each(each) => vec![&each.to],
            _ => Vec::new(),
        }
    }

    /// The join it feeds.
    #[must_use]
    pub fn join(&self) -> Option<&Join> {
        match &self.does {
            Does::Fork { join, .. } => Some(join),
            Does::Each(each) => Some(&each.join),
            _ => None,
        }
    }
}

/// A message that stands for what could not be read: the problem is reported, and reading goes on. TOML
/// itself has no null.
pub(crate) fn no_message() -> Message {
    let nothing = Given::Literal(serde_json::Value::Null);
    Message { schema: String::new(), given: At::new(nothing, Place::default()) }
}
