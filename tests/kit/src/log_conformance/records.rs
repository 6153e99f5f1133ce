//! Records: their order, their place, their bytes.

use std::collections::BTreeSet;

use bytes::Bytes;
use tokio::time::Instant;
use topics_log::{Appended, NewRecord, POLL_BYTES_MAX, Record, Remedy, Start, TopicPartition, partition_of};

use super::Verdict;
use super::member::Member;
use super::scene::{Scene, keyed, numbers, record, values};

/// Records of one partition are read in the order in which they were appended, whoever appended them.
pub async fn keeps_order_in_a_partition(scene: Scene) -> Verdict {
    let topic = scene.topic("order", 2).await?;
    for round in 0..5 {
        scene.publish(&topic, 0, round * 20..(round + 1) * 20).await?;
        scene.publish(&topic, 1, round * 20..(round + 1) * 20).await?;
    }
    let mut reader = scene.reader(&topic, 2, Start::Beginning).await?;
    let all = scene.read(&mut *reader, 200).await?;
    for partition in 0..2 {
        let mut own = all.clone();
        own.retain(|record| record.topic_partition.partition == partition);
        assert_eq!(values(&own), numbers(0..100), "values of partition {partition}");
        assert!(
            own.is_sorted_by(|one, two| one.offset < two.offset),
            "offsets rise in partition {partition}"
        );
    }
    Ok(())
}

/// A publisher says where and when each record was appended, in the records' order, and appends each once.
pub async fn tells_where_and_when_it_appended(scene: Scene) -> Verdict {
    let topic = scene.topic("places", 3).await?;
    let records = (0..30).map(|number| record(&topic, number % 3, &number.to_string())).collect();
    let appended = scene.log.publisher().await?.publish(records).await?;
    assert_eq!(appended.len(), 30, "places told");
    let found = scene.everything(&topic, 3).await?;
    assert_eq!(found.len(), 30, "records found");
    for (number, Appended { partition, offset, timestamp }) in appended.into_iter().enumerate() {
        let at = TopicPartition::new(topic.as_str(), partition);
        let there = found.iter().find(|record| record.topic_partition == at && record.offset == offset);
        assert_eq!(
            there.map(|record| record.value.to_vec()),
            Some(number.to_string().into_bytes()),
            "at {at}/{offset}"
        );
        assert_eq!(there.map(|record| record.timestamp), Some(timestamp), "append time at {at}/{offset}");
    }
    Ok(())
}

/// A key's partition is the one the house's partitioner names, in and outside transactions.
pub async fn puts_a_key_where_murmur2_says(scene: Scene) -> Verdict {
    let topic = scene.topic("keys", 7).await?;
    let keys: Vec<String> = (0..40).map(|number| format!("key-{number}")).collect();
    let records: Vec<NewRecord> = keys.iter().map(|key| keyed(&topic, None, key, key)).collect();
    scene.log.publisher().await?.publish(records.clone()).await?;
    let mut member = scene.log.join(scene.group("one"), &[&topic]).await?;
    let mut transactor = member.transactor(&scene.name("keys")).await?;
    super::member::transact(&mut *transactor, records, &[]).await?;
    let found = scene.everything(&topic, 7).await?;
    assert_eq!(found.len(), 80, "records found");
    for record in found {
        let expected = partition_of(record.key.as_bytes(), 7);
        assert_eq!(record.topic_partition.partition, expected, "partition of {}", record.key);
    }
    Ok(())
}

/// Records without a key do not all go to one partition. Clients may fill a batch for one partition
/// before they turn to the next, so this publishes one at a time.
pub async fn spreads_records_without_key(scene: Scene) -> Verdict {
    let topic = scene.topic("keyless", 4).await?;
    let publisher = scene.log.publisher().await?;
    let mut used = BTreeSet::new();
    for _ in 0..200 {
        let appended = publisher.publish(vec![keyed(&topic, None, "", "value")]).await?;
        used.extend(appended.into_iter().map(|place| place.partition));
        if used.len() > 1 {
            break;
        }
    }
    assert!(used.len() > 1, "200 records without key all went to {used:?}");
    let found = scene.everything(&topic, 4).await?;
    assert!(found.iter().all(|record| record.key.as_bytes().is_empty()), "they come back without a key");
    Ok(())
}

/// Headers come back in their order, with repeated names, empty values and bytes that are no text; so
/// do empty values.
pub async fn carries_headers_in_order(scene: Scene) -> Verdict {
    let topic = scene.topic("headers", 1).await?;
    let mut sent = record(&topic, 0, "");
    for (name, value) in [("b", "2"), ("a", "1"), ("b", ""), ("a", "3")] {
        sent.headers.push(name, Bytes::from_static(value.as_bytes()));
    }
    sent.headers.push("bytes", Bytes::from_static(&[0, 255, 10, 0]));
    let bare = record(&topic, 0, "bare");
    scene.log.publisher().await?.publish(vec![sent.clone(), bare]).await?;
    let found = scene.everything(&topic, 1).await?;
    assert_eq!(found.len(), 2, "records found");
    assert_eq!(found[0].headers, sent.headers, "headers");
    assert!(found[0].value.is_empty(), "the empty value");
    assert!(found[1].headers.is_empty(), "no headers");
    Ok(())
}

