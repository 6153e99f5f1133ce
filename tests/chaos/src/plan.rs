//! What goes wrong: the faults of a run, as data that a seed decides.
//!
//! It names targets by draws and not by names: who runs, leads or coordinates at a moment is known at that moment
//! only. It does nothing; [`crate::strike`] does.

use std::fmt;

use tests_kit::simulation::Chance;

/// A door of the nodes that a network stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// To the brokers.
    Kafka,
    /// To the store.
    Cql,
}

/// Who of several brokers is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broker {
    /// The leader of a partition of an inbox.
    Leader,
    /// The coordinator of transactions, of one in four ids.
    Coordinator,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A node is killed, and started again at once.
    Kill,
    /// A node is killed, and started again once the others have its share.
    KillForLong,
    /// A node is killed at this moment of this role.
    At(&'static str, &'static str),
    /// A node is killed, and killed again when it takes over, at this moment of this role.
    Takeover(&'static str, &'static str),
    /// A node stands still for longer than its session, and goes on.
    Freeze,
    /// There are so many nodes from now on; who goes is asked to.
    Scale(usize),
    /// Every node is replaced by one of another version, one after the other.
    Upgrade,
    /// A broker is killed, and comes back.
    Broker(Broker),
    /// A node of the store is killed, and comes back.
    CqlKill,
    /// A node of the store stands still for a while.
    CqlHang,
    /// What is said at a door comes late.
    Late(Door),
    /// Nothing passes a door for a while.
    Cut(Door),
    /// Little passes a door.
    Narrow(Door),
}

impl Kind {
    /// Its name in the report; faults of one name are counted together.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill -9",
            Self::KillForLong => "kill -9, back after its session",
            Self::At(..) => "kill -9 at a moment",
            Self::Takeover(..) => "kill -9 at a takeover",
            Self::Freeze => "SIGSTOP past the session, SIGCONT",
            Self::Scale(_) => "scale",
            Self::Upgrade => "rolling upgrade",
            Self::Broker(Broker::Leader) => "partition leader killed",
            Self::Broker(Broker::Coordinator) => "transaction coordinator killed",
            Self::CqlKill => "CQL node killed",
            Self::CqlHang => "CQL node hung",
            Self::Late(Door::Kafka) => "delay before Kafka",
            Self::Late(Door::Cql) => "delay before CQL",
            Self::Cut(Door::Kafka) => "cut before Kafka",
            Self::Cut(Door::Cql) => "cut before CQL",
            Self::Narrow(Door::Kafka) => "throttle before Kafka",
            Self::Narrow(Door::Cql) => "throttle before CQL",
        }
    }

    /// Whether a node lives on that may have lost a share and not know, or still be at what was its own.
    #[must_use]
    pub const fn makes_strays(self) -> bool {
        !matches!(self, Self::Kill | Self::KillForLong | Self::At(..) | Self::Takeover(..))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::At(role, moment) | Self::Takeover(role, moment) => write!(f, ", {role}:{moment}"),
            Self::Scale(nodes) => write!(f, " to {nodes}"),
            _ => Ok(()),
        }
    }
}

/// A fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What.
    pub kind: Kind,
    /// Draws of its own: which node, how long, the how many-th time.
    pub chance: Chance,
    /// Whether the next one may come before this one is got over.
    pub is_crowded: bool,
}

/// What there is to break.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// The servers are this run's own.
    pub servers: bool,
    /// There are several brokers.
    pub brokers: bool,
    /// There is a network before the brokers.
    pub kafka_door: bool,
    /// There is a network before the store.
    pub cql_door: bool,
}

/// How many nodes there are after each change, over and over: from the two of the beginning.
const SCALES: [usize; 3] = [1, 4, 2];

/// How many faults of a thousand the next one does not wait for.
const CROWDED_PER_MILLE: usize = 200;

