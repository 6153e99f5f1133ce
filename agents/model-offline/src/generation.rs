//! One answer, token by token. It stops when it is done, when it is long enough, or when nobody waits.

use agents_model::model::{Completion, Error, Usage};
use schemas_records::model::{Finish, ModelRequest};

use crate::load::Loaded;
use crate::model::NAME;
use crate::prompt;
use crate::sampling::Sampler;
use crate::settings::{ANSWER_TOKENS_MAX, CONTEXT_TOKENS_MAX};

/// Tokens of a prompt that are read at once: enough that weights are brought from memory for many, few
/// enough that a cancellation is noticed within a second.
const READ_TOKENS: usize = 128;

/// Answers a request. `None` if `is_wanted` said no on the way; it is asked before each token, and before
/// each piece of the prompt.
pub(crate) fn complete(
    loaded: &Loaded,
    request: &ModelRequest,
    is_wanted: &dyn Fn() -> bool,
) -> Option<Result<Completion, Error>> {
    let (prompt, sampler) = match prepare(loaded, request) {
        Ok(prepared) => prepared,
        Err(message) => return Some(Err(Error::Refused { message })),
    };
    let tokens_max = tokens_max(request.max_tokens, context(loaded).saturating_sub(prompt.len()));
    let (answer, finish) = write(loaded, &prompt, tokens_max, sampler, is_wanted)?;
    let text = loaded.tokenizer.decode(&answer);
    let text = text.map_err(|message| Error::BadAnswer { message });
    let count = |tokens: usize| u32::try_from(tokens).unwrap_or(u32::MAX);
    // The token that ended it was written too.
    let written = answer.len() + usize::from(finish == Finish::Stop);
    Some(text.map(|text| Completion {
        text,
        model: NAME.to_owned(),
        finish,
        usage: Usage { input_tokens: count(prompt.len()), output_tokens: count(written) },
    }))
}

/// Most tokens of the answer: as many as were asked for, within the bound, and within the context's rest.
fn tokens_max(asked: i32, room: usize) -> usize {
    usize::try_from(asked).unwrap_or(0).min(ANSWER_TOKENS_MAX).min(room)
}

/// Most tokens of prompt and answer together.
fn context(loaded: &Loaded) -> usize {
    loaded.llama.context().min(CONTEXT_TOKENS_MAX)
}

/// The prompt's tokens and how to choose those of the answer; what is wrong with the request otherwise.
fn prepare(loaded: &Loaded, request: &ModelRequest) -> Result<(Vec<u32>, Sampler), String> {
    if request.max_tokens < 1 {
        return Err(format!("max_tokens is {}, ask for at least one", request.max_tokens));
    }
    let prompt = prompt::tokens(&loaded.tokenizer, &request.messages)?;
    let context = context(loaded);
    if prompt.len() >= context {
        let found = prompt.len();
        return Err(format!("the prompt has {found} tokens and the context {context}; shorten the prompt"));
    }
    Ok((prompt, Sampler::new(request)?))
}

/// The answer's tokens, without the one that ended it. `None` if nobody waits.
fn write(
    loaded: &Loaded,
    prompt: &[u32],
    tokens_max: usize,
    mut sampler: Sampler,
    is_wanted: &dyn Fn() -> bool,
) -> Option<(Vec<u32>, Finish)> {
    let mut memory = loaded.llama.memory();
    let mut last = Vec::new();
    for piece in prompt.chunks(READ_TOKENS) {
        if !is_wanted() {
            return None;
        }
        last = loaded.llama.advance(&mut memory, piece);
    }
    let mut answer = Vec::new();
    while is_wanted() {
        let mut scores = loaded.llama.scores(&last);
        for token in &loaded.tokenizer.forbidden {
            if let Some(score) = usize::try_from(*token).ok().and_then(|token| scores.get_mut(token)) {
                *score = f32::NEG_INFINITY;
            }
        }
        let token = sampler.choose(scores);
        if [loaded.tokenizer.turn_end, loaded.tokenizer.text_end].contains(&token) {
            return Some((answer, Finish::Stop));
        }
        answer.push(token);
        if answer.len() >= tokens_max {
            return Some((answer, Finish::Length));
        }
        last = loaded.llama.advance(&mut memory, &[token]);
    }
    None
}

#[cfg(test)]
mod tests;
