//! The roles of a node: one loop for each agent type and gateway, over the same doors.

use std::collections::BTreeMap;
use std::sync::Arc;

use agents_knowledge::Library;
use agents_tools::Toolbox;
use agents_work::{Team as WorksTeam, Works};
use futures::future::BoxFuture;
use schemas_codec::Codec;
use schemas_records::Budget;
use tokio_util::sync::CancellationToken;
use topics_catalog::{Catalog, Directory, Inbox, Kind, Names, Plan, Topics};
use topics_log::{Group, Log};
use topics_runtime::worker::Watchdog;
use topics_runtime::{Remedy, worker};

use crate::doors::Doors;
use crate::gateways::{KNOWLEDGE, MODEL, TIMERS, TOOLS};
use crate::run::Error;
use crate::settings::Settings;
use crate::team::{Member, Team};

/// A node that is put together and does not run yet.
#[derive(Clone)]
pub struct Node {
    pub(crate) team: Team,
    pub(crate) doors: Doors,
    pub(crate) settings: Settings,
    pub(crate) names: Names,
    pub(crate) codec: Codec,
}

/// What the roles of a node stand on.
#[derive(Clone)]
pub struct Ground {
    directory: Directory,
    /// The same, with every topic of the namespace: timers serve all teams.
    namespace: Directory,
    note: String,
    /// What the tool gateway needs, if this node runs it.
    toolbox: Option<Toolbox>,
    /// What the knowledge gateway needs, if this node runs it.
    library: Option<Library>,
}

/// One loop, ready to run.
pub struct Role {
    /// The agent's or gateway's short name.
    pub name: String,
    /// Ends when the token it was made with is cancelled and it has drained, or with an error if it
    /// cannot go on.
    pub run: BoxFuture<'static, Result<(), topics_runtime::Error>>,
    /// Each ends the process if a step that it watches never returns: one for each loop of steps.
    pub watchdogs: Vec<Arc<Watchdog>>,
}

impl Node {
    /// Puts a node together.
    ///
    /// # Errors
    /// A name that is none, or a schema of the team's that cannot be used.
    pub fn new(team: Team, doors: Doors, settings: Settings) -> Result<Self, Error> {
        let (names, codec) = (team.check(&settings.namespace)?, team.codec()?);
        Ok(Self { team, doors, settings, names, codec })
    }

    /// The names of everything this node makes or reads.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Bytes and records of the team.
    #[must_use]
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// The doors it was put together with.
    #[must_use]
    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    /// The topics it needs.
    #[must_use]
    pub fn catalog(&self, topics: Topics) -> Catalog {
        let mut catalog = Catalog::of(&self.names, &self.agents(), topics);
        for (.., kind) in self.supplying() {
            catalog = catalog.with(&self.names, kind);
        }
        for tool in self.team.external_tools() {
            catalog = catalog.with_external(&self.names, tool);
        }
        catalog
    }

    /// What would have to be created for it to run.
    ///
    /// # Errors
    /// The log's own.
    pub async fn plan(&self, topics: Topics) -> Result<Plan, Error> {
        Ok(self.catalog(topics).plan(&*self.doors.log, &self.names).await?)
    }

    /// The names of the roles that its settings name, or of all.
    ///
    /// # Errors
    /// A role that there is not.
    pub fn role_names(&self) -> Result<Vec<String>, Error> {
        let supplying = self.supplying();
        let gateways = GATEWAYS.into_iter().chain(supplying.iter().map(|(role, ..)| *role));
        let known: Vec<String> = self.agents().into_iter().chain(gateways.map(str::to_owned)).collect();
        if self.settings.roles.is_empty() {
            return Ok(known);
        }
        match self.settings.roles.iter().find(|role| !known.contains(role)) {
            None => Ok(self.settings.roles.clone()),
            Some(unknown) => {
                let message = format!("role {unknown:?} is unknown; there are: {}", known.join(", "));
                Err(Error::Config { message })
            }
        }
    }

