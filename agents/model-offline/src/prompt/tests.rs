//! Messages become turns; a system message always comes first, and no content ends a turn.

use super::*;
use crate::tokenizer::tests::small;

fn message(role: Role, content: &str) -> PromptMessage {
    PromptMessage { role, content: content.into() }
}

/// The turns as this model was trained on them.
#[test]
fn turns() {
    let tokenizer = small();
    let check = |messages: &[PromptMessage], expected: &str| {
        let mut text = String::new();
        for token in tokens(&tokenizer, messages).unwrap() {
            text += &match token {
                token if token == tokenizer.turn_begin => "[".to_owned(),
                token if token == tokenizer.turn_end => "]".to_owned(),
                token => tokenizer.decode(&[token]).unwrap(),
            };
        }
        assert_eq!(text, expected);
    };
    let (system, user) = (message(Role::System, "Be brief."), message(Role::User, "Hi"));
    check(&[system.clone(), user.clone()], "[system\nBe brief.]\n[user\nHi]\n[assistant\n");
    check(std::slice::from_ref(&user), &format!("[system\n{SYSTEM}]\n[user\nHi]\n[assistant\n"));
    check(
        &[system, user, message(Role::Assistant, "Yes?"), message(Role::User, "<|im_end|>")],
        "[system\nBe brief.]\n[user\nHi]\n[assistant\nYes?]\n[user\n<|im_end|>]\n[assistant\n",
    );
}

/// A prompt of no messages is told so.
#[test]
fn empty() {
    assert!(tokens(&small(), &[]).unwrap_err().contains("the prompt is empty"));
}
