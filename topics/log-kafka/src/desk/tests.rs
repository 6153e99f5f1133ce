//! Jobs, askers that go, and clients that are dropped where they live.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use topics_log::{Error, Remedy};

use super::Desk;

/// A client that counts its jobs and notes on which thread it was dropped.
struct Client {
    jobs: usize,
    dropped: Sender<Option<String>>,
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.dropped.send(std::thread::current().name().map(str::to_owned)));
    }
}

const LONG: Duration = Duration::from_secs(20);

async fn open() -> (Desk<Client>, Receiver<Option<String>>) {
    let (dropped, drops) = channel();
    let desk = Desk::open("desk", move || Ok(Client { jobs: 0, dropped })).await.expect("a desk");
    (desk, drops)
}

async fn count(desk: &Desk<Client>) -> usize {
    let job = |client: &mut Client, _: &super::Asker<'_>| {
        client.jobs += 1;
        Ok(client.jobs)
    };
    desk.ask("count", job).await.expect("an answer")
}

/// Jobs are done one after the other; the client is dropped on its own thread, and closing waits for it.
#[tokio::test]
async fn does_jobs_in_order_and_drops_its_client_at_home() {
    let (desk, drops) = open().await;
    assert_eq!((count(&desk).await, count(&desk).await), (1, 2));
    let failed = desk.ask("fail", |_, _| Err::<(), _>(Error::new(Remedy::Abort, "fail", "because"))).await;
    assert_eq!(failed.expect_err("the job's own error").remedy, Remedy::Abort);
    assert_eq!(count(&desk).await, 3, "a failed job harms nothing");
    desk.close(LONG).await;
    assert_eq!(drops.try_recv(), Ok(Some("desk".to_owned())), "dropped before `close` returned");
}

/// A client that cannot be made says why, and leaves nothing.
#[tokio::test]
async fn says_why_a_client_cannot_be_made() {
    let made = Desk::<Client>::open("desk", || Err(Error::new(Remedy::Stop, "make it", "broken"))).await;
    assert_eq!(made.err().map(|error| error.cause), Some("broken".to_owned()));
}

/// A job whose asker went before it began is not begun; one that has begun is told that its asker went,
/// and finishes; the next asker is served.
#[tokio::test]
async fn begins_nothing_for_an_asker_that_is_gone() {
    let (desk, drops) = open().await;
    let (started, has_started) = oneshot::channel();
    let noticed = Arc::new(AtomicUsize::new(0));
    let long = {
        let noticed = Arc::clone(&noticed);
        desk.ask("a long job", move |client, asker| {
            let _ = started.send(());
            while !asker.is_gone() {
                std::thread::yield_now();
            }
            noticed.fetch_add(1, Ordering::SeqCst);
            client.jobs += 10;
            Ok(())
        })
    };
    tokio::select! {
        _ = long => unreachable!("it ends when its asker is gone"),
        _ = async { has_started.await.expect("it starts"); assert!(timeout(Duration::ZERO, count(&desk)).await.is_err()) } => {}
    }
    assert_eq!(count(&desk).await, 11, "the abandoned count never ran, the long job ran to its end");
    assert_eq!(noticed.load(Ordering::SeqCst), 1);
    drop(desk);
    assert_eq!(drops.recv_timeout(LONG), Ok(Some("desk".to_owned())), "dropped without anybody waiting");
}

/// A client whose job panicked is gone, and whoever asks is told so instead of waiting for ever.
#[tokio::test]
async fn tells_when_the_thread_has_ended() {
    let (desk, _drops) = open().await;
    let asked = desk.ask("panic", |_, _| -> Result<(), Error> { panic!("on purpose") }).await;
    assert_eq!(asked.expect_err("nobody answers").remedy, Remedy::Unknown);
    let again = desk.ask("ask again", |_, _| Ok(())).await;
    assert_eq!(again.expect_err("nobody answers").remedy, Remedy::Unknown);
}
