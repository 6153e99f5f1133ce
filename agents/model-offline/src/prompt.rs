//! Messages as the tokens that this model was trained on (ChatML).

use schemas_records::model::{PromptMessage, Role};

use crate::tokenizer::Tokenizer;

/// What stands first where a prompt has no system message: the words of the model's own template. Without
/// any it may answer in gibberish.
const SYSTEM: &str = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";

/// The prompt's tokens, up to where the answer begins.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn tokens(tokenizer: &Tokenizer, messages: &[PromptMessage]) -> Result<Vec<u32>, String> {
    let first = messages.first().ok_or("the prompt is empty; send at least one message")?;
    let mut tokens = Vec::new();
    if first.role != Role::System {
        turn(tokenizer, Role::System, SYSTEM, &mut tokens)?;
    }
    for message in messages {
        turn(tokenizer, message.role, &message.content, &mut tokens)?;
    }
    tokens.push(tokenizer.turn_begin);
    tokens.extend(tokenizer.encode("assistant\n")?);
    Ok(tokens)
}

fn turn(tokenizer: &Tokenizer, role: Role, content: &str, tokens: &mut Vec<u32>) -> Result<(), String> {
    tokens.push(tokenizer.turn_begin);
    tokens.extend(tokenizer.encode(&format!("{}\n{content}", role.as_str()))?);
    tokens.push(tokenizer.turn_end);
    tokens.extend(tokenizer.encode("\n")?);
    Ok(())
}

#[cfg(test)]
mod tests;
