//! Topics: created, described, removed, and missing ones named.

use std::time::Duration;

use tokio::time::Instant;
use topics_log::{Error, Remedy, Start, TopicDescription};

use super::Verdict;
use super::scene::{Scene, record};

/// Asserts that a call was refused with remedy `Stop` and a message that names the topic.
fn assert_stopped<T>(told: Result<T, Error>, topic: &str, what: &str) {
    let error = told.err();
    assert_eq!(error.as_ref().map(|error| error.remedy), Some(Remedy::Stop), "{what}: {error:?}");
    let text = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains(topic), "{what}: {text:?} names {topic}");
}

/// Producing to a topic that does not exist, in or outside a transaction, is refused and names it.
pub async fn names_a_missing_topic_when_producing(scene: Scene) -> Verdict {
    let input = scene.topic("in", 1).await?;
    let missing = scene.name("missing");
    let told = scene.log.publisher().await?.publish(vec![record(&missing, 0, "value")]).await;
    assert_stopped(told, &missing, "publishing");
    let mut member = scene.log.join(scene.group("one"), &[&input]).await?;
    let mut transactor = member.transactor(&scene.name("missing")).await?;
    transactor.begin().await?;
    assert_stopped(transactor.produce(vec![record(&missing, 0, "value")]).await, &missing, "producing");
    Ok(())
}

/// Reading a topic or a partition that does not exist is refused and names it, at the latest by the
/// first read.
pub async fn names_a_missing_topic_when_reading(scene: Scene) -> Verdict {
    let missing = scene.name("missing");
    let told = match scene.reader(&missing, 1, Start::Beginning).await {
        Ok(mut reader) => reader.read(1, scene.timing.settle).await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert_stopped(told, &missing, "reading");
    Ok(())
}

/// Joining a group to read a topic that does not exist is refused and names it, at the latest by a poll.
pub async fn names_a_missing_topic_when_joining(scene: Scene) -> Verdict {
    let missing = scene.name("missing");
    let deadline = Instant::now() + scene.timing.settle;
    let mut told = Ok(());
    match scene.log.join(scene.group("one"), &[&missing]).await {
        Ok(mut consumer) => {
            while told.is_ok() && Instant::now() < deadline {
                told = consumer.poll(1, Duration::from_millis(100)).await.map(|_| ());
            }
        }
        Err(error) => told = Err(error),
    }
    assert_stopped(told, &missing, "joining");
    Ok(())
}

/// Creating a topic that exists is refused and names it; the topic stays as it is.
pub async fn refuses_to_create_what_exists(scene: Scene) -> Verdict {
    let topic = scene.topic("twice", 3).await?;
    let told = scene.log.create(&[scene.new_topic("twice", 5)]).await;
    assert_stopped(told, &topic, "creating again");
    let found = wait_for(&scene, |found| found.len() == 1).await?;
    assert_eq!(found[0].partitions, 3, "partitions");
    Ok(())
}

/// Topics are listed by prefix, sorted, with their partitions; a removed one is gone, and removing it
/// again is refused and names it.
pub async fn describes_and_removes(scene: Scene) -> Verdict {
    let (second, first) = (scene.topic("b", 2).await?, scene.topic("a", 1).await?);
    let found = wait_for(&scene, |found| found.len() == 2).await?;
    let told: Vec<_> = found.iter().map(|topic| (topic.name.as_str(), topic.partitions)).collect();
    assert_eq!(told, [(first.as_str(), 1), (second.as_str(), 2)], "topics");
    assert_eq!(scene.log.topics(&scene.name("no-such")).await?, [], "topics of another prefix");
    scene.log.remove(std::slice::from_ref(&second)).await?;
    let found = wait_for(&scene, |found| found.len() == 1).await?;
    assert_eq!(found[0].name, first, "what is left");
    assert_stopped(scene.log.remove(std::slice::from_ref(&second)).await, &second, "removing again");
    Ok(())
}

/// A topic removed and made anew under the same name has another id, and is empty.
pub async fn gives_a_topic_made_anew_another_id(scene: Scene) -> Verdict {
    let topic = scene.topic("anew", 1).await?;
    let before = wait_for(&scene, |found| found.len() == 1).await?;
    assert_eq!(before.len(), 1, "the topic is there");
    scene.publish(&topic, 0, 0..3).await?;
    scene.log.remove(std::slice::from_ref(&topic)).await?;
    wait_for(&scene, <[_]>::is_empty).await?;
    scene.topic("anew", 1).await?;
    let after = wait_for(&scene, |found| found.len() == 1).await?;
    assert_ne!(after[0].id, before[0].id, "ids");
    assert!(!after[0].id.is_empty() && !before[0].id.is_empty(), "ids are told");
    assert_eq!(scene.everything(&topic, 1).await?.len(), 0, "records");
    Ok(())
}

/// What this case's topics are once something is so of them: a broker takes a moment to tell.
async fn wait_for(
    scene: &Scene,
    done: impl Fn(&[TopicDescription]) -> bool,
) -> Result<Vec<TopicDescription>, Error> {
    let deadline = Instant::now() + scene.timing.settle;
    loop {
        let found = scene.log.topics(&scene.name("")).await?;
        if done(&found) {
            return Ok(found);
        }
        assert!(Instant::now() < deadline, "the topics are still {found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await; // paces load
    }
}
