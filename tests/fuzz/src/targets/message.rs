//! Framed messages of every type that the runtime reads, and JSON as a producer may send it.

use std::sync::LazyLock;

use bytes::Bytes;
use schemas_codec::{Codec, Registry, frame};
use schemas_records::failure::Failure;
use schemas_records::model::{ModelAnswer, ModelRequest};
use schemas_records::protocol::{Cancellation, Closing, DeadLetter, Expectation, Timer};
use schemas_records::tool::{KnowledgeQuery, Passages, SqlQuery, Table, ToolRequest};
use schemas_records::{Message, Text};

/// A codec with the runtime's own schemas.
pub(super) static CODEC: LazyLock<Codec> = LazyLock::new(|| {
    let registry = Registry::new();
    assert!(registry.is_ok(), "{registry:?}");
    Codec::new(registry.unwrap_or_else(|_| std::process::abort()))
});

/// The bytes as they are; and, behind a first byte that chooses the record, as its body or its JSON.
pub(super) fn run(bytes: &[u8]) {
    framed(bytes);
    let names = CODEC.registry().names();
    let Some((first, body)) = bytes.split_first() else { return };
    let name = &names[usize::from(*first) % names.len()];
    let _ = CODEC.read_message(name, &Bytes::copy_from_slice(bytes));
    if let Ok(taken) = CODEC.read_message(name, &Bytes::copy_from_slice(body)) {
        framed(&taken);
        let json = CODEC.to_json(&taken);
        assert!(json.is_ok(), "what was taken as a {name} cannot be shown: {json:?}");
    }
    for version in CODEC.registry().versions(name) {
        let mut message = Vec::new();
        frame::begin(&mut message, version.id());
        message.extend_from_slice(body);
        framed(&message);
    }
}

fn framed(bytes: &[u8]) {
    let _ = CODEC.name_of(bytes);
    let _ = CODEC.to_json(bytes);
    same::<Cancellation>(bytes);
    same::<Closing>(bytes);
    same::<DeadLetter>(bytes);
    same::<Expectation>(bytes);
    same::<Failure>(bytes);
    same::<KnowledgeQuery>(bytes);
    same::<ModelAnswer>(bytes);
    same::<ModelRequest>(bytes);
    same::<Passages>(bytes);
    same::<SqlQuery>(bytes);
    same::<Table>(bytes);
    same::<Text>(bytes);
    same::<Timer>(bytes);
    same::<ToolRequest>(bytes);
}

/// What was read can be written, and reads the same.
fn same<M: Message>(bytes: &[u8]) {
    let Ok(message) = CODEC.decode::<M>(bytes) else { return };
    let written = CODEC.encode(&message);
    assert!(written.is_ok(), "a {} that was read cannot be written: {written:?}", M::NAME);
    let written = written.unwrap_or_default();
    let again = CODEC.decode::<M>(&written).and_then(|again| CODEC.encode(&again));
    assert_eq!(again.ok(), Some(written), "a {} changes when it is read again", M::NAME);
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let names = CODEC.registry().names();
    let mut seeds = super::golden(false);
    let json: Vec<Vec<u8>> = seeds
        .iter()
        .filter_map(|golden| {
            let name = CODEC.name_of(golden).ok()?;
            let number = u8::try_from(names.iter().position(|known| *known == name)?).ok()?;
            let json = CODEC.to_json(golden).ok()?.to_string();
            Some([vec![number], json.into_bytes()].concat())
        })
        .collect();
    seeds.extend(json);
    seeds
}
