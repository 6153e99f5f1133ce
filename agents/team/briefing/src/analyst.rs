//! `data-analyst`: computes level, share and change of a sector's employment; the model words them.

use agents_agent::{Agent, Effects, Event, Fault, What};
use schemas_records::ModelRequest;

use crate::data::Data;
use crate::figures;
use crate::messages::{Draft, Question};
use crate::prompts::{self, Prompt};
use crate::sectors;
use crate::wording;

/// The name under which an agent of this team asks the model.
pub(crate) const WORDING: &str = "wording";

/// The agent, with the tables it reads.
#[derive(Clone, Debug)]
pub struct DataAnalyst {
    data: Data,
}

impl DataAnalyst {
    /// An analyst of these tables.
    #[must_use]
    pub fn new(data: Data) -> Self {
        Self { data }
    }
}

impl Agent for DataAnalyst {
    type Input = Question;
    type State = Draft;

    fn step(&self, event: Event<Question>, draft: &mut Draft, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(question) => {
                let sector =
                    sectors::find(&question.sector).map_err(|error| Fault::failed(error.to_string()))?;
                let figures = figures::compute(&self.data, sector, question.month)
                    .map_err(|error| Fault::failed(error.to_string()))?;
                effects.call_model(WORDING, request(&prompts::analyst(&figures)));
                draft.figures = Some(figures);
            }
            What::Answer(answer) => {
                let Some(mut figures) = draft.figures.take() else { return Ok(()) };
                // A model that says nothing usable takes nothing away from the numbers.
                (figures.wording, figures.model) = worded(&answer, &prompts::analyst(&figures));
                effects.reply(&figures);
            }
            What::Gathered(..) | What::Timer(_) => {}
        }
        Ok(())
    }

    fn configuration(&self) -> String {
        self.data.version().to_owned()
    }
}

/// A prompt as the model gateway takes it.
pub(crate) fn request(prompt: &Prompt) -> ModelRequest {
    let tokens = i32::try_from(prompt.answer_tokens_max).unwrap_or(i32::MAX);
    ModelRequest::new(prompt.system.clone(), prompt.user.clone(), tokens)
}

/// The sentence of an answer that may be used, and which model spoke it; both empty if none may.
pub(crate) fn worded(answer: &agents_agent::Answer, prompt: &Prompt) -> (String, String) {
    let Ok(answer) = answer.model() else { return (String::new(), String::new()) };
    match wording::accept(&answer.text, &prompt.facts) {
        Ok(sentence) => (sentence, answer.model),
        Err(_) => (String::new(), String::new()),
    }
}
