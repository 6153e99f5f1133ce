//! The builder behind `tributary::node()`: agents in, a command line out.

use std::borrow::Cow;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use agents_agent::Agent;
use clap::Parser;
use infra_node::{Config, Meeting, Node, Team, open_to_look, open_with};
use schemas_codec::Codec;
use schemas_records::Message;

use crate::args::{Arguments, Command, Common, Demo, Run};
use crate::{
    acls, ask, desk, group, inbox, kept, model, patience, replay, results, run, schemas, state, status,
    submit, teams, topics,
};

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

/// A team that is put together once the configuration is known.
type Make = Box<dyn FnOnce(&Config) -> Result<Team, String>>;

/// A team with a command line.
pub struct App {
    team: Result<Team, String>,
    /// Makes the team instead, if it depends on the configuration.
    make: Option<Make>,
    presentation: Presentation,
}

/// Begins a team of your own, called `team` unless [`App::team`] says otherwise.
#[must_use]
pub fn node() -> App {
    App::of_team(Ok(Team::new("team")))
}

impl App {
    pub(crate) fn of_team(team: Result<Team, String>) -> Self {
        Self { team, make: None, presentation: Presentation::default() }
    }

    pub(crate) fn made_by(make: impl FnOnce(&Config) -> Result<Team, String> + 'static) -> Self {
        Self { make: Some(Box::new(make)), ..Self::of_team(Err("no team was made".to_owned())) }
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
        // Whoever asks whether two things are equal tells "no" from "I could not look".
        let is_comparing = matches!(arguments.command, Command::Replay(_));
        self.run(arguments).unwrap_or_else(|error| {
            let failure = last_word(Err(error));
            if is_comparing { replay::UNDONE.into() } else { failure }
        })
    }

    fn run(self, arguments: Arguments) -> anyhow::Result<ExitCode> {
        match &arguments.command {
            Command::New { folder } => return teams::new(folder).map(|()| ExitCode::SUCCESS),
            Command::Team(command) => return teams::run(command).map(|()| ExitCode::SUCCESS),
            _ => {}
        }
        let mut config = read_config(&arguments)?;
        let own = self.make.map_or(self.team, |make| make(&config));
        let folder = choose_folder(own.as_ref().ok(), &arguments, &mut config)?;
        let (team, presentation) = match &folder {
            None => (own.map_err(anyhow::Error::msg)?, self.presentation),
            Some(folder) => {
                let (loaded, presentation) = teams::read(folder)?;
                teams::limit(&mut config, &loaded);
                (teams::team(&loaded, folder), presentation)
            }
        };
        team.check(&config.settings.namespace)?;
        // A node on disk is its own broker.
        let is_own =
            matches!(arguments.command, Command::Node | Command::Inbox(_)) && config.data().is_some();
        if let (Some(reason), None, false) = (arguments.command.on_a_broker(), &config.brokers, is_own) {
            anyhow::bail!("{reason}: name one with --brokers HOST:PORT");
        }
        if let (true, None, Some(tool)) =
            (arguments.command.runs_agents(), &config.brokers, team.external_tools().next())
        {
            anyhow::bail!(
                "tool {tool:?} is served by another process, over Kafka: name a broker with --brokers HOST:PORT"
            );
        }
        // What looks at agents and runs none would tell a collector nothing.
        let otlp = config.otlp.take().filter(|_| arguments.command.runs_agents());
        let exporter = infra_telemetry::start(&config.log, otlp)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let code = runtime.block_on(async {
            if let Command::Ask(question) = &arguments.command {
                kept::of_team(&mut config, Path::new(kept::OUT), team.name());
                let desk = desk::find(&config, team, arguments.common.verbose).await?;
                return Ok(last_word(
                    ask::ask(&*desk, question).await.map_err(Into::into).and_then(|told| print(&told)),
                ));
            }
            if let Command::Status(command) = &arguments.command {
                kept::of_team(&mut config, Path::new(kept::OUT), team.name());
                let how = (command.json, command.watch);
                return Ok(last_word(status::run(&config, team, arguments.common.verbose, how).await));
            }
            if let Command::Replay(command) = &arguments.command {
                kept::of_team(&mut config, Path::new(kept::OUT), team.name());
                return replay::run(&config, team, command).await;
            }
            if let Command::Acls(command) = &arguments.command {
                let told = acls::run(&config, team, command).await;
                return Ok(last_word(told.and_then(|told| print(&told))));
            }
            Work { arguments: &arguments, team, folder: folder.as_deref(), presentation }.run(config).await
        });
        // What goes on in the background has nothing to say any more.
        runtime.shutdown_background();
        if let Some(exporter) = exporter {
            exporter.close();
        }
        code
    }
}

