//! Topics: what there is, making them, taking them away.
//!
//! A client is made for each call and dropped after it: these calls are rare, and an idle client would
//! collect librdkafka's log lines without anybody reading them.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic as Wanted, TopicReplication, TopicResult};
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use topics_log::{Error, NewTopic, Remedy, TopicDescription};

use crate::desk::Desk;
use crate::errors;
use crate::logging::{Named, Voice};
use crate::native;
use crate::settings::Settings;

/// How long the controller may take for one request.
const REQUEST_BOUND: Duration = Duration::from_secs(30);

/// How long a change may take to be seen by every broker that is asked.
const VISIBLE_BOUND: Duration = Duration::from_secs(15);

/// How often to look meanwhile.
const VISIBLE_PAUSE: Duration = Duration::from_millis(20);

/// Copies of each partition where nobody said how many: with three, one may be lost while another is away.
const COPIES_MAX: i32 = 3;

/// How long the first look for a broker takes before it is asked whether a refusal has come: soon enough for
/// whoever waits. Each further one takes twice as long, since over a slow line an answer may take seconds.
const REACH_TURN_FIRST: Duration = Duration::from_millis(250);

const CREATE: &str = "create topic";
const REMOVE: &str = "remove topic";

/// The desk of one call.
pub(crate) struct Admin(Desk<Worker>);

/// The client of one call, on its thread.
pub(crate) struct Worker {
    client: AdminClient<Named>,
    patience: Duration,
}

impl Admin {
    /// Makes the client. It has not connected yet.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Error> {
        let settings = settings.clone();
        let make = move || {
            let client = settings
                .admin()
                .create_with_context(Named(Voice::new(format!("{} admin", settings.client_id))))
                .map_err(|error| errors::of("make an admin client", &error))?;
            Ok(Worker { client, patience: settings.connect_timeout })
        };
        Ok(Self(Desk::open("kafka-admin", make).await?))
    }

    /// Has something done with the client.
    pub(crate) async fn ask<R: Send + 'static>(
        &self,
        attempted: &str,
        job: impl FnOnce(&mut Worker) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        self.0.ask(attempted, move |worker, _| job(worker)).await
    }

    /// Asks any broker for the cluster's brokers.
    pub(crate) async fn reach(&self, attempted: String) -> Result<(), Error> {
        self.0.ask("reach the brokers", move |worker, _| worker.reach(attempted)).await
    }

    /// The topics whose names begin with `prefix`, sorted by name.
    pub(crate) async fn topics(&self, prefix: &str) -> Result<Vec<TopicDescription>, Error> {
        let prefix = prefix.to_owned();
        self.0.ask("list topics", move |worker, _| worker.topics(&prefix)).await
    }

    /// Creates topics and waits until they can be used.
    pub(crate) async fn create(&self, topics: &[NewTopic]) -> Result<(), Error> {
        let topics = topics.to_vec();
        self.0.ask("create topics", move |worker, _| worker.create(&topics)).await
    }

    /// Removes topics and waits until they are gone.
    pub(crate) async fn remove(&self, names: &[String]) -> Result<(), Error> {
        let names = names.to_vec();
        self.0.ask("remove topics", move |worker, _| worker.remove(&names)).await
    }
}

impl Worker {
    /// The admin client.
    pub(crate) fn admin(&self) -> &AdminClient<Named> {
        &self.client
    }

    /// librdkafka's client, alive as long as this is borrowed.
    pub(crate) fn native(&self) -> native::Client {
        self.client.inner().native_ptr()
    }

