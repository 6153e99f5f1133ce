//! What is put on a shelf is found there again, whole, in order, and with the rest of its task.

use std::collections::BTreeMap;

use bytes::Bytes;
use schemas_records::{Headers, Key, Timestamp, headers};
use topics_log::{Record, TopicPartition};

use super::{Contents, Filling, Shelf, TASKS_PER_SLICE, Topic};

fn contents() -> Contents {
    let topic = |name: &str| Topic { name: name.into(), partitions: 2, stepped: Some(vec![1, 2]) };
    Contents { namespace: "n".into(), team: "t".into(), slices: 0, topics: vec![topic("one"), topic("two")] }
}

fn record(topic: &str, offset: i64, task: &str) -> Record {
    let mut with = Headers::new();
    with.push(headers::TASK_ID, task);
    with.push("a name of one's own", [0, 255, 10]);
    Record {
        topic_partition: TopicPartition::new(topic, 1),
        offset,
        timestamp: Timestamp(-5),
        key: Key::new(if offset == 0 { b"" } else { b"key" }),
        value: Bytes::from(vec![7; usize::try_from(offset).unwrap_or(0) * 1_000]),
        headers: with,
    }
}

/// Records of several slices come back as they went, those of a task together.
#[test]
fn gives_back_what_it_took() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut filling = Filling::begin(folder.path(), contents(), TASKS_PER_SLICE * 3).expect("a shelf");
    let mut put: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for offset in 0..20 {
        let task = format!("task-{}", offset % 7);
        let record = record(if offset % 2 == 0 { "one" } else { "two" }, offset, &task);
        filling.put(&task, &record).expect("room");
        put.entry(task).or_default().push(record);
    }
    filling.done().expect("room");
    let shelf = Shelf::open(folder.path()).expect("the shelf");
    assert_eq!(shelf.contents.slices, 3);
    let mut found: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for number in 0..shelf.contents.slices {
        let slice = shelf.slice(number).expect("a slice");
        for record in &slice {
            let task = record.headers.text(headers::TASK_ID).expect("a task");
            let before = found.insert(task.to_owned(), Vec::new());
            assert!(before.is_none_or(|before| before.is_empty()), "{task} lies in two slices");
        }
        for record in slice {
            let task = record.headers.text(headers::TASK_ID).expect("a task").to_owned();
            found.entry(task).or_default().push(record);
        }
    }
    assert_eq!(found, put);
}

/// A file that was cut short is not taken for one that ends.
#[test]
fn a_cut_file_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut filling = Filling::begin(folder.path(), contents(), 1).expect("a shelf");
    filling.put("a", &record("one", 3, "a")).expect("room");
    let shelf = filling.done().expect("room");
    let file = folder.path().join("slice-000");
    let bytes = std::fs::read(&file).expect("the slice");
    for keep in [1, 10, bytes.len() - 1] {
        std::fs::write(&file, &bytes[..keep]).expect("a shorter slice");
        assert!(shelf.slice(0).is_err(), "{keep} of {} bytes", bytes.len());
    }
}
