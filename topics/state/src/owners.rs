//! What registering and noting do to an owner's row, the same in every implementation.

use topics_guard::{Guard, stands};

use crate::error::{Error, Remedy};
use crate::state::{Epoch, Owner, Slot};

/// The row that registering puts in place of the one that stands.
///
/// # Errors
/// `Stop` if the one that stands is of another topic id.
pub fn successor(slot: &Slot, stood: Option<&Owner>, topic_id: &str) -> Result<Owner, Error> {
    let Some(stood) = stood else {
        return Ok(Owner {
            epoch: Epoch(1),
            topic_id: topic_id.to_owned(),
            committed: None,
            stepping: None,
            deaths: 0,
            closed: false,
        });
    };
    if stood.topic_id != topic_id && stands(Guard::TopicMadeAnewRefused) {
        return Err(Error::new(
            Remedy::Stop,
            format!("register as owner of {slot}"),
            format!(
                "the stored state belongs to the inbox topic with id {}, but the topic now has id {topic_id}: \
                 it was removed and made anew, and positions start again; drop the old state by raising the \
                 inbox generation or by starting with an empty store, or adopt it by noting the new id in \
                 the owner's row",
                stood.topic_id
            ),
        ));
    }
    let above = if stands(Guard::EpochOfItsOwn) { 1 } else { 0 };
    Ok(Owner { epoch: Epoch(stood.epoch.0 + above), closed: false, ..stood.clone() })
}

/// Whether a row may be noted over the one that stands.
///
/// # Errors
/// `Lost` if another epoch stands, or none.
pub fn may_note(slot: &Slot, stood: Option<&Owner>, noted: &Owner) -> Result<(), Error> {
    let standing = stood.map(|owner| owner.epoch);
    if standing == Some(noted.epoch) {
        return Ok(());
    }
    let standing = standing.map_or("none".to_owned(), |epoch| epoch.0.to_string());
    Err(Error::new(
        Remedy::Lost,
        format!("note the owner's row of {slot} under epoch {}", noted.epoch.0),
        format!("the epoch that stands is {standing}: a later owner has registered"),
    ))
}
