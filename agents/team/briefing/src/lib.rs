//! The first team: "should we hire in this sector now, given this plan?", answered in a brief with its grounds.
//!
//! Everything here is data and pure functions: no I/O, no clock, no chance, no model. What the numbers are is code's to
//! say, from the tables in `data/`, which the analyst asks by SQL; whether a rule is kept is code's to say, with the text
//! in `law/` that was found for it. A model words it, and where it can, chooses what to look at; every brief shows which
//! sentences are whose. The agents themselves are thin wrappers around these functions.
//!
//! ```
//! use agents_team_briefing::{Data, compose, figures, plan, render, rules, sectors, tasks, trend, verdict::Gathered};
//!
//! let data = Data::bundled()?;
//! let question = &tasks::bundled()?[0];
//! let sector = sectors::find(&question.sector)?;
//! assert_eq!(plan::parts(question).wanted.len(), 3);
//! let figures = figures::compute(&data, sector, question.month)?;
//! let trend = trend::compute(&data, sector, question.month)?;
//! let compliance = question.plan.as_ref().map(|plan| rules::check(plan, sector.id, question.month));
//! let gathered = Gathered::new(question, Some(figures), Some(trend), compliance, Vec::new());
//! print!("{}", render(&compose::brief(question, &gathered, "", "")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// What is asked and answered.
pub mod messages;
pub mod tasks;
// What is known, and how it is asked for.
pub mod data;
pub mod law;
pub mod month;
pub mod numbers;
pub mod queries;
pub mod sectors;
pub mod tables;
// What is computed of it.
pub mod figures;
pub mod plan;
pub mod rules;
pub mod trend;
// What a model may write, and how it is checked.
pub mod author;
pub mod plan_proposal;
pub mod query_proposal;
// What follows, and how it is said.
pub mod brief;
pub mod compose;
pub mod facts;
pub mod outlook;
pub mod prompts;
pub mod verdict;
pub mod wording;

// The agents.
pub mod analyst;
mod drill;
pub mod legal;
pub mod market;
pub mod planner;
pub mod synthesizer;

pub use analyst::DataAnalyst;
pub use author::Author;
pub use brief::render;
pub use data::Data;
pub use legal::LegalCompliance;
pub use market::MarketTrends;
pub use messages::{Brief, Compliance, Figures, Question, Trend};
pub use month::Month;
pub use planner::Planner;
pub use synthesizer::Synthesizer;
