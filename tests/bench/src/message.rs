//! The message that everything here carries, and the agents that carry it.
//!
//! 944 bytes framed, of the shapes messages have: numbers, short texts, a list of records. The words
//! are drawn from a small vocabulary, so that they compress as prose does and not to nothing.

use agents_agent::{Agent, Effects, Event, Fault, What};
use schemas_records::{Message, ModelRequest, Stateless};
use serde::{Deserialize, Serialize};

use crate::keys::Dice;

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which one.
    pub number: i64,
    /// What it is about.
    pub sector: String,
    /// When.
    pub month: String,
    /// Two years of figures.
    pub values: Vec<f64>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What it comes to.
    pub summary: String,
}

/// One thing that was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// A short word.
    pub code: String,
    /// How much it matters.
    pub weight: f64,
    /// A sentence.
    pub text: String,
}

impl Message for Report {
    const NAME: &'static str = "tributary.bench.Report";
    const SCHEMA: &'static str = r#"{"type":"record","name":"Report","namespace":"tributary.bench","fields":[
        {"name":"number","type":"long"},
        {"name":"sector","type":"string"},
        {"name":"month","type":"string"},
        {"name":"values","type":{"type":"array","items":"double"}},
        {"name":"findings","type":{"type":"array","items":{"type":"record","name":"Finding","fields":[
            {"name":"code","type":"string"},{"name":"weight","type":"double"},{"name":"text","type":"string"}]}}},
        {"name":"summary","type":"string"}]}"#;
}

const WORDS: [&str; 32] = [
    "employment",
    "sector",
    "rose",
    "fell",
    "share",
    "hiring",
    "steady",
    "month",
    "year",
    "trend",
    "season",
    "turning",
    "point",
    "level",
    "change",
    "contract",
    "permanent",
    "plan",
    "figures",
    "since",
    "before",
    "analysts",
    "carpenters",
    "wages",
    "hours",
    "trial",
    "weeks",
    "risk",
    "low",
    "high",
    "than",
    "the",
];

/// Characters of a summary, so that a report has 944 bytes framed, give or take its number's length.
const SUMMARY_CHARS: usize = 366;

impl Report {
    /// The report of this number: the same on every run.
    #[must_use]
    pub fn numbered(number: u64) -> Self {
        let mut dice = Dice::new(number);
        let finding = |dice: &mut Dice| Finding {
            code: prose(dice, 8),
            weight: dice.fraction(),
            text: prose(dice, 48),
        };
        Self {
            number: number.cast_signed(),
            sector: "professional_and_business_services".into(),
            month: "2014-03".into(),
            values: (0..24).map(|_| (dice.fraction() * 100_000.0).round() / 10.0).collect(),
            findings: (0..5).map(|_| finding(&mut dice)).collect(),
            summary: prose(&mut dice, SUMMARY_CHARS),
        }
    }
}

/// Exactly so many characters of words.
fn prose(dice: &mut Dice, chars: usize) -> String {
    let mut text = String::with_capacity(chars + 12);
    while text.len() < chars {
        let word = usize::try_from(dice.roll() % WORDS.len() as u64).unwrap_or(0);
        text.push_str(WORDS[word]);
        text.push(' ');
    }
    text.truncate(chars);
    text
}

/// Replies with its input: one record in, one record of the same size out.
#[derive(Clone, Copy, Debug)]
pub struct Parrot;

impl Agent for Parrot {
    type Input = Report;
    type State = Stateless;

    fn step(&self, event: Event<Report>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        if let What::Input(report) = event.what {
            effects.reply(&report);
        }
        Ok(())
    }
}

/// Asks the model about its input once and replies with it when the answer is there.
#[derive(Clone, Copy, Debug)]
pub struct Clerk;

impl Agent for Clerk {
    type Input = Report;
    type State = Report;

    fn step(&self, event: Event<Report>, state: &mut Report, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(report) => {
                effects.call_model(ASKED, question(&report.summary));
                *state = report;
            }
            What::Answer(answer) => {
                answer.model()?;
                effects.reply(state);
            }
            What::Gathered(..) | What::Timer(_) => {}
        }
        Ok(())
    }
}

/// Asks the model about its input and again about every answer; its state is the report and so waits
/// with it.
#[derive(Clone, Copy, Debug)]
pub struct Asker;

impl Agent for Asker {
    type Input = Report;
    type State = Report;

    fn step(&self, event: Event<Report>, state: &mut Report, effects: &mut Effects) -> Result<(), Fault> {
        let question = match event.what {
            What::Input(report) => {
                *state = report;
                state.summary.clone()
            }
            What::Answer(answer) => answer.model()?.text,
            What::Gathered(..) | What::Timer(_) => return Ok(()),
        };
        effects.call_model(ASKED, self::question(&question));
        Ok(())
    }
}

fn question(about: &str) -> ModelRequest {
    let mut request = ModelRequest::new("You say whether to hire.", about.to_owned(), 200);
    // With sampling on, each call is a question of its own, keyed by its id: load spreads.
    request.temperature = 0.7;
    request
}

/// What these agents call their calls.
pub const ASKED: &str = "wording";

#[cfg(test)]
mod tests {
    //! The message has the size it is said to have.

    use schemas_codec::{Codec, Registry};

    use super::Report;

    /// Every report is as long as the record that the schema notes measured, and reads back as itself.
    #[test]
    fn has_944_bytes() {
        let codec = Codec::new(Registry::new().unwrap());
        for number in [1_000, 8_000, 77_777, 900_000] {
            let report = Report::numbered(number);
            let bytes = codec.encode(&report).unwrap();
            assert!((942..=946).contains(&bytes.len()), "report {number} has {} bytes", bytes.len());
            assert_eq!(codec.decode::<Report>(&bytes).unwrap(), report);
        }
    }
}
