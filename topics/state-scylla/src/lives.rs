//! How long a row lives, as a `TTL` in whole seconds.

use std::time::Duration;

/// The longest that both kinds of server take: 20 years.
const TTL_SECONDS_MAX: u64 = 20 * 365 * 24 * 60 * 60;

/// How much longer a large value's chunks live than the row that names them. They are written before it,
/// so with its life alone they would end before it. Ten minutes are far more than writing them takes.
const CHUNKS_OUTLIVE: Duration = Duration::from_secs(600);

/// Seconds for `USING TTL`; 0 says for ever, whatever the table's default is. Rounded up, and by one more
/// second: the server's second has begun when it counts from its beginning, and no life may end early.
pub(crate) fn ttl(lives: Option<Duration>) -> i32 {
    let Some(lives) = lives else { return 0 };
    let begun = u64::from(lives.subsec_nanos() > 0) + 1;
    let seconds = lives.as_secs().saturating_add(begun).min(TTL_SECONDS_MAX);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

/// The same for the chunks of a value that lives so long.
pub(crate) fn chunks_ttl(lives: Option<Duration>) -> i32 {
    ttl(lives.map(|lives| lives.saturating_add(CHUNKS_OUTLIVE)))
}

#[cfg(test)]
mod tests {
    //! No life ends early, and none is refused by a server.

    use std::time::Duration;

    use super::{TTL_SECONDS_MAX, chunks_ttl, ttl};

    /// Shows the seconds for lives of all kinds.
    #[test]
    fn in_whole_seconds() {
        let millis = |millis| Some(Duration::from_millis(millis));
        let longest = i32::try_from(TTL_SECONDS_MAX).unwrap();
        let cases = [
            (None, 0),
            (millis(0), 1),
            (millis(1), 2),
            (millis(1_000), 2),
            (millis(1_001), 3),
            (Some(Duration::from_secs(TTL_SECONDS_MAX)), longest),
            (Some(Duration::MAX), longest),
        ];
        for (lives, seconds) in cases {
            assert_eq!(ttl(lives), seconds, "{lives:?}");
            assert_eq!(chunks_ttl(lives) > seconds, lives.is_some() && seconds < longest, "{lives:?}");
        }
    }
}
