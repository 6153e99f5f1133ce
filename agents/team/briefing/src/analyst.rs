//! `data-analyst`: gets a sector's numbers by SQL, computes level, share and change of them; the model words them.
//!
//! Where a model may write queries it is asked for one first; what may be used of it is `query_proposal.rs`'s to say. The fixed
//! queries are asked in any case: the numbers of a brief are theirs.

use agents_agent::{Agent, Answer, Effects, Event, Fault, What};
use schemas_records::ModelRequest;
use schemas_records::tool::Table;

use crate::author::Author;
use crate::drill;
use crate::figures;
use crate::messages::{Inquiry, Part, Question};
use crate::prompts::{self, Prompt};
use crate::queries::{self, Fixed, TOOL};
use crate::query_proposal::{self, PROPOSED, Refused};
use crate::sectors::{self, Sector};
use crate::wording;

/// The name under which an agent of this team asks the model to word something.
pub(crate) const WORDING: &str = "wording";
/// The name under which the analyst asks a model for a query.
pub const QUERY: &str = "query";

/// The agent.
#[derive(Clone, Copy, Debug, Default)]
pub struct DataAnalyst {
    author: Author,
}

impl DataAnalyst {
    /// An analyst whose queries this author writes.
    #[must_use]
    pub fn new(author: Author) -> Self {
        Self { author }
    }
}

impl Agent for DataAnalyst {
    type Input = Question;
    type State = Inquiry;

    fn step(
        &self,
        event: Event<Question>,
        inquiry: &mut Inquiry,
        effects: &mut Effects,
    ) -> Result<(), Fault> {
        match event.what {
            What::Input(question) => {
                let is_late = drill::delays(&question, Part::Figures, effects);
                inquiry.question = Some(question);
                if is_late { Ok(()) } else { self.begin(inquiry, effects) }
            }
            What::Timer(_) => self.begin(inquiry, effects),
            What::Answer(answer) => match answer.name.as_str() {
                QUERY => propose(inquiry, &answer, effects),
                PROPOSED => claim(inquiry, &answer, effects),
                WORDING => {
                    word(inquiry, &answer, effects);
                    Ok(())
                }
                _ => self.take(inquiry, &answer, effects),
            },
            What::Gathered(..) => Ok(()),
        }
    }

    fn configuration(&self) -> String {
        self.author.to_string()
    }
}

impl DataAnalyst {
    fn begin(self, inquiry: &mut Inquiry, effects: &mut Effects) -> Result<(), Fault> {
        let (question, sector) = subject(inquiry)?;
        match self.author {
            Author::Model if sector.employment.is_some() => {
                effects.call_model(QUERY, request(&query_proposal::prompt(question, sector)));
                Ok(())
            }
            _ => ask(inquiry, effects),
        }
    }

    /// Takes one answer of the tables over; with the last one the figures stand.
    fn take(self, inquiry: &mut Inquiry, answer: &Answer, effects: &mut Effects) -> Result<(), Fault> {
        let name = &answer.name;
        inquiry.awaited.retain(|awaited| awaited != name);
        if let Some(query) = fixed(inquiry)?.into_iter().find(|query| query.name == name) {
            let read = answer.decode::<Table>().map_err(|failure| failure.message);
            if let Err(reason) = read.and_then(|table| query.read(&table, &mut inquiry.found)) {
                let reason = wording::short(&reason);
                inquiry.found.failed.push(format!("the query {name} was not answered: {reason}"));
            }
        }
        if !inquiry.awaited.is_empty() {
            return Ok(());
        }
        self.conclude(inquiry, effects)
    }

    /// Computes the figures, and has them worded if the call is not spent on a query.
    fn conclude(self, inquiry: &mut Inquiry, effects: &mut Effects) -> Result<(), Fault> {
        let (question, sector) = subject(inquiry)?;
        let month = question.month;
        compare(inquiry);
        let found = std::mem::take(&mut inquiry.found);
        let mut figures =
            figures::of(found, sector, month).map_err(|error| Fault::failed(error.to_string()))?;
        if let Some(proposal) = inquiry.proposal.take() {
            figures.others = std::mem::take(&mut inquiry.claimed);
            figures.others.retain(|level| level.sector != sector.id && level.sector != sectors::WHOLE);
            figures.queries.push(proposal);
        }
        match self.author {
            Author::Code => {
                effects.call_model(WORDING, request(&prompts::analyst(&figures)));
                inquiry.figures = Some(figures);
            }
            Author::Model => effects.reply(&figures),
        }
        Ok(())
    }
}

