//! The nearest name to one that there is not, in the words of a gateway's failures.

pub use schemas_codec::nearest::nearest;

/// `did you mean x?`, if something is near; and which names there are.
#[must_use]
pub fn hint<'n>(found: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    schemas_codec::nearest::hint(found, known, ("there are", "there is none"))
}