    /// What all roles share: who can be reached, and the name of the store.
    ///
    /// # Errors
    /// A missing topic, a store out of reach, a tool or knowledge that cannot be opened.
    pub async fn ground(&self) -> Result<Ground, Error> {
        let (log, runs) = (&*self.doors.log, self.role_names()?);
        let mut directory = Directory::look_up(log, &self.names, &self.agents()).await?;
        directory = self.turned(directory).await?;
        let (mut toolbox, mut library) = (None, None);
        for (role, name, kind) in self.supplying() {
            directory = directory.with_gateway(log, &self.names, name, kind).await?;
            match role {
                _ if !runs.iter().any(|run| run == role) => {}
                TOOLS => toolbox = Some(self.team.supplies.toolbox(&self.names, &self.codec)?),
                _ => library = Some(self.team.supplies.library(&self.names)?),
            }
        }
        for tool in self.team.external_tools() {
            directory = directory.with_external(log, &self.names, tool).await?;
        }
        let note = format!("store={}", self.doors.states.identity().await.map_err(Error::from_store)?);
        let namespace = directory.clone().with_namespace(&*self.doors.log, &self.names).await?;
        Ok(Ground { directory, namespace, note, toolbox, library })
    }

    /// Lets agents' names stand for the newest generation of their inboxes, where the one before begins no works
    /// any more. Whoever started before that goes on sending to the old one, which passes it on.
    async fn turned(&self, mut directory: Directory) -> Result<Directory, Error> {
        for agent in self.agents() {
            if let [old, new] = directory.inboxes(&agent) {
                let (states, group) = (&*self.doors.states, self.names.group(&agent));
                if worker::has_moved(states, &group, old).await.map_err(Error::from_store)? {
                    let new = new.clone();
                    directory = directory.turn_to(&agent, &new);
                }
            }
        }
        Ok(directory)
    }

    /// One role as a loop over the doors.
    ///
    /// # Errors
    /// A role that there is not.
    pub fn role(&self, name: &str, ground: &Ground, shutdown: &CancellationToken) -> Result<Role, Error> {
        let Ground { directory, namespace, note, toolbox, library } = ground;
        match name {
            INTAKE => self.intake(directory, shutdown),
            TIMERS => Ok(self.timers(namespace, note, shutdown)),
            MODEL => Ok(self.model(note, shutdown)),
            TOOLS if let Some(toolbox) = toolbox => Ok(self.tools(toolbox, note, shutdown)),
            KNOWLEDGE if let Some(library) = library => Ok(self.knowledge(library, note, shutdown)),
            agent => self.agent(agent, directory, shutdown),
        }
    }

    /// Every role that its settings name, or all.
    ///
    /// # Errors
    /// See [`Node::role_names`], [`Node::ground`] and [`Node::role`].
    pub async fn roles(&self, shutdown: &CancellationToken) -> Result<Vec<Role>, Error> {
        let ground = self.ground().await?;
        self.role_names()?.iter().map(|name| self.role(name, &ground, shutdown)).collect()
    }

    /// The agents' names; tasks enter at the first.
    #[must_use]
    pub fn agents(&self) -> Vec<String> {
        self.team.agents().map(str::to_owned).collect()
    }

    /// The version of each agent, as it stands in the records that the agent makes here.
    #[must_use]
    pub fn versions(&self) -> BTreeMap<Arc<str>, Arc<str>> {
        let of = |member: &Member| {
            let version = agents_work::version_of(&member.name, &*(member.logic)(self.codec.clone()));
            (member.name.as_str().into(), version.into())
        };
        self.team.members.iter().map(of).collect()
    }

    pub(crate) fn group(&self, id: String) -> Group {
        Group { id, instance: self.settings.instance.clone() }
    }

    fn agent(&self, name: &str, directory: &Directory, shutdown: &CancellationToken) -> Result<Role, Error> {
        let missing =
            || Error::Config { message: format!("team {:?} has no agent {name:?}", self.team.name()) };
        let member = self.team.members.iter().find(|member| member.name == name).ok_or_else(missing)?;
        let inboxes = directory.inboxes(name);
        // One for each generation of the inbox: usually one. If one cannot go on, the role cannot, and the others
        // are asked to leave.
        let (mut runs, mut watchdogs, ending) = (Vec::new(), Vec::new(), shutdown.child_token());
        for (number, inbox) in inboxes.iter().enumerate() {
            let watchdog = self.doors.has_watchdog.then(|| Watchdog::new(self.settings.step_time_max));
            let parts = self.worker_parts(member, directory, inbox, watchdog.clone())?;
            let mut settings = self.worker_settings(name, inbox);
            settings.before = number.checked_sub(1).and_then(|before| inboxes.get(before)).cloned();
            let older = (number + 1 < inboxes.len()).then(|| inbox.topic.to_string());
            let log = Arc::clone(&self.doors.log);
            let run = worker::run(parts, settings, ending.clone());
            runs.push(one_of_several(run, ending.clone(), log, older));
            watchdogs.extend(watchdog);
        }
        let run = Box::pin(async move { futures::future::join_all(runs).await.into_iter().collect() });
        Ok(Role { name: name.to_owned(), run, watchdogs })
    }

