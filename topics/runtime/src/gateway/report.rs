//! The end of a request: its answer is asked for until its deadline, and reported until the log has it.

use std::sync::Arc;

use schemas_codec::Codec;
use tokio::time::Instant;
use topics_log::{NewRecord, Publisher, Record};

use super::log_time::LogTime;
use super::run::{Parts, Settings};
use super::{Answered, Request};
use crate::dead_letters::{DeadReason, dead_letter};
use crate::error::{Error, Remedy};
use crate::names;
use crate::probe::Moment;
use crate::spans;

/// Who reports: cheap to clone, one for each request in flight.
#[derive(Clone)]
pub(super) struct Reporter {
    pub(super) parts: Parts,
    pub(super) settings: Arc<Settings>,
    pub(super) publisher: Arc<dyn Publisher>,
    /// Learns from what is published; tells what is past its deadline.
    pub(super) log_time: Arc<LogTime>,
}

impl Reporter {
    /// The life of one request. What answers it carries on from its span.
    pub(super) async fn answer(self, mut request: Request) -> Result<(), Error> {
        let span = spans::request(&self.settings.name, &request.envelope);
        if let Some(trace) = spans::at_call(&request.envelope) {
            request.envelope.traceparent = Some(trace.to_string());
        }
        self.at(Moment::Admitted).await;
        let Answered { records, dead } = self.ask(&request, &span).await?;
        self.at(Moment::Answered).await;
        if let Some(reason) = dead {
            span.record("error.type", reason.code);
            self.bury(&request.record, &reason).await?;
        }
        if let Err(error) = self.publish(records.clone()).await {
            let Some(missing) = self.unreachable(&records).await? else { return Err(error) };
            let message = format!("its answer goes to {missing}, which does not exist");
            let reason = DeadReason::new(
                "unreachable-reply",
                message,
                "see who wrote this request, and for which team",
            );
            self.bury(&request.record, &reason).await?;
        }
        self.at(Moment::Reported).await;
        span.record("counts", true);
        Ok(())
    }

    /// What is to be reported: the gateway's answer if it comes before the deadline.
    async fn ask(&self, request: &Request, span: &tracing::Span) -> Result<Answered, Error> {
        let (gateway, deadline) = (&self.parts.gateway, request.envelope.limits.deadline);
        if !self.log_time.is_past(deadline) {
            tokio::select! {
                biased;
                answered = self.insist(|| gateway.answer(request.clone())) => return answered,
                () = self.log_time.passes(deadline) => {}
            }
        }
        span.record("error.type", "deadline-exceeded");
        metrics::counter!(names::GATEWAY_EXPIRED, "gateway" => self.settings.name.clone()).increment(1);
        self.insist(|| gateway.expired(request.clone())).await
    }

    /// Which of these records goes where there is nothing, if one does: that is the request's fault, and no
    /// reason for a gateway to stop.
    async fn unreachable(&self, records: &[NewRecord]) -> Result<Option<String>, Error> {
        for record in records {
            let found = self.insist(|| async { Ok(self.parts.log.topics(&record.topic).await?) }).await?;
            let partitions =
                found.iter().find(|topic| *topic.name == *record.topic).map_or(0, |topic| topic.partitions);
            let partition = record.partition.unwrap_or(0);
            if !(0..partitions).contains(&partition) {
                return Ok(Some(format!("{}/{partition}", record.topic)));
            }
        }
        Ok(None)
    }

    /// Publishes a dead letter until it is acknowledged.
    pub(super) async fn bury(&self, record: &Record, reason: &DeadReason) -> Result<(), Error> {
        let (codec, settings): (&Codec, &Settings) = (&self.parts.codec, &self.settings);
        tracing::warn!(gateway = %settings.name, partition = %record.topic_partition, offset = record.offset,
            code = reason.code, message = %reason.message, "dead letter");
        metrics::counter!(names::DEAD_LETTERS, "handler" => settings.name.clone(), "code" => reason.code)
            .increment(1);
        let letter = dead_letter(codec, &settings.dead_letters, &settings.name, record, reason)
            .map_err(|error| Error::new(Remedy::Stop, "write a dead letter", error.to_string()))?;
        self.publish(vec![letter]).await
    }

    /// Publishes until acknowledged: readers bear duplicates, nobody bears a loss.
    async fn publish(&self, mut records: Vec<NewRecord>) -> Result<(), Error> {
        self.settings.group.sign(&mut records);
        if records.is_empty() {
            return Ok(());
        }
        self.insist(|| async {
            let sent = Instant::now();
            let appended = self.publisher.publish(records.clone()).await?;
            if self.log_time.appended(sent, &appended) {
                tracing::debug!(gateway = %self.settings.name, "the broker's clock stepped back");
            }
            Ok(())
        })
        .await
    }

    /// Does something again after a pause as long as that may help. Ends early only by being dropped.
    async fn insist<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        loop {
            match attempt().await {
                Err(error) if error.remedy == Remedy::Retry => {
                    tracing::info!(gateway = %self.settings.name, %error, "trying again");
                    tokio::time::sleep(self.settings.retry_pause).await;
                }
                ended => return ended,
            }
        }
    }

    async fn at(&self, moment: Moment) {
        self.parts.probe.at(&self.settings.name, moment).await;
    }
}
