//! What a seed is: the storm and all that is sent; and how what is left of it is said.

use std::time::Duration;

use super::storm::Storm;
use super::without::{Part, Without};

/// All of a seed, also what is left out.
pub(super) struct Scene {
    /// The storm.
    pub storm: Storm,
    /// What is sent, in words.
    pub sent: Vec<String>,
}

/// Most things of one kind that are named; a storm that was made smaller has few.
const NAMED_MAX: usize = 12;

impl Scene {
    /// What is left, a line for each kind of thing that there was.
    #[must_use]
    pub fn left(&self, without: &Without) -> Vec<String> {
        let storm = &self.storm;
        let deaths = storm.deaths.iter().map(|death| {
            let (moment, after) = (death.moment.as_str(), death.after);
            format!("at {moment}, {after} passed by, {}", from(death.from))
        });
        let events = storm.events.iter().map(|(at, event)| format!("{event:?} {}", from(*at)));
        let instances = (0..storm.instances).map(|slot| format!("node-{slot}"));
        let trouble = [
            (Part::Log, "the log", storm.log_per_mille),
            (Part::Store, "the store", storm.store_per_mille),
            (Part::Model, "the model", storm.model_per_mille),
        ];
        let trouble = trouble.into_iter().filter(|(_, _, often)| *often > 0);
        let trouble = trouble.map(|(part, of, often)| (part, format!("with {of}, {often} of 1000 calls")));
        let kinds = [
            kind("sent", numbered(Part::Sent, self.sent.iter().cloned()), without),
            kind("deaths", numbered(Part::Death, deaths), without),
            kind("events", numbered(Part::Event, events), without),
            kind("instances", numbered(Part::Instance, instances), without),
            kind("trouble", trouble.collect(), without),
        ];
        kinds.into_iter().flatten().collect()
    }
}

fn numbered(part: fn(usize) -> Part, words: impl Iterator<Item = String>) -> Vec<(Part, String)> {
    words.enumerate().map(|(number, words)| (part(number), words)).collect()
}

/// One kind of thing: how many of how many are left, and which.
fn kind(name: &str, all: Vec<(Part, String)>, without: &Without) -> Option<String> {
    let count = all.len();
    let left: Vec<String> =
        all.into_iter().filter(|(part, _)| !without.has(*part)).map(|(_, it)| it).collect();
    let more = left.len().saturating_sub(NAMED_MAX);
    let named = left.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join("; ");
    let named = if more > 0 { format!("{named}; and {more} more") } else { named };
    (count > 0)
        .then(|| format!("{name}: {} of {count}: {named}", left.len()).trim_end_matches(": ").to_owned())
}

/// A time of the storm.
pub(super) fn from(at: Duration) -> String {
    format!("at {}.{:03} s", at.as_secs(), at.subsec_millis())
}

#[cfg(test)]
mod tests;
