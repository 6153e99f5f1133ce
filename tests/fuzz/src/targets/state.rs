//! States as they stand in rows: a row may be damaged, or be another version's.

use agents_journal::{Attempt, JournalEntry};
use agents_manifest::ManifestState;
use schemas_records::work::WorkRow;
use schemas_records::{Message, Stateless, Text};

use super::message::CODEC;

pub(super) fn run(bytes: &[u8]) {
    same::<WorkRow>(bytes);
    same::<JournalEntry>(bytes);
    same::<Attempt>(bytes);
    same::<ManifestState>(bytes);
    same::<Stateless>(bytes);
    same::<Text>(bytes);
}

/// What was read can be written, and reads the same.
fn same<M: Message>(bytes: &[u8]) {
    let Ok(state) = CODEC.decode_state::<M>(bytes) else { return };
    let written = CODEC.encode_state(&state);
    assert!(written.is_ok(), "a {} that was read cannot be written: {written:?}", M::NAME);
    let written = written.unwrap_or_default();
    let again = CODEC.decode_state::<M>(&written).and_then(|again| CODEC.encode_state(&again));
    assert_eq!(again.ok(), Some(written), "a {} changes when it is read again", M::NAME);
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    super::golden(true)
}
