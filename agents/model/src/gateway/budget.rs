//! Budget: a call takes one out of its allotment, and the rest goes back with the answer.
//!
//! What is charged is the *call*, as its asker sees it: one if anything was sent for it, however many
//! attempts that took and whatever came of them, and none if nothing was sent. Attempts are bounded by
//! settings, not by the allotment, because who asks cannot know how often a provider will stumble; and a
//! failed call may have been billed all the same. One that shares another's flight is charged too: so what
//! a task spends depends on the task alone, not on who asked at the same moment. (Money, when there are
//! prices, is charged to who paid.)

use schemas_records::{Budget, Failure, FailureCode};

/// What one call takes.
pub(super) const CALL_CHARGE: u32 = 1;

/// What is charged for a call for which so many requests were sent.
pub(super) fn charge(sent: i32) -> i32 {
    if sent > 0 { i32::try_from(CALL_CHARGE).unwrap_or(i32::MAX) } else { 0 }
}

/// Whether the allotment allows one call.
pub(super) fn check(allotment: &Budget) -> Result<(), Failure> {
    if allotment.calls >= CALL_CHARGE {
        return Ok(());
    }
    Err(Failure::new(
        FailureCode::OutOfBudget,
        format!("ask a model: {CALL_CHARGE} call is needed, the allotment is {allotment}"),
        "give the task a larger budget, or the call a larger part of it",
    ))
}
