//! The model of a simulation: the same words for the same prompt, and by the seed every way to fail; it
//! counts what is paid for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agents_model::model::Error;
use agents_model::scripted::completion;
use agents_model::{Completion, Model};
use async_trait::async_trait;
use schemas_records::ModelRequest;
use schemas_records::ids::content_hash;

use super::chance::Chance;
use super::trace::Trace;
use crate::verify::Paid;

/// Names a question, whoever asks it: as a model cannot know who does.
pub type Question = String;

/// The question that a request asks.
#[must_use]
pub fn question(request: &ModelRequest) -> Question {
    request.hash("")
}

/// How the model takes one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// It answers.
    Fine,
    /// It asks for a pause so many times, then answers.
    Busy(usize, Option<Duration>),
    /// It breaks so many times, then answers.
    Flaky(usize),
    /// It says nothing that can be used.
    Garbage,
    /// It says nothing.
    Nothing,
    /// It says too much.
    TooMuch,
    /// It refuses.
    Refused,
    /// It takes long, with luck not too long.
    Slow(Duration),
    /// It never answers.
    Never,
}

/// The model.
pub struct SimulatedModel {
    chance: Chance,
    per_mille: usize,
    trace: Arc<Trace>,
    ledger: Mutex<BTreeMap<Question, Paid>>,
    spoilt: Mutex<BTreeSet<Question>>,
    said: Mutex<BTreeMap<Question, BTreeSet<String>>>,
}

impl SimulatedModel {
    /// A model that does not simply answer so many of a thousand questions.
    #[must_use]
    pub fn new(chance: &Chance, per_mille: usize, trace: Arc<Trace>) -> Self {
        let chance = chance.of("model");
        let (ledger, spoilt, said) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { chance, per_mille, trace, ledger, spoilt, said }
    }

    /// What was paid, by question.
    #[must_use]
    pub fn ledger(&self) -> BTreeMap<Question, Paid> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The questions that may have got no good answer.
    #[must_use]
    pub fn spoilt(&self) -> BTreeSet<Question> {
        self.spoilt.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The hashes of what it said, by question.
    #[must_use]
    pub fn said(&self) -> BTreeMap<Question, BTreeSet<String>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A question's mood and latency follow from the seed alone, not from when it is asked.
    fn mood(&self, question: &str) -> (Mood, Duration) {
        let mut chance = self.chance.of(question);
        let latency = chance.millis(5, 800);
        if !chance.happens(self.per_mille) {
            return (Mood::Fine, latency);
        }
        let mood = match chance.below(12) {
            0..3 => {
                let after = chance.millis(0, 3_000);
                Mood::Busy(chance.between(1, 3), chance.happens(500).then_some(after))
            }
            3..6 => Mood::Flaky(chance.between(1, 2)),
            6 => Mood::Garbage,
            7 => Mood::Nothing,
            8 => Mood::TooMuch,
            9 => Mood::Refused,
            10 => Mood::Slow(chance.millis(5_000, 60_000)),
            _ => Mood::Never,
        };
        (mood, latency)
    }

    fn book(&self, question: &str, change: impl FnOnce(&mut Paid)) {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        change(ledger.entry(question.to_owned()).or_default());
    }

    fn spoil(&self, question: &str) {
        self.spoilt.lock().unwrap_or_else(PoisonError::into_inner).insert(question.to_owned());
    }

    async fn reply(&self, request: &ModelRequest, question: &str, asked: u64) -> Result<Completion, Error> {
        let (mood, latency) = self.mood(question);
        if mood != Mood::Fine {
            self.trace.say(&format!("model {}", word(mood)), || format!("{} {mood:?}", &question[..8]));
        }
        if !matches!(mood, Mood::Fine | Mood::Busy(..) | Mood::Flaky(_)) {
            self.spoil(question);
        }
        let is_early = |times: usize| asked <= u64::try_from(times).unwrap_or(u64::MAX);
        tokio::time::sleep(latency).await; // virtual clock
        match mood {
            Mood::Busy(times, after) if is_early(times) => {
                Err(Error::RateLimited { after, message: "simulated 429".into() })
            }
            Mood::Flaky(times) if is_early(times) => {
                Err(Error::Transient { after: None, message: "simulated 500".into() })
            }
            Mood::Fine | Mood::Busy(..) | Mood::Flaky(_) => Ok(completion(request)),
            Mood::Garbage => Err(Error::BadAnswer { message: "simulated garbage".into() }),
            Mood::Nothing => Ok(Completion { text: String::new(), ..completion(request) }),
            Mood::TooMuch => Ok(Completion { text: "more ".repeat(60_000), ..completion(request) }),
            Mood::Refused => Err(Error::Refused { message: "simulated 400".into() }),
            Mood::Slow(time) => {
                tokio::time::sleep(time).await; // virtual clock
                Ok(completion(request))
            }
            Mood::Never => std::future::pending().await,
        }
    }
}

const fn word(mood: Mood) -> &'static str {
    match mood {
        Mood::Fine => "fine",
        Mood::Busy(..) => "429",
        Mood::Flaky(_) => "500",
        Mood::Garbage => "garbage",
        Mood::Nothing => "nothing",
        Mood::TooMuch => "too-much",
        Mood::Refused => "refused",
        Mood::Slow(_) => "slow",
        Mood::Never => "never",
    }
}

/// A request that is under way: dropped before its end it was given up.
struct UnderWay<'a> {
    model: &'a SimulatedModel,
    question: &'a str,
    is_over: bool,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.model.book(self.question, |paid| paid.dropped += 1);
        }
    }
}

#[async_trait]
impl Model for SimulatedModel {
    async fn complete(&self, request: &ModelRequest) -> Result<Completion, Error> {
        let question = question(request);
        let mut asked = 0;
        self.book(&question, |paid| {
            paid.sent += 1;
            asked = paid.sent;
        });
        let mut under_way = UnderWay { model: self, question: &question, is_over: false };
        let reply = self.reply(request, &question, asked).await;
        under_way.is_over = true;
        if let Ok(completion) = &reply {
            let words = content_hash(&[completion.text.as_bytes()]);
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            said.entry(question.clone()).or_default().insert(words);
        }
        if matches!(reply, Ok(_) | Err(Error::BadAnswer { .. })) {
            self.book(&question, |paid| paid.answered += 1);
        }
        reply
    }
}
