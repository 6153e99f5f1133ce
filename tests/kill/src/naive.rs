//! What people write first: a consumer that calls the model in its handler. It is what Tributary is compared
//! with, and it is not made worse than it has to be.
//!
//! librdkafka's defaults hold where they are not named here: offsets are stored when a record is handed over
//! and committed every five seconds, whatever has become of it; results are produced without transactions.
//! Nothing fails here but the process.

use std::sync::Arc;
use std::time::Duration;

use agents_model::Model;
use agents_model_http::{HttpModel, Settings};
use agents_team_briefing::prompts::Prompt;
use agents_team_briefing::{Data, messages::Question, wording};
use anyhow::Context;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, ThreadedProducer};
use tokio::sync::Semaphore;

use crate::work::{Worded, Work, request};

/// Tasks in flight, and with them calls: as many calls as the model gateway on the other side may have.
pub const IN_FLIGHT: usize = 8;

/// How long a poll waits: nothing depends on it.
const POLL: Duration = Duration::from_millis(100);

/// What it is told.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Kafka's brokers.
    #[arg(long)]
    brokers: String,
    /// Its group.
    #[arg(long)]
    group: String,
    /// Where its tasks come from.
    #[arg(long)]
    tasks: String,
    /// Where its results go.
    #[arg(long)]
    results: String,
    /// The model's base URL.
    #[arg(long)]
    model: String,
    /// After how many milliseconds of silence the group takes a member for dead.
    #[arg(long)]
    session_timeout_ms: u64,
}

/// What every handler works with.
struct Shop {
    data: Data,
    model: HttpModel,
    producer: ThreadedProducer<DefaultProducerContext>,
    results: String,
}

/// Consumes until it is killed.
pub fn main(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &arguments.brokers)
        .set("group.id", &arguments.group)
        .set("auto.offset.reset", "earliest")
        // A kindness: without a name that it keeps, the group would wait for the killed member's session to
        // end before the next one gets a partition, 45 s by default, at every kill.
        .set("group.instance.id", "naive-1")
        .set("session.timeout.ms", arguments.session_timeout_ms.to_string())
        .create()
        .context("make a consumer")?;
    consumer.subscribe(&[&arguments.tasks]).context("subscribe")?;
    let shop = Arc::new(Shop {
        data: Data::bundled()?,
        model: HttpModel::new(Settings::new(&arguments.model, "scripted"))?,
        producer: ClientConfig::new().set("bootstrap.servers", &arguments.brokers).create()?,
        results: arguments.results.clone(),
    });
    let places = Arc::new(Semaphore::new(IN_FLIGHT));
    loop {
        let place = runtime.block_on(Arc::clone(&places).acquire_owned())?;
        let Some(message) = consumer.poll(POLL) else { continue };
        let message = message.context("take a task")?;
        let key = message.key().unwrap_or_default().to_vec();
        let value = message.payload().unwrap_or_default().to_vec();
        let shop = Arc::clone(&shop);
        runtime.spawn(async move {
            if let Err(error) = handle(&shop, &key, &value).await {
                eprintln!("task {}: {error:#}", String::from_utf8_lossy(&key));
            }
            drop(place);
        });
    }
}

/// One task, from its question to its brief.
async fn handle(shop: &Shop, key: &[u8], value: &[u8]) -> anyhow::Result<()> {
    let question: Question = serde_json::from_slice(value).context("read the question")?;
    let work = Work::new(&shop.data, question).map_err(anyhow::Error::msg)?;
    let [figures, trend, verdict] = work.prompts();
    // One after another, as one writes it: so eight tasks in flight are eight calls in flight.
    let said = [ask(shop, &figures).await, ask(shop, &trend).await, ask(shop, &verdict).await];
    let brief = serde_json::to_vec(&work.brief(said))?;
    let record = BaseRecord::to(&shop.results).key(key).payload(&brief);
    // Waiting for its acknowledgement would change nothing: no offset waits for it.
    shop.producer.send(record).map_err(|(error, _)| error).context("produce the result")
}

/// The model's sentence, if it may be used; as in the team, without one the brief stands all the same.
async fn ask(shop: &Shop, prompt: &Prompt) -> Worded {
    match shop.model.complete(&request(prompt)).await {
        Ok(answer) => match wording::accept(&answer.text, &prompt.facts) {
            Ok(sentence) => (sentence, answer.model),
            Err(_) => Worded::default(),
        },
        Err(error) => {
            eprintln!("ask the model: {error}");
            Worded::default()
        }
    }
}
