//! What a simulated provider is told: data, from code, a file or flags. What can be wrong with it.
//!
//! All times and limits in it are simulated; `scale` says how much faster the simulated clock runs than the
//! real one. What an asker sees (`retry-after`, resets) is in its own, real time.

use serde::{Deserialize, Serialize};

use super::faults::{CHANCES_MAX, Chance, Health};
use super::lengths::Lengths;
use super::limits::Limits;
use super::prices::Price;
use super::profile::Profile;

/// Most models, named or met: each account has meters and windows for each.
pub const MODELS_MAX: usize = 1000;
/// The fastest clock: beyond, a timer's millisecond is ten simulated seconds and more.
pub const SCALE_MAX: f64 = 10_000.0;
/// Most dimensions of an embedding: as many as the largest models have.
pub const DIMENSIONS_MAX: usize = 4096;

/// A simulated provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Simulation {
    /// Decides lengths, words, embeddings and faults.
    pub seed: u64,
    /// Simulated seconds in a real one.
    pub scale: f64,
    /// How fast it is.
    pub profile: Profile,
    /// How long its answers are.
    pub lengths: Lengths,
    /// The models that it has; none means any, at `price`.
    pub models: Vec<ModelSpec>,
    /// What models cost that are not named.
    pub price: Price,
    /// Who may call; none means anybody, as the account `default`, under `limits`.
    pub accounts: Vec<Account>,
    /// What accounts may use that name no limits of their own.
    pub limits: Limits,
    /// What goes wrong by chance.
    pub faults: Vec<Chance>,
    /// How it is.
    pub health: Health,
    /// What becomes of a call that runs when its asker leaves.
    pub cancelled: Cancelled,
    /// The lane at half the price.
    pub batch: Batch,
    /// Numbers of an embedding.
    pub dimensions: usize,
}

impl Default for Simulation {
    fn default() -> Self {
        Self {
            seed: 1,
            scale: 1.0,
            profile: Profile::default(),
            lengths: Lengths::default(),
            models: Vec::new(),
            price: Price::default(),
            accounts: Vec::new(),
            limits: Limits::default(),
            faults: Vec::new(),
            health: Health::Well,
            cancelled: Cancelled::Stops,
            batch: Batch::default(),
            dimensions: 64,
        }
    }
}

/// A model and its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// As requests name it.
    pub name: String,
    /// What it costs.
    pub price: Price,
}

/// Who calls. Its limits hold for each model apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// As the bill names it.
    pub name: String,
    /// What its requests carry behind `Bearer`.
    pub key: String,
    /// What it may use, if not what all may.
    #[serde(default)]
    pub limits: Option<Limits>,
}

/// What becomes of a call that runs when its asker leaves. One that still waits ends, and costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancelled {
    /// It ends; its prompt is billed, and the tokens made until then.
    #[default]
    Stops,
    /// It ends, and is not billed.
    StopsFree,
    /// It keeps its slot until its answer is made, and is billed whole: what servers do that do not notice.
    GoesOn,
}

/// The lane at half the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Batch {
    /// How long a batch takes; simulated seconds. An hour: providers promise a day and mostly need less.
    pub takes_seconds: u64,
    /// Most requests of a batch, as OpenAI has it.
    pub requests_max: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self { takes_seconds: 3600, requests_max: 50_000 }
    }
}

/// What is wrong with a simulation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// A figure outside its bounds.
    #[error("simulate a provider with {what} of {value}: it must be {bounds}")]
    Figure {
        /// Which.
        what: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        bounds: &'static str,
    },
    /// Two accounts or models that cannot be told apart.
    #[error("simulate a provider with two {what} called {name}; rename one")]
    Twice {
        /// Accounts, keys or models.
        what: &'static str,
        /// The name; of a key, its account's.
        name: String,
    },
    /// Something that is not there.
    #[error("change {what} {name} of a simulated provider: there is none of this name; it has {there}")]
    Unknown {
        /// What kind.
        what: &'static str,
        /// Which.
        name: String,
        /// What there is.
        there: String,
    },
}

impl Simulation {
    /// Checks it.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        let figure = |ok, what, value: String, bounds| {
            if ok { Ok(()) } else { Err(SettingsError::Figure { what, value, bounds }) }
        };
        let profile = &self.profile;
        let scale = self.scale > 0.0 && self.scale <= SCALE_MAX;
        figure(scale, "a scale", self.scale.to_string(), "over 0 and at most 10000")?;
        figure(profile.slots > 0, "slots", profile.slots.to_string(), "at least 1")?;
        let load = profile.load_factor;
        figure((1.0..=1000.0).contains(&load), "a load factor", load.to_string(), "1 to 1000")?;
        let full = profile.full_status;
        figure((400..=599).contains(&full), "a status when full", full.to_string(), "400 to 599")?;
        let sigma = self.lengths.sigma;
        figure((0.0..=10.0).contains(&sigma), "a sigma of lengths", sigma.to_string(), "0 to 10")?;
        let dimensions = (1..=DIMENSIONS_MAX).contains(&self.dimensions);
        figure(dimensions, "dimensions", self.dimensions.to_string(), "1 to 4096")?;
        figure(self.models.len() <= MODELS_MAX, "models", self.models.len().to_string(), "at most 1000")?;
        check_chances(&self.faults)?;
        check_health(self.health)?;
        once("models", self.models.iter().map(|model| (&model.name, &model.name)))?;
        once("accounts", self.accounts.iter().map(|account| (&account.name, &account.name)))?;
        once("keys; one is that of the account", self.accounts.iter().map(|one| (&one.key, &one.name)))
    }
}

impl Simulation {
    /// What a model costs.
    #[must_use]
    pub fn price_of(&self, model: &str) -> Price {
        self.models.iter().find(|one| one.name == model).map_or(self.price, |one| one.price)
    }
}

/// Checks faults by chance.
///
/// # Errors
/// If they are too many, or befall more calls than there are.
pub fn check_chances(chances: &[Chance]) -> Result<(), SettingsError> {
    let sum: f64 = chances.iter().map(|chance| chance.rate).sum();
    // A little more than 1 is what adding tenths comes to.
    if chances.len() <= CHANCES_MAX && chances.iter().all(|one| one.rate >= 0.0) && sum <= 1.000_001 {
        return Ok(());
    }
    let value = format!("{sum} in {} parts", chances.len());
    Err(SettingsError::Figure {
        what: "rates of faults",
        value,
        bounds: "none negative, at most 1 in at most 100",
    })
}

/// Checks a health.
///
/// # Errors
/// If its status is none of an error.
pub fn check_health(health: Health) -> Result<(), SettingsError> {
    match health {
        Health::Sick { status, .. } if !(400..=599).contains(&status) => Err(SettingsError::Figure {
            what: "a sick server's status",
            value: status.to_string(),
            bounds: "400 to 599",
        }),
        _ => Ok(()),
    }
}

fn once<'a>(
    what: &'static str,
    all: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<(), SettingsError> {
    let mut met = std::collections::BTreeSet::new();
    for (unique, name) in all {
        if !met.insert(unique) {
            return Err(SettingsError::Twice { what, name: name.clone() });
        }
    }
    Ok(())
}
