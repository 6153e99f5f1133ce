//! The register of claims (`claims.toml`): what is promised, what is not, which tests hold it, and which guards make
//! it so. Reads it, checks that it is whole, and draws its table. It runs nothing ([`crate::trial`] does).

pub mod binaries;
pub mod trial;

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, ensure};
use serde::Deserialize;
use topics_guard::Guard;

/// The register as it stands in the repository.
pub const REGISTER: &str = include_str!("../claims.toml");

/// The line before the table in README.md, and the one behind it.
pub const MARKS: (&str, &str) =
    ("<!-- claims: drawn by scripts/claims --table -->", "<!-- end of claims -->");

/// All claims, in their order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    claim: Vec<Claim>,
}

/// One promise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The promise, in one sentence.
    pub says: String,
    /// What it does not cover.
    pub not: String,
    /// The tests that hold it, beside those that miss its guards.
    tests: Vec<String>,
    /// What in the code makes it so.
    pub guards: Vec<Guarded>,
}

/// A guard and the test that misses it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guarded {
    /// [`Guard::name`].
    pub name: String,
    /// What happens without it.
    pub without: String,
    test: String,
}

impl Guarded {
    /// The test that fails without it.
    ///
    /// # Errors
    /// One that is not named as a test is.
    pub fn test(&self) -> anyhow::Result<Test> {
        Test::parse(&self.test)
    }
}

/// A test as cargo knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Test {
    /// The package.
    pub package: String,
    /// `lib`, or the name of a file or folder in its tests folder.
    pub target: String,
    /// The test's path within.
    pub path: String,
}

impl Test {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let [package, target, path] = words[..] else {
            anyhow::bail!("{text:?} names no test: say package, target and path, with a space between");
        };
        Ok(Self { package: package.to_owned(), target: target.to_owned(), path: path.to_owned() })
    }
}

impl Register {
    /// Reads a register and checks that it is whole: every guard of the code stands in it once, and every claim has a
    /// test and a guard.
    ///
    /// # Errors
    /// What it lacks.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let register: Self = toml::from_str(text).context("read the register of claims")?;
        let mut left: BTreeSet<&str> = Guard::ALL.iter().map(|guard| guard.name()).collect();
        for (number, claim) in register.numbered() {
            ensure!(!claim.tests.is_empty(), "claim {number} has no test of its own");
            ensure!(
                !claim.guards.is_empty(),
                "claim {number} has no guard: nothing shows that its tests hold it"
            );
            for guarded in &claim.guards {
                let name = guarded.name.as_str();
                ensure!(
                    left.remove(name),
                    "claim {number}: guard {name} is none of the code's, or is named twice"
                );
                guarded.test().with_context(|| format!("guard {name}"))?;
            }
        }
        ensure!(left.is_empty(), "guards that belong to no claim: {left:?}");
        register.tests()?;
        Ok(register)
    }

    /// The claims with their numbers, from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &Claim)> {
        (1..).zip(&self.claim)
    }

    /// Every guard.
    pub fn guards(&self) -> impl Iterator<Item = &Guarded> {
        self.claim.iter().flat_map(|claim| &claim.guards)
    }

    /// The guards of these names; all of them if none is named.
    ///
    /// # Errors
    /// A name that no guard has. A test would run with every guard in place, and prove nothing.
    pub fn chosen(&self, names: &[String]) -> anyhow::Result<Vec<&Guarded>> {
        if names.is_empty() {
            return Ok(self.guards().collect());
        }
        let find = |name: &String| self.guards().find(|guard| guard.name == *name);
        let refused =
            |name| format!("no guard is called {name}: their names stand in tests/claims/claims.toml");
        names.iter().map(|name| find(name).with_context(|| refused(name))).collect()
    }

    /// Every test that is named, once.
    ///
    /// # Errors
    /// One that is not named as a test is.
    pub fn tests(&self) -> anyhow::Result<BTreeSet<Test>> {
        let own = self.claim.iter().flat_map(|claim| &claim.tests);
        own.chain(self.guards().map(|guarded| &guarded.test)).map(|text| Test::parse(text)).collect()
    }

    /// The table in Markdown, as README.md has it.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = String::from("| | Claim | Not covered | Its guards |\n|---|---|---|---|\n");
        for (number, claim) in self.numbered() {
            let guards: Vec<String> = claim.guards.iter().map(|guard| format!("`{}`", guard.name)).collect();
            let (says, not) = (&claim.says, &claim.not);
            let _ = writeln!(table, "| {number} | {says} | {not} | {} |", guards.join(", "));
        }
        table
    }
}

#[cfg(test)]
mod tests;
