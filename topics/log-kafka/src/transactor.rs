//! Transactions that commit a member's offsets: the asking side. The producer lives on a thread of its
//! own ([`producer`]), since every transactional call blocks.

mod producer;

use std::sync::Arc;

use async_trait::async_trait;
use topics_log::{Error, NewRecord, OffsetCommit, Remedy, Transactor};

use self::producer::Producer;
use crate::desk::{Asker, Desk};
use crate::ownership::Ownership;
use crate::settings::Settings;

/// A transactional producer.
pub(crate) struct KafkaTransactor {
    name: String,
    desk: Desk<Producer>,
    /// A call of the open transaction was dropped before it answered: nobody knows what it did, so the
    /// transaction must not be committed.
    abandoned: bool,
}

impl KafkaTransactor {
    /// Takes the transactional name, which ends what an earlier producer of this name left open.
    pub(crate) async fn open(
        settings: &Settings,
        name: &str,
        ownership: Arc<Ownership>,
    ) -> Result<Self, Error> {
        let make = {
            let (settings, name) = (settings.clone(), name.to_owned());
            move || Producer::open(&settings, name, ownership)
        };
        let desk = Desk::open(&format!("kafka-transactor {name}"), make).await?;
        Ok(Self { name: name.to_owned(), desk, abandoned: false })
    }

    /// Asks for one call of the open transaction.
    async fn call(
        &mut self,
        what: &str,
        job: impl FnOnce(&mut Producer, &Asker<'_>) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.abandoned = true;
        let outcome = self.desk.ask(&format!("{what} {}", self.name), job).await;
        self.abandoned = false;
        outcome
    }

    fn refuse_abandoned(&self, what: &str, remedy: Remedy) -> Result<(), Error> {
        if !self.abandoned {
            return Ok(());
        }
        let cause = "an earlier call was dropped before it answered, so nobody knows what it did";
        Err(Error::new(remedy, format!("{what} {}", self.name), cause))
    }
}

#[async_trait]
impl Transactor for KafkaTransactor {
    async fn begin(&mut self) -> Result<(), Error> {
        self.refuse_abandoned("begin a transaction of", Remedy::Unknown)?;
        self.call("begin a transaction of", |producer, _| producer.begin()).await
    }

    async fn produce(&mut self, records: Vec<NewRecord>) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        self.refuse_abandoned("produce in the transaction of", Remedy::Abort)?;
        self.call("produce in the transaction of", move |producer, _| producer.produce(&records)).await
    }

    async fn send_offsets(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error> {
        if offsets.is_empty() {
            return Ok(());
        }
        self.refuse_abandoned("send offsets in the transaction of", Remedy::Abort)?;
        let offsets = offsets.to_vec();
        self.call("send offsets in the transaction of", move |producer, _| producer.send_offsets(&offsets))
            .await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.refuse_abandoned("commit the transaction of", Remedy::Abort)?;
        self.call("commit the transaction of", |producer, _| producer.commit()).await
    }

    async fn abort(&mut self) -> Result<(), Error> {
        self.call("abort the transaction of", |producer, _| producer.abort()).await
    }
}
