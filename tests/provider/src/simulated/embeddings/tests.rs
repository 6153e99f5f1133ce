//! Vectors, and how near they are.

use super::*;

/// Vectors have length one, are the same for the same text, and nearer the more tokens two texts share.
#[test]
fn unit_vectors() {
    let cosine = |one: &str, other: &str| -> f32 {
        let (one, other) = (vector(1, one, 256), vector(1, other, 256));
        one.iter().zip(&other).map(|(one, other)| one * other).sum()
    };
    for text in ["", "rain", "rain fell on the old road"] {
        assert!((cosine(text, text) - 1.0).abs() < 1e-5, "{text}");
    }
    assert!(cosine("rain fell on the road", "rain fell on the hill") > 0.7);
    assert!(cosine("rain fell on the road", "bees grew calm").abs() < 0.25);
    assert_ne!(vector(1, "rain", 8), vector(2, "rain", 8));
}
