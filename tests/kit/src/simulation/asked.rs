//! Which seeds a run of tests is asked for, by its environment: more of them, or one again.

use super::without::Without;

/// What a run of tests is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To run one seed and show all of it, as it is or without some of its parts: `SEED=17`, `SHRUNK=s0-3.log`.
    One(u64, Without),
    /// To run the first so many seeds: `SEEDS=10000`, or as many as the test names.
    First(u64),
}

impl Asked {
    /// What the environment asks for, where a test would run so many seeds.
    ///
    /// # Errors
    /// A sentence: a variable that cannot be read, or `SHRUNK` without `SEED`.
    pub fn of_environment(seeds: u64) -> Result<Self, String> {
        Self::of(|variable| std::env::var(variable).ok(), seeds)
    }

    fn of(variable: impl Fn(&str) -> Option<String>, seeds: u64) -> Result<Self, String> {
        let number = |name: &str| match variable(name) {
            None => Ok(None),
            Some(text) => {
                text.parse().map(Some).map_err(|_| format!("read {name}={text}: it is no number of a seed"))
            }
        };
        let without = variable("SHRUNK").map(|line| line.parse()).transpose()?;
        match (number("SEED")?, without, number("SEEDS")?) {
            (Some(seed), without, _) => Ok(Self::One(seed, without.unwrap_or_default())),
            (None, Some(_), _) => {
                Err("read SHRUNK: it says what is left out of a seed; name that one by SEED".into())
            }
            (None, None, some) => Ok(Self::First(some.unwrap_or(seeds))),
        }
    }
}

#[cfg(test)]
mod tests;
