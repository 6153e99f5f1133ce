//! Reading an agent's file into steps. Every problem is reported; what is missing is left empty.

use toml::de::DeValue;

use super::{Agent, Ask, Does, Each, Join, Step, no_message};
use crate::bounds;
use crate::fields::{Fields, parse, wrong};
use crate::folder::Folder;
use crate::given::{Message, message, message_of};
use crate::problem::{At, Place, Report, hint};

/// The words that say what a step does.
const VERBS: [&str; 11] =
    ["prompt", "tool", "knowledge", "agent", "fork", "over", "route", "repeat", "reply", "fail", "delegate"];

/// Hottest temperature that providers take.
const TEMPERATURE_MAX: f64 = 2.0;

/// Reads one agent's file.
pub(crate) fn read(folder: &Folder, file: &str, name: &str, report: &mut Report<'_>) -> Option<Agent> {
    let text = match folder.read(file, bounds::FILE_BYTES_MAX) {
        Ok(text) => text,
        Err(unusable) => {
            report.add(Place::default(), "", unusable.found, unusable.allowed);
            return None;
        }
    };
    let parsed = parse(&text, report)?;
    let mut root = Fields::new(&text, parsed.get_ref(), "", Place { line: 1, column: 1 });
    root.need(report, "agent", "a table [agent]");
    let mut agent = Agent {
        name: name.to_owned(),
        file: file.to_owned(),
        takes: nothing(),
        gives: nothing(),
        tools: Vec::new(),
        knowledge: Vec::new(),
        steps: Vec::new(),
        lost: Vec::new(),
        source: text.clone(),
    };
    if let Some(mut head) = root.table(report, "agent", "[agent]") {
        agent.takes =
            head.need_text(report, "takes", "the schema of what begins its work").unwrap_or_else(nothing);
        agent.gives = head.need_text(report, "gives", "the schema of its answer").unwrap_or_else(nothing);
        agent.tools = head.texts(report, "tools").unwrap_or_default();
        agent.knowledge = head.texts(report, "knowledge").unwrap_or_default();
        head.finish(report);
    }
    if let Some(raw) = root.raw("step") {
        match raw.value {
            DeValue::Array(items) if items.len() > bounds::STEPS_MAX => {
                let found = format!("there are {} steps", items.len());
                report.add(
                    raw.place,
                    "step",
                    found,
                    format!("at most {}; make two agents of it", bounds::STEPS_MAX),
                );
            }
            DeValue::Array(items) => {
                for (index, item) in root.items(items).into_iter().enumerate() {
                    if let Some(fields) = root.table_of(report, &item, &format!("step #{}", index + 1)) {
                        match read_step(folder, fields, index, report) {
                            Ok(step) => agent.steps.push(step),
                            Err(name) => agent.lost.push(name),
                        }
                    }
                }
            }
            other => wrong(report, raw.place, "step", other, "steps, each under [[step]]"),
        }
    }
    root.finish(report);
    Some(agent)
}

/// A text that stands for one that is missing, which was reported.
fn nothing() -> At<String> {
    At::new(String::new(), Place::default())
}

/// Reads one step; of one that cannot be read its label is left.
fn read_step(
    folder: &Folder,
    mut fields: Fields<'_>,
    index: usize,
    report: &mut Report<'_>,
) -> Result<Step, String> {
    let name = fields.text(report, "name");
    if let Some(name) = &name {
        check_step_name(name, &fields, report);
    }
    let label = name.as_ref().map_or_else(|| format!("#{}", index + 1), |name| name.value.clone());
    fields.label = format!("step {label}");
    let verbs: Vec<&str> = VERBS.into_iter().filter(|verb| has(&fields, verb)).collect();
    let does = match verbs.as_slice() {
        [verb] => read_does(folder, &mut fields, verb, report),
        [] => {
            report.add(fields.place, fields.label.clone(), "it does nothing", no_verb(&fields));
            return Err(label);
        }
        several => {
            let found = format!("it does several things: {}", several.join(", "));
            report.add(fields.place, fields.label.clone(), found, "let each step do one thing");
            return Err(label);
        }
    };
    fields.finish(report);
    match does {
        Some(does) => Ok(Step { name, place: fields.place, label, does }),
        None => Err(label),
    }
}

