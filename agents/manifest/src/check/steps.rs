//! Each step's messages, templates and expressions against the schemas they are for.

use std::collections::BTreeMap;
use std::sync::Arc;

use apache_avro::Schema;
use schemas_codec::KnownSchema;

use super::Team;
use super::graph::Branch;
use super::paths::Paths;
use super::walk::{self, Scope};
use crate::given::{Given, Message, is_template};
use crate::manifest::{Agent, Does, Each, Step};
use crate::problem::{At, Place, Problems, Report, hint};
use crate::schemas::short;
use crate::shape::{Shape, misfit};

/// Checks an agent's steps, and fills in the full names of the schemas they speak.
pub(super) fn check(
    team: &Team<'_>,
    agent: &mut Agent,
    paths: &Paths,
    gathers: Option<&Vec<Branch>>,
    problems: &mut Problems,
) {
    let results: BTreeMap<String, Shape> = agent
        .steps
        .iter()
        .filter_map(|step| Some((step.name.as_ref()?.value.clone(), result(team, step)?)))
        .collect();
    let mut scope = Scope::default();
    let input = team.schemas.get(&agent.takes).map_or(Shape::Any, Shape::record);
    scope.sure.insert("input".into(), input);
    scope.sure.insert("task".into(), Shape::Text);
    scope.sure.insert("round".into(), Shape::Number { is_double: false });
    if let Some(branches) = gathers {
        scope.sure.insert("parts".into(), parts(team, branches));
    }
    for name in &agent.lost {
        scope.sure.entry(name.clone()).or_insert(Shape::Any);
    }
    for (index, step) in agent.steps.iter().enumerate() {
        if let Some(name) = step.name.as_ref().filter(|_| !step.has_result()) {
            scope.without.insert(name.value.clone());
        }
        if let Some(name) = &step.name {
            scope.before.insert(name.value.clone(), paths.sure[index].clone());
        }
    }
    let (file, gives) = (agent.file.clone(), agent.gives.clone());
    for (index, step) in agent.steps.iter_mut().enumerate() {
        let mut scope = scope.clone();
        for (name, shape) in &results {
            if scope.sure.contains_key(name) {
                // The name was refused: it is a variable of its own.
            } else if paths.sure[index].contains(name) {
                scope.sure.insert(name.clone(), shape.clone());
            } else if paths.maybe[index].contains(name) {
                scope.maybe.insert(name.clone(), shape.clone());
            }
        }
        let mut checker = Checker {
            team,
            scope: &scope,
            label: format!("step {}", step.label),
            report: Report::new(problems, &file),
        };
        checker.step(step, &gives);
    }
}

/// What a step's result is; anything, where a name leads nowhere.
fn result(team: &Team<'_>, step: &Step) -> Option<Shape> {
    step.has_result().then(|| known_result(team, step).unwrap_or(Shape::Any))
}

fn known_result(team: &Team<'_>, step: &Step) -> Option<Shape> {
    let name = match &step.does {
        Does::Ask(ask) => ask.answer.as_ref().map_or("Text", |answer| answer.value.as_str()),
        Does::Tool { tool, .. } => {
            &team.file.tools.iter().find(|one| one.name.value == tool.value)?.gives.value
        }
        Does::Knowledge { .. } => "Passages",
        Does::Call { agent, .. } => &team.heads.get(&agent.value)?.gives,
        _ => return None,
    };
    team.schemas.get(name).map(Shape::record)
}

/// The schema of what an agent takes.
fn takes<'t>(team: &'t Team<'_>, agent: &str) -> Option<&'t str> {
    team.heads.get(agent).map(|head| head.takes.as_str())
}

/// What a gathering agent sees of its fork.
fn parts(team: &Team<'_>, branches: &[Branch]) -> Shape {
    let mut named = Vec::new();
    for branch in branches {
        let gives = team.heads.get(&branch.agent).and_then(|head| team.schemas.get(&head.gives));
        let shape = part(gives.map_or(Shape::Any, Shape::record));
        if branch.numbered == 0 {
            named.push((branch.agent.clone(), shape));
        } else {
            named.extend(
                (1..=branch.numbered).map(|number| (format!("{}-{number}", branch.agent), shape.clone())),
            );
        }
    }
    let all = Shape::one_of(named.iter().map(|(_, shape)| shape.clone()).collect());
    Shape::Parts(named, Box::new(all))
}

