//! Versions that live for a while.

use std::time::Duration;

use topics_state::{LATE_WRITE_MAX, Row};

use super::{Case, Subject, row};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("a version is unseen when its life has ended", |s| Box::pin(expires(s))),
        ("writing again gives a life and prolongs it", |s| Box::pin(lives_change(s))),
        ("a higher epoch replaces the life too", |s| Box::pin(higher_epoch_replaces(s))),
        ("an expired version still beats late writes", |s| Box::pin(expired_still_wins(s))),
        ("many versions end while others are written", |s| Box::pin(many_end(s))),
    ]
}

const MINUTE: Duration = Duration::from_secs(60);

fn living(key: &[u8], offset: i64, value: &[u8], minutes: u32) -> Row {
    Row { lives: Some(MINUTE * minutes), ..row(key, offset, value) }
}

/// Shows that an expired version is unseen, and that the one below it, if any is left, is then the
/// newest.
async fn expires(s: Subject) {
    s.write(1, vec![row(b"k", 1, b"stays"), living(b"k", 2, b"ends", 10)]).await;
    s.write(1, vec![living(b"alone", 2, b"ends", 10)]).await;
    (s.advance)(MINUTE * 9).await;
    s.check(b"k", 3, Some((2, b"ends"))).await;
    s.check(b"alone", 3, Some((2, b"ends"))).await;
    (s.advance)(MINUTE * 2).await;
    s.check(b"k", 3, Some((1, b"stays"))).await;
    s.check(b"alone", 3, None).await;
    s.prune(1, b"k", 2).await;
    s.check(b"k", 3, None).await;
}

/// Shows that the same version written again under its epoch gets a life if it had none, and a longer
/// one if it had a shorter one.
async fn lives_change(s: Subject) {
    s.write(1, vec![row(b"given", 1, b"v"), living(b"prolonged", 1, b"v", 5)]).await;
    (s.advance)(MINUTE * 3).await;
    s.write(1, vec![living(b"given", 1, b"v", 5), living(b"prolonged", 1, b"v", 5)]).await;
    (s.advance)(MINUTE * 4).await;
    s.check(b"given", 2, Some((1, b"v"))).await;
    s.check(b"prolonged", 2, Some((1, b"v"))).await;
    (s.advance)(MINUTE * 2).await;
    s.check(b"given", 2, None).await;
    s.check(b"prolonged", 2, None).await;
}

/// Shows that a later owner's write decides over the life as over the value: it may also last for ever
/// again, or end sooner.
async fn higher_epoch_replaces(s: Subject) {
    s.write(1, vec![living(b"for ever", 1, b"v", 5), living(b"sooner", 1, b"v", 50)]).await;
    s.write(2, vec![row(b"for ever", 1, b"v"), living(b"sooner", 1, b"v", 5)]).await;
    s.write(1, vec![living(b"for ever", 1, b"v", 6), living(b"sooner", 1, b"v", 60)]).await;
    (s.advance)(MINUTE * 8).await;
    s.check(b"for ever", 2, Some((1, b"v"))).await;
    s.check(b"sooner", 2, None).await;
}

/// Shows that a late write of a lower epoch does not rise where a later owner's version has expired.
async fn expired_still_wins(s: Subject) {
    s.write(2, vec![living(b"k", 1, b"of two", 5)]).await;
    (s.advance)(MINUTE * 6).await;
    s.write(1, vec![row(b"k", 1, b"of one, late")]).await;
    s.check(b"k", 2, None).await;
    (s.advance)(LATE_WRITE_MAX / 2).await;
    s.write(1, vec![row(b"k", 1, b"of one, later")]).await;
    s.check(b"k", 2, None).await;
}

/// Shows that a store which forgets what ended forgets nothing else: versions that got a longer life in
/// the meantime, versions without an end, and new versions in the place of forgotten ones.
async fn many_end(s: Subject) {
    let key = |n: usize| format!("k{n}").into_bytes();
    for n in 0..200 {
        s.write(1, vec![row(&key(n), 1, b"old"), living(&key(n), 2, b"ends", 5)]).await;
    }
    (s.advance)(MINUTE).await;
    for n in (0..200).step_by(2) {
        s.write(1, vec![living(&key(n), 2, b"ends", 500)]).await;
    }
    (s.advance)(LATE_WRITE_MAX + MINUTE * 10).await;
    for n in 0..500 {
        s.write(1, vec![row(b"other", n, b"v")]).await;
    }
    for n in 0..200 {
        let expected: (i64, &[u8]) = if n % 2 == 0 { (2, b"ends") } else { (1, b"old") };
        s.check(&key(n), 10, Some(expected)).await;
    }
    s.check(b"other", 1000, Some((499, b"v"))).await;
    s.write(2, vec![row(&key(1), 2, b"anew")]).await;
    s.check(&key(1), 10, Some((2, b"anew"))).await;
}
