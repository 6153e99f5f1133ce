//! The command line: what an operator says becomes settings, and what is wrong with it is said.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tests_provider::{Settings, Simulation};

const AFTER_HELP: &str = "\
While it runs:
  GET  /paid         calls by prompt            POST /script   faults by prompt (a JSON list of rules)
with --simulate also:
  GET  /sim          what it is, with all changes
  POST /sim          {\"health\": {\"kind\": \"sick\", \"status\": 500, \"after_ms\": 20}}, {\"kind\": \"silent\"} or
                     {\"kind\": \"well\"}; {\"faults\": [{\"rate\": 0.1, \"fault\": {\"kind\": \"garbage\"}}]};
                     {\"limits\": {\"default\": {\"requests_per_minute\": 60}}}; {\"prices\": {\"*\": {...}}};
                     {\"forget\": true} for a new bill and new counts
  GET  /sim/bill     what each account owes, to the micro-unit
  GET  /sim/seen     calls and tokens by second, refusals by reason, the fullest minute

The FILE of --simulate is JSON, as GET /sim shows it under \"simulation\"; what it leaves out is as if it were
not said, so that {} is a whole one:
  {\"limits\": {\"requests_per_minute\": 600}, \"profile\": {\"slots\": 8},
   \"accounts\": [{\"name\": \"ann\", \"key\": \"s1\", \"limits\": {\"input_tokens_per_minute\": 40000}}],
   \"models\": [{\"name\": \"small\", \"price\": {\"input\": 150000, \"cached\": 75000, \"output\": 600000}}]}

A prompt with {{tokens:40}} in it gets an answer of 40 tokens. All limits and times are simulated ones; a
scale of 20 lets 20 of their seconds pass in a real one. Retry-After and resets are in real time.";

/// An OpenAI-compatible server for tests and benches, on 127.0.0.1. Its answers are the scripted model's, or,
/// with --simulate, those of a provider with speed, queue, limits, prices and faults, decided by a seed.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub struct Arguments {
    /// The port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Milliseconds that each answer takes; a simulated provider knows better.
    #[arg(long, default_value_t = 0, conflicts_with = "simulate")]
    latency_ms: u64,
    /// A key that requests must carry; a simulated provider's accounts have theirs.
    #[arg(long, conflicts_with = "simulate")]
    key: Option<String>,
    /// Simulate the provider that FILE describes.
    #[arg(long, value_name = "FILE")]
    simulate: Option<PathBuf>,
    /// Decides lengths, words, embeddings and faults; instead of the file's.
    #[arg(long, requires = "simulate")]
    seed: Option<u64>,
    /// Simulated seconds in a real one; instead of the file's.
    #[arg(long, requires = "simulate")]
    scale: Option<f64>,
}

impl Arguments {
    /// The settings that they say.
    ///
    /// # Errors
    /// What is wrong, and how it is written.
    pub fn settings(self) -> anyhow::Result<Settings> {
        let mut simulation = self.simulate.as_deref().map(read).transpose()?;
        if let Some(simulation) = &mut simulation {
            simulation.seed = self.seed.unwrap_or(simulation.seed);
            simulation.scale = self.scale.unwrap_or(simulation.scale);
            simulation.check()?;
        }
        let latency = Duration::from_millis(self.latency_ms);
        Ok(Settings { port: self.port, latency, key: self.key, simulation })
    }
}

fn read(path: &Path) -> anyhow::Result<Simulation> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("read the settings in {shown}; write {{}} into a file for the usual ones")
    })?;
    serde_json::from_str(&text).with_context(|| format!("read the settings in {shown} as JSON"))
}

#[cfg(test)]
mod tests;
