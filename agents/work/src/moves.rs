//! What is not known where it arrives, while an inbox moves: it may be another generation's.
//!
//! A work lives in one generation (`topics_runtime::worker::moving` says how that is kept). This file says which
//! records follow it: those that begin a work, and those that are sent to where a work was asked for, its parts
//! and its cancellation. Answers and timers come to where the work itself asked for them.

use schemas_records::Kind;
use schemas_records::headers::MOVED_FROM;
use topics_catalog::Inbox;
use topics_log::{NewRecord, partition_of};
use topics_runtime::{DeadReason, Input, Step, Stopped};

use crate::machine::Works;

/// Most times that one record may be passed on. Twice is honest (the new generation sends back what the old one
/// knows, and by then the tombstone may be gone); beyond it the generations do not agree on what they know.
const MOVES_MAX: usize = 4;

impl Works {
    /// The step of a record of no work here, if its work is, or is to be, in another generation.
    pub(crate) fn elsewhere(&self, input: &Input<'_>, kind: Kind) -> Result<Option<Step>, Stopped> {
        if !matches!(kind, Kind::Input | Kind::Expectation | Kind::Part | Kind::Cancellation) {
            return Ok(None);
        }
        if let Some((inbox, version)) = input.beside.before
            && self.row_of(input, version)?.is_some()
        {
            return self.pass_on(input, inbox, "sent-back").map(Some);
        }
        input.beside.next.map(|inbox| self.pass_on(input, inbox, "passed-on")).transpose()
    }

    /// Passes a record on as it is, with a note of where it stood.
    fn pass_on(&self, input: &Input<'_>, to: &Inbox, note: &'static str) -> Result<Step, Stopped> {
        let record = input.record;
        let moves = record.headers.iter().filter(|(name, _)| *name == MOVED_FROM).count();
        if moves >= MOVES_MAX {
            let reason = DeadReason::new(
                "moved-too-often",
                format!("it was passed on between generations of this inbox {moves} times"),
                "rows of the state store may be lost; see that all nodes use one store, then put it back",
            );
            return self.pass_over(input, None, Some(reason), None);
        }
        let mut headers = record.headers.clone();
        headers.push_text(MOVED_FROM, &format_args!("{}/{}", record.topic_partition, record.offset));
        let mut step = self.pass_over(input, None, None, Some(note))?;
        step.outputs.push(NewRecord {
            topic: to.topic.clone(),
            partition: Some(partition_of(record.key.as_bytes(), to.partitions)),
            key: record.key.clone(),
            value: record.value.clone(),
            headers,
        });
        Ok(step)
    }
}