/// The folder of the team that is to run or is asked about, if it is not this program's own.
fn choose_folder(
    own: Option<&Team>,
    arguments: &Arguments,
    config: &mut Config,
) -> anyhow::Result<Option<PathBuf>> {
    let named = folder(arguments)?;
    let (None, Command::Ask(_) | Command::Status(_) | Command::Replay(_), Some(own)) =
        (named, &arguments.command, own)
    else {
        return Ok(named.map(Path::to_owned));
    };
    match kept::find(config, Path::new(kept::OUT), own.name())? {
        kept::Asked::Folder(folder) => Ok(Some(folder)),
        kept::Asked::Own => Ok(None),
    }
}

/// A command that works on a node put together for it.
struct Work<'a> {
    arguments: &'a Arguments,
    team: Team,
    /// The team's folder, if it is not the program's own.
    folder: Option<&'a Path>,
    presentation: Presentation,
}

impl Work<'_> {
    /// Does it. Everything that can be wrong with what was typed is looked at before anything is opened, and
    /// before anything is removed.
    async fn run(self, mut config: Config) -> anyhow::Result<ExitCode> {
        let Self { arguments, team, folder, presentation } = self;
        let command = &arguments.command;
        if let Command::Model(command) = command {
            return Ok(last_word(model::run(&config, command).await));
        }
        if let Command::State(command) = command {
            return Ok(last_word(state::run(&config, command).await));
        }
        if let Command::Group(command) = command {
            return Ok(last_word(group::run(&config, team, command).await));
        }
        if let Command::Schemas(command) = command {
            return Ok(last_word(schemas::run(&config, team, command).await));
        }
        let (show, tasks) = run::wanted(command, &presentation, team.name())?;
        let kept = match show {
            Some(show) => kept::choose(&mut config, show, (&team, folder), &tasks)?,
            None => None,
        };
        let model = if command.runs_agents() { Some(infra_node::model(&config)?) } else { None };
        let (hold, running) = kept.map(kept::Kept::begin).transpose()?.unzip();
        let doors = match model {
            Some(model) if matches!(command, Command::Node) && config.brokers.is_some() => {
                patience::open(&config, model).await?
            }
            Some(model) => open_with(&config, model, hold).await?,
            None => open_to_look(&config, hold).await?,
        };
        let node = Node::new(team, doors, config.settings.clone())?;
        if let (Command::Node, Some(registry)) = (command, &mut config.registry) {
            registry.start_max = patience::FOR_A_SERVICE;
        }
        let meeting = if command.runs_agents() { Meeting::Files } else { Meeting::Reads };
        node.meet_registry(&config, meeting).await?;
        let done = match command {
            Command::Demo(Demo { show, all }) => {
                let hint = if *all { "" } else { "--all runs the rest" };
                run::run(&node, &config, &presentation, (&tasks, show, hint)).await
            }
            Command::Run(Run { show, .. }) => {
                run::run(&node, &config, &presentation, (&tasks, show, "")).await
            }
            Command::Node => run::serve(&node, &config).await,
            Command::Topics(command) => topics::run(&node, &config, command).await,
            Command::Inbox(command) => inbox::run(&node, &config, command).await,
            Command::Submit(tasks) => submit::run(&node, tasks).await,
            Command::Results(what) => results::run(&node, &presentation, what).await,
            // Done above, without a node.
            Command::New { .. }
            | Command::Team(_)
            | Command::Acls(_)
            | Command::Group(_)
            | Command::Ask(_)
            | Command::Status(_)
            | Command::Replay(_)
            | Command::Model(_)
            | Command::Schemas(_)
            | Command::State(_) => Ok(()),
        };
        let done = done.and_then(|()| running.map_or(Ok(()), |running| running.done()));
        // While the node still stands: what taking it down does (clients of brokers that are away among it) can
        // neither hold up the last word nor swallow it.
        Ok(last_word(done))
    }
}

/// Says what went wrong, if anything did: no command ends without either its answer or this.
fn last_word(done: anyhow::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Not found or refused: 1, as every failure; what was typed wrongly is clap's 2.
        Err(error) => {
            // Nobody may be there to read it.
            let _ = writeln!(std::io::stderr(), "tributary: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what was told. Ids and texts are others', and must not move the cursor or colour the terminal.
pub(crate) fn print(told: &str) -> anyhow::Result<()> {
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
