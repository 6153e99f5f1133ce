//! Files of the simulated provider: what batches read, and what they write. In memory, by account.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Simulator, headers, multipart};
use crate::answers::{json_body, response};

/// Largest file. Providers take hundreds of megabytes; a test needs a few.
pub(crate) const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most bytes of all files together, so that a forgotten server does not fill the memory.
const ALL_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    account: String,
    name: String,
    purpose: String,
    created: u64,
    pub(crate) bytes: Bytes,
}

/// All files.
#[derive(Debug, Default)]
pub(crate) struct Files {
    files: BTreeMap<u64, File>,
    made: u64,
}

impl Files {
    /// Keeps a file, and names it; `None` if there is no room.
    pub(crate) fn keep(
        &mut self,
        account: &str,
        name: &str,
        purpose: &str,
        at: u64,
        bytes: Bytes,
    ) -> Option<String> {
        let all: usize = self.files.values().map(|file| file.bytes.len()).sum();
        if all + bytes.len() > ALL_BYTES_MAX {
            return None;
        }
        self.made += 1;
        let (account, name, purpose) = (account.to_owned(), name.to_owned(), purpose.to_owned());
        self.files.insert(self.made, File { account, name, purpose, created: at, bytes });
        Some(format!("file-{}", self.made))
    }

    /// An account's file by its name.
    pub(crate) fn find(&self, account: &str, id: &str) -> Option<&File> {
        self.files.get(&number(id)?).filter(|file| file.account == account)
    }
}

fn number(id: &str) -> Option<u64> {
    id.strip_prefix("file-")?.parse().ok()
}

fn shown(id: &str, file: &File) -> Value {
    json!({
        "id": id,
        "object": "file",
        "bytes": file.bytes.len(),
        "created_at": file.created,
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
    })
}

/// `POST /v1/files`
pub(crate) fn upload(simulator: &Simulator, account: &str, sent: &HeaderMap, body: &Bytes) -> Response {
    let content_type =
        sent.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let parts = multipart::parts(content_type, body).unwrap_or_default();
    let of = |name: &str| parts.iter().find(|part| part.name == name);
    let (Some(file), Some(purpose)) = (of("file"), of("purpose")) else {
        return headers::error(400, "invalid_request", "send a form with the parts file and purpose");
    };
    let purpose = String::from_utf8_lossy(purpose.bytes);
    let name = file.file_name.as_deref().unwrap_or("file");
    let mut memory = simulator.memory();
    let at = simulator.now().as_secs();
    let kept = memory.files.keep(account, name, &purpose, at, Bytes::copy_from_slice(file.bytes));
    match kept.and_then(|id| memory.files.find(account, &id).map(|file| shown(&id, file))) {
        Some(shown) => json_body(200, &shown),
        None => headers::error(413, "storage_full", "all files together have too many bytes; delete some"),
    }
}

/// `GET /v1/files/{id}/content`
pub(crate) fn content(simulator: &Simulator, account: &str, id: &str) -> Response {
    match simulator.memory().files.find(account, id) {
        Some(file) => response("application/octet-stream", axum::body::Body::from(file.bytes.clone())),
        None => none(id),
    }
}

/// `DELETE /v1/files/{id}`
pub(crate) fn delete(simulator: &Simulator, account: &str, id: &str) -> Response {
    let mut memory = simulator.memory();
    if memory.files.find(account, id).is_none() {
        return none(id);
    }
    if let Some(number) = number(id) {
        memory.files.files.remove(&number);
    }
    json_body(200, &json!({"id": id, "object": "file", "deleted": true}))
}

fn none(id: &str) -> Response {
    headers::error(404, "not_found", &format!("no such file: {id}"))
}
