//! A gateway whose requests and cancellations want places at one store, of which there are few.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use schemas_codec::{Codec, Registry};
use schemas_records::{Envelope, Kind};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use topics_log::Group;
use topics_runtime::gateway::{Answered, Gateway, Parts, Request, Settings, run};
use topics_runtime::{Error, NoProbe};

use super::{Bench, DEAD, REQUESTS, answer};

/// Whatever it does takes the only place there is for a second.
struct OnePlace {
    places: Semaphore,
    cancelled: AtomicUsize,
}

impl OnePlace {
    async fn stay(&self) {
        let _place = self.places.acquire().await;
        tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
    }
}

#[async_trait]
impl Gateway for OnePlace {
    async fn answer(&self, request: Request) -> Result<Answered, Error> {
        self.stay().await;
        Ok(answer(&request, request.envelope.task.to_string()))
    }

    async fn expired(&self, _: Request) -> Result<Answered, Error> {
        Ok(Answered::default())
    }

    async fn cancelled(&self, _: &Envelope) -> Result<(), Error> {
        self.stay().await;
        self.cancelled.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// A cancellation that waits for a place is not waited for in vain: what has the places goes on and leaves them.
#[tokio::test(start_paused = true)]
async fn a_cancellation_waits_behind_what_is_in_flight() {
    let bench = Bench::new().await;
    let gateway = Arc::new(OnePlace { places: Semaphore::new(1), cancelled: AtomicUsize::new(0) });
    let parts = Parts {
        log: Arc::new(bench.log.clone()),
        gateway: Arc::clone(&gateway) as Arc<dyn Gateway>,
        codec: Codec::new(Registry::new().unwrap()),
        probe: Arc::new(NoProbe),
    };
    let group = Group { id: "n.place".into(), instance: "one".into() };
    let settings = Settings::new("place", group, REQUESTS.into(), DEAD.into(), "store=x".into());
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(parts, settings, shutdown.clone()));
    for task in ["one", "two", "three"] {
        bench.request(task, "", |_| {}).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await; // virtual clock
    bench.request("gone", "", |e| e.kind = Kind::Cancellation).await;
    bench.request("four", "", |_| {}).await;
    bench.wait_for_answers(4).await;
    assert_eq!(bench.answers().await, ["one", "two", "three", "four"]);
    assert_eq!(gateway.cancelled.load(Ordering::SeqCst), 1);
    shutdown.cancel();
    running.await.unwrap().unwrap();
}
