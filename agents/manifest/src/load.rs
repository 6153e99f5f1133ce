//! Loading a team: reading its folder, checking it, and what it then offers to a node.

use std::path::Path;
use std::sync::Arc;

use agents_work::Logic;
use bytes::Bytes;
use schemas_codec::{Codec, Registry};
use schemas_records::ids::content_hash;

use crate::bounds;
use crate::check;
use crate::engine::Engine;
use crate::folder::Folder;
use crate::logic::ManifestLogic;
use crate::manifest::{self, Agent, Does};
use crate::problem::{At, Place, Problem, Problems, Report};
use crate::schemas::Schemas;
use crate::team::{self, Join, Knowledge, Limits, TeamFile, Tool};

/// Where the agents stand.
const AGENTS: &str = "agents";
/// How their files end.
const ENDING: &str = ".toml";
/// Examples.
const TASKS: &str = "tasks.jsonl";

/// A team that was read and checked. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Loaded {
    file: Arc<TeamFile>,
    schemas: Arc<Schemas>,
    agents: Arc<Vec<Agent>>,
    /// The full names of what tasks and results are.
    entry_schema: Arc<str>,
    result_schema: Arc<str>,
    tasks: Arc<str>,
}

/// Reads and checks a team's folder.
///
/// # Errors
/// Everything that is wrong with it, in the order of files and lines.
pub fn load(folder: &Path) -> Result<Loaded, Problems> {
    let mut problems = Problems::default();
    let loaded = read(folder, &mut problems);
    match loaded {
        Some(loaded) if problems.is_empty() => Ok(loaded),
        _ => Err(problems.sorted()),
    }
}

fn read(path: &Path, problems: &mut Problems) -> Option<Loaded> {
    let folder = match Folder::open(path) {
        Ok(folder) => folder,
        Err(unusable) => {
            problems.add(Problem {
                file: path.display().to_string(),
                place: Place::default(),
                field: String::new(),
                found: unusable.found,
                allowed: unusable.allowed,
            });
            return None;
        }
    };
    let mut report = Report::new(problems, team::FILE);
    let file = team::read(&folder, &mut report);
    let schemas = Schemas::read(&folder, &mut report);
    let mut agents = read_agents(&folder, &mut report);
    let (file, schemas) = (file?, schemas?);
    check::check(&file, &schemas, &mut agents, problems);
    // Tasks enter at the first.
    agents.sort_by_key(|agent| agent.name != file.entry.value);
    let full = |name: &str| schemas.get(name).map_or("", |schema| schema.name());
    let entry = agents.first().map_or("", |agent| agent.takes.as_str());
    let (entry_schema, result_schema) = (full(entry).into(), full(&file.result).into());
    let mut loaded = Loaded {
        entry_schema,
        result_schema,
        file: Arc::new(file),
        schemas: Arc::new(schemas),
        agents: Arc::new(agents),
        tasks: Arc::from(""),
    };
    loaded.tasks = read_tasks(&folder, &loaded, problems).into();
    Some(loaded)
}

fn read_agents(folder: &Folder, report: &mut Report<'_>) -> Vec<Agent> {
    let mut files = folder.list(AGENTS, ENDING);
    if files.len() > bounds::AGENTS_MAX {
        let found = format!("{AGENTS} holds {} agents", files.len());
        report.add(Place::default(), "", found, format!("at most {}", bounds::AGENTS_MAX));
        files.truncate(bounds::AGENTS_MAX);
    }
    let mut agents = Vec::new();
    for file in files {
        let stem = file.rsplit('/').next().and_then(|name| name.strip_suffix(ENDING)).unwrap_or_default();
        let mut report = report.of_file(&file);
        let name = At::new(stem.to_owned(), Place::default());
        if team::check_name(&name, "the file's name", &mut report) {
            agents.extend(manifest::read(folder, &file, stem, &mut report));
        }
    }
    agents
}

