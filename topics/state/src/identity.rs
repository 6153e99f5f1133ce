//! Draws the random id that names a store.
//!
//! The door through which chance comes into this room; nothing else here is random.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use schemas_records::Timestamp;

/// 32 hexadecimal digits that no other store has. The standard library's hash seeds come from the
/// operating system; process and time are mixed in for where that source is poor.
pub(crate) fn draw(now: Timestamp) -> String {
    let mut hasher = blake3::Hasher::new();
    for _ in 0..4 {
        hasher.update(&RandomState::new().build_hasher().finish().to_be_bytes());
    }
    hasher.update(&std::process::id().to_be_bytes());
    hasher.update(&now.0.to_be_bytes());
    hasher.finalize().to_hex()[..32].to_owned()
}
