//! Owners' rows, and the store's id.

use std::collections::BTreeSet;

use topics_state::{Epoch, Owner, Remedy};

use super::{Case, Subject};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("each registration takes the next epoch", |s| Box::pin(epochs_rise(s))),
        ("a noted row is read back and handed to the next owner", |s| Box::pin(note_is_kept(s))),
        ("who steps back leaves what stood", |s| Box::pin(stepping_back(s))),
        ("only the epoch that stands may note", |s| Box::pin(only_the_owner_notes(s))),
        ("another topic id is refused", |s| Box::pin(another_topic(s))),
        ("slots have owners of their own", |s| Box::pin(slots_apart(s))),
        ("fifty that register at once get fifty epochs", |s| Box::pin(fifty_at_once(s))),
        ("the store keeps its id", |s| Box::pin(identity_stays(s))),
    ]
}

/// The row of an owner that has only registered.
fn registered(epoch: i64) -> Owner {
    Owner {
        epoch: Epoch(epoch),
        topic_id: "topic".to_owned(),
        committed: None,
        stepping: None,
        deaths: 0,
        closed: false,
    }
}

/// Shows that registrations get 1, 2, 3, each with the row that stood before.
async fn epochs_rise(s: Subject) {
    let slot = s.slot("a", 1, 0);
    assert_eq!(s.store.owner(&slot).await.expect("owner"), None);
    for epoch in 1..=3 {
        let before = (epoch > 1).then(|| registered(epoch - 1));
        let got = s.store.register(&slot, "topic").await.expect("register");
        assert_eq!(got, (before, Epoch(epoch)));
        assert_eq!(s.store.owner(&slot).await.expect("owner"), Some(registered(epoch)));
    }
}

/// Shows that all of a noted row is kept, and that registering changes the epoch and `closed` only.
async fn note_is_kept(s: Subject) {
    let slot = s.slot("a", 1, 0);
    s.store.register(&slot, "topic").await.expect("register");
    let rows = [
        Owner { committed: Some(0), stepping: Some(i64::MAX), deaths: u32::MAX, ..registered(1) },
        Owner { committed: Some(77), stepping: None, deaths: 3, closed: true, ..registered(1) },
    ];
    for row in &rows {
        s.store.note(&slot, row).await.expect("note");
        assert_eq!(s.store.owner(&slot).await.expect("owner").as_ref(), Some(row));
    }
    let (before, epoch) = s.store.register(&slot, "topic").await.expect("register");
    assert_eq!((before.as_ref(), epoch), (Some(&rows[1]), Epoch(2)));
    let after = Owner { epoch: Epoch(2), closed: false, ..rows[1].clone() };
    assert_eq!(s.store.owner(&slot).await.expect("owner"), Some(after));
}

/// Shows that an owner that only registered can say again what stood, so that whoever comes next finds where
/// the last one that worked has left.
async fn stepping_back(s: Subject) {
    let slot = s.slot("a", 1, 0);
    s.store.register(&slot, "topic").await.expect("register");
    let left = Owner { committed: Some(42), closed: true, ..registered(1) };
    s.store.note(&slot, &left).await.expect("note");
    for epoch in 2..=3 {
        let (before, taken) = s.store.register(&slot, "topic").await.expect("register");
        let before = before.expect("a row");
        assert_eq!((before.committed, before.closed, taken), (Some(42), true, Epoch(epoch)));
        s.store.note(&slot, &Owner { epoch: taken, ..before }).await.expect("note");
    }
}

/// Shows that a row of an epoch that does not stand is `Lost`, an earlier one's above all, and changes
/// nothing.
async fn only_the_owner_notes(s: Subject) {
    let slot = s.slot("a", 1, 0);
    let noted = |epoch| Owner { committed: Some(5), ..registered(epoch) };
    let error = s.store.note(&slot, &noted(1)).await.expect_err("nobody has registered");
    assert_eq!(error.remedy, Remedy::Lost, "{error}");
    s.store.register(&slot, "topic").await.expect("register");
    s.store.register(&slot, "topic").await.expect("register");
    for epoch in [0, 1, 3] {
        let error = s.store.note(&slot, &noted(epoch)).await.expect_err("not the owner");
        assert_eq!(error.remedy, Remedy::Lost, "{error}");
    }
    assert_eq!(s.store.owner(&slot).await.expect("owner"), Some(registered(2)));
    s.store.note(&slot, &noted(2)).await.expect("note");
    assert_eq!(s.store.owner(&slot).await.expect("owner"), Some(noted(2)));
}

/// Shows that registering for a topic that was made anew is refused, with both ids in the cause, takes
/// no epoch, and goes through once the new id was noted.
async fn another_topic(s: Subject) {
    let slot = s.slot("a", 1, 0);
    s.store.register(&slot, "topic").await.expect("register");
    let error = s.store.register(&slot, "made-anew").await.expect_err("another topic");
    assert_eq!(error.remedy, Remedy::Stop);
    assert!(error.cause.contains("id topic") && error.cause.contains("made-anew"), "{error}");
    assert_eq!(s.store.owner(&slot).await.expect("owner"), Some(registered(1)));
    let adopted = Owner { topic_id: "made-anew".to_owned(), ..registered(1) };
    s.store.note(&slot, &adopted).await.expect("note");
    let got = s.store.register(&slot, "made-anew").await.expect("register");
    assert_eq!(got, (Some(adopted), Epoch(2)));
}

/// Shows that agents, generations and partitions each have owners of their own.
async fn slots_apart(s: Subject) {
    let slots = [("a", 1, 0), ("a", 1, 1), ("a", 2, 0), ("ab", 1, 0), ("a", 256, 0), ("a", 0, 256)];
    let slots = slots.map(|(agent, generation, partition)| s.slot(agent, generation, partition));
    for (times, slot) in slots.iter().enumerate() {
        for _ in 0..=times {
            s.store.register(slot, "topic").await.expect("register");
        }
    }
    for (times, slot) in slots.iter().enumerate() {
        let epoch = s.store.owner(slot).await.expect("owner").map(|owner| owner.epoch);
        assert_eq!(epoch, Some(Epoch(times as i64 + 1)), "{slot}");
    }
}

/// Shows that registering is a compare-and-set: fifty at once get fifty different epochs, without gaps,
/// and each the row of the one before.
async fn fifty_at_once(s: Subject) {
    let mut under_way = Vec::new();
    for _ in 0..50 {
        let (store, slot) = (s.store.clone(), s.slot("a", 1, 0));
        under_way.push(tokio::spawn(async move { store.register(&slot, "topic").await.expect("register") }));
    }
    let mut epochs = BTreeSet::new();
    for registration in under_way {
        let (before, epoch) = registration.await.expect("no panic");
        assert_eq!(before.map_or(0, |owner| owner.epoch.0), epoch.0 - 1, "the row before");
        epochs.insert(epoch.0);
    }
    assert_eq!(epochs, (1..=50).collect());
}

/// Shows that the store's id is short, printable and always the same.
async fn identity_stays(s: Subject) {
    let identity = s.store.identity().await.expect("identity");
    assert!((16..=64).contains(&identity.len()), "{identity:?}");
    assert!(identity.bytes().all(|byte| byte.is_ascii_graphic()), "{identity:?}");
    s.store.register(&s.slot("a", 1, 0), "topic").await.expect("register");
    assert_eq!(s.store.identity().await.expect("identity"), identity);
}
