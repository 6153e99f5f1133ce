//! Keys as they lie in a partition key, which has at most 64 KiB on either kind of server.

use std::borrow::Cow;

/// Longest key that is stored as it is. Ids of ours are 16 to 64 bytes; a producer's may be anything.
const PLAIN_BYTES_MAX: usize = 1024;

/// The key, or its beginning and its hash. The latter is always longer than any plain key, so the two
/// cannot be taken for each other. No key is ever read back.
pub(crate) fn stored(key: &[u8]) -> Cow<'_, [u8]> {
    match key.get(..PLAIN_BYTES_MAX) {
        Some(beginning) if key.len() > PLAIN_BYTES_MAX => {
            Cow::Owned([beginning, blake3::hash(key).as_bytes()].concat())
        }
        _ => Cow::Borrowed(key),
    }
}

#[cfg(test)]
mod tests {
    //! Different keys stay different, and none is too long.

    use super::{PLAIN_BYTES_MAX, stored};

    /// Shows that short keys are stored as they are, long ones within the bound, and no two alike.
    #[test]
    fn apart_and_bounded() {
        let long = vec![b'k'; 100_000];
        let hashed = stored(&long).into_owned();
        let keys: [&[u8]; 7] = [
            b"",
            b"k",
            &long[..PLAIN_BYTES_MAX],
            &long[..=PLAIN_BYTES_MAX],
            &long[..99_999],
            &long,
            // The key that a long one is stored as is itself too long to be stored as it is.
            &hashed,
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(stored(key).len() <= PLAIN_BYTES_MAX + 32);
            assert_eq!(stored(key).as_ref() == *key, key.len() <= PLAIN_BYTES_MAX);
            for other in &keys[..index] {
                assert_ne!(stored(key), stored(other));
            }
        }
    }
}
