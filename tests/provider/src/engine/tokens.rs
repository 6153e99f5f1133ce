//! The tokenizer: a simple rule that a client can follow too. It is no real model's.
//!
//! - A run of letters and digits is cut into pieces of four characters, the last of which may be shorter;
//!   each is a token. `summarize` has three: `summ`, `ariz`, `e`.
//! - Each other character that is no white space is a token. White space is none.
//! - A message costs [`MESSAGE_TOKENS`] beside its content, a prompt [`REPLY_TOKENS`] beside its messages,
//!   as OpenAI's chat format does.
//!
//! So a length divided by four is wrong here too, by as much as with real tokenizers.

use schemas_records::model::PromptMessage;

use super::chance;

/// Most characters of a token.
pub const PIECE_CHARS: usize = 4;
/// What a message costs beside its content: its two marks, its role, and what parts it from the next.
pub const MESSAGE_TOKENS: u64 = 4;
/// What a prompt costs beside its messages: the opening of the reply.
pub const REPLY_TOKENS: u64 = 3;

/// The tokens of a text, in order.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let length = if first.is_alphanumeric() {
            rest.chars().take(PIECE_CHARS).take_while(|char| char.is_alphanumeric()).map(char::len_utf8).sum()
        } else {
            first.len_utf8()
        };
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        Some(piece)
    })
}

/// Tokens of a text.
#[must_use]
pub fn count(text: &str) -> u64 {
    pieces(text).count() as u64
}

/// Tokens of a prompt, as it is limited and billed.
#[must_use]
pub fn of_prompt(messages: &[PromptMessage]) -> u64 {
    let contents: u64 = messages.iter().map(|message| MESSAGE_TOKENS + count(&message.content)).sum();
    contents + REPLY_TOKENS
}

/// Each token of a bare text by a number that names it.
#[must_use]
pub fn names_of_text(text: &str) -> Vec<u64> {
    pieces(text).map(|piece| chance::name(0, piece.as_bytes())).collect()
}

/// Each token of a prompt by a number that names it: as many as [`of_prompt`] counts.
#[must_use]
pub fn names(messages: &[PromptMessage]) -> Vec<u64> {
    let mut names = Vec::new();
    for message in messages {
        let role = message.role.as_str().as_bytes();
        names.extend([1, chance::name(2, role), 3]);
        names.extend(names_of_text(&message.content));
        names.push(4);
    }
    names.extend([1, 2, 3]);
    names
}
