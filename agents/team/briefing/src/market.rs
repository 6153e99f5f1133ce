//! `market-trends`: computes slope, season, turning points and volatility; the model words them.

use agents_agent::{Agent, Effects, Event, Fault, What};

use crate::analyst::{WORDING, request, worded};
use crate::data::Data;
use crate::messages::{Draft, Question};
use crate::prompts;
use crate::sectors;
use crate::trend;

/// The agent, with the tables it reads.
#[derive(Clone, Debug)]
pub struct MarketTrends {
    data: Data,
}

impl MarketTrends {
    /// An observer of these tables.
    #[must_use]
    pub fn new(data: Data) -> Self {
        Self { data }
    }
}

impl Agent for MarketTrends {
    type Input = Question;
    type State = Draft;

    fn step(&self, event: Event<Question>, draft: &mut Draft, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(question) => {
                let sector =
                    sectors::find(&question.sector).map_err(|error| Fault::failed(error.to_string()))?;
                let trend = trend::compute(&self.data, sector, question.month)
                    .map_err(|error| Fault::failed(error.to_string()))?;
                effects.call_model(WORDING, request(&prompts::market(&trend)));
                draft.trend = Some(trend);
            }
            What::Answer(answer) => {
                let Some(mut trend) = draft.trend.take() else { return Ok(()) };
                // A model that says nothing usable takes nothing away from the numbers.
                (trend.wording, trend.model) = worded(&answer, &prompts::market(&trend));
                effects.reply(&trend);
            }
            What::Gathered(..) | What::Timer(_) => {}
        }
        Ok(())
    }

    fn configuration(&self) -> String {
        self.data.version().to_owned()
    }
}
