//! What `team.toml` says, as data: where tasks enter, limits, joins, tools, knowledge.

use std::path::PathBuf;
use std::time::Duration;

use schemas_records::protocol::JoinPolicy;
use serde_json::{Map, Value};

use crate::bounds;
use crate::fields::{Fields, parse};
use crate::folder::Folder;
use crate::given::json;
use crate::problem::{At, Place, Report};

/// The team's file.
pub(crate) const FILE: &str = "team.toml";

/// A team's file.
#[derive(Clone, Debug, PartialEq)]
pub struct TeamFile {
    /// The team's name.
    pub name: At<String>,
    /// The agent where tasks enter.
    pub entry: At<String>,
    /// The schema of a task's result.
    pub result: At<String>,
    /// Its limits.
    pub limits: Limits,
    /// Its joins.
    pub joins: Vec<Join>,
    /// Its tools.
    pub tools: Vec<Tool>,
    /// Its knowledge bases.
    pub knowledge: Vec<Knowledge>,
    /// The file's text.
    pub source: String,
}

/// What a task may use if its producer says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long after its append a task ends.
    pub deadline: Option<Duration>,
    /// Model calls.
    pub calls: Option<u32>,
    /// What a fork's patience leaves before the deadline.
    pub reserve: Option<Duration>,
}

/// A named join.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// Its name.
    pub name: At<String>,
    /// The gathering agent.
    pub at: At<String>,
    /// When it has enough.
    pub policy: JoinPolicy,
    /// For `quorum` and `first`: how many.
    pub needed: usize,
    /// Its patience; without it, until shortly before the task's deadline.
    pub within: Option<Duration>,
}

/// A tool, as the tool gateway is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: At<String>,
    /// What it is, for example `sql`.
    pub kind: String,
    /// The schema of its arguments.
    pub takes: At<String>,
    /// The schema of its answer.
    pub gives: At<String>,
    /// Everything else that stands there.
    pub settings: Map<String, Value>,
}

impl Tool {
    /// Whether another process serves it, and not the team's tool gateway.
    #[must_use]
    pub fn is_external(&self) -> bool {
        self.kind == EXTERNAL
    }
}

/// A knowledge base.
#[derive(Clone, Debug, PartialEq)]
pub struct Knowledge {
    /// Its name.
    pub name: At<String>,
    /// The folder of its documents.
    pub folder: PathBuf,
}

/// Reads the team's file.
pub(crate) fn read(folder: &Folder, report: &mut Report<'_>) -> Option<TeamFile> {
    let text = match folder.read(FILE, bounds::FILE_BYTES_MAX) {
        Ok(text) => text,
        Err(unusable) => {
            report.add(Place::default(), "", unusable.found, unusable.allowed);
            return None;
        }
    };
    let parsed = parse(&text, report)?;
    let mut root = Fields::new(&text, parsed.get_ref(), "", Place { line: 1, column: 1 });
    root.need(report, "team", "a table [team]");
    let head = root.table(report, "team", "[team]").and_then(|mut head| {
        let name = head.need_text(report, "name", "the team's name");
        let entry = head.need_text(report, "entry", "the agent where tasks enter");
        let result = head.need_text(report, "result", "the schema of a task's result");
        head.finish(report);
        let name = name.filter(|name| check_name(name, "[team], name", report));
        Some((name?, entry?, result?))
    });
    let limits = read_limits(&mut root, report);
    let mut joins = Vec::new();
    for (name, fields) in tables(&mut root, "joins", report) {
        joins.extend(read_join(name, fields, report));
    }
    let mut tools = Vec::new();
    for (name, fields) in tables(&mut root, "tools", report) {
        tools.extend(read_tool(name, fields, report));
    }
    let mut knowledge = Vec::new();
    for (name, fields) in tables(&mut root, "knowledge", report) {
        knowledge.extend(read_knowledge(folder, name, fields, report));
    }
    root.finish(report);
    let (name, entry, result) = head?;
    Some(TeamFile { name, entry, result, limits, joins, tools, knowledge, source: text.clone() })
}

/// Whether a name can stand in topics and groups.
pub(crate) fn check_name(name: &At<String>, label: &str, report: &mut Report<'_>) -> bool {
    let is_name = topics_catalog::is_name(name);
    if !is_name {
        let found = format!("{:?} is no name", name.value);
        let allowed = "use up to 48 small letters, digits and -, beginning with a letter";
        report.add(name.place, label, found, allowed);
    }
    is_name
}

/// The named tables of one kind: `[joins.facts]`.
fn tables<'a>(
    root: &mut Fields<'a>,
    key: &'static str,
    report: &mut Report<'_>,
) -> Vec<(At<String>, Fields<'a>)> {
    let Some(all) = root.table(report, key, &format!("[{key}]")) else { return Vec::new() };
    let entries = all.entries();
    if entries.len() > bounds::ENTRIES_MAX {
        let found = format!("there are {}", entries.len());
        report.add(all.place, format!("[{key}]"), found, format!("at most {}", bounds::ENTRIES_MAX));
        return Vec::new();
    }
    let mut tables = Vec::new();
    for (name, raw) in entries {
        let label = format!("[{key}.{}]", name.value);
        if check_name(&name, &label, report)
            && let Some(fields) = all.table_of(report, &raw, &label)
        {
            tables.push((name, fields));
        }
    }
    tables
}