    /// What the worker of one generation of an agent's inbox works with.
    fn worker_parts(
        &self,
        member: &Member,
        directory: &Directory,
        inbox: &Inbox,
        watchdog: Option<Arc<Watchdog>>,
    ) -> Result<worker::Parts, Error> {
        let works_team =
            WorksTeam { codec: self.codec.clone(), directory: directory.clone(), bounds: self.team.bounds };
        let works = Works::new(&member.name, works_team, (member.logic)(self.codec.clone()))
            .map_err(|message| Error::Config { message })?
            .with_external(self.team.supplies.external_of(&member.name));
        Ok(worker::Parts {
            log: Arc::clone(&self.doors.log),
            store: Arc::clone(&self.doors.states),
            handler: Arc::new(works.with_partitions(inbox.partitions)),
            codec: self.codec.clone(),
            clock: Arc::clone(&self.doors.clock),
            probe: Arc::clone(&self.doors.probe),
            watchdog,
        })
    }

    /// What it is told. State is one for all generations, told apart by position; groups are not.
    fn worker_settings(&self, name: &str, inbox: &Inbox) -> worker::Settings {
        let group = self.group(self.names.inbox_group(name, inbox.generation));
        let (state, dead_letters) = (self.names.group(name), self.names.topic(Kind::DeadLetters));
        let topic = inbox.topic.to_string();
        let mut settings = worker::Settings::new(name, &state, group, topic, inbox.partitions, dead_letters);
        settings.generation = inbox.generation;
        settings
    }

    fn intake(&self, directory: &Directory, shutdown: &CancellationToken) -> Result<Role, Error> {
        let entry = self.team.agents().next().unwrap_or_default().to_owned();
        let group = self.group(self.names.group(INTAKE));
        let mut settings =
            agents_intake::Settings::new(group, &entry, &self.team.entry_message, self.rules());
        settings.agent_version = VERSION.to_owned();
        settings.open_max = u64::from(self.settings.open_tasks_max);
        let parts = agents_intake::Parts {
            log: Arc::clone(&self.doors.log),
            directory: directory.clone(),
            codec: self.codec.clone(),
            check: self.check(),
            probe: Arc::clone(&self.doors.probe),
        };
        let run = Box::pin(agents_intake::run(parts, settings, shutdown.clone()));
        Ok(Role { name: INTAKE.to_owned(), run, watchdogs: Vec::new() })
    }

    /// What tasks may use.
    pub(crate) fn rules(&self) -> agents_intake::Rules {
        let mut rules = agents_intake::Rules::new(self.team.name());
        rules.deadline_default = self.settings.deadline;
        rules.budget_default = Budget { calls: self.settings.budget_calls };
        rules
    }

    /// The team's own check of a task's value.
    pub(crate) fn check(&self) -> agents_intake::Check {
        let Some(check) = &self.team.check else { return Arc::new(|_| Ok(())) };
        let (check, codec) = (Arc::clone(check), self.codec.clone());
        Arc::new(move |value| check(&codec, value))
    }
}

/// What stands in the records of intake and timers as the one who made them.
pub(crate) const VERSION: &str = concat!("tributary/", env!("CARGO_PKG_VERSION"));
/// The role that takes tasks in.
pub(crate) const INTAKE: &str = "intake";
/// The roles that are not agents, and that every team has.
const GATEWAYS: [&str; 3] = [INTAKE, TIMERS, MODEL];

/// The loop of one generation of an inbox, whose end is the end of all that share its token. An older one may end
/// before the others: when it has drained, and its topic is removed.
async fn one_of_several(
    run: impl Future<Output = Result<(), topics_runtime::Error>>,
    ending: CancellationToken,
    log: Arc<dyn Log>,
    older: Option<String>,
) -> Result<(), topics_runtime::Error> {
    let ended = run.await;
    if let (Some(topic), Err(error)) = (older, &ended)
        && error.remedy == Remedy::Stop
        && log.topics(&topic).await.is_ok_and(|found| found.iter().all(|found| found.name != topic))
    {
        tracing::info!(%topic, "a generation of this inbox was removed, and is read no more");
        return Ok(());
    }
    ending.cancel();
    ended
}