/// The examples, each checked as intake would.
fn read_tasks(folder: &Folder, loaded: &Loaded, problems: &mut Problems) -> String {
    if !folder.list(".", TASKS).iter().any(|file| file == &format!("./{TASKS}")) {
        return String::new();
    }
    let mut report = Report::new(problems, TASKS);
    let text = match folder.read(TASKS, bounds::TASKS_BYTES_MAX) {
        Ok(text) => text,
        Err(unusable) => {
            report.add(Place::default(), "", unusable.found, unusable.allowed);
            return String::new();
        }
    };
    let takes = loaded.entry_schema();
    // What is wrong with schemas or entry was reported.
    let Some(codec) = loaded.schemas.codec().ok().filter(|_| !takes.is_empty()) else { return text };
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if let Err(error) = codec.read_message(takes, &Bytes::copy_from_slice(line.as_bytes())) {
            let place = Place { line: index + 1, column: 1 };
            report.add(place, "", error.to_string(), "write one task a line, as JSON");
        }
    }
    text
}

impl Loaded {
    /// The team's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The agents, the entry first.
    #[must_use]
    pub fn agents(&self) -> &[Agent] {
        &self.agents
    }

    /// The full name of a task's schema.
    #[must_use]
    pub fn entry_schema(&self) -> &str {
        &self.entry_schema
    }

    /// The full name of a result's schema.
    #[must_use]
    pub fn result_schema(&self) -> &str {
        &self.result_schema
    }

    /// The short name of a result's schema.
    #[must_use]
    pub fn result(&self) -> &str {
        &self.file.result
    }

    /// What a task may use if its producer says nothing.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.file.limits
    }

    /// The joins.
    #[must_use]
    pub fn joins(&self) -> &[Join] {
        &self.file.joins
    }

    /// The tools, for the tool gateway.
    #[must_use]
    pub fn tools(&self) -> &[Tool] {
        &self.file.tools
    }

    /// The knowledge bases, for the knowledge gateway.
    #[must_use]
    pub fn knowledge(&self) -> &[Knowledge] {
        &self.file.knowledge
    }

    /// The example tasks: one JSON object a line; empty for none.
    #[must_use]
    pub fn tasks(&self) -> &str {
        &self.tasks
    }

    /// File and text of each schema of the team's own, older versions before newer ones.
    #[must_use]
    pub fn schema_texts(&self) -> &[(String, String)] {
        self.schemas.texts()
    }

    /// Makes every message of the team known.
    ///
    /// # Errors
    /// The registry's own: a schema of another team with the same name and another form.
    pub fn register(&self, registry: &Registry) -> Result<(), schemas_codec::Error> {
        self.schemas.register(registry)
    }

    /// The full name of a schema that its files name.
    #[must_use]
    pub fn full_name(&self, schema: &str) -> &str {
        self.schemas.get(schema).map_or("", |schema| schema.name())
    }

    /// The full name of the schema of what begins an agent's work.
    #[must_use]
    pub fn takes(&self, agent: &Agent) -> &str {
        // The check knows every schema that an agent names.
        self.full_name(&agent.takes)
    }

    /// The logic of one of its agents, over a codec that knows the team's messages ([`Loaded::register`]).
    #[must_use]
    pub fn logic(&self, agent: &Agent, codec: Codec) -> Arc<dyn Logic> {
        Arc::new(ManifestLogic {
            takes: self.takes(agent).to_owned(),
            joins: Arc::new(self.file.joins.clone()),
            engine: Engine::new(),
            version: self.version(agent),
            agent: Arc::new(agent.clone()),
            codec,
        })
    }

    /// Names what changes an agent's steps: the team's file, its manifest, its prompts, all schemas.
    fn version(&self, agent: &Agent) -> String {
        let mut parts: Vec<&[u8]> =
            vec![env!("CARGO_PKG_VERSION").as_bytes(), self.file.source.as_bytes(), agent.source.as_bytes()];
        for step in &agent.steps {
            if let Does::Ask(ask) = &step.does {
                parts.extend([ask.text.as_bytes(), ask.system.value.as_bytes()]);
            }
        }
        for (file, text) in self.schemas.texts() {
            parts.extend([file.as_bytes(), text.as_bytes()]);
        }
        content_hash(&parts)
    }
}
