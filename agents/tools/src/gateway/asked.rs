//! First step: what is asked, and whether any tool could take it.

use agents_journal::{Identity, Reporter, asked};
use schemas_records::ids::content_hash;
use schemas_records::tool::ToolRequest;
use topics_catalog::NAME_BYTES_MAX;
use topics_runtime::Error;
use topics_runtime::gateway::{Answered, Request};

/// Longest arguments: what is larger belongs into a store, and a reference to it into the arguments.
pub const ARGUMENTS_BYTES_MAX: usize = 256 * 1024;

/// A request for a tool.
pub(super) type Asked = agents_journal::Asked<ToolRequest>;

/// Reads a request, or answers it at once.
pub(super) fn read(request: Request, reporter: &Reporter) -> Result<Result<Asked, Answered>, Error> {
    asked::read(request, reporter, check, |request: &ToolRequest, tenant, call| Identity {
        hash: content_hash(&[
            b"tool-request",
            tenant.as_bytes(),
            request.tool.as_bytes(),
            &request.arguments,
        ]),
        key: call.key(),
    })
}

/// Whether any tool could take it.
fn check(request: &ToolRequest) -> Result<(), String> {
    let (name, bytes) = (request.tool.len(), request.arguments.len());
    if name > NAME_BYTES_MAX {
        return Err(format!("the tool's name has {name} bytes, at most {NAME_BYTES_MAX} are allowed"));
    }
    if bytes > ARGUMENTS_BYTES_MAX {
        return Err(format!("the arguments have {bytes} bytes, at most {ARGUMENTS_BYTES_MAX} are allowed"));
    }
    Ok(())
}
