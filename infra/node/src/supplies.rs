//! Supplies: what a team's agents may use besides each other, its tools and its knowledge.
//!
//! They are named when the team is put together and opened when a node starts the gateway that needs them:
//! a node that runs other roles needs none of their files.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use agents_knowledge::{Base, Library};
use agents_manifest::Loaded;
use agents_tools::{Database, SqlTool, Tool, Toolbox};
use agents_work::ExternalTool;
use schemas_codec::Codec;
use schemas_records::Message;
use topics_catalog::Names;

use crate::run::Error;
use crate::team::Team;

type MakeTool = Arc<dyn Fn(Codec) -> Result<Arc<dyn Tool>, String> + Send + Sync>;
type MakeBase = Arc<dyn Fn() -> Result<Arc<Base>, String> + Send + Sync>;

/// What a team declares.
#[derive(Clone, Default)]
pub(crate) struct Supplies {
    tools: Vec<MakeTool>,
    bases: Vec<MakeBase>,
    /// What another process serves.
    external: Vec<ExternalTool>,
    /// Agent and tool.
    may_use: Vec<(String, String)>,
    /// Agent and base.
    may_read: Vec<(String, String)>,
}

impl Team {
    /// Adds a tool, which agents may use that [`Team::may_use`] names. It is made when the tool gateway
    /// starts, with the codec that knows the team's messages; if it cannot be, the node does not start.
    #[must_use]
    pub fn tool(
        mut self,
        make: impl Fn(Codec) -> Result<Arc<dyn Tool>, String> + Send + Sync + 'static,
    ) -> Self {
        self.supplies.tools.push(Arc::new(make));
        self
    }

    /// Adds a tool that another process serves, with any Kafka client: what it is asked stands as JSON on a topic
    /// of its own, and it writes its answer, JSON too, to where the request says. Agents may use it that
    /// [`Team::may_use`] names.
    #[must_use]
    pub fn external_tool<Takes: Message, Gives: Message>(self, name: &str) -> Self {
        self.message::<Takes>().message::<Gives>().external(name, Takes::NAME, Gives::NAME)
    }

    fn external(mut self, name: &str, takes: &str, gives: &str) -> Self {
        let (name, takes, gives) = (name.to_owned(), takes.to_owned(), gives.to_owned());
        self.supplies.external.push(ExternalTool { name, takes, gives });
        self
    }

    /// The names of the tools that another process serves.
    pub fn external_tools(&self) -> impl Iterator<Item = &str> {
        self.supplies.external.iter().map(|tool| tool.name.as_str())
    }

    /// Lets an agent use a tool.
    #[must_use]
    pub fn may_use(mut self, agent: &str, tool: &str) -> Self {
        self.supplies.may_use.push((agent.to_owned(), tool.to_owned()));
        self
    }

    /// Adds a folder of texts as a knowledge base, which agents may read that [`Team::may_read`] names. It
    /// is read and indexed when the knowledge gateway starts; if it cannot be, the node does not start.
    #[must_use]
    pub fn knowledge(self, name: &str, folder: impl Into<PathBuf>) -> Self {
        let (name, folder) = (name.to_owned(), folder.into());
        self.base(move || Base::load(&name, &folder).map(Arc::new).map_err(|error| error.to_string()))
    }

    /// Adds a knowledge base that is made when the knowledge gateway starts, for example of texts that the
    /// program brings with it; if it cannot be, the node does not start.
    #[must_use]
    pub fn base(mut self, make: impl Fn() -> Result<Arc<Base>, String> + Send + Sync + 'static) -> Self {
        self.supplies.bases.push(Arc::new(make));
        self
    }

    /// Lets an agent read a knowledge base.
    #[must_use]
    pub fn may_read(mut self, agent: &str, base: &str) -> Self {
        self.supplies.may_read.push((agent.to_owned(), base.to_owned()));
        self
    }

    /// Adds the tools and the knowledge of a team that was loaded from `folder`, for the agents that list
    /// them. Tools of kind `sql` have a `file`, a SQLite database, or `tables`, a folder of CSV and JSON;
    /// both are paths inside the team's folder. Those of kind `external` are served by others.
    #[must_use]
    pub fn supplied_by(mut self, loaded: &Loaded, folder: &Path) -> Self {
        for tool in loaded.tools() {
            if tool.is_external() {
                let (takes, gives) = (loaded.full_name(&tool.takes), loaded.full_name(&tool.gives));
                self = self.external(&tool.name.value, takes, gives);
                continue;
            }
            let (tool, folder) = (tool.clone(), folder.to_owned());
            self = self.tool(move |codec| made(&tool, &folder, codec));
        }
        for base in loaded.knowledge() {
            self = self.knowledge(&base.name.value, &base.folder);
        }
        for agent in loaded.agents() {
            for tool in &agent.tools {
                self = self.may_use(&agent.name, &tool.value);
            }
            for base in &agent.knowledge {
                self = self.may_read(&agent.name, &base.value);
            }
        }
        self
    }