/// What to say where no word says what a step does: perhaps one is misspelled.
fn no_verb(fields: &Fields<'_>) -> String {
    let entries = fields.entries();
    let hints = entries.iter().map(|(name, _)| hint(&name.value, &VERBS));
    let near = hints.clone().find(|hint| hint.starts_with("did"));
    near.unwrap_or_else(|| hint("", &VERBS))
}

fn has(fields: &Fields<'_>, key: &str) -> bool {
    fields.entries().iter().any(|(name, _)| name.value == key)
}

/// A step's result is a variable in templates, so its name must be one.
fn check_step_name(name: &At<String>, fields: &Fields<'_>, report: &mut Report<'_>) {
    const TAKEN: [&str; 8] = ["input", "parts", "task", "round", "item", "index", "loop", "range"];
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let is_word = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let is_word = is_word && starts && name.len() <= 48 && !KEYWORDS.contains(&name.as_str());
    if !is_word {
        let found = format!("{:?} is no name for a step", name.value);
        let allowed =
            "use up to 48 small letters, digits and _, beginning with a letter, no word of the templates";
        report.add(name.place, fields.label_of("name"), found, allowed);
    } else if TAKEN.contains(&name.as_str()) {
        let found = format!("{:?} is a variable of its own", name.value);
        report.add(name.place, fields.label_of("name"), found, "use another name");
    }
}

/// Words that templates read otherwise.
const KEYWORDS: [&str; 10] = ["and", "or", "not", "in", "is", "if", "else", "true", "false", "none"];

fn read_does(folder: &Folder, fields: &mut Fields<'_>, verb: &str, report: &mut Report<'_>) -> Option<Does> {
    Some(match verb {
        "prompt" => Does::Ask(read_ask(folder, fields, report)?),
        "tool" => {
            let tool = fields.text(report, "tool");
            let send = need_message(fields, "send", report);
            Does::Tool { tool: tool?, send }
        }
        "knowledge" => {
            let base = fields.text(report, "knowledge");
            let query = fields.need_text(report, "query", "what is looked for, a template");
            let top = fields.whole(report, "top", 1..=bounds::TOP_MAX).unwrap_or(bounds::TOP_DEFAULT);
            Does::Knowledge { base: base?, query: query?, top }
        }
        "agent" => {
            let agent = fields.text(report, "agent");
            let send = need_message(fields, "send", report);
            Does::Call { agent: agent?, send }
        }
        "fork" => read_fork(fields, report)?,
        "over" => {
            let over = fields.text(report, "over");
            let to = fields.need_text(report, "to", "the agent that takes each item");
            let most = i64::try_from(agents_join::PARTS_MAX).unwrap_or(i64::MAX);
            fields.need(report, "at_most", &format!("the most items, from 1 to {most}"));
            let at_most = fields.whole(report, "at_most", 1..=most).unwrap_or(most);
            let send = need_message(fields, "send", report);
            Does::Each(Each { over: over?, to: to?, at_most, send, join: read_join(fields, report)? })
        }
        "route" => read_route(fields, report)?,
        "repeat" => {
            let step = fields.text(report, "repeat");
            let condition = fields.need_text(report, "while", "the expression that must hold to go back");
            fields.need(report, "at_most", "how often it may go back: a loop must end");
            let at_most = fields.whole(report, "at_most", 1..=bounds::REPEATS_MAX).unwrap_or(1);
            Does::Repeat { step: step?, condition: condition?, at_most }
        }
        "reply" => Does::Reply(need_message(fields, "reply", report)),
        "fail" => Does::Fail(fields.text(report, "fail")?),
        _ => {
            let agent = fields.text(report, "delegate");
            let send = need_message(fields, "send", report);
            Does::Delegate { agent: agent?, send }
        }
    })
}

