//! Text to tokens and back, by the file's own words and merges.
//!
//! The file does not hold the rules by which text is cut before words are looked up; they are the model
//! family's: each digit alone, then GPT-2's. Special tokens (the ends of turns) are not part of any text:
//! what a prompt contains can never be one.

use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;

use crate::gguf::Gguf;
use crate::load::LoadError;

/// What begins a turn.
const TURN_BEGIN: &str = "<|im_start|>";
/// What ends a turn, and with it an answer.
const TURN_END: &str = "<|im_end|>";
/// What ends a text.
const TEXT_END: &str = "<|endoftext|>";

/// The kinds of tokens that are not text: control and added by the user.
const SPECIAL_KINDS: [i32; 2] = [3, 4];

/// What a file says of its words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary {
    /// A word for each token.
    pub(crate) words: Vec<String>,
    /// A kind for each token.
    pub(crate) kinds: Vec<i32>,
    /// Pairs of words that become one, most frequent first: `left right`.
    pub(crate) merges: Vec<String>,
}

/// A tokenizer. Every worker uses it at once.
pub(crate) struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// What begins a turn.
    pub(crate) turn_begin: u32,
    /// What ends a turn, and with it an answer.
    pub(crate) turn_end: u32,
    /// What ends a text: an answer ends there too.
    pub(crate) text_end: u32,
    /// Special tokens that end nothing: no answer may contain them.
    pub(crate) forbidden: Vec<u32>,
}

impl Tokenizer {
    /// Reads the file's words.
    pub(crate) fn read(gguf: &Gguf) -> Result<Self, LoadError> {
        Self::new(Vocabulary {
            words: gguf.texts("tokenizer.ggml.tokens")?,
            kinds: gguf.kinds("tokenizer.ggml.token_type")?,
            merges: gguf.texts("tokenizer.ggml.merges")?,
        })
    }

    /// A tokenizer over a vocabulary.
    pub(crate) fn new(vocabulary: Vocabulary) -> Result<Self, LoadError> {
        let wrong = |problem: &dyn std::fmt::Display| LoadError::part("the tokenizer", problem);
        let words: Vocab = vocabulary.words.into_iter().zip(0..).collect();
        let id = |word: &str| words.get(word).copied().ok_or_else(|| wrong(&format!("there is no {word}")));
        let (turn_begin, turn_end, text_end) = (id(TURN_BEGIN)?, id(TURN_END)?, id(TEXT_END)?);
        let special = vocabulary.kinds.iter().zip(0..).filter(|(kind, _)| SPECIAL_KINDS.contains(kind));
        let forbidden = special.map(|(_, token)| token).filter(|token| ![turn_end, text_end].contains(token));
        let forbidden = forbidden.collect();
        let mut merges = Vec::with_capacity(vocabulary.merges.len());
        for merge in &vocabulary.merges {
            let (left, right) =
                merge.split_once(' ').ok_or_else(|| wrong(&format!("the merge {merge:?} is no pair")))?;
            merges.push((left.to_owned(), right.to_owned()));
        }
        let words = BPE::builder().vocab_and_merges(words, merges).build().map_err(|error| wrong(&error))?;
        let mut inner = tokenizers::Tokenizer::new(words);
        let cuts = vec![Digits::new(true).into(), ByteLevel::new(false, true, true).into()];
        inner.with_pre_tokenizer(Some(Sequence::new(cuts)));
        inner.with_decoder(Some(ByteLevel::default()));
        Ok(Self { inner, turn_begin, turn_end, text_end, forbidden })
    }

    /// A text's tokens; what is wrong, if it has none.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoding = self.inner.encode(text, false).map_err(|error| error.to_string())?;
        Ok(encoding.get_ids().to_vec())
    }

    /// A text from its tokens. A character that was cut at the end is left out.
    pub(crate) fn decode(&self, tokens: &[u32]) -> Result<String, String> {
        let text = self.inner.decode(tokens, false).map_err(|error| error.to_string())?;
        Ok(text.trim_end_matches(char::REPLACEMENT_CHARACTER).to_owned())
    }
}

#[cfg(test)]
pub(crate) mod tests;