/// A record near the limit passes; one above it is refused with remedy `Stop` and a cause, in and outside
/// transactions, and what comes after it is not disturbed.
pub async fn takes_large_records_and_refuses_larger_ones(scene: Scene) -> Verdict {
    let topic = scene.topic("large", 1).await?;
    let most = scene.timing.record_bytes_max;
    let near = "x".repeat(most - most / 10);
    let above = "x".repeat(most + most / 10);
    let publisher = scene.log.publisher().await?;
    publisher.publish(vec![record(&topic, 0, &near)]).await?;
    let refused = publisher.publish(vec![record(&topic, 0, &above)]).await.err();
    assert_eq!(refused.as_ref().map(|error| error.remedy), Some(Remedy::Stop), "publishing: {refused:?}");
    let mut member = scene.log.join(scene.group("one"), &[&topic]).await?;
    let mut transactor = member.transactor(&scene.name("large")).await?;
    transactor.begin().await?;
    let refused = transactor.produce(vec![record(&topic, 0, &above)]).await.err();
    assert_eq!(refused.as_ref().map(|error| error.remedy), Some(Remedy::Stop), "producing: {refused:?}");
    transactor.abort().await?;
    publisher.publish(vec![record(&topic, 0, "after")]).await?;
    let found = scene.everything(&topic, 1).await?;
    let sizes: Vec<usize> = found.iter().map(|record| record.value.len()).collect();
    assert_eq!(sizes, [near.len(), "after".len()], "sizes found");
    Ok(())
}

/// The limit counts key, value and headers alike, to the byte: a record just at it passes, one with a byte
/// more is refused with remedy `Stop`, in and outside transactions.
pub async fn counts_every_byte_towards_the_limit(scene: Scene) -> Verdict {
    let topic = scene.topic("limit", 1).await?;
    let most = scene.timing.record_bytes_max;
    let publisher = scene.log.publisher().await?;
    let mut member = scene.log.join(scene.group("one"), &[&topic]).await?;
    let mut transactor = member.transactor(&scene.name("limit")).await?;
    for (key, headers) in [("", 0), ("key", 0), ("key", 1), ("", 100), ("key", 70_000)] {
        let mut bare = keyed(&topic, Some(0), key, "");
        if headers > 0 {
            // One short header, one empty, and one of so many bytes.
            for value in ["short".into(), String::new(), "x".repeat(headers)] {
                bare.headers.push("header", Bytes::from(value));
            }
        }
        let room = most - bare.wire_bytes_max();
        let with = |bytes: usize| NewRecord { value: Bytes::from(vec![b'x'; bytes]), ..bare.clone() };
        publisher.publish(vec![with(room)]).await?;
        super::member::transact(&mut *transactor, vec![with(room)], &[]).await?;
        let refused = publisher.publish(vec![with(room + 1)]).await.err();
        assert_eq!(refused.as_ref().map(|error| error.remedy), Some(Remedy::Stop), "publishing: {refused:?}");
        transactor.begin().await?;
        let refused = transactor.produce(vec![with(room + 1)]).await.err();
        assert_eq!(refused.as_ref().map(|error| error.remedy), Some(Remedy::Stop), "producing: {refused:?}");
        transactor.abort().await?;
    }
    let found = scene.everything(&topic, 1).await?;
    assert_eq!(found.len(), 10, "records found");
    Ok(())
}

/// However many records are asked for, a poll and a read end with the record that makes them large; also
/// after a time in which nothing was asked for. The rest comes later, each record once.
pub async fn ends_a_poll_at_its_bytes(scene: Scene) -> Verdict {
    let topic = scene.topic("heavy", 2).await?;
    let most = scene.timing.record_bytes_max;
    let value = "x".repeat(most - most / 10);
    let count = POLL_BYTES_MAX / value.len() + 8;
    let publisher = scene.log.publisher().await?;
    for partition in [0, 1].into_iter().cycle().take(count) {
        publisher.publish(vec![record(&topic, partition, &value)]).await?;
    }
    let bytes = |records: &[Record]| records.iter().map(Record::size_bytes).sum::<usize>();
    let check = |records: &[Record]| {
        let before_the_last = &records[..records.len().saturating_sub(1)];
        assert!(bytes(before_the_last) < POLL_BYTES_MAX, "{} records came at once", records.len());
    };
    let mut member = Member::owning(&scene, "one", &topic, 2).await?;
    member.consumer.poll(0, scene.timing.quiet).await?;
    let patience = scene.timing.patience();
    while member.seen.len() < count && Instant::now() < patience.until {
        check(&member.turn(2 * count).await?);
    }
    assert_eq!(member.seen.len(), count, "records polled");
    let mut reader = scene.reader(&topic, 2, Start::Beginning).await?;
    let mut found = 0;
    while found < count && Instant::now() < patience.until {
        let records = reader.read(2 * count, scene.timing.quiet).await?;
        check(&records);
        found += records.len();
    }
    assert_eq!(found, count, "records read");
    Ok(())
}
