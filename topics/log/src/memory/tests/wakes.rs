//! Waiting: no wake-up is lost, and a poll that is dropped takes nothing with it.

use super::*;
use crate::SystemClock;

/// A poll that is dropped while it waits, many times over, loses no record.
#[tokio::test(start_paused = true)]
async fn a_dropped_poll_loses_nothing() {
    let (log, _) = log(1).await;
    let mut one = join(&log, "one").await;
    let mine = assigned(&mut *one).await.remove(0);
    one.read_from(&[(mine, Start::Beginning)]).await.unwrap();
    let publisher = async {
        for number in 0..100 {
            tokio::time::sleep(Duration::from_millis(7)).await; // virtual clock
            publish(&log, &[&number.to_string()]).await;
        }
    };
    let mut seen = Vec::new();
    let reader = async {
        while seen.len() < 100 {
            let poll = one.poll(3, Duration::from_secs(60));
            if let Ok(polled) = tokio::time::timeout(Duration::from_millis(5), poll).await {
                let Polled::Records(records) = polled.unwrap() else { panic!("nothing changed hands") };
                seen.extend(values(&records));
            }
        }
    };
    tokio::join!(publisher, reader);
    assert_eq!(seen, (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
}

/// Whoever waits for ever is woken all the same.
#[tokio::test(start_paused = true)]
async fn a_wait_may_be_for_ever() {
    let (log, _) = log(1).await;
    let mut reader = log.reader(&[(TopicPartition::new(IN, 0), Start::Beginning)]).await.unwrap();
    let (read, ()) = tokio::join!(reader.read(1, Duration::MAX), publish(&log, &["a"]));
    assert_eq!(values(&read.unwrap()), ["a"]);
}

/// Two threads that answer each other a thousand times never wait for a record that is there: a single
/// lost wake-up would cost the whole wait.
#[test]
fn no_wake_up_is_lost_between_threads() {
    const ROUNDS: usize = 1000;
    const WAIT: Duration = Duration::from_secs(20);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let log = MemoryLog::new(Arc::new(SystemClock));
    let topic = |name: &str| NewTopic {
        name: name.into(),
        partitions: 1,
        replication: 1,
        config: Default::default(),
    };
    runtime().block_on(log.create(&[topic("ping"), topic("pong")])).unwrap();
    let play = |hear: &'static str, say: &'static str, begins: bool| {
        let (log, runtime) = (log.clone(), runtime());
        std::thread::spawn(move || {
            runtime.block_on(async {
                let mut reader =
                    log.reader(&[(TopicPartition::new(hear, 0), Start::Beginning)]).await.unwrap();
                let publisher = log.publisher().await.unwrap();
                for round in 0..ROUNDS {
                    if begins {
                        publisher.publish(vec![record(say, 0, "ball")]).await.unwrap();
                    }
                    assert_eq!(reader.read(1, WAIT).await.unwrap().len(), 1, "round {round}");
                    if !begins {
                        publisher.publish(vec![record(say, 0, "ball")]).await.unwrap();
                    }
                }
            });
        })
    };
    let since = std::time::Instant::now();
    let players = [play("ping", "pong", true), play("pong", "ping", false)];
    players.into_iter().for_each(|player| player.join().unwrap());
    assert!(since.elapsed() < WAIT, "{ROUNDS} rounds took {:?}", since.elapsed());
}
