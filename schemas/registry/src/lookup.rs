//! The registry as an authority on ids for a codec, which cannot wait for futures: what was heard is
//! answered from memory, what was not is asked for on a thread of its own while the caller waits.
//!
//! The waiting is bounded: by [`Settings::lookup_max`] for one id, and after an answer that there is none, or
//! none at all, by not asking again for [`Settings::absent_for`]. So a flood of unknown ids, or a registry
//! that hangs, costs one wait in that time and not one a record.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use schemas_codec::{Authority, KnownSchema, SchemaId};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::client::within;
use crate::error::Error;
use crate::settings::Settings;
use crate::{HttpRegistry, kept};

/// Most schemas that are kept, of others' too: as many as a codec keeps.
const HEARD_MAX: usize = 1_000;

/// Most questions whose answer was that there is none, kept so as not to ask again. Beyond it all are
/// forgotten, and a flood of invented ids costs a request each, which it does anyway the first time.
const ABSENT_MAX: usize = 1_000;

/// Ids and schemas as a registry gives them. Made by [`crate::start`], or by [`Lookup::new`] for who only
/// reads.
#[derive(Debug)]
pub struct Lookup {
    shared: Arc<Shared>,
    questions: Mutex<Sender<Question>>,
}

/// What the callers and the thread that asks have in common.
#[derive(Debug)]
struct Shared {
    heard: Mutex<Heard>,
    url: String,
    cache: Option<PathBuf>,
    lookup_max: Duration,
    absent_for: Duration,
}

#[derive(Debug, Default)]
struct Heard {
    /// What ids mean, at most [`HEARD_MAX`].
    texts: BTreeMap<SchemaId, Arc<str>>,
    /// The ids of the schemas that this process writes by.
    ids: BTreeMap<Arc<str>, SchemaId>,
    /// Until when something need not be asked for, and why.
    absent: BTreeMap<Key, (Instant, String)>,
    /// Until when nothing need be asked for at all.
    away: Option<(Instant, String)>,
}

/// What is asked for: a schema by its id, or the id of a schema, by its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Meaning(SchemaId),
    Number(Arc<str>),
}

#[derive(Debug)]
struct Question {
    key: Key,
    /// Where the answer goes; by then nobody may be waiting.
    answer: SyncSender<Result<(SchemaId, Arc<str>), String>>,
}

impl Lookup {
    /// An authority that has heard nothing yet; nothing is sent before something is asked for.
    ///
    /// # Errors
    /// [`Error::Settings`].
    pub fn new(settings: &Settings) -> Result<Arc<Self>, Error> {
        Self::open(settings, Vec::new())
    }

    pub(crate) fn open(settings: &Settings, known: Vec<(SchemaId, String)>) -> Result<Arc<Self>, Error> {
        // Its connections belong to the thread below and to no other runtime.
        let registry = HttpRegistry::new(settings)?;
        let mut heard = Heard::default();
        for (id, text) in known {
            let text: Arc<str> = text.into();
            heard.ids.insert(Arc::clone(&text), id);
            heard.keep(id, text);
        }
        let shared = Arc::new(Shared {
            heard: Mutex::new(heard),
            url: registry.client.url().to_owned(),
            cache: settings.cache.clone(),
            lookup_max: settings.lookup_max,
            absent_for: settings.absent_for,
        });
        shared.save();
        let (questions, asked) = channel();
        let answering = Arc::clone(&shared);
        let wrong = |error: std::io::Error| Error::Settings { problem: format!("begin a thread: {error}") };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(wrong)?;
        let work = move || answer_all(&answering, &registry, &runtime, &asked);
        std::thread::Builder::new().name("tributary-schemas".into()).spawn(work).map_err(wrong)?;
        Ok(Arc::new(Self { shared, questions: Mutex::new(questions) }))
    }

    fn ask(&self, key: Key) -> Result<(SchemaId, Arc<str>), String> {
        if let Some(known) = self.shared.heard().known(&key) {
            return known;
        }
        let (answer, answered) = sync_channel(1);
        let question = Question { key, answer };
        let sent = self.questions.lock().unwrap_or_else(PoisonError::into_inner).send(question);
        sent.map_err(|_| ENDED.to_owned())?;
        // One question may be before this one; of more, the first finds that nobody answers.
        let max = self.shared.lookup_max * 2;
        match wait(&answered, max) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(format!(
                "the schema registry {} was not asked within {max:?}; try again when it answers",
                self.shared.url
            )),
            Err(RecvTimeoutError::Disconnected) => Err(ENDED.to_owned()),
        }
    }
}

