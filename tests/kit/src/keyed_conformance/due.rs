//! Rows by due time.

use bytes::Bytes;
use topics_state::{DUE_KEY_BYTES_MAX, DueRow, Remedy, Timestamp};

use super::{Case, Subject};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("due rows come by due time, then key", |s| Box::pin(in_order(s))),
        ("due rows come in pages", |s| Box::pin(in_pages(s))),
        ("a row that was unscheduled is gone, one scheduled again is replaced", |s| Box::pin(unscheduled(s))),
        ("spaces, buckets and minutes have rows of their own", |s| Box::pin(apart(s))),
        ("an emptied minute is empty, with others around it", |s| Box::pin(emptied(s))),
        ("a due row's key has a bound", |s| Box::pin(bounded_key(s))),
    ]
}

fn row(due: i64, key: &[u8], value: &[u8]) -> DueRow {
    DueRow { due: Timestamp(due), key: Bytes::copy_from_slice(key), value: Bytes::copy_from_slice(value) }
}

impl Subject {
    async fn schedule(&self, bucket: i32, minute: i64, row: &DueRow) {
        self.store.schedule(&self.space("timers"), bucket, minute, row.clone()).await.expect("schedule");
    }

    async fn unschedule(&self, bucket: i32, minute: i64, row: &DueRow) {
        let space = self.space("timers");
        self.store.unschedule(&space, bucket, minute, row.due, &row.key).await.expect("unschedule");
    }

    async fn page(&self, bucket: i32, minute: i64, after: Option<&DueRow>, max: usize) -> Vec<DueRow> {
        let after = after.map(|row| (row.due, row.key.clone()));
        self.store.due(&self.space("timers"), bucket, minute, after, max).await.expect("due")
    }

    async fn all(&self, bucket: i32, minute: i64) -> Vec<DueRow> {
        self.page(bucket, minute, None, usize::MAX).await
    }
}

/// Shows that rows come by due time as a number, then by key as bytes, whatever the order they were
/// written in; and that the due time need not lie in the minute.
async fn in_order(s: Subject) {
    let rows = [
        row(-5, b"z", b"before 1970"),
        row(0, b"", b"no key"),
        row(9, b"a", b""),
        row(10, b"", b"1"),
        row(10, b"\0", b"2"),
        row(10, b"a", b"3"),
        row(10, b"a\0", b"4"),
        row(10, b"ab", b"5"),
        row(10, b"b", b"6"),
        row(10, b"\xff", b"7"),
        row(10, b"\xff\xff", b"8"),
        row(256, b"a", b"9"),
        row(1 << 40, b"a", b"10"),
    ];
    for index in [7, 3, 12, 0, 11, 5, 9, 1, 10, 2, 8, 6, 4] {
        s.schedule(0, 7, &rows[index]).await;
    }
    assert_eq!(s.all(0, 7).await, rows);
}

/// Shows that pages follow on each other: each at most `max` rows, behind the given one, which need not
/// be there any more.
async fn in_pages(s: Subject) {
    let rows: Vec<DueRow> =
        (0..25).map(|n| row(n / 5, format!("k{}", n % 5).as_bytes(), &n.to_be_bytes())).collect();
    for row in &rows {
        s.schedule(3, 1, row).await;
    }
    assert_eq!(s.page(3, 1, None, 0).await, []);
    assert_eq!(s.page(3, 1, None, 25).await, rows);
    assert_eq!(s.page(3, 1, Some(&rows[24]), 5).await, []);
    let mut read = Vec::new();
    while read.len() < 25 {
        let page = s.page(3, 1, read.last(), 7).await;
        assert_eq!(page.len(), (25 - read.len()).min(7), "a full page but for the last");
        // What was read is removed, as a firing timer's row is: the next page still follows on it.
        for row in &page {
            s.unschedule(3, 1, row).await;
        }
        read.extend(page);
    }
    assert_eq!(read, rows);
    assert_eq!(s.all(3, 1).await, []);
}

/// Shows that unscheduling takes one row, also one that is not there, and that scheduling again replaces
/// the value.
async fn unscheduled(s: Subject) {
    let rows = [row(5, b"a", b"1"), row(5, b"b", b"2"), row(6, b"a", b"3")];
    for row in &rows {
        s.schedule(0, 1, row).await;
    }
    s.unschedule(0, 1, &rows[0]).await;
    s.unschedule(0, 1, &rows[0]).await;
    s.unschedule(0, 1, &row(7, b"a", b"")).await;
    assert_eq!(s.all(0, 1).await, rows[1..]);
    s.schedule(0, 1, &row(5, b"b", b"again")).await;
    assert_eq!(s.all(0, 1).await, [row(5, b"b", b"again"), rows[2].clone()]);
}

/// Shows that the same row in another space, bucket or minute is another row.
async fn apart(s: Subject) {
    let places = [(0, 0), (0, 1), (1, 0), (-1, 0), (0, -1), (256, 0), (0, 256), (i32::MAX, i64::MAX)];
    for (bucket, minute) in places {
        s.schedule(bucket, minute, &row(5, b"k", format!("{bucket}/{minute}").as_bytes())).await;
    }
    let other_space = s.space("timers2");
    s.store.schedule(&other_space, 0, 0, row(5, b"k", b"other")).await.expect("schedule");
    for (bucket, minute) in places {
        assert_eq!(s.all(bucket, minute).await, [row(5, b"k", format!("{bucket}/{minute}").as_bytes())]);
    }
    s.unschedule(0, 0, &row(5, b"k", b"")).await;
    assert_eq!(s.all(0, 0).await, []);
    assert_eq!(s.all(0, 1).await.len(), 1);
    assert_eq!(s.all(1, 0).await.len(), 1);
    let others = s.store.due(&other_space, 0, 0, None, 10).await.expect("due");
    assert_eq!(others, [row(5, b"k", b"other")]);
}

/// Shows that emptying a minute of many rows leaves it empty and its neighbours whole.
async fn emptied(s: Subject) {
    for minute in 0..4 {
        for n in 0..300 {
            s.schedule(0, minute, &row(minute * 60_000 + n, b"k", b"v")).await;
        }
    }
    for minute in [0, 2] {
        for row in s.all(0, minute).await {
            s.unschedule(0, minute, &row).await;
        }
    }
    for (minute, left) in [(0, 0), (1, 300), (2, 0), (3, 300), (4, 0)] {
        assert_eq!(s.all(0, minute).await.len(), left, "minute {minute}");
    }
}

/// Shows that the longest key is taken and a longer one refused.
async fn bounded_key(s: Subject) {
    let longest = row(5, &[b'k'; DUE_KEY_BYTES_MAX], b"v");
    s.schedule(0, 0, &longest).await;
    assert_eq!(s.all(0, 0).await, [longest]);
    let longer = row(5, &[b'k'; DUE_KEY_BYTES_MAX + 1], b"v");
    let error = s.store.schedule(&s.space("timers"), 0, 0, longer).await.expect_err("too long");
    assert_eq!(error.remedy, Remedy::Stop);
    assert!(error.cause.contains("4097"), "{error}");
}
