//! What the server saw of its askers: calls and tokens by second, by account and model, and the fullest
//! minute, so that a bench can say what was used of what was allowed, and what was too much.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::window::Window;

/// The stretch over which limits are looked at.
const MINUTE: Duration = Duration::from_secs(60);
/// Seconds that are kept, the newest: two hours.
const SECONDS_MAX: usize = 7200;

/// A simulated second of the whole server. Seconds in which nothing happened are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    /// Which, from the start.
    pub second: u64,
    /// Calls that were let in.
    pub admitted: u64,
    /// Calls that were refused.
    pub refused: u64,
    /// Tokens of prompts that were let in.
    pub input_tokens: u64,
    /// Tokens of answers that were made.
    pub output_tokens: u64,
}

/// The highest sums over any 60 simulated seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Highest {
    /// Calls, refused ones too.
    pub asked: u64,
    /// Calls that were let in.
    pub admitted: u64,
    /// Tokens of prompts that were let in, as they count for the limit.
    pub input_tokens: u64,
    /// Tokens of answers, at the time they were made.
    pub output_tokens: u64,
    /// The same, at the time their calls were let in.
    pub output_tokens_by_admission: u64,
}

/// What one account did with one model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Who.
    pub account: String,
    /// With what.
    pub model: String,
    /// The limits as they are now; per simulated minute.
    pub limits: Limits,
    /// Calls that were let in.
    pub admitted: u64,
    /// Calls that were refused, by the reason's word.
    pub refused: BTreeMap<String, u64>,
    /// All of these: calls that were of no use.
    pub useless: u64,
    /// Tokens of prompts that were let in, as they count for the limit.
    pub input_tokens: u64,
    /// Tokens of answers that were made.
    pub output_tokens: u64,
    /// The fullest minutes.
    pub highest: Highest,
    /// When the first call came and when the last; simulated seconds.
    pub between_seconds: (f64, f64),
}

/// What the server saw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Now; simulated seconds from the start.
    pub now_seconds: f64,
    /// Calls that run.
    pub running: usize,
    /// Calls that wait.
    pub waiting: usize,
    /// By account and model.
    pub lines: Vec<Line>,
    /// By second.
    pub seconds: Vec<Second>,
}

/// One account's eyes on one model.
#[derive(Debug)]
pub struct Eyes {
    line: Line,
    asked: Window,
    admitted: Window,
    input: Window,
    output: Window,
    by_admission: Window,
}

impl Eyes {
    /// Nothing was seen.
    #[must_use]
    pub fn new(account: &str, model: &str) -> Self {
        let line = Line { account: account.to_owned(), model: model.to_owned(), ..Line::default() };
        let window = || Window::new(MINUTE);
        let [asked, admitted, input, output, by_admission] = std::array::from_fn(|_| window());
        Self { line, asked, admitted, input, output, by_admission }
    }

    fn ask(&mut self, now: Duration) {
        let seconds = now.as_secs_f64();
        if self.line.admitted + self.line.useless == 0 {
            self.line.between_seconds.0 = seconds;
        }
        self.line.between_seconds.1 = seconds;
        self.asked.add(now, 1);
    }

    /// A call was let in; so many of its prompt's tokens count, and so many its answer will have.
    pub fn admit(&mut self, now: Duration, input: u64, output: u64) {
        self.ask(now);
        self.line.admitted += 1;
        self.line.input_tokens += input;
        self.admitted.add(now, 1);
        self.input.add(now, input);
        self.by_admission.add(now, output);
    }

    /// A call was refused.
    pub fn refuse(&mut self, now: Duration, reason: &str) {
        self.ask(now);
        self.line.useless += 1;
        *self.line.refused.entry(reason.to_owned()).or_default() += 1;
    }

    /// An answer ended, with so many tokens.
    pub fn end(&mut self, now: Duration, output: u64) {
        self.line.output_tokens += output;
        self.output.add(now, output);
    }

    /// What was seen under these limits.
    #[must_use]
    pub fn line(&self, limits: &Limits) -> Line {
        let highest = Highest {
            asked: self.asked.highest(),
            admitted: self.admitted.highest(),
            input_tokens: self.input.highest(),
            output_tokens: self.output.highest(),
            output_tokens_by_admission: self.by_admission.highest(),
        };
        Line { highest, limits: limits.clone(), ..self.line.clone() }
    }
}

/// The seconds of the whole server.
#[derive(Debug, Default)]
pub struct Seconds {
    rows: VecDeque<Second>,
}

impl Seconds {
    /// The row of now.
    pub fn row(&mut self, now: Duration) -> &mut Second {
        let second = now.as_secs();
        if self.rows.back().is_none_or(|row| row.second < second) {
            if self.rows.len() >= SECONDS_MAX {
                self.rows.pop_front();
            }
            self.rows.push_back(Second { second, ..Second::default() });
        }
        let last = self.rows.len() - 1;
        &mut self.rows[last]
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> Vec<Second> {
        self.rows.iter().cloned().collect()
    }
}
