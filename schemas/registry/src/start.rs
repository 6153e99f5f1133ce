//! The start of a node: its schemas are filed, and it learns their ids.

use std::sync::Arc;
use std::time::Duration;

use schemas_codec::SchemaId;
use tokio::time::Instant;

use crate::HttpRegistry;
use crate::error::Error;
use crate::kept;
use crate::lookup::Lookup;
use crate::settings::Settings;
use crate::subject::{Standing, Subject};

/// Pauses between two attempts to reach a registry: the first is quick, for one that is just coming up, and
/// none is so short that many waiting nodes are a burden to it.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Files `subjects` and returns the authority that knows their ids. Of a registry that is away, what an
/// earlier start heard is taken if it has the ids of all of them; else it is waited for, within
/// [`Settings::start_max`], and that is said once.
///
/// # Errors
/// [`Error::Refused`] with every schema that cannot be filed, [`Error::Away`] after the wait, and what waiting
/// does not mend at once.
pub async fn start(settings: &Settings, subjects: &[Subject]) -> Result<Arc<Lookup>, Error> {
    let registry = HttpRegistry::new(settings)?;
    let url = registry.client.url().to_owned();
    let before = settings.cache.as_deref().map(|path| kept::read(path, &url)).unwrap_or_default();
    let deadline = Instant::now().checked_add(settings.start_max);
    let mut pause = PAUSE_FIRST;
    loop {
        let error = match registry.register(subjects).await {
            Ok(standings) => {
                let given = given(subjects, standings)?;
                return Lookup::open(settings, known(given, before));
            }
            Err(error) if error.passes() => error,
            Err(error) => return Err(error),
        };
        if has_all(&before, subjects) {
            tracing::warn!(%error, "the schema registry is away; going on with the ids that it gave before");
            return Lookup::open(settings, before);
        }
        let now = Instant::now();
        if deadline.is_some_and(|deadline| now >= deadline) {
            return Err(error);
        }
        if pause == PAUSE_FIRST {
            let wait = deadline.map(|_| tracing::field::debug(settings.start_max));
            tracing::warn!(%error, wait, "waiting for the schema registry");
        }
        let next = now + pause;
        tokio::time::sleep_until(deadline.map_or(next, |deadline| next.min(deadline))).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// The ids that were given, or everything that was refused.
fn given(subjects: &[Subject], standings: Vec<Standing>) -> Result<Vec<(SchemaId, String)>, Error> {
    let (mut given, mut refusals) = (Vec::new(), Vec::new());
    for (subject, standing) in subjects.iter().zip(standings) {
        match (standing, subject.versions.last()) {
            (Standing::Registered(id), Some(schema)) => given.push((id, schema.text().to_owned())),
            (Standing::Refused(refusal), _) => refusals.push(refusal),
            _ => {}
        }
    }
    if refusals.is_empty() { Ok(given) } else { Err(Error::Refused(refusals)) }
}

/// What was given now, and what was heard before of others' schemas, unless the registry gives other ids
/// than it did: then it is another one, or has lost what it had, and what it said before means nothing.
fn known(given: Vec<(SchemaId, String)>, before: Vec<(SchemaId, String)>) -> Vec<(SchemaId, String)> {
    let is_other = before.iter().any(|(id, text)| {
        let is_own = given.iter().any(|(_, own)| own == text);
        let has_id = given.iter().any(|(own, _)| own == id);
        is_own != has_id
    });
    if is_other {
        tracing::warn!("the schema registry gives other ids than before; what it said before is forgotten");
        return given;
    }
    let mut known = given;
    for heard in before {
        if !known.contains(&heard) {
            known.push(heard);
        }
    }
    known
}

fn has_all(before: &[(SchemaId, String)], subjects: &[Subject]) -> bool {
    let mut newest = subjects.iter().filter_map(|subject| subject.versions.last());
    newest.all(|schema| before.iter().any(|(_, text)| text == schema.text()))
}