    /// Opens what tools and knowledge read, and closes it again: whether a node that serves them could begin.
    ///
    /// # Errors
    /// The first that cannot be used.
    pub fn try_supplies(&self) -> Result<(), Error> {
        let names = Names::new("check", &self.name)?;
        self.supplies.toolbox(&names, &self.codec()?)?;
        self.supplies.library(&names)?;
        Ok(())
    }
}

impl Supplies {
    /// Whether there is any tool.
    pub(crate) fn has_tools(&self) -> bool {
        !self.tools.is_empty()
    }

    /// Whether there is any knowledge.
    pub(crate) fn has_knowledge(&self) -> bool {
        !self.bases.is_empty()
    }

    /// Whether every permission is one of the team's agents'.
    pub(crate) fn check(&self, agents: &[String]) -> Result<(), Error> {
        for (agent, what) in self.may_use.iter().chain(&self.may_read) {
            if !agents.contains(agent) {
                let message = format!(
                    "agent {agent:?} may use {what:?}, but there is no such agent; there are: {}",
                    agents.join(", ")
                );
                return Err(Error::Config { message });
            }
        }
        for (index, tool) in self.external.iter().enumerate() {
            if !topics_catalog::is_name(&tool.name) {
                let error = topics_catalog::Error::Name { what: "tool", name: tool.name.clone() };
                return Err(error.into());
            }
            if self.external[..index].iter().any(|other| other.name == tool.name) {
                let message = format!("tool {:?} is there twice; give one of them another name", tool.name);
                return Err(Error::Config { message });
            }
        }
        Ok(())
    }

    /// The tools that another process serves and this agent may use.
    pub(crate) fn external_of(&self, agent: &str) -> Vec<ExternalTool> {
        let may =
            |tool: &&ExternalTool| self.may_use.iter().any(|(who, what)| who == agent && *what == tool.name);
        self.external.iter().filter(may).cloned().collect()
    }

    fn is_external(&self, tool: &str) -> bool {
        self.external.iter().any(|external| external.name == tool)
    }

    /// Opens the tools, and makes the messages known that they take and give.
    pub(crate) fn toolbox(&self, names: &Names, codec: &Codec) -> Result<Toolbox, Error> {
        let mut toolbox = Toolbox::new(names.clone());
        for make in &self.tools {
            let tool = make(codec.clone()).map_err(unusable)?;
            let declaration = tool.declaration();
            for schema in [&declaration.arguments, &declaration.answer] {
                codec.registry().register_text(&schema.name, &schema.text)?;
            }
            if self.is_external(&declaration.name) {
                return Err(unusable(format!("tool {:?} is there twice", declaration.name)));
            }
            toolbox.add(tool).map_err(unusable)?;
        }
        for (agent, tool) in self.may_use.iter().filter(|(_, tool)| !self.is_external(tool)) {
            toolbox.allow(agent, tool).map_err(unusable)?;
        }
        Ok(toolbox)
    }

    /// Reads and indexes the knowledge.
    pub(crate) fn library(&self, names: &Names) -> Result<Library, Error> {
        let mut library = Library::new(names.clone());
        for load in &self.bases {
            library.add(load().map_err(unusable)?).map_err(unusable)?;
        }
        for (agent, base) in &self.may_read {
            library.allow(agent, base).map_err(unusable)?;
        }
        Ok(library)
    }
}

fn unusable(problem: impl std::fmt::Display) -> Error {
    Error::Config { message: problem.to_string() }
}

/// A tool as a team's file declares it.
fn made(tool: &agents_manifest::Tool, folder: &Path, codec: Codec) -> Result<Arc<dyn Tool>, String> {
    let name = &tool.name.value;
    if tool.kind != "sql" {
        return Err(format!("tool {name:?} is of kind {:?}; there are: sql, external", tool.kind));
    }
    if let Some(unknown) = tool.settings.keys().find(|key| !["file", "tables"].contains(&key.as_str())) {
        return Err(format!("tool {name:?} has {unknown:?}; a tool of kind sql has file or tables"));
    }
    let path = |key: &str| match tool.settings.get(key) {
        None => Ok(None),
        Some(value) => {
            let path = value.as_str().map(Path::new).filter(|path| is_inside(path));
            let path = path
                .ok_or_else(|| format!("tool {name:?}, {key}: {value} is no path inside the team's folder"));
            path.map(|path| Some(folder.join(path)))
        }
    };
    let database = match (path("file")?, path("tables")?) {
        (Some(file), None) => Database::open(&file).map_err(|error| {
            format!("{error}; file is a SQLite database, and tables a folder of CSV and JSON")
        }),
        (None, Some(tables)) => Database::load(&tables).map_err(|error| error.to_string()),
        _ => return Err(format!("tool {name:?} needs a file or tables, one of both")),
    };
    let database = database.map_err(|error| format!("tool {name:?}: {error}"))?;
    Ok(Arc::new(SqlTool::new(name, database, codec)))
}

fn is_inside(path: &Path) -> bool {
    path.components().all(|component| matches!(component, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests;
