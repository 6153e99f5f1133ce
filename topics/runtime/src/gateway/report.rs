//! The end of a request: its answer is asked for, and reported until the log has it.

use std::sync::Arc;

use schemas_codec::Codec;
use topics_log::{Log, NewRecord, Publisher, Record};

use super::run::{Parts, Settings};
use super::{Answered, Request};
use crate::dead_letters::{DeadReason, dead_letter};
use crate::error::{Error, Remedy};
use crate::names;
use crate::probe::Moment;

/// The life of one request.
pub(super) async fn answer(
    parts: Parts,
    settings: Settings,
    publisher: Arc<dyn Publisher>,
    request: Request,
) -> Result<(), Error> {
    parts.probe.at(&settings.name, Moment::Admitted).await;
    let Answered { records, dead } = loop {
        match parts.gateway.answer(request.clone()).await {
            Ok(answered) => break answered,
            Err(error) if error.remedy == Remedy::Retry => {
                tracing::warn!(gateway = %settings.name, %error, "trying again");
                tokio::time::sleep(settings.retry_pause).await;
            }
            Err(error) => return Err(error),
        }
    };
    parts.probe.at(&settings.name, Moment::Answered).await;
    if let Some(reason) = dead {
        bury(&parts.codec, &settings, &*publisher, &request.record, &reason).await?;
    }
    if let Err(error) = publish(&settings, &*publisher, records.clone()).await {
        let missing = unreachable(&*parts.log, &records).await?;
        let Some(missing) = missing else { return Err(error) };
        let message = format!("its answer goes to {missing}, which does not exist");
        let reason =
            DeadReason::new("unreachable-reply", message, "see who wrote this request, and for which team");
        bury(&parts.codec, &settings, &*publisher, &request.record, &reason).await?;
    }
    parts.probe.at(&settings.name, Moment::Reported).await;
    Ok(())
}

/// Which of these records goes where there is nothing, if one does: that is the request's fault, and no
/// reason for a gateway to stop.
async fn unreachable(log: &dyn Log, records: &[NewRecord]) -> Result<Option<String>, Error> {
    for record in records {
        let found = log.topics(&record.topic).await?;
        let partitions =
            found.iter().find(|topic| *topic.name == *record.topic).map_or(0, |topic| topic.partitions);
        let partition = record.partition.unwrap_or(0);
        if !(0..partitions).contains(&partition) {
            return Ok(Some(format!("{}/{partition}", record.topic)));
        }
    }
    Ok(None)
}

pub(super) async fn bury(
    codec: &Codec,
    settings: &Settings,
    publisher: &dyn Publisher,
    record: &Record,
    reason: &DeadReason,
) -> Result<(), Error> {
    tracing::warn!(gateway = %settings.name, partition = %record.topic_partition, offset = record.offset,
        code = reason.code, message = %reason.message, "dead letter");
    metrics::counter!(names::DEAD_LETTERS, "handler" => settings.name.clone(), "code" => reason.code)
        .increment(1);
    let letter = dead_letter(codec, &settings.dead_letters, &settings.name, record, reason)
        .map_err(|error| Error::new(Remedy::Stop, "write a dead letter", error.to_string()))?;
    publish(settings, publisher, vec![letter]).await
}

/// Publishes until acknowledged: readers bear duplicates, nobody bears a loss.
async fn publish(
    settings: &Settings,
    publisher: &dyn Publisher,
    records: Vec<NewRecord>,
) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    loop {
        match publisher.publish(records.clone()).await {
            Ok(_) => return Ok(()),
            Err(error) if error.remedy == topics_log::Remedy::Retry => {
                tracing::warn!(gateway = %settings.name, %error, "trying again");
                tokio::time::sleep(settings.retry_pause).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
