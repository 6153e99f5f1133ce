//! Without a temperature the best token is chosen; with one, a good one that is the same each time.

use super::*;

fn request(temperature: f64) -> ModelRequest {
    ModelRequest { temperature, ..ModelRequest::new("s", "u", 10) }
}

fn chosen(request: &ModelRequest, scores: &[f32], times: usize) -> Vec<u32> {
    let mut sampler = Sampler::new(request).unwrap();
    (0..times).map(|_| sampler.choose(scores.to_vec())).collect()
}

/// Greedy takes the best, the first of equals, and never what is forbidden.
#[test]
fn greedy() {
    let check = |temperature: f64, scores: &[f32], expected: u32| {
        assert_eq!(chosen(&request(temperature), scores, 1), [expected], "{temperature} {scores:?}");
    };
    check(0.0, &[1.0, 3.0, 2.0], 1);
    check(-0.0, &[1.0, 3.0, 3.0], 1);
    check(0.0, &[f32::NEG_INFINITY, -1e30], 1);
    // So low a temperature leaves no other choice, and overflows.
    check(1e-45, &[1.0, 3.0, 2.0], 1);
    check(1e-6, &[1.0, 3.0, 2.0], 1);
}

/// The same request makes the same choices; another makes others.
#[test]
fn repeatable() {
    let scores: Vec<f32> = (0..50).map(|token| (token % 7) as f32 / 10.0).collect();
    let first = chosen(&request(1.0), &scores, 100);
    assert_eq!(first, chosen(&request(1.0), &scores, 100));
    let other = ModelRequest { messages: Vec::new(), ..request(1.0) };
    assert_ne!(first, chosen(&other, &scores, 100));
}

/// Tokens are drawn as often as they are likely; the long tail never.
#[test]
fn nucleus() {
    // 0.6, 0.3 and 0.1: the first two make up the nucleus.
    let scores = [0.6_f32.ln(), 0.1_f32.ln(), f32::NEG_INFINITY, 0.3_f32.ln()];
    let chosen = chosen(&request(1.0), &scores, 3_000);
    let count = |token: u32| chosen.iter().filter(|chosen| **chosen == token).count();
    assert_eq!((count(1), count(2)), (0, 0));
    assert!((1_850..2_150).contains(&count(0)), "{}", count(0));
}

/// What is no temperature is refused.
#[test]
fn odd_temperatures() {
    for temperature in [-0.1, f64::NAN, f64::INFINITY] {
        let error = Sampler::new(&request(temperature)).err().unwrap();
        assert!(error.contains("use 0 or more"), "{error}");
    }
}
