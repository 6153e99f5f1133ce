//! The builder behind `tributary::node()`: agents in, a command line out.

use std::process::ExitCode;
use std::sync::Arc;

use agents_agent::Agent;
use clap::Parser;
use infra_node::{Config, Node, Team, open};
use schemas_codec::Codec;
use schemas_records::Message;

use crate::args::{Arguments, Command, Common};
use crate::{results, run, submit, topics};

type Show = Arc<dyn Fn(&Codec, &[u8]) -> Option<String> + Send + Sync>;

/// How a team's results are shown to people.
#[derive(Clone)]
pub struct Presentation {
    /// Tasks that come with the team, one JSON object a line.
    pub tasks: Option<&'static str>,
    /// A result in full; `None` if the value is not one.
    pub whole: Show,
    /// A result in one line; `None` if the value is not one.
    pub line: Show,
}

impl Default for Presentation {
    /// Results as JSON.
    fn default() -> Self {
        let json = |codec: &Codec, value: &[u8]| codec.to_json(value).ok();
        Self {
            tasks: None,
            whole: Arc::new(move |codec, value| serde_json::to_string_pretty(&json(codec, value)?).ok()),
            line: Arc::new(move |codec, value| Some(json(codec, value)?.to_string())),
        }
    }
}

/// A team with a command line.
pub struct App {
    team: Result<Team, String>,
    presentation: Presentation,
}

/// Begins a team of your own, called `team` unless [`App::team`] says otherwise.
#[must_use]
pub fn node() -> App {
    App::of_team(Ok(Team::new("team")))
}

impl App {
    pub(crate) fn of_team(team: Result<Team, String>) -> Self {
        Self { team, presentation: Presentation::default() }
    }

    /// Names the team; before its first agent.
    #[must_use]
    pub fn team(mut self, name: &str) -> Self {
        self.team = Ok(Team::new(name));
        self
    }

    /// Adds an agent type. Tasks enter at the first one.
    #[must_use]
    pub fn agent<A: Agent>(mut self, name: &str, agent: A) -> Self {
        self.team = self.team.map(|team| team.agent(name, agent));
        self
    }

    /// Makes a message known that no agent takes as its input.
    #[must_use]
    pub fn message<M: Message>(mut self) -> Self {
        self.team = self.team.map(Team::message::<M>);
        self
    }

    /// Says how results are shown.
    #[must_use]
    pub fn present(mut self, presentation: Presentation) -> Self {
        self.presentation = presentation;
        self
    }

    /// Reads the command line, does what it says, and reports errors on standard error.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let arguments = Arguments::parse();
        let result = self.run(arguments);
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("tributary: {error:#}");
                ExitCode::FAILURE
            }
        }
    }

    fn run(self, arguments: Arguments) -> anyhow::Result<()> {
        let team = self.team.map_err(anyhow::Error::msg)?;
        let config = read_config(&arguments)?;
        if let (Some(reason), None) = (arguments.command.on_a_broker(), &config.brokers) {
            anyhow::bail!("{reason}: name one with --brokers HOST:PORT");
        }
        infra_telemetry::log_to_stderr(&config.log)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async move {
            let mut opened = config.clone();
            opened.data = opened.data.filter(|_| arguments.command.runs_agents());
            let node = Node::new(team, open(&opened).await?, config.settings.clone())?;
            match arguments.command {
                Command::Demo(demo) => run::demo(&node, &config, &self.presentation, &demo).await,
                Command::Run(run) => run::tasks(&node, &config, &self.presentation, &run).await,
                Command::Node => run::serve(&node).await,
                Command::Topics(command) => topics::run(&node, &config, &command).await,
                Command::Submit(tasks) => submit::run(&node, &tasks).await,
                Command::Results(what) => results::run(&node, &self.presentation, &what).await,
            }
        })
    }
}

/// Defaults, the file, the environment, then what the command line says.
fn read_config(arguments: &Arguments) -> anyhow::Result<Config> {
    let Common { config, set, brokers, namespace, data, model, log } = &arguments.common;
    let file = match config {
        None => None,
        Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
            anyhow::anyhow!("could not read the configuration {}: {error}", path.display())
        })?),
    };
    let mut sets = set.clone();
    for (key, value) in
        [("brokers", brokers), ("namespace", namespace), ("data", data), ("model", model), ("log", log)]
    {
        if let Some(value) = value {
            sets.push(format!("{key}={value}"));
        }
    }
    Ok(Config::read(file.as_deref(), std::env::vars(), &sets)?)
}
