//! `market-trends`: computes slope, season, turning points and volatility; the model words them, unless its call is spent
//! on a plan.

use agents_agent::{Agent, Effects, Event, Fault, What};

use crate::analyst::{WORDING, request, worded};
use crate::author::Author;
use crate::data::Data;
use crate::drill;
use crate::messages::{Draft, Part, Question};
use crate::prompts;
use crate::sectors;
use crate::trend;

/// The agent, with the tables it reads.
#[derive(Clone, Debug)]
pub struct MarketTrends {
    data: Data,
    author: Author,
}

impl MarketTrends {
    /// An observer of these tables, in a team whose plans this author writes.
    #[must_use]
    pub fn new(data: Data, author: Author) -> Self {
        Self { data, author }
    }

    fn begin(&self, question: &Question, draft: &mut Draft, effects: &mut Effects) -> Result<(), Fault> {
        let failed = |error: &dyn std::error::Error| Fault::failed(error.to_string());
        let sector = sectors::find(&question.sector).map_err(|error| failed(&error))?;
        let trend = trend::compute(&self.data, sector, question.month).map_err(|error| failed(&error))?;
        match self.author {
            Author::Code => {
                effects.call_model(WORDING, request(&prompts::market(&trend)));
                draft.trend = Some(trend);
            }
            Author::Model => effects.reply(&trend),
        }
        Ok(())
    }
}

impl Agent for MarketTrends {
    type Input = Question;
    type State = Draft;

    fn step(&self, event: Event<Question>, draft: &mut Draft, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(question) if drill::delays(&question, Part::Trend, effects) => {
                draft.question = Some(question);
                Ok(())
            }
            What::Input(question) => self.begin(&question, draft, effects),
            What::Timer(_) => match draft.question.take() {
                Some(question) => self.begin(&question, draft, effects),
                None => Ok(()),
            },
            What::Answer(answer) => {
                let Some(mut trend) = draft.trend.take() else { return Ok(()) };
                // A model that says nothing usable takes nothing away from the numbers.
                (trend.wording, trend.model) = worded(&answer, &prompts::market(&trend));
                effects.reply(&trend);
                Ok(())
            }
            What::Gathered(..) => Ok(()),
        }
    }

    fn configuration(&self) -> String {
        format!("{} {}", self.author, self.data.version())
    }
}
