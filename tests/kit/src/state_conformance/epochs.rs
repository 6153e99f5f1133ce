//! Which write stands, and what a deletion takes.

use topics_state::{Epoch, Key};

use super::{Case, Subject, at, row};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("the higher epoch wins, whichever comes first", |s| Box::pin(higher_epoch_wins(s))),
        ("at equal epochs the larger value wins, whichever comes first", |s| Box::pin(larger_value_wins(s))),
        ("the same write made again changes nothing", |s| Box::pin(same_write_again(s))),
        ("pruning keeps the version at the position", |s| Box::pin(prune_keeps(s))),
        ("pruning takes only its own key, generation and agent", |s| Box::pin(prune_apart(s))),
        ("pruning leaves what a higher epoch wrote", |s| Box::pin(prune_leaves_higher(s))),
        ("a late write below a deletion loses", |s| Box::pin(late_below_prune(s))),
        ("deletions of several epochs each keep what they hide", |s| Box::pin(deletions_add_up(s))),
        ("pruning again and again finds what is left", |s| Box::pin(prune_again(s))),
        ("ten thousand versions of a key are read and pruned", |s| Box::pin(many_versions(s))),
    ]
}

/// Shows that at one position the write of the higher epoch stands, in both orders of arrival, and a
/// late write of a lower one loses even if its value is larger.
async fn higher_epoch_wins(s: Subject) {
    s.write(1, vec![row(b"rising", 5, b"zzz of one")]).await;
    s.check(b"rising", 6, Some((5, b"zzz of one"))).await;
    s.write(2, vec![row(b"rising", 5, b"of two")]).await;
    s.check(b"rising", 6, Some((5, b"of two"))).await;
    s.write(2, vec![row(b"falling", 5, b"of two")]).await;
    s.write(1, vec![row(b"falling", 5, b"zzz of one")]).await;
    s.check(b"falling", 6, Some((5, b"of two"))).await;
    s.write(300, vec![row(b"falling", 5, b"")]).await;
    s.write(299, vec![row(b"falling", 5, b"zzz")]).await;
    s.check(b"falling", 6, Some((5, b""))).await;
}

/// Shows that at one position and epoch the larger value stands, compared byte by byte.
async fn larger_value_wins(s: Subject) {
    let pairs: [(&[u8], &[u8]); 5] =
        [(b"a", b"b"), (b"a", b"aa"), (b"", b"\0"), (b"zz", b"\xff"), (b"a\xff", b"b")];
    for (index, (smaller, larger)) in pairs.into_iter().enumerate() {
        let offset = index as i64;
        s.write(4, vec![row(b"up", offset, smaller)]).await;
        s.write(4, vec![row(b"up", offset, larger)]).await;
        s.write(4, vec![row(b"down", offset, larger)]).await;
        s.write(4, vec![row(b"down", offset, smaller)]).await;
        s.check(b"up", offset + 1, Some((offset, larger))).await;
        s.check(b"down", offset + 1, Some((offset, larger))).await;
    }
}

/// Shows that a write may be repeated, at once or after others.
async fn same_write_again(s: Subject) {
    for _ in 0..3 {
        s.write(2, vec![row(b"k", 5, b"five"), row(b"k", 6, b"six")]).await;
    }
    s.write(2, vec![row(b"k", 7, b"seven")]).await;
    s.write(2, vec![row(b"k", 5, b"five")]).await;
    s.check(b"k", 6, Some((5, b"five"))).await;
    s.check(b"k", 7, Some((6, b"six"))).await;
    s.check(b"k", 8, Some((7, b"seven"))).await;
}

/// Shows that pruning deletes below the position and keeps what is at it and above.
async fn prune_keeps(s: Subject) {
    for offset in 0..10 {
        s.write(1, vec![row(b"k", offset, b"v")]).await;
    }
    s.prune(1, b"k", 5).await;
    s.check(b"k", 5, None).await;
    s.check(b"k", 6, Some((5, b"v"))).await;
    s.check(b"k", 100, Some((9, b"v"))).await;
    // Where no version is at the position, the deletion is the same.
    s.prune(1, b"k", 1000).await;
    s.check(b"k", 2000, None).await;
    s.write(1, vec![row(b"k", 1000, b"next")]).await;
    s.check(b"k", 2000, Some((1000, b"next"))).await;
}

