//! One subject: how it stands at the registry, and filing what is not there.
//!
//! Ours is compared with every version that is there before it is sent, by the rule that our own messages
//! follow (`BACKWARD_TRANSITIVE`): the registry would say no without naming a field, and one whose rule is
//! looser would let in what no node could read.

use std::sync::Arc;

use reqwest::Method;
use schemas_codec::{Error as CodecError, KnownSchema, SchemaId, compatibility};

use crate::client::{Answer, Client, id_of};
use crate::difference::difference;
use crate::error::Error;
use crate::subject::{Refusal, Standing, Subject};
use crate::wire;

/// What a subject's rule is set to, if it has none.
const RULE: &str = "BACKWARD_TRANSITIVE";

/// Versions of a subject that ours is compared with, the newest: each costs a request, once, when a schema
/// is new. The registry itself compares with all.
const VERSIONS_MAX: usize = 50;

/// How a subject stands. Changes nothing.
pub(crate) async fn standing(client: &Client, subject: &Subject) -> Result<Standing, Error> {
    Ok(look(client, subject).await?.1)
}

/// Files what is not there.
pub(crate) async fn register(client: &Client, subject: &Subject) -> Result<Standing, Error> {
    let (there, standing) = look(client, subject).await?;
    let Standing::New { .. } = standing else { return Ok(standing) };
    set_rule(client, subject).await?;
    // Into an empty subject the whole history, so that an older node finds what it writes.
    let newest = subject.versions.len().saturating_sub(1);
    let from = if there.is_empty() { 0 } else { newest };
    let mut last = None;
    for version in subject.versions.iter().skip(from) {
        match put(client, subject, version).await? {
            Ok(id) => last = Some(id),
            Err(said) => return Ok(Standing::Refused(refused_there(client, subject, &there, &said))),
        }
    }
    last.map(Standing::Registered)
        .ok_or_else(|| client.strange(&attempt(subject), "there was nothing to register"))
}

/// A version that is there.
struct There {
    version: i64,
    schema: KnownSchema,
}

async fn look(client: &Client, subject: &Subject) -> Result<(Vec<There>, Standing), Error> {
    let Some(newest) = subject.versions.last() else {
        return Err(client.strange(&attempt(subject), "there is nothing to register"));
    };
    if let Some(id) = find(client, subject, newest).await? {
        return Ok((Vec::new(), Standing::Registered(id)));
    }
    let there = match versions(client, subject).await? {
        Ok(there) => there,
        Err(refusal) => return Ok((Vec::new(), Standing::Refused(refusal))),
    };
    for older in &there {
        if let Some(problem) = hindrance(&older.schema, newest) {
            let refusal = Refusal {
                subject: subject.name.clone(),
                url: client.url().to_owned(),
                version: Some(older.version),
                problem,
                changes: difference(&older.schema, newest),
            };
            return Ok((there, Standing::Refused(refusal)));
        }
    }
    let standing = Standing::New { there: there.len() };
    Ok((there, standing))
}

/// What keeps `newest` from reading what `older` wrote, with the way out.
fn hindrance(older: &KnownSchema, newest: &KnownSchema) -> Option<String> {
    if older.name() != newest.name() {
        return Some(format!(
            "it holds a {}, not a {}; file this record under a subject of its own",
            older.name(),
            newest.name()
        ));
    }
    match compatibility::check(older, newest) {
        Ok(()) => None,
        Err(CodecError::Incompatible { path, problem, .. }) => {
            Some(format!("ours cannot read what that one wrote: {path}: {problem}"))
        }
        Err(other) => Some(other.to_string()),
    }
}

/// The id of a schema under a subject, if it is filed there.
async fn find(client: &Client, subject: &Subject, schema: &KnownSchema) -> Result<Option<SchemaId>, Error> {
    let attempted = format!("look for the schema of {}", subject.name);
    let offered = wire::Offered { schema: schema.text() };
    let path = ["subjects", subject.name.as_str()];
    match client.send_body::<wire::Given>(&attempted, Method::POST, &path, &offered).await? {
        Answer::Found(given) => id_of(client, &attempted, given.id).map(Some),
        Answer::Missing => Ok(None),
        // Some registries call it so if what they have is of another kind.
        Answer::Rejected(_) => Ok(None),
    }
}

