//! Changes while it runs: it falls sick and heals, faults come and go, limits and prices move.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::faults::{Chance, Health};
use super::limits::Limits;
use super::prices::Price;
use super::seen::{Eyes, Seconds};
use super::simulation::{SettingsError, check_chances, check_health};
use super::{Book, Engine};

/// What shall be otherwise from now on; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// How the server is.
    pub health: Option<Health>,
    /// What goes wrong by chance.
    pub faults: Option<Vec<Chance>>,
    /// Limits by account (`default` where there are no accounts). What is used stays used.
    pub limits: BTreeMap<String, Limits>,
    /// Prices by model (`*` where no models are named), for calls that end from now on.
    pub prices: BTreeMap<String, Price>,
    /// Begins a new bill and new counts; meters and calls stay. What runs is billed anew when it ends.
    pub forget: bool,
}

impl Engine {
    /// Changes what is named, all of it or nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn change(&mut self, now: Duration, change: Change) -> Result<(), SettingsError> {
        self.advance(now);
        self.check(&change)?;
        for (account, limits) in change.limits {
            self.change_limits(&account, &limits);
        }
        for (name, price) in change.prices {
            match self.simulation.models.iter_mut().find(|model| model.name == name) {
                Some(model) => model.price = price,
                // Where any model may be asked for, one price holds for all.
                None => self.simulation.price = price,
            }
        }
        if let Some(faults) = change.faults {
            self.simulation.faults = faults;
        }
        if let Some(health) = change.health {
            self.simulation.health = health;
        }
        if change.forget {
            self.book = Book::default();
            self.seconds = Seconds::default();
            for ((account, model), room) in &mut self.rooms {
                room.eyes = Eyes::new(account, model);
            }
        }
        Ok(())
    }

    fn check(&self, change: &Change) -> Result<(), SettingsError> {
        check_chances(change.faults.as_deref().unwrap_or_default())?;
        check_health(change.health.unwrap_or_default())?;
        let accounts: Vec<&str> = self.simulation.accounts.iter().map(|one| one.name.as_str()).collect();
        let accounts = if accounts.is_empty() { vec![super::DEFAULT_ACCOUNT] } else { accounts };
        let models: Vec<&str> = self.simulation.models.iter().map(|one| one.name.as_str()).collect();
        let models = if models.is_empty() { vec![ALL_MODELS] } else { models };
        known("the limits of account", change.limits.keys(), &accounts)?;
        known("the price of model", change.prices.keys(), &models)
    }

    fn change_limits(&mut self, account: &str, limits: &Limits) {
        match self.simulation.accounts.iter_mut().find(|one| one.name == account) {
            Some(one) => one.limits = Some(limits.clone()),
            None => self.simulation.limits = limits.clone(),
        }
        let now = self.now;
        for (_, room) in self.rooms.iter_mut().filter(|((name, _), _)| name == account) {
            room.meters.change(now, limits.clone());
        }
    }
}

/// How a change names the price of all models where none is named.
pub const ALL_MODELS: &str = "*";

fn known<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a String>,
    there: &[&str],
) -> Result<(), SettingsError> {
    for name in names {
        if !there.contains(&name.as_str()) {
            return Err(SettingsError::Unknown { what, name: name.clone(), there: there.join(", ") });
        }
    }
    Ok(())
}
