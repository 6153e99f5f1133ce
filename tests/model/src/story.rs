//! A story in words: what happens, one line each, as a colleague would tell it.

use crate::action::{Action, Source};
use crate::model::Model;
use crate::owner::{Owner, Phase};
use crate::plan::key_name;
use crate::rule::Rule;
use crate::scenes;
use crate::search::{Outcome, explore};
use crate::state::State;
use crate::store::Change;
use crate::violation::Violation;

/// Tells what happens, and what is seen then.
#[must_use]
pub fn tell(model: &Model, story: &[Action], violation: Violation) -> String {
    let mut state = State::default();
    let mut text = String::new();
    for (number, action) in (1..).zip(story) {
        // The last action has no state behind it: there the violation is seen.
        let after = model.after(&state, *action).unwrap_or_else(|_| state.clone());
        let line = Line { before: &state, after: &after }.say(*action);
        text.push_str(&format!("{number:>3}. {line}\n"));
        state = after;
    }
    text.push_str(&format!("  => {violation}\n"));
    text
}

/// An owner's name in stories.
fn name(owner: u8) -> char {
    char::from(b'A' + owner)
}

/// One thing that happens, with the states around it.
struct Line<'a> {
    before: &'a State,
    after: &'a State,
}

impl Line<'_> {
    fn say(&self, action: Action) -> String {
        match action {
            Action::Joins { owner, code } => {
                let whom = self.untold(owner);
                format!(
                    "{} starts with code {code} and is assigned the partition (assigned){whom}",
                    name(owner)
                )
            }
            Action::Returns { owner, code } => self.returns(owner, code),
            Action::Again { owner } => {
                let whom = self.untold(owner);
                format!("the partition goes back to {} (assigned){whom}", name(owner))
            }
            Action::Hears { owner } => {
                format!("{} hears that it has lost the partition (revoked)", name(owner))
            }
            Action::Crashes { owner } => format!("{} is killed", name(owner)),
            Action::Reloads { owner } => format!("{} loads code a", name(owner)),
            Action::LooksUp { owner } => {
                let (who, epoch) = (name(owner), self.owner(owner).epoch);
                format!("{who} reads the owner's row, and means to take epoch {epoch}")
            }
            Action::Registers { owner } => {
                format!("{} takes epoch {} (registered)", name(owner), self.owner(owner).epoch)
            }
            Action::ReadsOffset { owner } => {
                let while_open =
                    if self.before.log.is_open() { ", while a transaction holds it open" } else { "" };
                format!("{} reads the committed offset: {}{while_open}", name(owner), self.owner(owner).next)
            }
            Action::Asks { owner } => {
                let who = name(owner);
                let outcome = self.outcome(owner, "");
                format!(
                    "{who} asks the coordinator to accept offset {} from it{outcome}",
                    self.was(owner).next
                )
            }
            _ => self.say_of_batch(action),
        }
    }

    fn say_of_batch(&self, action: Action) -> String {
        match action {
            Action::Steps { owner, records, source } => self.steps(owner, records, source),
            Action::Sends { owner } => {
                let (who, to) = (name(owner), self.was(owner).hand.to);
                let outcome = self.outcome(owner, " and asks for the end (saved, produced, offsets-sent)");
                format!("{who} sends offset {to}{outcome}{}", self.hurry(owner))
            }
            Action::Lands { owner, is_behind } => self.lands(owner, is_behind),
            Action::Fails { owner } => {
                format!(
                    "something fails for {}: what it has open is aborted{}",
                    name(owner),
                    self.goes_on(owner)
                )
            }
            Action::Doubts { owner } => {
                format!("{} gets no answer to its commit, and waits no longer", name(owner))
            }
            Action::Remakes { owner } => {
                format!("{} takes its transactor's name again: nothing of its is open now", name(owner))
            }
            Action::Guesses { owner, is_committed } => {
                let taken = if is_committed { "committed" } else { "aborted" };
                format!("{} takes its transaction for {taken}, and goes on", name(owner))
            }
            Action::TimesOut { owner, .. } => {
                format!("the broker aborts {}'s open transaction", name(owner))
            }
            Action::LoadsAhead { owner } => {
                let offset = self.was(owner).hand.to;
                let state = self.owner(owner).ahead.unwrap_or_default();
                format!("{} loads ahead for record {offset}: {state}", name(owner))
            }
            Action::StepsBehind { owner } => {
                let offset = self.was(owner).hand.to;
                format!(
                    "{} does record {offset} too, in a second transaction, and asks for its end",
                    name(owner)
                )
            }
            Action::Prunes { owner, key, below } => {
                format!("{} deletes what lies below {below} of {}", name(owner), key_name(key))
            }
            Action::Ends { owner, key } => {
                format!("{} gives the newest row of {} its end of life", name(owner), key_name(key))
            }
            Action::Arrives { change } => arrives(change),
            Action::Expires { offset } => format!("the row at {offset} expires"),
            _ => String::new(),
        }
    }

    fn owner(&self, owner: u8) -> &Owner {
        &self.after.owners[usize::from(owner)]
    }

    fn was(&self, owner: u8) -> &Owner {
        &self.before.owners[usize::from(owner)]
    }

    /// That whoever has the partition is not told that it goes to somebody else.
    fn untold(&self, to: u8) -> String {
        let holder = self.before.log.holder.filter(|holder| *holder != to);
        let untold = holder.filter(|holder| self.was(*holder).is_alive() && self.was(*holder).has_token);
        untold.map_or_else(String::new, |holder| format!("; {} is not told", name(holder)))
    }

    fn returns(&self, owner: u8, code: crate::value::Code) -> String {
        let holder = self.before.log.holder.unwrap_or(owner);
        let is_alive = self.was(holder).is_alive();
        let whom = if is_alive { "which stands still" } else { "which is dead" };
        format!(
            "{} starts with code {code} under the name of {}, {whom}: no rebalance, and it has the partition (assigned)",
            name(owner),
            name(holder)
        )
    }

    /// What came of sending offsets.
    fn outcome(&self, owner: u8, sent: &str) -> String {
        let is_sent = self.owner(owner).phase == Phase::Sent;
        if is_sent { sent.to_owned() } else { ", is refused, and gives up what it had".to_owned() }
    }

    /// That rows are not acknowledged which should be.
    fn hurry(&self, owner: u8) -> &'static str {
        let mut rows = self.was(owner).hand.rows.iter().flatten();
        let is_saved = rows.all(|row| self.before.store.has_arrived(row.offset, row.version));
        if is_saved { "" } else { "; its rows are still on their way" }
    }

    fn goes_on(&self, owner: u8) -> String {
        let now = self.owner(owner);
        match now.phase {
            Phase::Owner => format!(", and it goes on under epoch {}", now.epoch),
            Phase::Idle => String::new(),
            _ => ", and it takes over again".to_owned(),
        }
    }

    fn steps(&self, owner: u8, records: u8, source: Source) -> String {
        let (was, now) = (self.was(owner), self.owner(owner));
        let from = match source {
            Source::Cache => "",
            Source::Store => ", with a cache that has forgotten everything",
            Source::Ahead => " on what it had loaded ahead",
            Source::StoreEachTime => ", forgetting in between what it has stepped",
        };
        let said: Vec<String> = (was.next..)
            .zip(&now.hand.said)
            .take(usize::from(records))
            .map(|(offset, said)| format!("record {offset} and says {said}"))
            .collect();
        let rows = now.hand.rows.iter().flatten().count();
        let sent = match rows {
            0 => "it writes no row".to_owned(),
            1 => "its row is on its way".to_owned(),
            _ => "its rows are on their way".to_owned(),
        };
        format!("{} steps {}{from} (polled, stepped); {sent}", name(owner), said.join(", "))
    }

    fn lands(&self, owner: u8, is_behind: bool) -> String {
        let transaction = self.before.log.transactions[usize::from(owner)][usize::from(is_behind)];
        let is_asking = transaction.is_some_and(|transaction| transaction.from == transaction.to);
        let who = name(owner);
        let late = if self.was(owner).phase == Phase::Sent { "" } else { ", late" };
        match (is_asking, is_behind) {
            (true, _) => format!("the coordinator accepts it (asked){late}"),
            (_, true) => format!("{who}'s second transaction is committed, its first is still open"),
            (_, false) => format!("{who}'s transaction is committed (committed){late}"),
        }
    }
}

