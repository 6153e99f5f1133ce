//! The schema registry of a cluster: one that speaks Confluent's API over HTTP, as an
//! [`Authority`](schemas_codec::Authority) on ids.
//!
//! A node files its schemas there when it starts ([`start`]), each under the subjects of the topics that
//! carry it, and frames with the ids that it is given; so any Confluent client reads what it writes. What
//! others wrote by schemas that this process does not know is asked for by id, once, when it is first met
//! ([`Authority::text_of`](schemas_codec::Authority::text_of)); what cannot be had fails at once and is asked
//! for again some seconds later.
//!
//! This room knows HTTP and subjects. It does not know which topics there are nor who reads them, and state
//! never comes here. It is written on reqwest: of the client library that there is for this API, all that
//! would be left is its requests, since its failures are kept for ever, it knows one schema a subject and no
//! time-outs, and it cannot read references as Java clients write them (`README.md` has the list).

mod causes;
mod client;
mod difference;
mod error;
mod filing;
mod inline;
mod wire;

mod kept;
mod lookup;
mod settings;
mod start;
mod subject;

pub use difference::{Change, difference};
pub use error::Error;
pub use lookup::Lookup;
pub use settings::{Credentials, Secret, Settings};
pub use start::start;
pub use subject::{Refusal, Standing, Subject};

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use schemas_codec::{KnownSchema, SchemaId};

/// Subjects that are seen to at once: what a registry with one small machine still answers in its usual
/// time.
const AT_ONCE: usize = 4;

/// A registry over HTTP, asked directly.
#[derive(Clone, Debug)]
pub struct HttpRegistry {
    client: client::Client,
}

impl HttpRegistry {
    /// A client over its settings; nothing is sent.
    ///
    /// # Errors
    /// [`Error::Settings`].
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { client: client::Client::new(settings)? })
    }

    /// How each subject stands, in their order; nothing is changed.
    ///
    /// # Errors
    /// What kept the registry from saying so. A subject that is refused is no error here.
    pub async fn check(&self, subjects: &[Subject]) -> Result<Vec<Standing>, Error> {
        self.each(subjects, |client, subject| async move { filing::standing(&client, &subject).await }).await
    }

    /// Files what is not there yet, and says how each subject stands then, in their order.
    ///
    /// # Errors
    /// What kept the registry from doing so. A subject that is refused is no error here; all others
    /// are filed.
    pub async fn register(&self, subjects: &[Subject]) -> Result<Vec<Standing>, Error> {
        self.each(subjects, |client, subject| async move { filing::register(&client, &subject).await }).await
    }

    /// The schema with this id as one self-contained text: what it refers to is written out in it.
    ///
    /// # Errors
    /// [`Error::NoSuchId`], [`Error::Unusable`], and what kept the registry from answering.
    pub async fn text_of(&self, id: SchemaId) -> Result<String, Error> {
        self.client.text_of(id).await
    }

    /// Files one schema under its record's own name, for a message that no subject was planned for.
    pub(crate) async fn register_alone(&self, schema: Arc<KnownSchema>) -> Result<SchemaId, Error> {
        let subject = Subject { name: schema.name().to_owned(), versions: vec![schema] };
        match filing::register(&self.client, &subject).await? {
            Standing::Registered(id) => Ok(id),
            Standing::Refused(refusal) => Err(Error::Refused(vec![refusal])),
            Standing::New { .. } => Err(self.client.strange("register a schema", "it was not registered")),
        }
    }

    async fn each<F>(
        &self,
        subjects: &[Subject],
        work: impl Fn(client::Client, Subject) -> F,
    ) -> Result<Vec<Standing>, Error>
    where
        F: Future<Output = Result<Standing, Error>>,
    {
        let all: Vec<_> = subjects.iter().map(|subject| work(self.client.clone(), subject.clone())).collect();
        futures::stream::iter(all).buffered(AT_ONCE).try_collect().await
    }
}