fn need_message(fields: &mut Fields<'_>, key: &'static str, report: &mut Report<'_>) -> Message {
    fields.need(
        report,
        key,
        "a table of fields, or an expression for the whole message, for example \"input\"",
    );
    message(fields, report, key).unwrap_or_else(no_message)
}

fn read_join(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<Join> {
    let name = fields.need_text(report, "join", "the join that gathers the parts");
    let context = need_message(fields, "context", report);
    Some(Join { name: name?, context })
}

/// `fork = ["a", "b"]` tells all agents `send`; `[step.fork]` with a table for each tells them apart.
fn read_fork(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<Does> {
    let raw = fields.raw("fork")?;
    let label = fields.label_of("fork");
    let mut branches = Vec::new();
    if let DeValue::Table(_) = raw.value {
        for (agent, value) in fields.table_of(report, &raw, &label)?.entries() {
            let label = format!("{label}.{}", agent.value);
            let send = message_of(fields, report, &value, &label).unwrap_or_else(no_message);
            branches.push((agent, send));
        }
    } else {
        let agents = fields.texts(report, "fork")?;
        let send = need_message(fields, "send", report);
        branches.extend(agents.into_iter().map(|agent| (agent, send.clone())));
    }
    Some(Does::Fork { branches, join: read_join(fields, report)? })
}

fn read_route(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<Does> {
    let by = fields.text(report, "route");
    fields.need(report, "cases", "a table from values to later steps");
    let label = fields.label_of("cases");
    let mut cases = Vec::new();
    if let Some(table) = fields.table(report, "cases", &label) {
        for (value, step) in table.entries() {
            match step.value {
                DeValue::String(name) => cases.push((value, At::new(name.to_string(), step.place))),
                other => wrong(report, step.place, &label, other, "the name of a later step"),
            }
        }
    }
    let otherwise = fields.text(report, "otherwise");
    Some(Does::Route { by: by?, cases, otherwise })
}

fn read_ask(folder: &Folder, fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<Ask> {
    let prompt = fields.text(report, "prompt")?;
    let text = read_prompt(folder, &prompt, &fields.label_of("prompt"), report);
    let system = fields.text(report, "system");
    let system_file = fields.text(report, "system_file");
    let system = match (system, &system_file) {
        (Some(system), None) => system,
        (None, Some(file)) => {
            let text = read_prompt(folder, file, &fields.label_of("system_file"), report);
            At::new(text, file.place)
        }
        (None, None) => nothing(),
        (Some(system), Some(_)) => {
            report.add(
                system.place,
                fields.label_of("system"),
                "there is a system_file too",
                "give one of them",
            );
            system
        }
    };
    let answer = fields.text(report, "answer");
    let rounds = fields.whole(report, "rounds", 1..=bounds::ROUNDS_MAX);
    if rounds.is_some() && answer.is_none() {
        let found = "without an answer's schema every text will do";
        report.add(fields.place, fields.label_of("rounds"), found, "give answer, or leave rounds out");
    }
    let small = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    Some(Ask {
        text,
        prompt,
        system,
        system_file,
        max_tokens: small(
            fields.whole(report, "max_tokens", 1..=bounds::TOKENS_MAX).unwrap_or(bounds::TOKENS_DEFAULT),
        ),
        temperature: fields.number(report, "temperature", TEMPERATURE_MAX).unwrap_or(0.0),
        rounds: small(rounds.unwrap_or(if answer.is_some() { bounds::ROUNDS_DEFAULT } else { 1 })),
        answer,
        answer_schema: String::new(),
    })
}

fn read_prompt(folder: &Folder, file: &At<String>, label: &str, report: &mut Report<'_>) -> String {
    folder.read(file, bounds::PROMPT_BYTES_MAX).unwrap_or_else(|unusable| {
        report.add(file.place, label, unusable.found, unusable.allowed);
        String::new()
    })
}
