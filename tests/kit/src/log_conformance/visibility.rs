//! What a reader of committed records sees, and when.

use std::time::Duration;

use tokio::time::Instant;
use topics_log::{Start, TopicPartition};

use super::Verdict;
use super::member::transact;
use super::scene::{Scene, numbers, record, values};

/// Nobody sees records of an open transaction, ever those of an aborted one, or waits for what ended.
pub async fn hides_what_is_open_or_aborted(scene: Scene) -> Verdict {
    let topic = scene.topic("hidden", 1).await?;
    let mut member = scene.log.join(scene.group("one"), &[&topic]).await?;
    let mut transactor = member.transactor(&scene.name("hidden")).await?;
    transactor.begin().await?;
    transactor.produce(vec![record(&topic, 0, "aborted")]).await?;
    assert_eq!(values(&scene.everything(&topic, 1).await?), [""; 0], "while open");
    transactor.abort().await?;
    transact(&mut *transactor, vec![record(&topic, 0, "committed")], &[]).await?;
    let found = scene.everything(&topic, 1).await?;
    assert_eq!(values(&found), ["committed"], "at the end");
    assert!(found[0].offset > 1, "the aborted record and its marker took offsets");
    Ok(())
}

/// What was appended behind an open transaction's record in the same partition waits for its end; other
/// partitions do not.
pub async fn holds_back_what_stands_behind_an_open_transaction(scene: Scene) -> Verdict {
    let topic = scene.topic("behind", 2).await?;
    let mut member = scene.log.join(scene.group("one"), &[&topic]).await?;
    let mut transactor = member.transactor(&scene.name("behind")).await?;
    transactor.begin().await?;
    transactor.produce(vec![record(&topic, 0, "first")]).await?;
    let publisher = scene.log.publisher().await?;
    publisher.publish(vec![record(&topic, 0, "second"), record(&topic, 1, "beside")]).await?;
    let mut reader = scene.reader(&topic, 2, Start::Beginning).await?;
    assert_eq!(values(&scene.rest(&mut *reader).await?), ["beside"], "while open");
    transactor.commit().await?;
    assert_eq!(values(&scene.rest(&mut *reader).await?), ["first", "second"], "after the commit");
    Ok(())
}

/// A reader begins at the oldest record, behind the newest, or at the offset it was given; each
/// partition where it was told.
pub async fn reads_from_beginning_end_and_offset(scene: Scene) -> Verdict {
    let topic = scene.topic("starts", 3).await?;
    for partition in 0..3 {
        scene.publish(&topic, partition, 0..5).await?;
    }
    let starts = [Start::Beginning, Start::At(3), Start::End];
    let from: Vec<_> =
        (0..).zip(starts).map(|(p, start)| (TopicPartition::new(topic.as_str(), p), start)).collect();
    let mut reader = scene.open(&from).await?;
    for partition in 0..3 {
        scene.publish(&topic, partition, 5..7).await?;
    }
    let found = scene.rest(&mut *reader).await?;
    for (partition, first) in [(0, 0), (1, 3), (2, 5)] {
        let mut own = found.clone();
        own.retain(|record| record.topic_partition.partition == partition);
        assert_eq!(values(&own), numbers(first..7), "partition {partition}");
    }
    Ok(())
}

/// `ends` tells the offset behind the last record that can be seen, not behind markers, aborted or open
/// records: whoever has read up to there has read everything.
pub async fn tells_the_end_behind_the_last_visible_record(scene: Scene) -> Verdict {
    let topic = scene.topic("ends", 2).await?;
    let mut reader = scene.reader(&topic, 2, Start::Beginning).await?;
    assert_eq!(reader.ends().await?, [0, 0], "of an empty topic");
    let mut member = scene.log.join(scene.group("one"), &[&topic]).await?;
    let mut transactor = member.transactor(&scene.name("ends")).await?;
    transact(&mut *transactor, vec![record(&topic, 0, "a"), record(&topic, 0, "b")], &[]).await?;
    assert_eq!(reader.ends().await?, [2, 0], "behind a commit");
    transactor.begin().await?;
    transactor.produce(vec![record(&topic, 0, "aborted")]).await?;
    assert_eq!(reader.ends().await?, [2, 0], "with an open transaction");
    transactor.abort().await?;
    assert_eq!(reader.ends().await?, [2, 0], "behind an abort");
    scene.publish(&topic, 1, 0..4).await?;
    assert_eq!(reader.ends().await?, [2, 4], "behind a publisher");
    let all = scene.rest(&mut *reader).await?;
    let last = all.iter().rfind(|record| record.topic_partition.partition == 0);
    assert_eq!(last.map(|record| record.offset + 1), Some(2), "a reader arrives at the end it was told");
    Ok(())
}

/// A reader that waits gets a record when it comes, not when its wait is over.
pub async fn wakes_a_waiting_reader(scene: Scene) -> Verdict {
    let topic = scene.topic("wakes", 1).await?;
    let mut reader = scene.reader(&topic, 1, Start::Beginning).await?;
    let long = scene.timing.settle * 4;
    let since = Instant::now();
    let publish = async {
        tokio::time::sleep(Duration::from_millis(200)).await; // paces load
        scene.publish(&topic, 0, 0..1).await
    };
    let (read, published) = tokio::join!(reader.read(10, long), publish);
    published?;
    assert_eq!(values(&read?), ["0"], "records");
    assert!(since.elapsed() < scene.timing.settle, "waited {:?} of {long:?}", since.elapsed());
    Ok(())
}
