//! The plan of one run: how large the house is, what goes wrong, and when. All of it follows from a seed.

use std::time::Duration;

use topics_log::memory::Rebalance;
use topics_runtime::Moment;

use super::chance::Chance;
use super::without::{Part, Without};
use super::world::DEADLINE;

/// Something that fate does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An instance dies, wherever it is.
    Kill(usize),
    /// All die at once.
    KillAll,
    /// An instance is asked to leave, and comes back.
    Leave(usize),
    /// An instance is cut off from every group's coordinator for so long, and does not know.
    Freeze(usize, Duration),
    /// An instance's process stops for so long, as by SIGSTOP, and goes on where it was.
    Stop(usize, Duration),
    /// A group rebalances without need; which, is counted over all groups.
    Rebalance(usize),
    /// A second process is started under an instance's name.
    Usurp(usize),
    /// A record that somebody sent is sent again; which, is counted over all that may repeat.
    Repeat(usize),
    /// The log's clock steps back.
    ClockBack(Duration),
    /// All die at once, and nobody comes back for so long. What is planned for later waits so long too.
    Night(Duration),
    /// An operator makes the next generation of an agent's inbox; which agent, is counted over all.
    Generation(usize),
    /// He tells partitions of its first generation to drain: the first half of them, or all. Said again, it is
    /// told again.
    Drain(usize, bool),
    /// The store loses the newest row of a task that is open, as a restored backup does. No storm of a
    /// seed has this: nobody goes on after it.
    LoseRow,
}

/// A death at a named moment: of whoever reaches it so many times after `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    /// From when on it waits.
    pub from: Duration,
    /// The moment.
    pub moment: Moment,
    /// How many are let pass before.
    pub after: usize,
}

/// Whether inboxes move to another generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moves {
    /// They do not.
    Nowhere,
    /// To one with as many partitions: then every step can be made again and compared.
    ToSame,
    /// To one with one partition more.
    ToOther,
}

/// The plan.
#[derive(Clone, Debug)]
pub struct Storm {
    /// How many instances there are.
    pub instances: usize,
    /// Partitions of every topic.
    pub partitions: i32,
    /// How partitions change hands.
    pub rebalance: Rebalance,
    /// Most tasks open at once.
    pub open_max: u32,
    /// The deadline of a task that names none.
    pub deadline: Duration,
    /// How long things go wrong.
    pub lasts: Duration,
    /// Of a thousand calls of the log, how many are struck; polls and reads ten times fewer.
    pub log_per_mille: usize,
    /// Of a thousand calls of the store, how many are struck.
    pub store_per_mille: usize,
    /// Of a thousand prompts, how many the model does not simply answer.
    pub model_per_mille: usize,
    /// What producers do beside sending good tasks once, in a thousand tasks.
    pub mischief_per_mille: usize,
    /// Deaths at moments.
    pub deaths: Vec<Death>,
    /// What else happens, in order.
    pub events: Vec<(Duration, Event)>,
    /// Where inboxes move, if an event says so.
    pub moves: Moves,
}

impl Storm {
    /// Nothing goes wrong: one instance, and all the room there can be.
    #[must_use]
    pub fn calm() -> Self {
        Self {
            instances: 1,
            partitions: 2,
            rebalance: Rebalance::Cooperative,
            open_max: 1_000,
            deadline: DEADLINE,
            lasts: Duration::from_secs(1),
            log_per_mille: 0,
            store_per_mille: 0,
            model_per_mille: 0,
            mischief_per_mille: 0,
            deaths: Vec::new(),
            events: Vec::new(),
            moves: Moves::Nowhere,
        }
    }

