//! The network's small formulas; what they make together is tested on the real weights (`crate::tests`).

use super::*;

const SHAPE: Shape =
    Shape { width: 8, heads: 2, key_heads: 1, head_width: 4, rope_base: 100.0, epsilon: 0.0, context: 16 };

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found_one, expected_one) in found.iter().zip(expected) {
        assert!((found_one - expected_one).abs() < 1e-5, "{found:?} {expected:?}");
    }
}

/// Softmax gives shares of one, also of numbers whose exponential would be infinite.
#[test]
fn softmax() {
    let check = |scores: &[f32], expected: &[f32]| {
        let mut scores = scores.to_vec();
        soften(&mut scores);
        close(&scores, expected);
    };
    check(&[3.0], &[1.0]);
    check(&[0.0, 0.0], &[0.5, 0.5]);
    check(&[1e9, 1e9, 0.0], &[0.5, 0.5, 0.0]);
    check(&[f32::NEG_INFINITY, 0.0], &[0.0, 1.0]);
}

/// Each row is divided by its own root mean square.
#[test]
fn norms() {
    close(&normed(&[3.0, -3.0, 1.0, 7.0], &[1.0, 2.0], 0.0), &[1.0, -2.0, 0.2, 2.8]);
}

/// Position 0 turns nothing; later ones turn the first pair by one radian each, and keep lengths.
#[test]
fn turns() {
    let check = |position: usize, expected: [f32; 4]| {
        let mut heads = [1.0, 0.0, 0.0, 2.0];
        Turns::new(SHAPE, position, 1).turn(&mut heads);
        close(&heads, &expected);
    };
    check(0, [1.0, 0.0, 0.0, 2.0]);
    check(1, [1_f32.cos(), 1_f32.sin(), -2.0 * 0.1_f32.sin(), 2.0 * 0.1_f32.cos()]);
    check(3, [3_f32.cos(), 3_f32.sin(), -2.0 * 0.3_f32.sin(), 2.0 * 0.3_f32.cos()]);
}

/// A head finds the value whose key fits; what comes after its token is not there yet.
#[test]
fn attention() {
    let remembered = Remembered {
        keys: vec![100.0, 0.0, 0.0, 0.0, 0.0, 100.0, 0.0, 0.0],
        values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
    };
    let check = |tokens: usize, query: [f32; 4], expected: [f32; 4]| {
        let mut found = [0.0; 4];
        remembered.look(SHAPE, tokens, 0, &query, &mut found);
        close(&found, &expected);
    };
    check(2, [1.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0]);
    check(2, [0.0, 1.0, 0.0, 0.0], [5.0, 6.0, 7.0, 8.0]);
    check(2, [1.0, 1.0, 0.0, 0.0], [3.0, 4.0, 5.0, 6.0]);
    check(1, [0.0, 1.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0]);
}