fn read_limits(root: &mut Fields<'_>, report: &mut Report<'_>) -> Limits {
    let Some(mut fields) = root.table(report, "limits", "[limits]") else { return Limits::default() };
    let deadline = fields.time(report, "deadline");
    let calls = fields.whole(report, "calls", 1..=bounds::CALLS_MAX);
    let reserve = fields.time(report, "reserve");
    fields.finish(report);
    if let Some(deadline) = &deadline
        && deadline.value > bounds::DEADLINE_MAX
    {
        let allowed = format!("at most {}h", bounds::DEADLINE_MAX.as_secs() / 3_600);
        report.add(deadline.place, "[limits], deadline", "it is too long", allowed);
    }
    if let (Some(deadline), Some(reserve)) = (&deadline, &reserve)
        && reserve.value >= deadline.value
    {
        let found = "it leaves nothing of the deadline";
        report.add(reserve.place, "[limits], reserve", found, "less than the deadline");
    }
    Limits {
        deadline: deadline.map(|time| time.value),
        calls: calls.and_then(|calls| u32::try_from(calls).ok()),
        reserve: reserve.map(|time| time.value),
    }
}

fn read_join(name: At<String>, mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<Join> {
    let at = fields.need_text(report, "at", "the agent that gathers");
    let policy = match fields.text(report, "policy") {
        None => Some((JoinPolicy::All, 0)),
        Some(text) => {
            let policy = read_policy(&text);
            if policy.is_none() {
                let found = format!("{:?} is no policy", text.value);
                let allowed =
                    format!("write all, quorum N or first N, with N from 1 to {}", agents_join::PARTS_MAX);
                report.add(text.place, fields.label_of("policy"), found, allowed);
            }
            policy
        }
    };
    let within = fields.time(report, "within").map(|time| time.value);
    fields.finish(report);
    let (policy, needed) = policy?;
    Some(Join { name, at: at?, policy, needed, within })
}

fn read_policy(text: &str) -> Option<(JoinPolicy, usize)> {
    let (word, number) = text.split_once(' ').unwrap_or((text, ""));
    let needed = || number.trim().parse().ok().filter(|n| (1..=agents_join::PARTS_MAX).contains(n));
    match word {
        "all" if number.is_empty() => Some((JoinPolicy::All, 0)),
        "quorum" => Some((JoinPolicy::Quorum, needed()?)),
        "first" => Some((JoinPolicy::First, needed()?)),
        _ => None,
    }
}

/// What a tool of a kind that this runtime knows takes and gives.
const SQL: (&str, &str, &str) = ("sql", "SqlQuery", "Table");

/// The kind of a tool that another process serves.
const EXTERNAL: &str = "external";

fn read_tool(name: At<String>, mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<Tool> {
    let kind = fields.need_text(report, "kind", "what the tool is, for example \"sql\"");
    let (sql, takes, gives) = SQL;
    let is_sql = kind.as_ref().is_some_and(|kind| kind.value == sql);
    let mut schema = |key, known: &str, what| {
        let found = if is_sql { fields.text(report, key) } else { fields.need_text(report, key, what) };
        found.or_else(|| is_sql.then(|| At::new(known.to_owned(), fields.place)))
    };
    let takes = schema("takes", takes, "the schema of its arguments");
    let gives = schema("gives", gives, "the schema of its answer");
    if kind.as_ref().is_some_and(|kind| kind.value == EXTERNAL) {
        fields.finish(report);
    }
    let own = ["kind", "takes", "gives"];
    let settings = fields.entries().into_iter().filter(|(key, _)| !own.contains(&key.as_str()));
    let settings = settings.map(|(key, value)| (key.value, json(value.value))).collect();
    Some(Tool { name, kind: kind?.value, takes: takes?, gives: gives?, settings })
}

fn read_knowledge(
    folder: &Folder,
    name: At<String>,
    mut fields: Fields<'_>,
    report: &mut Report<'_>,
) -> Option<Knowledge> {
    let documents = fields.need_text(report, "folder", "the folder of its documents")?;
    fields.finish(report);
    let path = folder.inside(&documents).map_err(|unusable| (unusable.found, unusable.allowed));
    let is_folder = |path: PathBuf| {
        let found = format!("{} is no folder", documents.value);
        if path.is_dir() { Ok(path) } else { Err((found, "name a folder of documents".to_owned())) }
    };
    match path.and_then(is_folder) {
        Ok(folder) => Some(Knowledge { name, folder }),
        Err((found, allowed)) => {
            report.add(documents.place, fields.label_of("folder"), found, allowed);
            None
        }
    }
}
