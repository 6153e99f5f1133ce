//! First step: what is asked, and whether any provider could take it.

use agents_journal::{Identity, Reporter, asked};
use schemas_records::model::ModelRequest;
use topics_runtime::Error;
use topics_runtime::gateway::{Answered, Request};

/// Longest prompt, all messages together: half of what a record may have. Some 130,000 tokens, more than
/// most models take.
pub const PROMPT_BYTES_MAX: usize = 512 * 1024;

/// Highest temperature any provider takes.
const TEMPERATURE_MAX: f64 = 2.0;

/// A request for a completion.
pub(super) type Asked = agents_journal::Asked<ModelRequest>;

/// Reads a request, or answers it at once.
pub(super) fn read(request: Request, reporter: &Reporter) -> Result<Result<Asked, Answered>, Error> {
    asked::read(request, reporter, check, |request: &ModelRequest, tenant, call| Identity {
        hash: request.hash(tenant),
        key: request.routing_key(tenant, call),
    })
}

/// Whether any provider could take it.
fn check(request: &ModelRequest) -> Result<(), String> {
    let bytes: usize = request.messages.iter().map(|message| message.content.len()).sum();
    if bytes == 0 {
        return Err("the prompt is empty".to_owned());
    }
    if bytes > PROMPT_BYTES_MAX {
        return Err(format!("the prompt has {bytes} bytes, at most {PROMPT_BYTES_MAX} are allowed"));
    }
    if request.max_tokens < 1 {
        return Err(format!("max_tokens is {}, at least 1 is needed", request.max_tokens));
    }
    // Not a number fails this too.
    if !(0.0..=TEMPERATURE_MAX).contains(&request.temperature) {
        return Err(format!("temperature is {}, 0 to {TEMPERATURE_MAX} are allowed", request.temperature));
    }
    Ok(())
}
