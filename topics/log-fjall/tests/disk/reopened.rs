//! A log that is opened again stands as after the last change that was acknowledged.

use std::sync::Arc;

use topics_log::{Log, Remedy, Start, SystemClock, TopicPartition};
use topics_log_fjall::{Disk, Durability, FjallLog};
use topics_state::fjall::FjallStore;
use topics_state::{KeyedStore, StateStore, Timestamp};

use crate::stage::{Member, SOON, open, read, record, topic, values, view};

const GROUPS: [&str; 2] = ["worker", "gateway"];

/// One kind of change, made in the `n`th round.
async fn change(log: &FjallLog, kind: &str, n: i64) {
    let text = |what: &str| format!("{what} {n}");
    let publisher = log.publisher().await.unwrap();
    let mut member = Member::join(log, "worker", "in").await;
    let mut transactor = member.consumer.transactor("worker").await.unwrap();
    match kind {
        "create" => log.create(&[topic(&text("other"), 3, &[])]).await.unwrap(),
        "publish" => {
            let records = vec![record("in", 0, &text("a")), record("in", 1, &text("b"))];
            drop(publisher.publish(records).await.unwrap());
        }
        "transaction" | "abort" | "open" => {
            transactor.begin().await.unwrap();
            transactor.produce(vec![record("out", 0, &text("c")), record("out", 1, "d")]).await.unwrap();
            transactor.produce(vec![record("out", 0, &text("e"))]).await.unwrap();
            drop(publisher.publish(vec![record("out", 1, &text("between"))]).await.unwrap());
            transactor.send_offsets(&[member.offset(1, n, "in a transaction")]).await.unwrap();
            match kind {
                "transaction" => transactor.commit().await.unwrap(),
                "abort" => transactor.abort().await.unwrap(),
                _ => {}
            }
        }
        "offsets" => {
            let mut gateway = Member::join(log, "gateway", "in").await;
            let offsets = [gateway.offset(0, n, &text("note")), gateway.offset(1, n + 1, "")];
            gateway.consumer.commit(&offsets).await.unwrap();
        }
        "remove" => log.remove(&[text("other")]).await.unwrap(),
        "made anew" => {
            log.remove(&["in".to_owned()]).await.unwrap();
            log.create(&[topic("in", 2, &[])]).await.unwrap();
        }
        other => panic!("no change is called {other}"),
    }
}

/// Shows that each kind of change is there when the log is opened again, with every other one, and that
/// an open transaction is aborted.
#[tokio::test]
async fn after_each_kind_of_change() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).unwrap().create(&[topic("in", 2, &[]), topic("out", 2, &[])]).await.unwrap();
    let kinds = ["create", "publish", "transaction", "abort", "offsets", "open", "publish", "transaction"];
    let rounds = [kinds.as_slice(), &["remove", "publish", "made anew", "publish", "offsets"]].concat();
    for (n, kind) in rounds.into_iter().enumerate() {
        let n = if kind == "remove" { 0 } else { n as i64 };
        let log = open(folder.path()).unwrap();
        change(&log, kind, n).await;
        // An open transaction holds back what stands behind it, until it is known to be over.
        let mut member = Member::join(&log, "worker", "in").await;
        drop(member.consumer.transactor("worker").await.unwrap());
        drop(member);
        let before = view(&log, &GROUPS).await;
        drop(log);
        let after = view(&open(folder.path()).unwrap(), &GROUPS).await;
        assert_eq!(before, after, "after {kind} in round {n}");
    }
    let (out, _) = read(&open(folder.path()).unwrap(), "out", 0).await.unwrap();
    assert_eq!(values(&out), ["c 2", "e 2", "c 7", "e 7"], "committed ones only");
}

/// Shows that what stood behind an open transaction is seen once the log is opened again, nothing of the
/// transaction is, and its offsets do not hold up whoever asks.
#[tokio::test]
async fn an_open_transaction_is_aborted() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    log.create(&[topic("in", 1, &[])]).await.unwrap();
    let mut member = Member::join(&log, "worker", "in").await;
    member.consumer.commit(&[member.offset(0, 0, "before")]).await.unwrap();
    let mut transactor = member.consumer.transactor("worker").await.unwrap();
    transactor.begin().await.unwrap();
    transactor.produce(vec![record("in", 0, "open")]).await.unwrap();
    transactor.send_offsets(&[member.offset(0, 1, "open")]).await.unwrap();
    log.publisher().await.unwrap().publish(vec![record("in", 0, "behind")]).await.unwrap();
    assert_eq!(read(&log, "in", 0).await.unwrap().1, 0, "held back");
    drop((transactor, member, log));
    let log = open(folder.path()).unwrap();
    let (records, end) = read(&log, "in", 0).await.unwrap();
    assert_eq!((values(&records), records[0].offset, end), (vec!["behind".to_owned()], 1, 2));
    let mut member = Member::join(&log, "worker", "in").await;
    let committed = member.committed().await.remove(0).unwrap();
    assert_eq!((committed.offset, committed.metadata.as_str()), (0, "before"));
}

