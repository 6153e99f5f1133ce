//! The test programs that cargo has built: which file holds the tests of which package's target.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::Test;

/// Programs by package and target.
pub struct Binaries(BTreeMap<(String, String), Binary>);

/// A test program.
#[derive(Clone, Debug)]
pub struct Binary {
    /// Its file.
    pub program: PathBuf,
    /// Its package's folder, in which cargo runs it.
    pub folder: PathBuf,
}

impl Binary {
    /// Whether it has a test.
    ///
    /// # Errors
    /// A program that cannot be started.
    pub fn lists(&self, test: &Test) -> anyhow::Result<bool> {
        let mut command = Command::new(&self.program);
        let listed = command.args(["--list", "--exact", &test.path]).current_dir(&self.folder).output();
        let listed = listed.with_context(|| format!("start {}", self.program.display()))?;
        let line = format!("{}: test", test.path);
        Ok(String::from_utf8_lossy(&listed.stdout).lines().any(|found| found == line))
    }
}

impl Binaries {
    /// Has cargo build the whole workspace's tests, as `scripts/test` does, so that nothing is built twice.
    ///
    /// # Errors
    /// Cargo's own.
    pub fn build() -> anyhow::Result<Self> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args([
            "test",
            "--locked",
            "--workspace",
            "--no-run",
            "--message-format",
            "json-render-diagnostics",
        ]);
        let built = cargo.stderr(Stdio::inherit()).output().context("run cargo")?;
        ensure!(built.status.success(), "cargo could not build the tests");
        Self::read(&String::from_utf8_lossy(&built.stdout))
    }

    /// Reads cargo's messages, one a line.
    fn read(messages: &str) -> anyhow::Result<Self> {
        let mut found = BTreeMap::new();
        for line in messages.lines().filter(|line| line.starts_with('{')) {
            let message: Value = serde_json::from_str(line).context("read cargo's message")?;
            let Some(executable) = message["executable"].as_str() else { continue };
            if message["profile"]["test"] != true {
                continue;
            }
            let target = &message["target"];
            let manifest = Path::new(message["manifest_path"].as_str().unwrap_or_default());
            let package = package(manifest)?;
            let is_lib =
                target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "lib"));
            let name = if is_lib { "lib" } else { target["name"].as_str().unwrap_or_default() };
            let folder = manifest.parent().unwrap_or(manifest).to_owned();
            found.insert((package, name.to_owned()), Binary { program: PathBuf::from(executable), folder });
        }
        Ok(Self(found))
    }

    /// The program that holds a test.
    ///
    /// # Errors
    /// A package or target that there is not.
    pub fn of(&self, test: &Test) -> anyhow::Result<&Binary> {
        self.0
            .get(&(test.package.clone(), test.target.clone()))
            .with_context(|| format!("{} has no tests in {}", test.package, test.target))
    }
}

/// The name in a package's manifest.
fn package(manifest: &Path) -> anyhow::Result<String> {
    let attempted = || format!("read {}", manifest.display());
    let text = std::fs::read_to_string(manifest).with_context(attempted)?;
    let parsed: toml::Table = toml::from_str(&text).with_context(attempted)?;
    let name = parsed.get("package").and_then(|package| package.get("name")?.as_str());
    Ok(name.with_context(|| format!("{} names no package", manifest.display()))?.to_owned())
}