fn arrives(change: Change) -> String {
    match change {
        Change::Write { offset, version } => {
            let end = if version.is_mortal { ", with an end of life" } else { "" };
            format!(
                "the row at {offset} reaches the store: {}, timestamp {}{end}",
                version.value, version.epoch
            )
        }
        Change::Prune { epoch, .. } => format!("the delete reaches the store, timestamp {epoch}"),
    }
}

/// More states than any story needs.
const STATES_MAX: usize = 2_000_000;

/// The stories of all rules: a page to read, kept beside the crate as `stories.md`.
#[must_use]
pub fn book() -> String {
    let mut text = String::from(OPENING);
    for rule in Rule::ALL {
        let model = Model::without(scenes::without(rule), rule);
        text.push_str(&format!("\n## Without {rule}\n\n```text\n{}\n", model.plan));
        match explore(&model, STATES_MAX, |_, _| {}) {
            Outcome::Broken { story, violation, .. } => text.push_str(&tell(&model, &story, violation)),
            Outcome::Sound { .. } | Outcome::TooMany { .. } => text.push_str("nothing is found\n"),
        }
        text.push_str("```\n");
    }
    text
}

const OPENING: &str = "\
# What happens without each rule

The shortest stories that the model finds, made by `cargo run -p tests-model --example explore -- --stories`;
a test compares them. How to read them stands in `src/lib.rs`.
";