    /// The storm of a seed.
    #[must_use]
    pub fn of(chance: &Chance) -> Self {
        let mut chance = chance.of("storm");
        let lasts = chance.millis(15_000, 40_000);
        let instances = chance.between(1, 3);
        let mut rate = |rates: &[usize]| chance.pick(rates).copied().unwrap_or(0);
        let log_per_mille = rate(&[0, 5, 15, 40]);
        let store_per_mille = rate(&[0, 5, 15, 40]);
        let model_per_mille = rate(&[0, 100, 250]);
        let mischief_per_mille = rate(&[0, 100, 250]);
        let rebalance = if chance.happens(500) { Rebalance::Eager } else { Rebalance::Cooperative };
        let mut storm = Self {
            instances,
            partitions: i32::try_from(chance.between(1, 3)).unwrap_or(1),
            rebalance,
            open_max: u32::try_from(chance.between(2, 9)).unwrap_or(2),
            deadline: DEADLINE,
            lasts,
            log_per_mille,
            store_per_mille,
            model_per_mille,
            mischief_per_mille,
            deaths: Vec::new(),
            events: Vec::new(),
            moves: Moves::Nowhere,
        };
        for _ in 0..chance.between(0, 6) {
            let death = storm.death(&mut chance);
            storm.deaths.push(death);
        }
        for _ in 0..chance.between(0, 8) {
            let event = storm.event(&mut chance);
            storm.events.push(event);
        }
        storm.events.sort_by_key(|(at, _)| *at);
        storm
    }

    /// The same storm, with an agent's inbox moving in the midst of it: its next generation is made, the operator
    /// dies or goes away between his steps, and says again what he said.
    #[must_use]
    pub fn moving(mut self, chance: &Chance, agent: usize, moves: Moves) -> Self {
        let mut chance = chance.of("moving");
        self.moves = moves;
        let mut at = self.time(&mut chance) / 2;
        let mut events = vec![Event::Generation(agent)];
        let some = chance.between(0, 3);
        events.extend((0..some).map(|number| Event::Drain(agent, number > 0)));
        events.extend((0..3).map(|_| Event::Repeat(chance.below(1_000_000))));
        for event in events {
            self.events.push((at, event));
            at += self.time(&mut chance) / 8;
        }
        self.events.sort_by_key(|(at, _)| *at);
        self
    }

    /// The same storm without some of its parts; instances that are left out are not counted off, since events name
    /// them by number.
    #[must_use]
    pub fn without(&self, without: &Without) -> Self {
        let rate = |part: Part, often: usize| if without.has(part) { 0 } else { often };
        let deaths = self.deaths.iter().enumerate().filter(|(number, _)| !without.has(Part::Death(*number)));
        let events = self.events.iter().enumerate().filter(|(number, _)| !without.has(Part::Event(*number)));
        Self {
            log_per_mille: rate(Part::Log, self.log_per_mille),
            store_per_mille: rate(Part::Store, self.store_per_mille),
            model_per_mille: rate(Part::Model, self.model_per_mille),
            deaths: deaths.map(|(_, death)| *death).collect(),
            events: events.map(|(_, event)| *event).collect(),
            ..self.clone()
        }
    }

    fn time(&self, chance: &mut Chance) -> Duration {
        chance.millis(0, usize::try_from(self.lasts.as_millis()).unwrap_or(0))
    }

    fn death(&self, chance: &mut Chance) -> Death {
        let moment = chance.pick(&Moment::ALL).copied().unwrap_or(Moment::Polled);
        Death { from: self.time(chance) / 2, moment, after: chance.between(0, 12) }
    }

    fn event(&self, chance: &mut Chance) -> (Duration, Event) {
        let slot = chance.below(self.instances);
        let event = match chance.below(22) {
            0..3 => Event::Kill(slot),
            3 => Event::KillAll,
            4..6 => Event::Leave(slot),
            6..8 => Event::Freeze(slot, chance.millis(1_000, 25_000)),
            8..10 => Event::Stop(slot, chance.millis(1_000, 25_000)),
            10 => Event::Stop(slot, chance.millis(11_000, 15_000)),
            11 => Event::Freeze(slot, chance.millis(11_000, 15_000)),
            12..15 => Event::Rebalance(chance.below(1_000)),
            15..17 => Event::Usurp(slot),
            17..21 => Event::Repeat(chance.below(1_000_000)),
            _ => Event::ClockBack(chance.millis(1, 3_000)),
        };
        (self.time(chance), event)
    }
}
