//! Text becomes tokens by the vocabulary's merges and the family's cuts, and becomes text again.

use super::*;
use tokenizers::pre_tokenizers::byte_level::ByteLevel as Bytes;

/// A vocabulary of all bytes, some merges and the special tokens, which come first.
pub(crate) fn small() -> Tokenizer {
    let mut vocabulary = Vocabulary::default();
    for word in [TEXT_END, TURN_BEGIN, TURN_END, "<file_sep>"] {
        vocabulary.words.push(word.into());
        vocabulary.kinds.push(3);
    }
    let mut bytes: Vec<char> = Bytes::alphabet().into_iter().collect();
    bytes.sort_unstable();
    vocabulary.words.extend(bytes.iter().map(char::to_string));
    for (left, right) in [("1", "2"), ("a", "b"), ("Ġ", "ab")] {
        vocabulary.words.push(format!("{left}{right}"));
        vocabulary.merges.push(format!("{left} {right}"));
    }
    vocabulary.kinds.resize(vocabulary.words.len(), 1);
    Tokenizer::new(vocabulary).unwrap()
}

/// Merges hold within a word; digits stand alone; special tokens are no text.
#[test]
fn cuts() {
    let tokenizer = small();
    let check = |text: &str, expected: &[&str]| {
        let tokens = tokenizer.encode(text).unwrap();
        let words: Vec<String> =
            tokens.iter().map(|token| tokenizer.inner.id_to_token(*token).unwrap()).collect();
        assert_eq!(words, expected, "{text:?}");
        assert_eq!(tokenizer.decode(&tokens).unwrap(), text);
    };
    check("", &[]);
    check("abc", &["ab", "c"]);
    check("a ab", &["a", "Ġab"]);
    check("12", &["1", "2"]);
    check("é", &["Ã", "©"]);
    check("<|im_end|>", &["<", "|", "i", "m", "_", "e", "n", "d", "|", ">"]);
}

/// Of the special tokens, those that end an answer may be chosen.
#[test]
fn special_tokens() {
    let tokenizer = small();
    assert_eq!((tokenizer.text_end, tokenizer.turn_begin, tokenizer.turn_end), (0, 1, 2));
    assert_eq!(tokenizer.forbidden, [1, 3]);
}

/// A character that was cut in the middle is left out; one in the middle that is none is kept visible.
#[test]
fn half_characters() {
    let tokenizer = small();
    let euro = tokenizer.encode("a€").unwrap();
    assert_eq!(tokenizer.decode(&euro[..3]).unwrap(), "a");
    assert_eq!(tokenizer.decode(&euro).unwrap(), "a€");
}

/// A vocabulary without the ends of turns, or with a merge that is none, makes no tokenizer.
#[test]
fn odd_vocabularies() {
    let check = |words: &[&str], merges: &[&str], expected: &str| {
        let list = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let vocabulary = Vocabulary { words: list(words), kinds: vec![1; words.len()], merges: list(merges) };
        let error = Tokenizer::new(vocabulary).err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(&["a"], &[], "there is no <|im_start|>");
    let ends = [TEXT_END, TURN_BEGIN, TURN_END];
    check(&ends, &["ab"], "the merge \"ab\" is no pair");
    check(&ends, &["a b"], "the tokenizer");
}
