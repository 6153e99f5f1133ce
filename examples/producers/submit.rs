//! One question to the briefing team, and its brief, with rdkafka: JSON in; Avro out, by the schema registry or, if
//! the nodes have none, by the team's schema.
//!
//! `cargo run -p topics-log-kafka --example submit -- BROKERS NAMESPACE [REGISTRY [TASK-ID]]`; REGISTRY may be empty.

use std::error::Error;
use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Header, Headers, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use schemas_codec::{Codec, Registry};

const QUESTION: &str = r#"{"question": "Should we take on twelve analysts?", "sector": "construction", "month": "2014-03", "plan": null}"#;
const BRIEF: &str = include_str!("../../agents/team/briefing/schemas/Brief.avsc");

fn main() -> Result<(), Box<dyn Error>> {
    let [_, brokers, namespace, rest @ ..] = &std::env::args().collect::<Vec<_>>()[..] else {
        return Err("say BROKERS NAMESPACE [REGISTRY [TASK-ID]]".into());
    };
    let task_id = rest.get(1).cloned().unwrap_or_else(|| format!("rust-{}", std::process::id()));
    let (tasks, results) = (format!("{namespace}.briefing.tasks"), format!("{namespace}.briefing.results"));
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", brokers);

    let producer: BaseProducer = client.create()?;
    let headers = OwnedHeaders::new().insert(Header { key: "task-id", value: Some(&task_id) });
    let record = BaseRecord::to(&tasks).key(&task_id).payload(QUESTION).headers(headers);
    producer.send(record).map_err(|(error, _)| error)?;
    producer.flush(Duration::from_secs(30))?;

    let codec = Codec::new(Registry::new()?);
    codec.registry().register_text("Brief", BRIEF)?;
    if let Some(url) = rest.first().filter(|url| !url.is_empty()) {
        codec.registry().entrust(schemas_registry::Lookup::new(&schemas_registry::Settings::new(url))?);
    }
    client.set("group.id", format!("{results}.{task_id}")).set("auto.offset.reset", "earliest");
    client.set("isolation.level", "read_committed").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = client.create()?;
    consumer.subscribe(&[&results])?;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(120) {
        let Some(Ok(record)) = consumer.poll(Duration::from_secs(1)) else { continue };
        if header(&record, "task-id") == Some(&*task_id) {
            let outcome = header(&record, "outcome").unwrap_or_default();
            println!("{task_id} {outcome} {}", codec.to_json(record.payload().unwrap_or_default())?);
            return if outcome == "ok" { Ok(()) } else { Err("the task failed".into()) };
        }
    }
    Err(format!("no result of {task_id} within 120 s: is a node running?").into())
}

/// The text under this name.
fn header<'a>(record: &'a BorrowedMessage<'_>, name: &str) -> Option<&'a str> {
    let header = record.headers()?.iter().find(|header| header.key == name)?;
    std::str::from_utf8(header.value?).ok()
}
