//! The file's own vocabulary, and the network over it.

use super::loaded;

/// Tokens by their ids, as they stand in the file.
#[test]
fn known_tokens() {
    let Some(loaded) = loaded() else { return };
    let tokenizer = &loaded.tokenizer;
    let check = |text: &str, expected: &[u32]| {
        assert_eq!(tokenizer.encode(text).unwrap(), expected, "{text:?}");
        assert_eq!(tokenizer.decode(expected).unwrap(), text);
    };
    assert_eq!((tokenizer.text_end, tokenizer.turn_begin, tokenizer.turn_end), (0, 1, 2));
    check("", &[]);
    check("Hello, world!", &[19556, 28, 905, 17]);
    check("Employment", &[10809, 6951]);
    // Digits stand alone, also behind a space.
    check(" 2019 12%", &[216, 34, 32, 33, 41, 216, 33, 34, 21]);
    check("don't naïve €5", &[12420, 982, 15486, 46494, 24927, 37]);
    check("  two  spaces\n\nNew", &[216, 827, 216, 5600, 198, 198, 5529]);
}

/// A text that is read in pieces leaves the network where reading it at once does: exactly while pieces are
/// multiplied in eight bits, and but for their rounding if the whole is multiplied as it is.
#[test]
fn pieces() {
    let Some(loaded) = loaded() else { return };
    let llama = &loaded.llama;
    let tokens = loaded.tokenizer.encode("Employment in construction rose by 4% in 2019, and").unwrap();
    let read = |piece: usize| {
        let (mut memory, mut last) = (llama.memory(), Vec::new());
        for tokens in tokens.chunks(piece) {
            last = llama.advance(&mut memory, tokens);
        }
        llama.scores(&last)
    };
    let (single, whole) = (read(1), read(tokens.len()));
    assert_eq!(read(3), single);
    assert_eq!(read(7), single);
    let apart: f32 = single.iter().zip(&whole).map(|(one, other)| (one - other).abs()).sum();
    let mean = apart / single.len() as f32;
    assert!(mean < 0.5, "the scores are {mean} apart");
}

/// The network has learnt something: after a text it knows by heart comes the word everybody expects.
#[test]
fn next_words() {
    let Some(loaded) = loaded() else { return };
    let check = |text: &str, expected: &str| {
        let tokens = loaded.tokenizer.encode(text).unwrap();
        let llama = &loaded.llama;
        let scores = llama.scores(&llama.advance(&mut llama.memory(), &tokens));
        let best = (0..).zip(scores).max_by(|one, other| one.1.total_cmp(&other.1)).unwrap().0;
        assert_eq!(loaded.tokenizer.decode(&[best]).unwrap(), expected, "{text}");
    };
    check("The opposite of hot is", " cold");
    check("The capital of France is", " Paris");
}
