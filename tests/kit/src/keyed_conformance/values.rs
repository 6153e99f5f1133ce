//! Values by key.

use std::time::Duration;

use bytes::Bytes;

use super::{Case, Subject};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("a value is set, replaced and removed", |s| Box::pin(set_and_removed(s))),
        ("spaces and keys that begin alike do not see each other", |s| Box::pin(apart(s))),
        ("values and keys of any size come back as they were", |s| Box::pin(sizes(s))),
        ("a value is unseen when its life has ended", |s| Box::pin(expires(s))),
        ("setting again changes the life", |s| Box::pin(lives_change(s))),
        ("many values end while others are set", |s| Box::pin(many_end(s))),
        ("the first insertion stands and the others get it", |s| Box::pin(first_insertion_stands(s))),
        ("an insertion ends like any value", |s| Box::pin(insertion_expires(s))),
        ("of fifty insertions at once one stands", |s| Box::pin(fifty_at_once(s))),
    ]
}

const MINUTE: Duration = Duration::from_secs(60);

impl Subject {
    async fn put(&self, key: &[u8], value: &[u8], minutes: Option<u32>) {
        let (value, lives) = (Bytes::copy_from_slice(value), minutes.map(|minutes| MINUTE * minutes));
        self.store.put(&self.space("s"), key, value, lives).await.expect("put");
    }

    async fn insert(&self, key: &[u8], value: &[u8], minutes: Option<u32>) -> Option<Bytes> {
        let (value, lives) = (Bytes::copy_from_slice(value), minutes.map(|minutes| MINUTE * minutes));
        self.store.insert_if_absent(&self.space("s"), key, value, lives).await.expect("insert")
    }

    async fn check(&self, key: &[u8], expected: Option<&[u8]>) {
        let found = self.store.get(&self.space("s"), key).await.expect("get");
        assert_eq!(found.as_deref(), expected, "value of {:?}", &key[..key.len().min(20)]);
    }
}

/// Shows the life of a value: absent, set, replaced, removed, removed again, set anew.
async fn set_and_removed(s: Subject) {
    s.check(b"k", None).await;
    s.put(b"k", b"one", None).await;
    s.check(b"k", Some(b"one")).await;
    s.put(b"k", b"a", None).await;
    s.check(b"k", Some(b"a")).await;
    for _ in 0..2 {
        s.store.remove(&s.space("s"), b"k").await.expect("remove");
        s.check(b"k", None).await;
    }
    s.put(b"k", b"anew", None).await;
    s.check(b"k", Some(b"anew")).await;
}

/// Shows that spaces and keys which are prefixes of each other, or continue each other, are different.
async fn apart(s: Subject) {
    let lines: [(&str, &[u8]); 9] = [
        ("a", b"bc"),
        ("ab", b"c"),
        ("abc", b""),
        ("a", b"b"),
        ("a", b""),
        ("a", b"b\0"),
        ("a", b"\0"),
        ("a", b"\xff"),
        ("a", b"\xff\xff"),
    ];
    let value = |index: usize| Bytes::from(index.to_string());
    for (index, (space, key)) in lines.iter().enumerate() {
        s.store.put(&s.space(space), key, value(index), None).await.expect("put");
    }
    for (index, (space, key)) in lines.iter().enumerate() {
        let found = s.store.get(&s.space(space), key).await.expect("get");
        assert_eq!(found, Some(value(index)), "{space}/{key:?}");
    }
    s.store.remove(&s.space("a"), b"b").await.expect("remove");
    assert_eq!(s.store.get(&s.space("a"), b"bc").await.expect("get"), Some(value(0)));
    assert_eq!(s.store.get(&s.space("b"), b"c").await.expect("get"), None);
}

