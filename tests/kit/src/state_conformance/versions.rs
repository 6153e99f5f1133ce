//! Which version a read finds.

use bytes::Bytes;
use topics_state::{Epoch, Key, Row};

use super::{Case, Subject, at, row};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("the newest version below a position is read", |s| Box::pin(newest_below(s))),
        ("offsets are ordered as numbers", |s| Box::pin(offsets_in_order(s))),
        ("generations do not see each other", |s| Box::pin(generations_apart(s))),
        ("keys that begin alike do not see each other", |s| Box::pin(keys_apart(s))),
        ("agents that begin alike do not see each other", |s| Box::pin(agents_apart(s))),
        ("one read answers many questions in their order", |s| Box::pin(many_questions(s))),
        ("one write takes many rows", |s| Box::pin(many_rows(s))),
        ("values and keys of any size come back as they were", |s| Box::pin(sizes(s))),
        ("nothing to do is fine", |s| Box::pin(nothing_to_do(s))),
    ]
}

/// Shows that a read finds the newest version below a position: none, never the one at it, the last
/// before it.
async fn newest_below(s: Subject) {
    s.check(b"k", 100, None).await;
    s.write(1, vec![row(b"k", 0, b"zero")]).await;
    s.write(1, vec![row(b"k", 5, b"five")]).await;
    s.write(1, vec![row(b"k", 9, b"nine")]).await;
    s.check(b"k", 0, None).await;
    s.check(b"k", 1, Some((0, b"zero"))).await;
    s.check(b"k", 5, Some((0, b"zero"))).await;
    s.check(b"k", 6, Some((5, b"five"))).await;
    s.check(b"k", 9, Some((5, b"five"))).await;
    s.check(b"k", i64::MAX, Some((9, b"nine"))).await;
    s.check(b"another", 100, None).await;
}

/// Shows that offsets are ordered as numbers, not as text or as machine words.
async fn offsets_in_order(s: Subject) {
    let offsets = [0, 9, 10, 99, 100, 255, 256, 65_535, 65_536, i64::from(u32::MAX), 1 << 40, i64::MAX - 1];
    for offset in offsets.iter().rev() {
        s.write(1, vec![row(b"k", *offset, &offset.to_be_bytes())]).await;
    }
    for pair in offsets.windows(2) {
        s.check(b"k", pair[1], Some((pair[0], &pair[0].to_be_bytes()))).await;
        s.check(b"k", pair[0] + 1, Some((pair[0], &pair[0].to_be_bytes()))).await;
    }
}

/// Shows that a read finds versions of its own generation only, and says so in what it returns.
async fn generations_apart(s: Subject) {
    for generation in [1, 2, 256] {
        let value = Bytes::from(generation.to_string());
        let row = Row { key: Key::new(b"k"), position: at(generation, 7), value, lives: None };
        s.write(1, vec![row]).await;
    }
    for (generation, expected) in [(0, None), (1, Some("1")), (2, Some("2")), (3, None), (256, Some("256"))] {
        let found = s.newest("a", b"k", at(generation, 100)).await;
        assert_eq!(found, expected.map(|value| (7, value.into())), "generation {generation}");
    }
    let below = [(Key::new(b"k"), at(2, 100))];
    let found = s.store.read(&s.agent("a"), &below).await.expect("read");
    assert_eq!(found[0].as_ref().map(|version| version.position), Some(at(2, 7)), "the whole position");
}

/// Shows that keys which are prefixes of each other, or of which some hold the bytes 0 and 255, are
/// different keys.
async fn keys_apart(s: Subject) {
    let keys: [&[u8]; 14] = [
        b"",
        b"a",
        b"ab",
        b"abc",
        b"b",
        b"\0",
        b"\0\0",
        b"a\0",
        b"a\0b",
        b"\xff",
        b"\xff\xff",
        b"a\xff",
        b"a\xff\0",
        b"\0\xff",
    ];
    for (index, key) in keys.iter().enumerate() {
        s.write(1, vec![row(key, 10 + index as i64, key)]).await;
    }
    for (index, key) in keys.iter().enumerate() {
        s.check(key, 100, Some((10 + index as i64, key))).await;
        s.check(key, 10 + index as i64, None).await;
    }
}