fn part(message: Shape) -> Shape {
    let status = ["arrived", "failed", "missing"].map(str::to_owned);
    let failure = ["code", "message", "remedy"].map(|field| (field.to_owned(), Shape::Text));
    Shape::Fields(vec![
        ("branch".to_owned(), Shape::Text),
        ("status".to_owned(), Shape::Symbols(status.to_vec())),
        ("message".to_owned(), message),
        ("failure".to_owned(), Shape::Fields(failure.to_vec())),
    ])
}

struct Checker<'c, 't> {
    team: &'c Team<'t>,
    scope: &'c Scope,
    label: String,
    report: Report<'c>,
}

impl Checker<'_, '_> {
    fn label(&self, field: &str) -> String {
        format!("{}, {field}", self.label)
    }

    fn step(&mut self, step: &mut Step, gives: &At<String>) {
        let team = self.team;
        match &mut step.does {
            Does::Ask(ask) => {
                self.prompt(&ask.prompt.value, &ask.text);
                match &ask.system_file {
                    Some(file) => self.prompt(&file.value, &ask.system.value),
                    None => self.template(&ask.system, "system"),
                }
                let answer = ask.answer.as_ref().and_then(|answer| self.team.schemas.get(answer));
                ask.answer_schema = answer.map_or_else(String::new, |schema| schema.name().to_owned());
            }
            Does::Tool { tool, send } => {
                let tools = &self.team.file.tools;
                let takes =
                    tools.iter().find(|one| one.name.value == tool.value).map(|tool| &tool.takes.value);
                self.message(send, takes.map(String::as_str), "send");
            }
            Does::Knowledge { query, .. } => self.template(query, "query"),
            Does::Call { agent, send } | Does::Delegate { agent, send } => {
                self.message(send, takes(team, &agent.value), "send");
            }
            Does::Fork { branches, join } => {
                for (agent, send) in branches {
                    self.message(send, takes(team, &agent.value), &format!("to {}", agent.value));
                }
                self.context(join);
            }
            Does::Each(each) => self.each(each),
            Does::Route { by, cases, otherwise } => {
                let shape = self.expression(by, "route");
                self.route(by.place, &shape, cases, otherwise.is_some());
            }
            Does::Repeat { condition, .. } => {
                self.expression(condition, "while");
            }
            Does::Reply(message) => self.message(message, Some(short(&gives.value)), "reply"),
            Does::Fail(sentence) => self.template(sentence, "fail"),
        }
    }

    /// A fork over a list: its messages see each item.
    fn each(&mut self, each: &mut Each) {
        let list = self.expression(&each.over, "over");
        let item = list.item().unwrap_or_else(|| {
            let found = format!("{} is {}", each.over.value, list.describe());
            self.report.add(each.over.place, self.label("over"), found, "give a list");
            Shape::Any
        });
        let mut scope = self.scope.clone();
        scope.sure.insert("item".into(), item);
        scope.sure.insert("index".into(), Shape::Number { is_double: false });
        let label = self.label.clone();
        let mut inner = Checker { team: self.team, scope: &scope, label, report: self.report.again() };
        inner.message(&mut each.send, takes(self.team, &each.to), "send");
        self.context(&mut each.join);
    }

    fn context(&mut self, join: &mut crate::manifest::Join) {
        let team = self.team;
        let at = team.file.joins.iter().find(|one| one.name.value == join.name.value);
        let takes = at.and_then(|join| takes(team, &join.at.value));
        self.message(&mut join.context, takes, "context");
    }

    /// Routes must know where every value leads.
    fn route(
        &mut self,
        place: Place,
        shape: &Shape,
        cases: &[(At<String>, At<String>)],
        has_otherwise: bool,
    ) {
        let symbols = match shape {
            Shape::Symbols(symbols) => symbols.clone(),
            Shape::Boolean => vec!["true".to_owned(), "false".to_owned()],
            Shape::Any | Shape::Text | Shape::OneOf(_) | Shape::Number { .. } => {
                if !has_otherwise {
                    let found = "no step is named for other values";
                    self.report.add(place, self.label("otherwise"), found, "name a later step");
                }
                return;
            }
            other => {
                let found = format!("it is {}", other.describe());
                let allowed = "route by a text, a whole number or a truth value";
                self.report.add(place, self.label("route"), found, allowed);
                return;
            }
        };
        let words: Vec<&str> = symbols.iter().map(String::as_str).collect();
        for (value, _) in cases {
            if !symbols.contains(&value.value) {
                let found = format!("{:?} is no value of it", value.value);
                self.report.add(value.place, self.label("cases"), found, hint(&value.value, &words));
            }
        }
        let open: Vec<&str> =
            words.into_iter().filter(|word| !cases.iter().any(|(value, _)| value.value == *word)).collect();
        if !has_otherwise && !open.is_empty() {
            let found = format!("no case for {}", open.join(", "));
            self.report.add(place, self.label("cases"), found, "add a case, or name a step under otherwise");
        }
    }