    /// How long to wait for an answer of a broker.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Asks in short turns: whoever refuses this client says so at once, and a call only says, once its time is
    /// up, that nobody answered.
    fn reach(&self, attempted: String) -> Result<(), Error> {
        let (deadline, mut turn) = (Instant::now() + self.patience, REACH_TURN_FIRST);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let asked = native::learn_brokers(self.client.inner().native_ptr(), left.min(turn));
            let Err(code) = asked else { return Ok(()) };
            let voice = &self.client.inner().context().0;
            voice.listen_to(self.client.inner().native_ptr());
            match voice.trouble() {
                Some((code, reason)) if left <= turn || errors::remedy(code) == Remedy::Stop => {
                    return Err(errors::of_event(attempted, code, &reason));
                }
                None if left <= turn => return Err(errors::of_code(attempted, code)),
                _ => turn *= 2,
            }
        }
    }

    fn topics(&self, prefix: &str) -> Result<Vec<TopicDescription>, Error> {
        let attempted = format!("list the topics {prefix}*");
        let metadata = self
            .client
            .inner()
            .fetch_metadata(None, self.patience)
            .map_err(|error| errors::of(&attempted, &error))?;
        let names: Vec<String> = metadata
            .topics()
            .iter()
            .map(|topic| topic.name().to_owned())
            .filter(|name| name.starts_with(prefix))
            .collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let described = native::describe_topics(self.client.inner().native_ptr(), &names, self.patience)
            .map_err(|code| errors::of_code(&attempted, code))?;
        let mut topics: Vec<TopicDescription> = described
            .into_iter()
            .map(|topic| TopicDescription { name: topic.name, id: topic.id, partitions: topic.partitions })
            .collect();
        topics.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(topics)
    }

    fn create(&self, topics: &[NewTopic]) -> Result<(), Error> {
        if topics.is_empty() {
            return Ok(());
        }
        let default = match topics.iter().find(|topic| topic.replication == 0) {
            Some(topic) => self.copies_possible(topic)?,
            None => COPIES_MAX,
        };
        let wanted: Vec<_> = topics
            .iter()
            .map(|topic| wanted(topic, if topic.replication == 0 { default } else { topic.replication }))
            .collect();
        let answers = block_on(CREATE, self.client.create_topics(&wanted, &options()))?;
        first_failure(CREATE, answers)?;
        self.wait_until("see the new topics", |seen| {
            topics.iter().all(|topic| {
                seen.iter().any(|(name, ready)| *name == topic.name && *ready == topic.partitions)
            })
        })
    }

    /// How many copies the cluster can keep of a topic, up to [`COPIES_MAX`]: it is asked, since brokers that are away
    /// for a moment count too.
    fn copies_possible(&self, topic: &NewTopic) -> Result<i32, Error> {
        for copies in (2..=COPIES_MAX).rev() {
            let question = [wanted(topic, copies)];
            let only_asked = options().validate_only(true);
            let answers = block_on(CREATE, self.client.create_topics(&question, &only_asked))?;
            let is_refused =
                |answer: &TopicResult| matches!(answer, Err((_, RDKafkaErrorCode::InvalidReplicationFactor)));
            if !answers.iter().any(is_refused) {
                return Ok(copies);
            }
        }
        Ok(1)
    }

    fn remove(&self, names: &[String]) -> Result<(), Error> {
        if names.is_empty() {
            return Ok(());
        }
        let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
        let answers = block_on(REMOVE, self.client.delete_topics(&borrowed, &options()))?;
        first_failure(REMOVE, answers)?;
        self.wait_until("see the topics go", |seen| {
            names.iter().all(|name| seen.iter().all(|(other, _)| other != name))
        })
    }

    /// Waits until the topics, each with its number of partitions that have a leader, are as wanted.
    pub(crate) fn wait_until(
        &self,
        attempted: &str,
        is_so: impl Fn(&[(String, i32)]) -> bool,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + VISIBLE_BOUND;
        loop {
            let metadata = self
                .client
                .inner()
                .fetch_metadata(None, self.patience)
                .map_err(|error| errors::of(attempted, &error))?;
            let seen: Vec<(String, i32)> = metadata
                .topics()
                .iter()
                .map(|topic| {
                    let ready = topic.partitions().iter().filter(|one| one.leader() >= 0).count();
                    (topic.name().to_owned(), i32::try_from(ready).unwrap_or(i32::MAX))
                })
                .collect();
            if is_so(&seen) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let cause = format!("the cluster still does not show it after {VISIBLE_BOUND:?}");
                return Err(Error::new(Remedy::Retry, attempted, cause));
            }
            thread::park_timeout(VISIBLE_PAUSE);
        }
    }
}

/// A topic in rdkafka's words.
fn wanted(topic: &NewTopic, copies: i32) -> Wanted<'_> {
    let wanted = Wanted::new(&topic.name, topic.partitions, TopicReplication::Fixed(copies));
    topic.config.iter().fold(wanted, |wanted, (key, value)| wanted.set(key, value))
}

/// How long requests that change something may take.
pub(crate) fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(REQUEST_BOUND)).operation_timeout(Some(REQUEST_BOUND))
}

/// Drives one of rdkafka's futures on this thread; an admin client's own thread wakes it.
pub(crate) fn block_on<T>(attempted: &str, answer: impl Future<Output = KafkaResult<T>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| Error::new(Remedy::Retry, attempted, error.to_string()))?;
    runtime.block_on(answer).map_err(|error| errors::of(attempted, &error))
}

/// The first failure among the answers for each topic.
pub(crate) fn first_failure(attempted: &str, answers: Vec<TopicResult>) -> Result<(), Error> {
    for answer in answers {
        match answer {
            Ok(_) => {}
            Err((name, code)) => return Err(errors::of_code(format!("{attempted} {name}"), code)),
        }
    }
    Ok(())
}