/// Shows that topics have ids that no other ever has: not when the newest was removed before the log was
/// opened again, and not in another folder.
#[tokio::test]
async fn ids() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..3 {
            let log = open(folder.path()).unwrap();
            log.create(&[topic("t", 1, &[])]).await.unwrap();
            ids.push(log.topics("t").await.unwrap().remove(0).id);
            log.remove(&["t".to_owned()]).await.unwrap();
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "{ids:?}");
}

/// Shows that log and stores live in one database, each sees its own, and both are there again.
#[tokio::test]
async fn beside_the_stores() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let disk = Disk::open(folder.path(), Timestamp(0), Durability::Process).unwrap();
        let clock = Arc::new(SystemClock);
        (FjallLog::on(disk.clone(), clock.clone()).unwrap(), FjallStore::on(disk, clock).unwrap())
    };
    let (log, store) = open();
    log.create(&[topic("t", 1, &[])]).await.unwrap();
    log.publisher().await.unwrap().publish(vec![record("t", 0, "a")]).await.unwrap();
    store.put("space", b"k", "v".into(), None).await.unwrap();
    let identity = store.identity().await.unwrap();
    assert!(log.topics("t").await.unwrap()[0].id.starts_with(&identity), "both are of one database");
    drop(log);
    let refused = FjallLog::open(folder.path(), Arc::new(SystemClock)).map(drop).unwrap_err();
    assert_eq!(refused.remedy, Remedy::Stop, "the store still holds it");
    drop(store);
    let (log, store) = open();
    assert_eq!(values(&read(&log, "t", 0).await.unwrap().0), ["a"]);
    assert_eq!(store.get("space", b"k").await.unwrap().as_deref(), Some(&b"v"[..]));
}

/// Shows that a database which outlives the machine takes and keeps the same changes.
#[tokio::test]
async fn durable() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let disk = Disk::open(folder.path(), Timestamp(0), Durability::Machine).unwrap();
        FjallLog::on(disk, Arc::new(SystemClock)).unwrap()
    };
    let log = open();
    log.create(&[topic("t", 1, &[])]).await.unwrap();
    log.publisher().await.unwrap().publish(vec![record("t", 0, "a")]).await.unwrap();
    drop(log);
    assert_eq!(values(&read(&open(), "t", 0).await.unwrap().0), ["a"]);
}

/// Shows that whoever waits is woken by an append at once: no wait runs out, and nobody looks again and
/// again in between.
#[tokio::test(start_paused = true)]
async fn waiting_readers_are_woken() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    log.create(&[topic("t", 1, &[])]).await.unwrap();
    let at = TopicPartition::new("t", 0);
    let mut reader = log.reader(&[(at, Start::Beginning)]).await.unwrap();
    let publisher = log.publisher().await.unwrap();
    let since = tokio::time::Instant::now();
    let append = async {
        tokio::time::sleep(SOON / 10).await; // virtual clock
        publisher.publish(vec![record("t", 0, "a")]).await.unwrap()
    };
    let (read, _) = tokio::join!(reader.read(1, SOON), append);
    assert_eq!(values(&read.unwrap()), ["a"]);
    assert_eq!(since.elapsed(), SOON / 10);
}

/// Shows that names and numbers which would not fit are refused.
#[tokio::test]
async fn names_have_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    let long = "t".repeat(topics_log_fjall::TOPIC_BYTES_MAX + 1);
    let many = topics_log_fjall::PARTITIONS_MAX + 1;
    let cases = [
        (topic(&long, 1, &[]), "249"),
        (topic("t", many, &[]), "1000"),
        (topic("t", 1, &[("retention.ms", "soon")]), "retention.ms"),
    ];
    for (new, part) in cases {
        let error = log.create(&[new]).await.unwrap_err();
        assert_eq!(error.remedy, Remedy::Stop);
        assert!(error.cause.contains(part), "{error}");
    }
    assert_eq!(log.topics("").await.unwrap(), []);
    let id = "g".repeat(topics_log_fjall::GROUP_BYTES_MAX + 1);
    let group = topics_log::Group { id, instance: "one".to_owned() };
    let refused = log.join(group, &[]).await.map(drop).unwrap_err();
    assert!(refused.cause.contains("1024"), "{refused}");
}
