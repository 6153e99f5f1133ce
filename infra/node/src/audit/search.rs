//! Reading what stands in the topics: every record that a step may have made, in the order of time; the steps that
//! never returned; and which steps there are.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use schemas_records::Timestamp;
use schemas_records::headers::ORIGIN;
use topics_catalog::Kind;
use topics_log::{Error, Log, Remedy, TopicDescription};

use super::makers::{Maker, makers_at};
use super::table::Table;
use super::track::{Track, partitions};
use super::{Stepped, Stretch};
use crate::roles::Node;

/// How long what was made is looked for behind what was there at first: the markers of a transaction reach
/// partitions one after the other.
const LATER_MAX: Duration = Duration::from_secs(3);

/// How often.
const LATER_EVERY: Duration = Duration::from_millis(200);

/// Most steps that never returned: each has cost several processes their lives.
const DEADLY_MAX: usize = 10_000;

/// The code of a dead letter whose step never returned.
const NEVER_RETURNED: &str = "step-never-returned";

/// The topics that steps write to.
fn written(node: &Node, topics: &[TopicDescription]) -> Vec<TopicDescription> {
    let names = node.names();
    let shared = [Kind::Results, Kind::Closings, Kind::DeadLetters, Kind::ModelRequests, Kind::Timers];
    let mut wanted: BTreeSet<String> = shared.map(|kind| names.topic(kind)).into();
    wanted.extend(node.supplying().iter().map(|(.., kind)| names.topic(*kind)));
    wanted.extend(node.team.external_tools().map(|tool| names.external(tool)));
    let is_wanted =
        |topic: &&TopicDescription| wanted.contains(&topic.name) || names.agent_of(&topic.name).is_some();
    topics.iter().filter(is_wanted).cloned().collect()
}

/// A topic and up to when it was read.
struct Source {
    track: Track,
    reached: Timestamp,
}

/// Finds every record that a step may have made, and gives it to the comparison.
pub(super) async fn find(
    node: &Node,
    log: &dyn Log,
    topics: &[TopicDescription],
    table: &Table,
    to: Option<Timestamp>,
) -> Result<(), Error> {
    let open = written(node, topics).into_iter().map(|topic| async move {
        let track = Track::open(log, &partitions(&topic), None).await?;
        Ok::<_, Error>(Source { track, reached: Timestamp(i64::MIN) })
    });
    let mut sources = try_join_all(open).await?;
    while let Some(source) =
        sources.iter_mut().filter(|source| !source.track.is_over()).min_by_key(|source| source.reached)
    {
        if !table.may_find(source.reached).await {
            return Ok(());
        }
        let is_done = |both: &super::Comparison| both.is_all_made && !both.misses_any();
        if to.is_some_and(|to| source.reached > to) && table.ask(is_done) {
            break;
        }
        read(source, table).await?;
    }
    table.has_found();
    if table.all_made().await {
        find_later(&mut sources, table).await?;
    }
    Ok(())
}

async fn read(source: &mut Source, table: &Table) -> Result<(), Error> {
    for (record, is_first) in source.track.read().await? {
        source.reached = source.reached.max(record.timestamp);
        table.meet(|both| {
            if is_first && record.offset > 0 {
                both.begins_late(&record);
            }
            both.found(&record);
        });
    }
    Ok(())
}

/// Looks again for what was made and not found: it may have become visible meanwhile.
async fn find_later(sources: &mut [Source], table: &Table) -> Result<(), Error> {
    let mut waited = Duration::ZERO;
    while table.ask(super::Comparison::misses_any) && waited < LATER_MAX {
        tokio::time::sleep(LATER_EVERY).await;
        waited += LATER_EVERY;
        for source in sources.iter_mut() {
            source.track.look_again().await?;
            while !source.track.is_over() {
                read(source, table).await?;
            }
        }
    }
    Ok(())
}

/// The places of records whose steps never returned: to make them again would hold this process up as it did others.
pub(super) async fn deadly(
    node: &Node,
    log: &dyn Log,
    topics: &[TopicDescription],
) -> Result<BTreeSet<String>, Error> {
    let name = node.names().topic(Kind::DeadLetters);
    let mut places = BTreeSet::new();
    let Some(topic) = topics.iter().find(|topic| topic.name == name) else { return Ok(places) };
    let mut track = Track::open(log, &partitions(topic), None).await?;
    while !track.is_over() {
        for (letter, _) in track.read().await? {
            if letter.headers.text("code") == Some(NEVER_RETURNED) {
                places.extend(letter.headers.text(ORIGIN).map(str::to_owned));
            }
        }
        if places.len() > DEADLY_MAX {
            let cause = format!("more than {DEADLY_MAX} steps never returned");
            return Err(Error::new(Remedy::Stop, "read the dead letters", cause));
        }
    }
    Ok(places)
}

/// Which of these makers are steps of records in the stretch.
pub(super) async fn steps(
    log: &Arc<dyn Log>,
    inboxes: &[TopicDescription],
    (stepped, stretch): (&Stepped, Stretch),
    wanted: &HashSet<Maker>,
) -> Result<HashSet<Maker>, Error> {
    let mut found = HashSet::new();
    for topic in inboxes {
        let mut track = Track::open(&**log, &partitions(topic), Some(stepped)).await?;
        while !track.is_over() {
            for (record, _) in track.read().await? {
                let is_early = stretch.from.is_some_and(|from| record.timestamp < from);
                let is_late = stretch.to.is_some_and(|to| record.timestamp > to);
                if !is_early && !is_late && track.holds(&record) {
                    found.extend(makers_at(&record).into_iter().filter(|maker| wanted.contains(maker)));
                }
            }
        }
    }
    Ok(found)
}
