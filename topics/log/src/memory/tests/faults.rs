//! Faults strike where they are aimed, and do what they say.

use std::sync::Mutex;

use super::*;
use crate::memory::{Door, Fate, Faults, Operation, Strike};

/// Strikes once at one door and notes every door it was asked at.
struct Once {
    at: Operation,
    strike: Mutex<Option<Strike>>,
    asked: Mutex<Vec<String>>,
}

impl Once {
    fn new(at: Operation, strike: Strike) -> Arc<Self> {
        Arc::new(Self { at, strike: Mutex::new(Some(strike)), asked: Mutex::default() })
    }
}

impl Faults for Once {
    fn strike(&self, door: &Door<'_>) -> Strike {
        self.asked.lock().unwrap().push(door.to_string());
        if door.operation != self.at {
            return Strike::None;
        }
        self.strike.lock().unwrap().take().unwrap_or(Strike::None)
    }
}

/// One pass through every door; the first error ends it.
async fn pass(log: &MemoryLog) -> Result<(), Error> {
    publish_one(log).await?;
    let mut one = log.join(Group { id: GROUP.into(), instance: "one".into() }, &[IN]).await?;
    let mine = match one.poll(1, Duration::from_secs(1)).await? {
        Polled::Assigned(mut assigned) => assigned.remove(0),
        other => panic!("expected a partition, got {other:?}"),
    };
    one.committed(std::slice::from_ref(&mine)).await?;
    one.read_from(&[(mine.clone(), Start::Beginning)]).await?;
    let mut transactor = one.transactor("tx").await?;
    half(&mut *transactor, "out", offset(&mine, 1)).await?;
    transactor.commit().await?;
    transactor.abort().await?;
    one.commit(&[offset(&mine, 1)]).await?;
    let mut reader = log.reader(&[(TopicPartition::new(IN, 0), Start::Beginning)]).await?;
    reader.read(1, Duration::ZERO).await.map(|_| ())
}

async fn publish_one(log: &MemoryLog) -> Result<(), Error> {
    log.publisher().await?.publish(vec![record(IN, 0, "value")]).await.map(|_| ())
}

/// At every door a call can be made to fail with any remedy, and the error names the door.
#[tokio::test(start_paused = true)]
async fn every_door_can_fail() {
    use Operation::*;
    let doors = [
        Join,
        Poll,
        Committed,
        ReadFrom,
        CommitOffsets,
        MakeTransactor,
        Begin,
        Produce,
        SendOffsets,
        Commit,
        Abort,
        Publish,
        Read,
        Admin,
    ];
    for at in doors {
        for wanted in
            [Remedy::Retry, Remedy::Abort, Remedy::Lost, Remedy::Unknown, Remedy::Fenced, Remedy::Stop]
        {
            let (log, _) = log(1).await;
            let log = log.with_faults(Once::new(at, Strike::Fail(wanted)));
            let error = pass(&log).await.unwrap_err();
            assert_eq!(error.remedy, wanted, "{at:?}");
            assert!(error.to_string().contains(at.as_str()), "{error}");
        }
    }
}

/// A delay takes virtual time and changes nothing else; without faults a pass takes none.
#[tokio::test(start_paused = true)]
async fn a_delay_only_delays() {
    for (strike, expected) in [(Strike::None, 0), (Strike::Delay(Duration::from_secs(3)), 3)] {
        let (log, control) = log(1).await;
        let log = log.with_faults(Once::new(Operation::SendOffsets, strike));
        let since = tokio::time::Instant::now();
        pass(&log).await.unwrap();
        assert_eq!(since.elapsed(), Duration::from_secs(expected), "{strike:?}");
        assert_eq!(outputs(&control), ["out"]);
    }
}

/// Faults are told group, instance and transactional name, in the order of the calls.
#[tokio::test(start_paused = true)]
async fn faults_see_whose_call_it_is() {
    let (log, _) = log(1).await;
    let once = Once::new(Operation::Admin, Strike::None);
    let log = log.with_faults(Arc::clone(&once) as Arc<dyn Faults>);
    pass(&log).await.unwrap();
    let expected = [
        "publish",
        "join as one of group group",
        "poll as one of group group",
        "read committed offsets as one of group group",
        "begin to read as one of group group",
        "make the transactor of tx as one of group group",
        "begin the transaction of tx as one of group group",
        "produce in the transaction of tx as one of group group",
        "send offsets in the transaction of tx as one of group group",
        "commit the transaction of tx as one of group group",
        "abort the transaction of tx as one of group group",
        "commit offsets as one of group group",
        "look after topics",
        "read",
    ];
    assert_eq!(*once.asked.lock().unwrap(), expected);
}

/// A publish whose answer is lost may have happened: published again, it stands there twice.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_a_publisher_repeat_itself() {
    for (fate, expected) in [(Fate::Happened, 2), (Fate::Never, 1)] {
        let (log, control) = log(1).await;
        let log = log.with_faults(Once::new(Operation::Publish, Strike::Unknown(fate)));
        assert_eq!(remedy(publish_one(&log).await), Some(Remedy::Retry), "{fate:?}");
        publish_one(&log).await.unwrap();
        assert_eq!(control.size(IN).records, expected, "{fate:?}");
    }
}
