//! Plans that a model writes: what it is asked, and what of its answer may be followed.
//!
//! A plan names the agents to ask and the sector to ask about, as one small JSON object. It may leave out what the asker
//! wants (the brief then says so) and read an unknown sector's name as a known one (the brief then has that confirmed). It
//! may not ask for what the asker does not want, or for what cannot be had, change a sector that is known, or name anybody
//! who is not of this team. Whatever fails is not followed: the fixed plan is, and the brief says so.

use schemas_records::model::{Finish, ModelAnswer};
use serde::Deserialize;
use thiserror::Error;

use crate::messages::{Cause, Missing, Order, Part, Question};
use crate::plan;
use crate::planner::agent_of;
use crate::prompts::{self, Prompt};
use crate::sectors;
use crate::wording;

#[cfg(test)]
mod tests;

/// The longest plan, in bytes: ten times what one needs.
pub const PLAN_BYTES_MAX: usize = 2_000;
/// Tokens of the answer that asks for it.
pub const ANSWER_TOKENS_MAX: u32 = 150;

/// The rules of the game.
const SYSTEM: &str = "You answer with one JSON object and nothing else.";

/// A plan as a model writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    agents: Vec<String>,
    sector: String,
}

/// Why a model's plan is not followed. Remedy: the fixed one, which is followed instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// There was no answer.
    #[error("none came: {reason}")]
    None {
        /// What came instead.
        reason: String,
    },
    /// It is too long, or was cut.
    #[error("it has {found} bytes or was cut, at most {PLAN_BYTES_MAX} are allowed")]
    TooLong {
        /// Its bytes.
        found: usize,
    },
    /// It is no plan.
    #[error("it is no plan: {reason}")]
    NoPlan {
        /// In the reader's words.
        reason: String,
    },
    /// It names an agent that is none of this team's, or one twice.
    #[error("it asks for {name:?}, {reason}")]
    Agent {
        /// The name, cut.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It is about another sector.
    #[error("it is about the sector {name:?}, {reason}")]
    Sector {
        /// The name, cut.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What `planner` asks a model that may write its plan.
#[must_use]
pub fn prompt(question: &Question) -> Prompt {
    let sectors: Vec<String> = sectors::SECTORS.iter().map(|sector| sector.id.to_owned()).collect();
    let hiring = match &question.plan {
        Some(plan) if plan.headcount > 0 => "There is a hiring plan.",
        _ => "There is no hiring plan.",
    };
    let wanted: Vec<&str> = question.ask.iter().map(|part| part.name()).collect();
    let user = format!(
        "Agents: data-analyst (figures: level and change of a sector's employment), market-trends (trend: slope, season, \
         turning points of its employment), legal-compliance (compliance: the hiring plan against the rules).\n\
         Sectors: {}.\nSomeone asked, about \"{}\": \"{}\"\n{hiring} The asker wants: {}.\n\
         Answer {{\"agents\": [...], \"sector\": \"...\"}} with the agents that are needed and the sector that is meant.",
        sectors.join(", "),
        prompts::quoted(&question.sector),
        prompts::quoted(&question.question),
        wanted.join(", "),
    );
    Prompt { system: SYSTEM.to_owned(), user, facts: Vec::new(), answer_tokens_max: ANSWER_TOKENS_MAX }
}

/// The order that a model's plan gives, if it may be followed.
///
/// # Errors
/// [`Refused`], naming the first thing that is wrong with it.
pub fn accept(question: &Question, answer: &ModelAnswer) -> Result<Order, Refused> {
    let found = answer.text.len();
    if found > PLAN_BYTES_MAX || answer.finish == Finish::Length {
        return Err(Refused::TooLong { found });
    }
    let written: Written = serde_json::from_str(bare(&answer.text))
        .map_err(|error| Refused::NoPlan { reason: wording::short(&error.to_string()) })?;
    let (read_as, asked_sector) = sector(question, &written.sector)?;
    let effective = Question { sector: read_as, ..question.clone() };
    let possible = plan::parts(&effective);
    let mut wanted = Vec::new();
    for name in &written.agents {
        let part = Part::ALL.into_iter().find(|part| agent_of(*part) == name);
        let refused = |reason: &str| Refused::Agent { name: wording::short(name), reason: reason.to_owned() };
        let part = part.ok_or_else(|| refused("which is no agent of this team"))?;
        if wanted.contains(&part) {
            return Err(refused("and asks twice"));
        }
        if let Some(missing) = possible.left_out.iter().find(|missing| missing.part == part) {
            return Err(refused(&format!("but {}", missing.reason)));
        }
        wanted.push(part);
    }
    if wanted.is_empty() && !possible.wanted.is_empty() {
        return Err(Refused::NoPlan { reason: "it asks nobody".to_owned() });
    }
    wanted.sort();
    let author = answer.model.clone();
    let mut left_out = possible.left_out;
    for part in possible.wanted.into_iter().filter(|part| !wanted.contains(part)) {
        let reason = format!("the plan that {author} wrote asks for no {}", part.name());
        left_out.push(Missing { part, cause: Cause::NotPlanned, reason });
    }
    left_out.sort_by_key(|missing| missing.part);
    let notes = vec![note(&author, &wanted, &effective.sector)];
    Ok(Order { question: effective, asked_sector, wanted, left_out, author, notes })
}

/// The sector that a plan is about, and the asker's own name for it if it is another: a known one may not be changed.
fn sector(question: &Question, written: &str) -> Result<(String, Option<String>), Refused> {
    let refused = |reason: String| Refused::Sector { name: wording::short(written), reason };
    match (sectors::find(&question.sector), sectors::find(written)) {
        (Ok(asked), Ok(planned)) if asked.id == planned.id => Ok((question.sector.clone(), None)),
        (Ok(asked), _) => Err(refused(format!("but the asker's is {}", asked.id))),
        // Still unknown: the fixed plan would say the same.
        (Err(_), _) if written == question.sector => Ok((question.sector.clone(), None)),
        (Err(_), Err(_)) => Err(refused("which is in no table".to_owned())),
        (Err(_), Ok(planned)) => Ok((planned.id.to_owned(), Some(question.sector.clone()))),
    }
}

fn note(author: &str, wanted: &[Part], sector: &str) -> String {
    let agents: Vec<&str> = wanted.iter().map(|part| agent_of(*part)).collect();
    let agents = if agents.is_empty() { "nobody".to_owned() } else { agents.join(", ") };
    format!("the plan is {author}'s: it asks {agents} about {}", wording::short(sector))
}

/// The object without the fence that models like to put around it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    inner.map_or(text, |inner| inner.strip_prefix("json").unwrap_or(inner)).trim()
}