/// A thread ends only with the process, or by a panic.
const ENDED: &str = "nobody asks the schema registry any more; start this process again";

/// Waits in a way that lets a runtime's other tasks go on.
fn wait<T>(answered: &Receiver<T>, max: Duration) -> Result<T, RecvTimeoutError> {
    let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
    if matches!(flavor, Ok(RuntimeFlavor::MultiThread)) {
        return tokio::task::block_in_place(|| answered.recv_timeout(max));
    }
    answered.recv_timeout(max)
}

impl Authority for Lookup {
    fn id_of(&self, schema: &KnownSchema) -> Result<SchemaId, String> {
        let found = self.ask(Key::Number(schema.text().into()));
        found.map(|(id, _)| id).map_err(|reason| {
            format!("{reason}; a message that is named before the start is registered then")
        })
    }

    fn text_of(&self, id: SchemaId) -> Result<String, String> {
        self.ask(Key::Meaning(id)).map(|(_, text)| text.to_string())
    }
}

/// Answers until nobody can ask any more.
fn answer_all(
    shared: &Shared,
    registry: &HttpRegistry,
    runtime: &tokio::runtime::Runtime,
    questions: &Receiver<Question>,
) {
    while let Ok(Question { key, answer }) = questions.recv() {
        // Somebody before may have asked the same, or found that nobody answers.
        let known = shared.heard().known(&key);
        let found = known.unwrap_or_else(|| {
            let asking = within(&registry.client, "ask for a schema", shared.lookup_max, ask(registry, &key));
            shared.note(key.clone(), runtime.block_on(asking))
        });
        // Whoever asked may have gone.
        let _ = answer.send(found);
    }
}

async fn ask(registry: &HttpRegistry, key: &Key) -> Result<(SchemaId, String), Error> {
    match key {
        Key::Meaning(id) => registry.text_of(*id).await.map(|text| (*id, text)),
        Key::Number(text) => {
            let schema = KnownSchema::parse("a message", text)
                .map_err(|error| Error::Settings { problem: error.to_string() })?;
            registry.register_alone(Arc::new(schema)).await.map(|id| (id, text.to_string()))
        }
    }
}

impl Shared {
    // A panic elsewhere leaves nothing half done: each change is an insertion or two that agree.
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an answer.
    fn note(
        &self,
        key: Key,
        answer: Result<(SchemaId, String), Error>,
    ) -> Result<(SchemaId, Arc<str>), String> {
        let until = Instant::now() + self.absent_for;
        let mut heard = self.heard();
        match answer {
            Ok((id, text)) => {
                let text: Arc<str> = text.into();
                if let Key::Number(_) = key {
                    heard.ids.insert(Arc::clone(&text), id);
                }
                heard.keep(id, Arc::clone(&text));
                heard.away = None;
                drop(heard);
                self.save();
                Ok((id, text))
            }
            Err(error) => {
                let reason = error.to_string();
                if error.passes() {
                    if heard.away.is_none() {
                        tracing::warn!(%error, "schemas that are known go on; others fail until it answers");
                    }
                    heard.away = Some((until, reason.clone()));
                } else {
                    if heard.absent.len() >= ABSENT_MAX {
                        heard.absent.clear();
                    }
                    heard.absent.insert(key, (until, reason.clone()));
                }
                Err(reason)
            }
        }
    }

    fn save(&self) {
        let Some(path) = &self.cache else { return };
        let texts: Vec<(SchemaId, String)> =
            self.heard().texts.iter().map(|(id, text)| (*id, text.to_string())).collect();
        if !texts.is_empty() {
            kept::write(path, &self.url, &texts);
        }
    }
}

impl Heard {
    /// What is known without asking: an answer, or that there is none at this time.
    fn known(&self, key: &Key) -> Option<Result<(SchemaId, Arc<str>), String>> {
        let found = match key {
            Key::Meaning(id) => self.texts.get(id).map(|text| (*id, Arc::clone(text))),
            Key::Number(text) => self.ids.get(text).map(|id| (*id, Arc::clone(text))),
        };
        if let Some(found) = found {
            return Some(Ok(found));
        }
        let now = Instant::now();
        let none = self.absent.get(key).into_iter().chain(&self.away).find(|(until, _)| now < *until);
        none.map(|(_, reason)| Err(reason.clone()))
    }

    fn keep(&mut self, id: SchemaId, text: Arc<str>) {
        if self.texts.len() >= HEARD_MAX {
            // What this process frames with stays: while the registry is away it could not be had again.
            self.texts.retain(|id, text| self.ids.get(text) == Some(id));
        }
        if self.texts.len() < HEARD_MAX {
            self.texts.insert(id, text);
        }
    }
}
