//! What a task takes, computed as the bundled team computes it: the same functions, without any agent.
//!
//! The naive consumer works with it, and the count knows from it which prompts a task needs. It asks no model.

use agents_team_briefing::messages::{Brief, Compliance, Figures, Part, Question, Trend};
use agents_team_briefing::prompts::{self, Prompt};
use agents_team_briefing::verdict::{self, Gathered};
use agents_team_briefing::{Data, compose, figures, plan, rules, sectors, trend};
use schemas_records::ModelRequest;

/// Model calls of a task: the analyst's, the observer's and the synthesizer's.
pub const CALLS: usize = 3;

/// What code found out about a question, before any model has spoken.
pub struct Work {
    question: Question,
    figures: Figures,
    trend: Trend,
    compliance: Option<Compliance>,
}

/// A model's sentence, and which model spoke it; both empty if there is none to be used.
pub type Worded = (String, String);

impl Work {
    /// Computes it.
    ///
    /// # Errors
    /// A sentence, if the question's sector or month is not in the tables.
    pub fn new(data: &Data, question: Question) -> Result<Self, String> {
        let sector = sectors::find(&question.sector).map_err(|error| error.to_string())?;
        let figures = figures::compute(data, sector, question.month).map_err(|error| error.to_string())?;
        let trend = trend::compute(data, sector, question.month).map_err(|error| error.to_string())?;
        let is_checked = plan::parts(&question).wanted.contains(&Part::Compliance);
        let plan = question.plan.as_ref().filter(|_| is_checked);
        let compliance = plan.map(|plan| rules::check(plan, &question.sector, question.month));
        Ok(Self { question, figures, trend, compliance })
    }

    /// What the analyst, the observer and the synthesizer ask, in this order.
    pub fn prompts(&self) -> [Prompt; CALLS] {
        let decision = verdict::decide(&self.question, &self.gathered());
        [
            prompts::analyst(&self.figures),
            prompts::market(&self.trend),
            prompts::synthesizer(&self.question, &decision),
        ]
    }

    /// The brief, with what the model said to each prompt.
    pub fn brief(mut self, [figures, trend, brief]: [Worded; CALLS]) -> Brief {
        (self.figures.wording, self.figures.model) = figures;
        (self.trend.wording, self.trend.model) = trend;
        compose::brief(&self.question, &self.gathered(), &brief.0, &brief.1)
    }

    fn gathered(&self) -> Gathered {
        let (figures, trend) = (Some(self.figures.clone()), Some(self.trend.clone()));
        Gathered::new(&self.question, figures, trend, self.compliance.clone(), Vec::new())
    }
}

/// A prompt as a model takes it.
pub fn request(prompt: &Prompt) -> ModelRequest {
    let tokens = i32::try_from(prompt.answer_tokens_max).unwrap_or(i32::MAX);
    ModelRequest::new(prompt.system.clone(), prompt.user.clone(), tokens)
}
