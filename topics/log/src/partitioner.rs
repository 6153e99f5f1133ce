//! Which partition a key belongs to: Kafka's own murmur2, as the Java client and
//! `partitioner=murmur2_random` compute it.
//!
//! It is written here because the crates that offer it are unkept, and because the whole house must
//! agree with the broker's other clients on every key; the tests hold known values of the Java client.

/// The partition of `key` among `partitions`.
#[must_use]
pub fn partition_of(key: &[u8], partitions: i32) -> i32 {
    let positive = murmur2(key) & 0x7fff_ffff;
    i32::try_from(positive).unwrap_or(0) % partitions.max(1)
}

/// Kafka's murmur2: seed 0x9747b28c, little-endian words.
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let mut h = SEED ^ u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k ^= k >> R;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let tail = words.remainder();
    for (index, byte) in tail.iter().enumerate().rev() {
        h ^= u32::from(*byte) << (8 * index);
    }
    if !tail.is_empty() {
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    //! Known values of Kafka's own test of `Utils.murmur2`.

    use super::murmur2;

    /// The Java client's published values, one for each length of tail.
    #[test]
    fn agrees_with_the_java_client() {
        let check = |key: &[u8], expected: i32| assert_eq!(murmur2(key).cast_signed(), expected, "{key:?}");
        check(b"21", -973_932_308);
        check(b"foobar", -790_332_482);
        check(b"a-little-bit-long-string", -985_981_536);
        check(b"a-little-bit-longer-string", -1_486_304_829);
        check(b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971);
        check(b"abc", 479_470_107);
    }
}
