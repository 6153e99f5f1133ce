//! The bill: what each account owes for each model, to the micro-unit.
//!
//! What is billed when a call does not go well:
//!
//! | the call | is billed |
//! |---|---|
//! | refused, by a limit, a full queue, a sick server or an error inside a 200 | nothing |
//! | left by its asker while it waits for a slot | nothing |
//! | left by its asker while it runs | as [`Cancelled`] has it: its prompt and the tokens made until then, nothing, or all |
//! | cut in the middle by the server | its prompt, and the tokens made until then |
//! | answered whole, but in garbage, with a false usage, or never sent (`hang`, `keep_alive`) | all of it |
//! | in a batch that is cancelled before its end | nothing |

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::prices::{Lane, Price, Used};
#[cfg(doc)]
use super::simulation::Cancelled;

/// How a call ended, for whoever asks why it is on the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Sent whole.
    Whole,
    /// Made whole, and never sent.
    Unsent,
    /// Cut by the server.
    Cut,
    /// Left by its asker.
    Left,
}

/// What one account owes for one model in one lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who.
    pub account: String,
    /// For what.
    pub model: String,
    /// Which way.
    pub lane: Lane,
    /// Calls on this line.
    pub calls: u64,
    /// Of these, made whole and never sent.
    pub unsent: u64,
    /// Of these, cut by the server.
    pub cut: u64,
    /// Of these, left by their asker.
    pub left: u64,
    /// Tokens of the calls.
    pub used: Used,
    /// What they cost, each call rounded alone; micro-units.
    pub micro_units: u64,
}

/// What all owe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// The sum of the lines; micro-units.
    pub micro_units: u64,
    /// One for each account, model and lane.
    pub lines: Vec<Line>,
}

/// A bill that grows.
#[derive(Debug, Default)]
pub struct Book {
    lines: BTreeMap<(String, String, Lane), Line>,
}

impl Book {
    /// Adds a call, and says what it costs.
    pub fn add(&mut self, who: (&str, &str), lane: Lane, price: &Price, used: Used, ending: Ending) -> u64 {
        let (account, model) = (who.0.to_owned(), who.1.to_owned());
        let empty = Line {
            account: account.clone(),
            model: model.clone(),
            lane,
            calls: 0,
            unsent: 0,
            cut: 0,
            left: 0,
            used: Used::default(),
            micro_units: 0,
        };
        let line = self.lines.entry((account, model, lane)).or_insert(empty);
        line.calls += 1;
        match ending {
            Ending::Whole => {}
            Ending::Unsent => line.unsent += 1,
            Ending::Cut => line.cut += 1,
            Ending::Left => line.left += 1,
        }
        line.used.input_tokens += used.input_tokens;
        line.used.cached_tokens += used.cached_tokens;
        line.used.output_tokens += used.output_tokens;
        let cost = price.cost(lane, used);
        line.micro_units = line.micro_units.saturating_add(cost);
        cost
    }

    /// The bill so far.
    #[must_use]
    pub fn bill(&self) -> Bill {
        let lines: Vec<Line> = self.lines.values().cloned().collect();
        let micro_units = lines.iter().fold(0_u64, |sum, line| sum.saturating_add(line.micro_units));
        Bill { micro_units, lines }
    }
}