/// Shows that other keys, other generations and other agents keep their versions.
async fn prune_apart(s: Subject) {
    for key in [&b"k"[..], b"", b"k\0", b"kk", b"j", b"l"] {
        s.write(1, vec![row(key, 1, key)]).await;
    }
    let mut other_generation = row(b"k", 1, b"g2");
    other_generation.position = at(2, 1);
    s.write(1, vec![other_generation]).await;
    s.store.write(&s.agent("b"), Epoch(1), vec![row(b"k", 1, b"b")]).await.expect("write");
    s.prune(1, b"k", 50).await;
    s.check(b"k", 100, None).await;
    for key in [&b""[..], b"k\0", b"kk", b"j", b"l"] {
        s.check(key, 100, Some((1, key))).await;
    }
    assert_eq!(s.newest("a", b"k", at(2, 100)).await, Some((1, "g2".into())));
    assert_eq!(s.newest("b", b"k", at(1, 100)).await, Some((1, "b".into())));
    // Several keys at once, one of them twice.
    let below =
        [("j", 1), ("l", 2), ("kk", 2), ("kk", 1)].map(|(k, below)| (Key::new(k.as_bytes()), at(1, below)));
    s.store.prune(&s.agent("a"), Epoch(1), &below).await.expect("prune");
    s.check(b"j", 100, Some((1, b"j"))).await;
    s.check(b"l", 100, None).await;
    s.check(b"kk", 100, None).await;
}

/// Shows that a late deletion of a lower epoch does not take what a later owner wrote.
async fn prune_leaves_higher(s: Subject) {
    s.write(1, vec![row(b"k", 1, b"of one"), row(b"k", 2, b"of one")]).await;
    s.write(2, vec![row(b"k", 2, b"of two"), row(b"k", 3, b"of two")]).await;
    s.prune(1, b"k", 10).await;
    s.check(b"k", 2, None).await;
    s.check(b"k", 3, Some((2, b"of two"))).await;
    s.check(b"k", 10, Some((3, b"of two"))).await;
}

/// Shows that a write of the deletion's own epoch or a lower one which arrives after it stays unseen, as
/// long as late writes may come, and one of a higher epoch does not.
async fn late_below_prune(s: Subject) {
    s.write(2, vec![row(b"k", 1, b"one"), row(b"k", 4, b"four")]).await;
    s.prune(2, b"k", 4).await;
    for (epoch, offset) in [(1, 2), (2, 3), (2, 1)] {
        s.write(epoch, vec![row(b"k", offset, b"late")]).await;
    }
    s.check(b"k", 4, None).await;
    s.check(b"k", 5, Some((4, b"four"))).await;
    (s.advance)(topics_state::LATE_WRITE_MAX.mul_f64(0.9)).await;
    s.write(2, vec![row(b"k", 3, b"late")]).await;
    s.check(b"k", 4, None).await;
    s.write(3, vec![row(b"k", 2, b"of three")]).await;
    s.check(b"k", 4, Some((2, b"of three"))).await;
}

/// Shows that a deletion further down under a higher epoch does not end one further up under a lower
/// epoch, nor the other way round.
async fn deletions_add_up(s: Subject) {
    s.prune(1, b"k", 10).await;
    s.prune(3, b"k", 5).await;
    s.prune(2, b"k", 7).await;
    s.prune(1, b"k", 3).await;
    let landing = |epoch: i64, offset: i64| {
        let hidden = [(1, 10), (3, 5), (2, 7)].iter().any(|(by, below)| offset < *below && epoch <= *by);
        !hidden
    };
    for epoch in 1..=4 {
        for offset in [2, 4, 6, 8, 12] {
            let key = [b'k'];
            s.write(epoch, vec![row(&key, offset, epoch.to_string().as_bytes())]).await;
            let found = s.newest("a", &key, at(1, offset + 1)).await.filter(|(found, _)| *found == offset);
            let expected = landing(epoch, offset).then(|| (offset, epoch.to_string().into()));
            assert_eq!(found, expected, "epoch {epoch} at {offset}");
        }
    }
}

/// Shows that pruning step by step leaves nothing behind: late versions of higher epochs and a new
/// owner's included.
async fn prune_again(s: Subject) {
    for offset in 0..30 {
        s.write(1, vec![row(b"k", offset, b"v")]).await;
        if offset % 3 == 2 {
            s.prune(1, b"k", offset).await;
            s.check(b"k", offset, None).await;
        }
    }
    s.check(b"k", 100, Some((29, b"v"))).await;
    s.write(2, vec![row(b"k", 10, b"low, by a later owner")]).await;
    s.check(b"k", 20, Some((10, b"low, by a later owner"))).await;
    s.prune(1, b"k", 25).await;
    s.check(b"k", 20, Some((10, b"low, by a later owner"))).await;
    s.prune(2, b"k", 20).await;
    s.check(b"k", 20, None).await;
    s.check(b"k", 100, Some((29, b"v"))).await;
}

/// Shows that ten thousand versions of one key are no special case.
async fn many_versions(s: Subject) {
    for part in 0..20 {
        let offsets = part * 500..(part + 1) * 500;
        s.write(1, offsets.map(|offset| row(b"k", offset, &offset.to_be_bytes())).collect()).await;
    }
    s.check(b"k", 10_000, Some((9_999, &9_999_i64.to_be_bytes()))).await;
    s.check(b"k", 5_000, Some((4_999, &4_999_i64.to_be_bytes()))).await;
    s.prune(1, b"k", 9_999).await;
    s.check(b"k", 10_000, Some((9_999, &9_999_i64.to_be_bytes()))).await;
    s.check(b"k", 9_999, None).await;
    s.check(b"k", 1, None).await;
}
