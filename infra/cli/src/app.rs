//! The builder behind `tributary::node()`: agents in, a command line out.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use agents_agent::Agent;
use clap::Parser;
use infra_node::{Config, Meeting, Node, Team, open};
use schemas_codec::Codec;
use schemas_records::Message;

use crate::args::{Arguments, Command, Common};
use crate::{ask, desk, kept, model, results, run, schemas, submit, teams, topics};

type Show = Arc<dyn Fn(&Codec, &[u8]) -> Option<String> + Send + Sync>;

/// How a team's results are shown to people.
#[derive(Clone)]
pub struct Presentation {
    /// Tasks that come with the team, one JSON object a line.
    pub tasks: Option<Cow<'static, str>>,
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
            // Not found or refused: 1, as every failure; what was typed wrongly is clap's 2.
            Err(error) => {
                eprintln!("tributary: {error:#}");
                ExitCode::FAILURE
            }
        }
    }

    fn run(self, arguments: Arguments) -> anyhow::Result<()> {
        match &arguments.command {
            Command::New { folder } => return teams::new(folder),
            Command::Team(command) => return teams::run(command),
            _ => {}
        }
        let mut config = read_config(&arguments)?;
        let (team, presentation) = match folder(&arguments)? {
            None => (self.team.map_err(anyhow::Error::msg)?, self.presentation),
            Some(folder) => {
                let (loaded, presentation) = teams::read(folder)?;
                teams::limit(&mut config, &loaded);
                (teams::team(&loaded, folder), presentation)
            }
        };
        // A node on disk is its own broker.
        let is_own = matches!(arguments.command, Command::Node) && config.data.is_some();
        if let (Some(reason), None, false) = (arguments.command.on_a_broker(), &config.brokers, is_own) {
            anyhow::bail!("{reason}: name one with --brokers HOST:PORT");
        }
        infra_telemetry::log_to_stderr(&config.log)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async move {
            let kept = kept::choose(&mut config, &arguments.command, team.name()).await?;
            let mut opened = config.clone();
            opened.data = opened.data.filter(|_| arguments.command.runs_agents());
            if let Command::Ask(question) = &arguments.command {
                let desk = desk::find(&config, team, arguments.common.verbose).await?;
                return print(&ask::ask(&*desk, question).await?);
            }
            if let Command::Schemas(command) = &arguments.command {
                return schemas::run(&config, team, command).await;
            }
            let meeting = if arguments.command.runs_agents() { Meeting::Files } else { Meeting::Reads };
            // Put together by the commands that need it only.
            let node = async {
                let node = Node::new(team, open(&opened).await?, config.settings.clone())?;
                node.meet_registry(&opened, meeting).await?;
                anyhow::Ok(node)
            };
            match arguments.command {
                Command::Demo(demo) => run::demo(&node.await?, &config, &presentation, &demo).await,
                Command::Run(run) => run::tasks(&node.await?, &config, &presentation, &run).await,
                Command::Node => run::serve(&node.await?, &config).await,
                Command::Topics(command) => topics::run(&node.await?, &config, &command).await,
                Command::Submit(tasks) => submit::run(&node.await?, &tasks).await,
                Command::Results(what) => results::run(&node.await?, &presentation, &what).await,
                Command::Model(command) => model::run(&config, &command).await,
                // Done above, without a node.
                Command::New { .. } | Command::Team(_) | Command::Ask(_) | Command::Schemas(_) => Ok(()),
            }?;
            kept.map_or(Ok(()), |kept| kept.done())
        })
    }
}

/// Prints what was told. Ids and texts are others', and must not move the cursor or colour the terminal.
fn print(told: &str) -> anyhow::Result<()> {
    let shown: String =
        told.trim_end().chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    match writeln!(std::io::stdout(), "{shown}") {
        // Whoever reads this has seen enough (`| head`).
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The folder of the team that is to run, if it is not this program's own.
fn folder(arguments: &Arguments) -> anyhow::Result<Option<&Path>> {
    let of_run = if let Command::Run(run) = &arguments.command { run.folder.as_deref() } else { None };
    match (of_run, arguments.common.team.as_deref()) {
        (Some(one), Some(other)) if one != other => {
            anyhow::bail!("run {} or --team {}? say one of them", one.display(), other.display())
        }
        (one, other) => Ok(one.or(other)),
    }
}

/// Defaults, the file, the environment, then what the command line says.
fn read_config(arguments: &Arguments) -> anyhow::Result<Config> {
    let Common { config, set, brokers, namespace, data, team: _, model, log, verbose: _ } = &arguments.common;
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