/// Moments that come about all the time.
const MOMENTS: [(&str, &[&str]); 8] = [
    ("desk", &OF_AGENTS),
    ("clerk", &OF_AGENTS),
    ("teller", &OF_AGENTS),
    ("binder", &OF_AGENTS),
    ("model-gateway", &OF_GATEWAYS),
    ("tool-gateway", &OF_GATEWAYS),
    ("intake", &["polled", "produced", "offsets-sent", "committed"]),
    ("timers", &["polled", "saved", "committed"]),
];

const OF_AGENTS: [&str; 6] = ["polled", "stepped", "saved", "produced", "offsets-sent", "committed"];

const OF_GATEWAYS: [&str; 3] = ["admitted", "answered", "reported"];

/// Moments of a takeover.
const TAKEOVERS: [(&str, &[&str]); 3] = [
    ("desk", &["assigned", "registered", "asked"]),
    ("binder", &["assigned", "registered", "asked"]),
    ("model-gateway", &["assigned"]),
];

/// So many faults: cards of a deck that is shuffled anew when it is used up, so that each kind comes about as
/// often as it should in any run that is long enough.
#[must_use]
pub fn plan(seed: u64, faults: usize, means: Means) -> Vec<Fault> {
    let chance = Chance::new(seed).of("plan");
    let mut draws = chance.of("deck");
    let (mut moments, mut takeovers) = (Deck::of(&MOMENTS), Deck::of(&TAKEOVERS));
    let (mut deck, mut scales) = (Vec::new(), SCALES.iter().cycle());
    let mut plan = Vec::new();
    for number in 0..faults {
        if deck.is_empty() {
            deck = cards(means);
        }
        let kind = match deck.swap_remove(draws.below(deck.len())) {
            Kind::At(..) => moments.next(&mut draws, Kind::At),
            Kind::Takeover(..) => takeovers.next(&mut draws, Kind::Takeover),
            Kind::Scale(_) => Kind::Scale(scales.next().copied().unwrap_or(2)),
            kind => kind,
        };
        let mut own = chance.of(&format!("fault {number}"));
        let is_crowded = own.happens(CROWDED_PER_MILLE);
        plan.push(Fault { kind, chance: own, is_crowded });
    }
    plan
}

/// A deck: the quick and various faults more often than those that a server takes long to come back from.
fn cards(means: Means) -> Vec<Kind> {
    let (at, takeover, scale) = (Kind::At("", ""), Kind::Takeover("", ""), Kind::Scale(0));
    let mut cards = vec![Kind::Kill, Kind::KillForLong, at, at, at, at, takeover];
    cards.extend([Kind::Freeze, Kind::Freeze, scale, scale, Kind::Upgrade]);
    let doors = [(means.kafka_door, Door::Kafka), (means.cql_door, Door::Cql)];
    for (_, door) in doors.into_iter().filter(|(is_there, _)| *is_there) {
        cards.extend([Kind::Late(door), Kind::Cut(door), Kind::Narrow(door)]);
    }
    if means.servers {
        cards.extend([Kind::Broker(Broker::Leader), Kind::CqlKill, Kind::CqlHang]);
    }
    if means.brokers {
        cards.push(Kind::Broker(Broker::Coordinator));
    }
    cards
}

/// Roles and moments, none a second time before all came once.
struct Deck {
    all: Vec<(&'static str, &'static str)>,
    left: Vec<(&'static str, &'static str)>,
}

impl Deck {
    fn of(roles: &[(&'static str, &'static [&'static str])]) -> Self {
        let all = roles.iter().flat_map(|(role, moments)| moments.iter().map(|moment| (*role, *moment)));
        Self { all: all.collect(), left: Vec::new() }
    }

    fn next(&mut self, draws: &mut Chance, make: fn(&'static str, &'static str) -> Kind) -> Kind {
        if self.left.is_empty() {
            self.left.clone_from(&self.all);
        }
        let (role, moment) = self.left.swap_remove(draws.below(self.left.len()));
        make(role, moment)
    }
}

#[cfg(test)]
mod tests;
