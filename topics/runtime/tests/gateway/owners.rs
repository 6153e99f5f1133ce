//! A partition that leaves and comes back, and trouble on the way of an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use schemas_codec::{Codec, Registry};
use schemas_records::Kind;
use schemas_records::protocol::DeadLetter;
use topics_log::Remedy;
use topics_log::memory::{Door, Faults, Operation, Strike};

use super::{Bench, DEAD};

/// What ends late for an old ownership leaves the new one's request in hand: its cancellation still aborts
/// it.
#[tokio::test(start_paused = true)]
async fn a_late_end_takes_nothing_from_the_new_owner() {
    let bench = Bench::new().await;
    let pass = async |secs: u64| tokio::time::sleep(Duration::from_secs(secs)).await; // virtual clock
    bench.request("twice", "60000", |_| {}).await;
    let (running, shutdown) = bench.start(8);
    pass(1).await;
    assert!(bench.log.control().freeze("n.slow", "one"));
    pass(12).await;
    bench.log.control().thaw("n.slow", "one");
    pass(7).await;
    assert_eq!(bench.counts(), (2, 0, 0), "asked by the old ownership and by the new one");
    pass(45).await;
    assert_eq!(bench.counts(), (2, 1, 0), "the old one has ended");
    bench.request("twice", "", |e| e.kind = Kind::Cancellation).await;
    pass(60).await;
    assert_eq!(bench.counts(), (2, 1, 0), "the new one was aborted");
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

/// Fails the first listing of topics.
#[derive(Default)]
struct ListsLater(AtomicUsize);

impl Faults for ListsLater {
    fn strike(&self, door: &Door<'_>) -> Strike {
        let is_first = door.operation == Operation::Admin && self.0.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first { Strike::Fail(Remedy::Retry) } else { Strike::None }
    }
}

/// Whether an answer goes where there is nothing is asked until it is known; what else is in flight stays.
#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_go_waits_to_know_why() {
    let bench = Bench::new().await;
    let faults = Arc::<ListsLater>::default();
    let _ = bench.log.clone().with_faults(faults.clone());
    bench.request("flying", "5000", |_| {}).await;
    let to_nowhere = |e: &mut schemas_records::Envelope| {
        if let Some(to) = &mut e.reply_to {
            to.address.topic = "n.nowhere".into();
        }
    };
    bench.request("lost", "1", to_nowhere).await;
    let (running, shutdown) = bench.start(8);
    tokio::time::sleep(Duration::from_secs(10)).await; // virtual clock
    assert!(faults.0.load(Ordering::SeqCst) >= 2, "it was asked again");
    shutdown.cancel();
    running.await.unwrap().unwrap();
    assert_eq!((bench.answers().await, bench.counts().0), (vec!["flying".to_owned()], 2));
    let letters = bench.read(DEAD).await;
    let codec = Codec::new(Registry::new().unwrap());
    let code = codec.decode::<DeadLetter>(&letters[0].value).unwrap().code;
    assert_eq!((letters.len(), code.as_str()), (1, "unreachable-reply"));
}

/// Nothing can be published, for ever.
struct PublishesNothing;

impl Faults for PublishesNothing {
    fn strike(&self, door: &Door<'_>) -> Strike {
        if door.operation == Operation::Publish { Strike::Fail(Remedy::Retry) } else { Strike::None }
    }
}

/// A shutdown is heard while a dead letter cannot be written; what was not written is not passed.
#[tokio::test(start_paused = true)]
async fn a_shutdown_is_heard_while_nothing_can_be_published() {
    let bench = Bench::new().await;
    bench.request("good", "1", |_| {}).await;
    bench.request("wrong", "1", |e| e.kind = Kind::Part).await;
    let _ = bench.log.clone().with_faults(Arc::new(PublishesNothing));
    let (running, shutdown) = bench.start(8);
    tokio::time::sleep(Duration::from_secs(60)).await; // virtual clock
    shutdown.cancel();
    let left = tokio::time::timeout(Duration::from_secs(21), running).await;
    left.expect("it leaves within its time to drain, twice").unwrap().unwrap();
    assert_eq!(bench.log.control().committed_offsets().get("n.slow").map_or(0, |of| of.len()), 0);
}
