//! What the registry keeps: subjects with their versions, ids and rules.

use std::collections::BTreeMap;

use schemas_codec::{KnownSchema, compatibility};
use serde_json::{Value, json};

#[derive(Debug, Default)]
pub(crate) struct Shelf {
    subjects: BTreeMap<String, Vec<u32>>,
    schemas: BTreeMap<u32, (String, Value)>,
    pub rules: BTreeMap<String, String>,
    next: u32,
}

impl Shelf {
    /// An empty one, whose first id this is.
    pub fn from(next: u32) -> Self {
        Self { next, ..Self::default() }
    }

    /// The same schema has the same id under every subject.
    pub fn file(&mut self, subject: &str, schema: &str, references: &Value) -> u32 {
        let same = self.schemas.iter().find(|(_, kept)| kept.0 == schema && &kept.1 == references);
        let id = same.map(|(id, _)| *id).unwrap_or_else(|| {
            self.next += 1;
            self.next
        });
        self.schemas.insert(id, (schema.to_owned(), references.clone()));
        let versions = self.subjects.entry(subject.to_owned()).or_default();
        if !versions.contains(&id) {
            versions.push(id);
        }
        id
    }

    pub fn ids(&self, subject: &str) -> Vec<u32> {
        self.subjects.get(subject).cloned().unwrap_or_default()
    }

    /// Answers a request: its status and body.
    pub fn answer(&mut self, method: &str, path: &[&str], body: &Value) -> (u16, Value) {
        match (method, path) {
            ("GET", ["schemas", "ids", id]) => {
                match id.parse().ok().and_then(|id: u32| self.schemas.get(&id)) {
                    Some((schema, references)) => {
                        (200, with_references(json!({"schema": schema}), references))
                    }
                    None => missing(40403, "schema"),
                }
            }
            ("GET", ["config", subject]) => match self.rules.get(*subject) {
                Some(rule) => (200, json!({"compatibilityLevel": rule})),
                None => missing(40408, "rule"),
            },
            ("PUT", ["config", subject]) => {
                let rule = body["compatibility"].as_str().unwrap_or_default();
                self.rules.insert((*subject).to_owned(), rule.to_owned());
                (200, body.clone())
            }
            ("GET", ["subjects", subject, "versions"]) => match self.subjects.get(*subject) {
                Some(ids) => (200, (1..=ids.len()).collect()),
                None => missing(40401, "subject"),
            },
            ("GET", ["subjects", subject, "versions", number]) => self.version(subject, number),
            ("POST", ["subjects", subject]) => self.find(subject, body),
            ("POST", ["subjects", subject, "versions"]) => self.register(subject, body),
            _ => (404, json!({"error_code": 404, "message": "HTTP 404 Not Found"})),
        }
    }

    fn version(&self, subject: &str, number: &str) -> (u16, Value) {
        let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let id = index.and_then(|index| self.subjects.get(subject)?.get(index));
        match id.and_then(|id| Some((id, self.schemas.get(id)?))) {
            Some((id, (schema, references))) => {
                (200, with_references(json!({"subject": subject, "id": id, "schema": schema}), references))
            }
            None => missing(40402, "version"),
        }
    }

    fn find(&self, subject: &str, body: &Value) -> (u16, Value) {
        let Some(ids) = self.subjects.get(subject) else { return missing(40401, "subject") };
        let offered = body["schema"].as_str().unwrap_or_default();
        let found = ids.iter().find(|id| self.schemas.get(id).is_some_and(|(schema, _)| schema == offered));
        match found {
            Some(id) => (200, json!({"subject": subject, "id": id, "schema": offered})),
            None => missing(40403, "schema"),
        }
    }

    fn register(&mut self, subject: &str, body: &Value) -> (u16, Value) {
        let offered = body["schema"].as_str().unwrap_or_default();
        let Ok(newer) = KnownSchema::parse("offered", offered) else {
            return (422, json!({"error_code": 42201, "message": "invalid schema"}));
        };
        let is_ruled = self.rules.get(subject).is_some_and(|rule| rule == "BACKWARD_TRANSITIVE");
        for id in self.ids(subject) {
            let Some((older, _)) = self.schemas.get(&id) else { continue };
            let Ok(older) = KnownSchema::parse("kept", older) else { continue };
            if is_ruled && older.text() != newer.text() && compatibility::check(&older, &newer).is_err() {
                return (409, json!({"error_code": 409, "message": "incompatible"}));
            }
        }
        (200, json!({"id": self.file(subject, offered, &body["references"])}))
    }
}

fn with_references(mut answer: Value, references: &Value) -> Value {
    if references.is_array() {
        answer["references"] = references.clone();
    }
    answer
}

fn missing(code: u32, what: &str) -> (u16, Value) {
    (404, json!({"error_code": code, "message": format!("no such {what}")}))
}
