//! Cells say what they were made of, and are ordered as their values are.

use bytes::Bytes;

use super::{CHUNK_BYTES, Cell, Large, VALUE_BYTES_MAX, is_large, large, read, whole};

fn cell(value: &[u8]) -> Bytes {
    if is_large(value) { large(value, blake3::hash(value).as_bytes()) } else { whole(value) }
}

/// Shows that values of every kind are read back, and on which side of the bound they lie.
#[test]
fn read_back() {
    let long: Vec<u8> = (0..CHUNK_BYTES * 3).map(|n| n as u8).collect();
    for length in [0, 1, 2, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, CHUNK_BYTES * 2, CHUNK_BYTES * 3] {
        let value = &long[..length];
        let expected = if length <= CHUNK_BYTES {
            Cell::Whole(Bytes::copy_from_slice(value))
        } else {
            let (beginning, id) =
                (Bytes::copy_from_slice(&value[..CHUNK_BYTES]), *blake3::hash(value).as_bytes());
            Cell::Large(Large { beginning, length, id })
        };
        assert_eq!(read(&cell(value)), Some(expected), "{length} bytes");
    }
    for (length, chunks) in [(CHUNK_BYTES + 1, 1), (CHUNK_BYTES * 2, 1), (CHUNK_BYTES * 2 + 1, 2)] {
        let Some(Cell::Large(large)) = read(&cell(&long[..length])) else {
            panic!("{length} bytes are large")
        };
        assert_eq!(large.chunks(), chunks, "{length} bytes");
    }
}

/// Shows that what is no cell of ours is not taken for one.
#[test]
fn foreign() {
    let mut too_long = large(&vec![0; CHUNK_BYTES + 1], &[0; 32]).to_vec();
    too_long[CHUNK_BYTES + 1..CHUNK_BYTES + 9].copy_from_slice(&(VALUE_BYTES_MAX as u64 + 1).to_be_bytes());
    let mut marked_otherwise = large(&vec![0; CHUNK_BYTES + 1], &[0; 32]).to_vec();
    marked_otherwise[CHUNK_BYTES] = 2;
    let cases = [vec![], vec![1], b"value".to_vec(), vec![0; CHUNK_BYTES + 2], too_long, marked_otherwise];
    for foreign in cases {
        assert_eq!(read(&Bytes::from(foreign)), None);
    }
}

/// Shows that the larger value has the larger cell, so that servers settle equal epochs as the seam says.
#[test]
fn ordered_as_values() {
    let full = vec![7; CHUNK_BYTES];
    let longer = |last: &[u8]| [&full[..], last].concat();
    let mut above = full.clone();
    above[CHUNK_BYTES - 1] = 8;
    let rising: [&[u8]; 11] = [
        b"",
        b"\0",
        b"\0\0",
        b"\0\x01",
        b"\x01",
        &full[..CHUNK_BYTES - 1],
        &full,
        &longer(b"\0"),
        // Of equal beginnings the longer one.
        &longer(b"\0\0"),
        &above,
        b"\xff",
    ];
    for pair in rising.windows(2) {
        assert!(cell(pair[0]) < cell(pair[1]), "{} bytes, {} bytes", pair[0].len(), pair[1].len());
    }
}