/// Shows that agents whose names are prefixes of each other, also where the next agent's name continues
/// in the key, are different agents.
async fn agents_apart(s: Subject) {
    let lines = [("a", "bc"), ("ab", "c"), ("abc", ""), ("a.b", "c"), ("a", "b")];
    for (index, (agent, key)) in lines.iter().enumerate() {
        let row = row(key.as_bytes(), index as i64, format!("{agent}/{key}").as_bytes());
        s.store.write(&s.agent(agent), Epoch(1), vec![row]).await.expect("write");
    }
    for (index, (agent, key)) in lines.iter().enumerate() {
        let found = s.newest(agent, key.as_bytes(), at(1, 100)).await;
        assert_eq!(found, Some((index as i64, format!("{agent}/{key}").into())));
    }
    assert_eq!(s.newest("b", b"c", at(1, 100)).await, None);
}

/// Shows that one read answers each question in its place: found or not, the same key at several
/// positions.
async fn many_questions(s: Subject) {
    s.write(1, vec![row(b"x", 1, b"x1"), row(b"x", 2, b"x2"), row(b"y", 3, b"y3")]).await;
    let questions: [(&[u8], i64, Option<&str>); 6] = [
        (b"y", 9, Some("y3")),
        (b"none", 9, None),
        (b"x", 2, Some("x1")),
        (b"x", 9, Some("x2")),
        (b"x", 1, None),
        (b"y", 9, Some("y3")),
    ];
    let below = questions.map(|(key, offset, _)| (Key::new(key), at(1, offset)));
    let found = s.store.read(&s.agent("a"), &below).await.expect("read");
    let found: Vec<_> = found.into_iter().map(|version| version.map(|version| version.value)).collect();
    let expected: Vec<_> = questions.iter().map(|(_, _, value)| value.map(Bytes::from)).collect();
    assert_eq!(found, expected);
}

/// Shows that one write takes many rows, several of one key and one position twice among them.
async fn many_rows(s: Subject) {
    let mut rows: Vec<Row> = (0..500).map(|n| row(format!("k{}", n % 50).as_bytes(), n, b"v")).collect();
    rows.push(row(b"twice", 1, b"larger"));
    rows.push(row(b"twice", 1, b"large"));
    s.write(1, rows).await;
    for key in 0..50 {
        s.check(format!("k{key}").as_bytes(), 1000, Some((450 + key, b"v"))).await;
        s.check(format!("k{key}").as_bytes(), 450, Some((400 + key, b"v"))).await;
    }
    s.check(b"twice", 100, Some((1, b"larger"))).await;
}

/// Shows that an empty value is a version, and that values of a mebibyte and keys of 100,000 bytes come
/// back as they were.
async fn sizes(s: Subject) {
    let large: Vec<u8> = (0..1_048_576_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    s.write(1, vec![row(b"empty", 1, b"")]).await;
    s.check(b"empty", 2, Some((1, b""))).await;
    s.write(1, vec![row(b"large", 1, &large), row(b"large", 2, b"small")]).await;
    s.check(b"large", 2, Some((1, &large))).await;
    s.check(b"large", 3, Some((2, b"small"))).await;
    let (long, other) = (vec![b'k'; 100_000], [vec![b'k'; 99_999], vec![b'l']].concat());
    s.write(1, vec![row(&long, 1, b"long")]).await;
    s.check(&long, 2, Some((1, b"long"))).await;
    s.check(&other, 2, None).await;
}

/// Shows that no rows, no questions and no deletions are not an error.
async fn nothing_to_do(s: Subject) {
    s.write(1, Vec::new()).await;
    s.store.prune(&s.agent("a"), Epoch(1), &[]).await.expect("prune");
    assert_eq!(s.store.read(&s.agent("a"), &[]).await.expect("read"), Vec::new());
}