/// Shows that an empty value is a value, and that values of a mebibyte and keys of 100,000 bytes come
/// back as they were.
async fn sizes(s: Subject) {
    let large: Vec<u8> = (0..1_048_576_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    s.put(b"empty", b"", None).await;
    s.check(b"empty", Some(b"")).await;
    assert_eq!(s.insert(b"empty inserted", b"", None).await, None);
    assert_eq!(s.insert(b"empty inserted", b"v", None).await.as_deref(), Some(&b""[..]));
    s.put(b"large", &large, None).await;
    s.check(b"large", Some(&large)).await;
    let (long, other) = (vec![b'k'; 100_000], vec![b'k'; 100_001]);
    s.put(&long, b"long", None).await;
    s.check(&long, Some(b"long")).await;
    s.check(&other, None).await;
}

/// Shows that a value is there until its life ends, and not after.
async fn expires(s: Subject) {
    s.put(b"ends", b"v", Some(10)).await;
    s.put(b"stays", b"v", None).await;
    (s.advance)(MINUTE * 9).await;
    s.check(b"ends", Some(b"v")).await;
    (s.advance)(MINUTE * 2).await;
    s.check(b"ends", None).await;
    s.check(b"stays", Some(b"v")).await;
    s.put(b"ends", b"anew", Some(10)).await;
    s.check(b"ends", Some(b"anew")).await;
}

/// Shows that setting a value again decides over its life as over its bytes.
async fn lives_change(s: Subject) {
    for key in [&b"longer"[..], b"shorter", b"for ever", b"removed"] {
        s.put(key, b"v", Some(10)).await;
    }
    s.put(b"longer", b"v", Some(30)).await;
    s.put(b"shorter", b"v", Some(2)).await;
    s.put(b"for ever", b"v", None).await;
    s.store.remove(&s.space("s"), b"removed").await.expect("remove");
    s.put(b"removed", b"v", Some(30)).await;
    (s.advance)(MINUTE * 3).await;
    s.check(b"shorter", None).await;
    (s.advance)(MINUTE * 17).await;
    s.check(b"longer", Some(b"v")).await;
    s.check(b"for ever", Some(b"v")).await;
    s.check(b"removed", Some(b"v")).await;
    (s.advance)(MINUTE * 20).await;
    s.check(b"longer", None).await;
    s.check(b"for ever", Some(b"v")).await;
}

/// Shows that a store which forgets what ended forgets nothing else, above all not what was set in the
/// place of an ended value.
async fn many_end(s: Subject) {
    let key = |n: usize| format!("k{n}").into_bytes();
    for n in 0..300 {
        s.put(&key(n), b"old", Some(5)).await;
    }
    (s.advance)(MINUTE * 10).await;
    for n in 0..300 {
        s.put(&key(n), b"new", (n % 2 == 0).then_some(50)).await;
        s.put(format!("other{n}").as_bytes(), b"v", Some(5)).await;
    }
    (s.advance)(MINUTE * 10).await;
    for n in 0..300 {
        s.put(b"one more", b"v", Some(5)).await;
        s.check(&key(n), Some(b"new")).await;
        s.check(format!("other{n}").as_bytes(), None).await;
    }
}

/// Shows that an insertion gets nothing if it was the first, and else the value that stands; and that a
/// removed value leaves room.
async fn first_insertion_stands(s: Subject) {
    assert_eq!(s.insert(b"k", b"first", None).await, None);
    for value in [&b"zzz"[..], b"first", b""] {
        assert_eq!(s.insert(b"k", value, None).await.as_deref(), Some(&b"first"[..]));
        s.check(b"k", Some(b"first")).await;
    }
    s.store.remove(&s.space("s"), b"k").await.expect("remove");
    assert_eq!(s.insert(b"k", b"anew", None).await, None);
    s.check(b"k", Some(b"anew")).await;
}

/// Shows that an inserted value ends, leaves room then, and that a refused insertion does not prolong it.
async fn insertion_expires(s: Subject) {
    assert_eq!(s.insert(b"k", b"first", Some(10)).await, None);
    (s.advance)(MINUTE * 9).await;
    assert_eq!(s.insert(b"k", b"refused", Some(10)).await.as_deref(), Some(&b"first"[..]));
    (s.advance)(MINUTE * 2).await;
    s.check(b"k", None).await;
    assert_eq!(s.insert(b"k", b"second", Some(10)).await, None);
    assert_eq!(s.insert(b"k", b"third", Some(10)).await.as_deref(), Some(&b"second"[..]));
}

/// Shows that inserting is atomic: of fifty at once one stands, and the others all get its value.
async fn fifty_at_once(s: Subject) {
    let mut under_way = Vec::new();
    for n in 0..50 {
        let (store, space) = (s.store.clone(), s.space("s"));
        under_way.push(tokio::spawn(async move {
            let mine = Bytes::from(format!("value {n}"));
            let standing = store.insert_if_absent(&space, b"k", mine.clone(), None).await.expect("insert");
            (mine, standing)
        }));
    }
    let (mut first, mut others) = (Vec::new(), Vec::new());
    for insertion in under_way {
        let (mine, standing) = insertion.await.expect("no panic");
        match standing {
            None => first.push(mine),
            Some(standing) => others.push(standing),
        }
    }
    assert_eq!(first.len(), 1, "exactly one was the first");
    assert_eq!(others, vec![first[0].clone(); 49]);
    s.check(b"k", Some(&first[0])).await;
}