/// The newest versions that are there, oldest first; or why they cannot be compared with.
async fn versions(client: &Client, subject: &Subject) -> Result<Result<Vec<There>, Refusal>, Error> {
    let attempted = format!("ask for the versions of {}", subject.name);
    let path = ["subjects", subject.name.as_str(), "versions"];
    let numbers: Vec<i64> = match client.get(&attempted, &path).await? {
        Answer::Found(numbers) => numbers,
        Answer::Missing => return Ok(Ok(Vec::new())),
        Answer::Rejected(said) => return Err(client.strange(&attempted, &said)),
    };
    let mut there = Vec::new();
    for version in numbers.iter().skip(numbers.len().saturating_sub(VERSIONS_MAX)).copied() {
        let number = version.to_string();
        let path = ["subjects", subject.name.as_str(), "versions", &number];
        // Removed meanwhile: nothing to compare with.
        let Answer::Found(kept) = client.get::<wire::Kept>(&attempted, &path).await? else { continue };
        let text = client.whole(&attempted, kept).await?;
        let parsed = text.and_then(|text| {
            KnownSchema::parse(&format!("version {version}"), &text).map_err(|error| error.to_string())
        });
        match parsed {
            Ok(schema) => there.push(There { version, schema }),
            Err(problem) => {
                return Ok(Err(Refusal {
                    subject: subject.name.clone(),
                    url: client.url().to_owned(),
                    version: Some(version),
                    problem: format!("{problem}; remove what is there, or file this under another subject"),
                    changes: Vec::new(),
                }));
            }
        }
    }
    Ok(Ok(there))
}

/// Sets the subject's rule, unless somebody chose one. Registries differ in what they say of a subject without
/// a rule: that there is none, that it is `NONE`, or the rule of all.
async fn set_rule(client: &Client, subject: &Subject) -> Result<(), Error> {
    let attempted = format!("set the compatibility of {}", subject.name);
    let path = ["config", subject.name.as_str()];
    match client.get::<wire::Rule>(&attempted, &path).await? {
        Answer::Found(rule) if rule.compatibility_level == RULE => return Ok(()),
        Answer::Found(rule) if rule.compatibility_level != "NONE" => {
            tracing::info!(subject = %subject.name, rule = %rule.compatibility_level,
                "a rule was chosen for this subject, and stays");
            return Ok(());
        }
        _ => {}
    }
    let rule = wire::NewRule { compatibility: RULE };
    match client.send_body::<serde_json::Value>(&attempted, Method::PUT, &path, &rule).await? {
        Answer::Found(_) => Ok(()),
        Answer::Missing => Err(client.strange(&attempted, "it has no such thing as a subject's rule")),
        Answer::Rejected(said) => Err(client.strange(&attempted, &said)),
    }
}

/// Registers one schema; or what the registry has against it.
async fn put(
    client: &Client,
    subject: &Subject,
    schema: &Arc<KnownSchema>,
) -> Result<Result<SchemaId, String>, Error> {
    let attempted = attempt(subject);
    let path = ["subjects", subject.name.as_str(), "versions"];
    let offered = wire::Offered { schema: schema.text() };
    match client.send_body::<wire::Given>(&attempted, Method::POST, &path, &offered).await? {
        Answer::Found(given) => Ok(Ok(id_of(client, &attempted, given.id)?)),
        Answer::Rejected(said) => Ok(Err(said)),
        Answer::Missing => Err(client.strange(&attempted, "it has no place for versions")),
    }
}

fn attempt(subject: &Subject) -> String {
    format!("register {}", subject.name)
}

/// A refusal by the registry's own rules, which says little: the difference is what one can act on.
fn refused_there(client: &Client, subject: &Subject, there: &[There], said: &str) -> Refusal {
    let changes = match (there.last(), subject.versions.last()) {
        (Some(older), Some(newest)) => difference(&older.schema, newest),
        _ => Vec::new(),
    };
    Refusal {
        subject: subject.name.clone(),
        url: client.url().to_owned(),
        version: None,
        problem: format!(
            "it says: {said}; keep to the rule that the subject has there, or have its owner change the rule"
        ),
        changes,
    }
}