/// What is asked, and the sector it is about.
fn subject(inquiry: &Inquiry) -> Result<(&Question, &'static Sector), Fault> {
    let question = inquiry.question.as_ref().ok_or_else(|| Fault::failed("go on: nothing was asked"))?;
    let sector = sectors::find(&question.sector).map_err(|error| Fault::failed(error.to_string()))?;
    Ok((question, sector))
}

/// The fixed queries, with the cells that a model's query looked at.
fn fixed(inquiry: &Inquiry) -> Result<Vec<Fixed>, Fault> {
    let (question, sector) = subject(inquiry)?;
    Ok(queries::fixed(sector, question.month, &inquiry.claimed))
}

/// Asks the tables all fixed queries at once.
fn ask(inquiry: &mut Inquiry, effects: &mut Effects) -> Result<(), Fault> {
    for query in fixed(inquiry)? {
        effects.call_tool_with(query.name, TOOL, &query.request());
        inquiry.awaited.push(query.name.to_owned());
    }
    Ok(())
}

/// A model's query came, or did not: if it may be run it is, else the fixed ones are.
fn propose(inquiry: &mut Inquiry, answer: &Answer, effects: &mut Effects) -> Result<(), Fault> {
    let accepted = match answer.model() {
        Ok(said) => query_proposal::accept(&said).map_err(|refused| (said.model, refused)),
        Err(failure) => {
            Err(("a model".to_owned(), Refused::None { reason: wording::short(&failure.message) }))
        }
    };
    match accepted {
        Ok(proposal) => {
            effects.call_tool_with(PROPOSED, TOOL, &query_proposal::request(&proposal));
            inquiry.proposal = Some(proposal);
            Ok(())
        }
        Err((author, refused)) => {
            refuse(inquiry, &author, &refused);
            ask(inquiry, effects)
        }
    }
}

/// A model's query was run: its rows are claims, which the fixed query is asked about with the rest.
fn claim(inquiry: &mut Inquiry, answer: &Answer, effects: &mut Effects) -> Result<(), Fault> {
    let (question, sector) = subject(inquiry)?;
    let table = answer
        .decode::<Table>()
        .map_err(|failure| Refused::Tool { reason: wording::short(&failure.message) });
    let claimed = table.and_then(|table| query_proposal::claimed(&table, sector, question.month));
    match (claimed, &mut inquiry.proposal) {
        (Ok(claimed), Some(proposal)) => {
            proposal.rows = i32::try_from(claimed.len()).unwrap_or(i32::MAX);
            inquiry.claimed = claimed;
        }
        (Err(refused), Some(proposal)) => {
            let author = std::mem::take(&mut proposal.author);
            refuse(inquiry, &author, &refused);
        }
        (_, None) => {}
    }
    ask(inquiry, effects)
}

/// Holds a model's rows against the tables' own.
fn compare(inquiry: &mut Inquiry) {
    let Some(proposal) = &inquiry.proposal else { return };
    let author = proposal.author.clone();
    match query_proposal::agree(&inquiry.claimed, &inquiry.found.levels) {
        Ok(()) => inquiry.found.notes.push(format!(
            "the query {PROPOSED} is {author}'s; each of its {} numbers was compared with the fixed query's",
            inquiry.claimed.len()
        )),
        Err(refused) => refuse(inquiry, &author, &refused),
    }
}

/// Drops a model's query, and says so.
fn refuse(inquiry: &mut Inquiry, author: &str, refused: &Refused) {
    inquiry.proposal = None;
    inquiry.claimed.clear();
    inquiry.found.notes.push(format!(
        "the query that {author} was to write is not used: {refused}; the fixed queries were used"
    ));
}

/// The model worded the figures, or did not: they go out.
fn word(inquiry: &mut Inquiry, answer: &Answer, effects: &mut Effects) {
    let Some(mut figures) = inquiry.figures.take() else { return };
    // A model that says nothing usable takes nothing away from the numbers.
    (figures.wording, figures.model) = worded(answer, &prompts::analyst(&figures));
    effects.reply(&figures);
}

/// A prompt as the model gateway takes it.
pub(crate) fn request(prompt: &Prompt) -> ModelRequest {
    let tokens = i32::try_from(prompt.answer_tokens_max).unwrap_or(i32::MAX);
    ModelRequest::new(prompt.system.clone(), prompt.user.clone(), tokens)
}

/// The sentence of an answer that may be used, and which model spoke it; both empty if none may.
pub(crate) fn worded(answer: &Answer, prompt: &Prompt) -> (String, String) {
    let Ok(answer) = answer.model() else { return (String::new(), String::new()) };
    match wording::accept(&answer.text, &prompt.facts) {
        Ok(sentence) => (sentence, answer.model),
        Err(_) => (String::new(), String::new()),
    }
}
