//! The door itself: [`Log`] on a Kafka cluster.

use async_trait::async_trait;
use topics_log::{
    Consumer, Error, Group, Log, NewTopic, Publisher, Reader, Start, TopicDescription, TopicPartition,
};

use crate::admin::Admin;
use crate::consumer::KafkaConsumer;
use crate::publisher::KafkaPublisher;
use crate::reader::KafkaReader;
use crate::settings::Settings;

/// A Kafka cluster as a [`Log`]. It holds settings only: each consumer, transactor, publisher and reader
/// made from it has its own connections and its own thread, and closes them on that thread when dropped.
#[derive(Clone, Debug)]
pub struct KafkaLog {
    settings: Settings,
}

impl KafkaLog {
    /// Checks the settings and that a broker answers.
    ///
    /// # Errors
    /// `Stop` for settings that are refused, naming the property and the reason; `Retry` if no broker
    /// answers within [`Settings::connect_timeout`].
    pub async fn connect(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let admin = Admin::open(&settings).await?;
        admin
            .reach(format!("reach Kafka at {} within {:?}", settings.brokers, settings.connect_timeout))
            .await?;
        Ok(Self { settings })
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }
}

#[async_trait]
impl Log for KafkaLog {
    async fn join(&self, group: Group, topics: &[&str]) -> Result<Box<dyn Consumer>, Error> {
        Ok(Box::new(KafkaConsumer::join(self.settings.clone(), group, topics).await?))
    }

    async fn publisher(&self) -> Result<Box<dyn Publisher>, Error> {
        Ok(Box::new(KafkaPublisher::open(&self.settings).await?))
    }

    async fn reader(&self, from: &[(TopicPartition, Start)]) -> Result<Box<dyn Reader>, Error> {
        Ok(Box::new(KafkaReader::open(&self.settings, from).await?))
    }

    async fn topics(&self, prefix: &str) -> Result<Vec<TopicDescription>, Error> {
        Admin::open(&self.settings).await?.topics(prefix).await
    }

    async fn create(&self, topics: &[NewTopic]) -> Result<(), Error> {
        Admin::open(&self.settings).await?.create(topics).await
    }

    async fn remove(&self, topics: &[String]) -> Result<(), Error> {
        Admin::open(&self.settings).await?.remove(topics).await
    }
}