    /// A prompt's problems are in its own file.
    fn prompt(&mut self, file: &str, text: &str) {
        for finding in walk::template(text, self.scope) {
            let label = self.label.clone();
            self.report.of_file(file).add(finding.place, label, finding.found, finding.allowed);
        }
    }

    fn template(&mut self, text: &At<String>, field: &str) {
        for finding in walk::template(text, self.scope) {
            self.report.add(text.place, self.label(field), finding.found, finding.allowed);
        }
    }

    fn expression(&mut self, text: &At<String>, field: &str) -> Shape {
        if is_template(text) {
            let found = "it is a template";
            self.report.add(text.place, self.label(field), found, "write an expression, without {{ and }}");
            return Shape::Any;
        }
        let (shape, findings) = walk::expression(text, self.scope);
        for finding in findings {
            self.report.add(text.place, self.label(field), finding.found, finding.allowed);
        }
        shape
    }

    /// Checks a message against the schema it is of, by short name; an unknown one was reported.
    fn message(&mut self, message: &mut Message, schema: Option<&str>, field: &str) {
        if matches!(message.given.value, Given::Literal(_)) {
            return;
        }
        let schema = schema.and_then(|name| self.team.schemas.get(name)).cloned();
        message.schema = schema.as_ref().map_or_else(String::new, |schema| schema.name().to_owned());
        let wanted = schema.as_ref().map(|schema| (schema, schema.avro()));
        self.given(&message.given, wanted, field);
    }

    /// Checks a given value against the type it is for, if that is known.
    fn given(&mut self, given: &At<Given>, wanted: Option<(&Arc<KnownSchema>, &Schema)>, field: &str) {
        let shape = match (&given.value, wanted) {
            (Given::Fields(fields), Some((schema, of))) if let Schema::Record(record) = schema.target(of) => {
                let record = record.clone();
                return self.fields(given.place, fields, schema, &record, field);
            }
            (Given::List(items), Some((schema, of))) if let Schema::Array(array) = schema.target(of) => {
                let of = array.items.clone();
                for item in items {
                    self.given(item, Some((schema, &of)), field);
                }
                return;
            }
            (Given::Fields(fields), _) => {
                for (name, value) in fields {
                    self.given(value, None, &format!("{field}.{}", name.value));
                }
                Shape::Fields(fields.iter().map(|(name, _)| (name.value.clone(), Shape::Any)).collect())
            }
            (Given::List(items), _) => {
                for item in items {
                    self.given(item, None, field);
                }
                Shape::List(Box::new(Shape::Any))
            }
            (Given::Literal(value), _) => Shape::of_json(value),
            (Given::Template(text), _) => {
                self.template(&At::new(text.clone(), given.place), field);
                Shape::Text
            }
            (Given::Expression(text), _) => self.expression(&At::new(text.clone(), given.place), field),
        };
        if let Some((schema, of)) = wanted
            && let Some(allowed) = misfit(&shape, schema, of)
        {
            self.report.add(given.place, self.label(field), format!("found {}", shape.describe()), allowed);
        }
    }

    fn fields(
        &mut self,
        place: Place,
        given: &[(At<String>, At<Given>)],
        schema: &Arc<KnownSchema>,
        record: &apache_avro::schema::RecordSchema,
        label: &str,
    ) {
        let names: Vec<&str> = record.fields.iter().map(|field| field.name.as_str()).collect();
        for (name, value) in given {
            let Some(field) = record.fields.iter().find(|field| field.name == name.value) else {
                let found = format!("{} has no field {:?}", record.name.name(), name.value);
                self.report.add(name.place, self.label(label), found, hint(&name.value, &names));
                continue;
            };
            self.given(value, Some((schema, &field.schema)), &format!("{label}.{}", name.value));
        }
        for field in &record.fields {
            let is_given = given.iter().any(|(name, _)| name.value == field.name);
            if !is_given && field.default.is_none() {
                let wanted = Shape::of(schema, &field.schema).describe();
                let found = format!("field {} of {} is missing", field.name, record.name.name());
                self.report.add(place, self.label(label), found, format!("give {wanted}"));
            }
        }
    }
}
