//! The state as it is stored: today's type reads and writes the released bytes.

use schemas_codec::{Codec, Registry};

use super::{ManifestOutcome, ManifestState};

/// The golden file of version 1 reads as a state, and is written as the same bytes.
#[test]
fn released_bytes_are_read() {
    let codec = Codec::new(Registry::new().unwrap());
    let golden = include_bytes!("../../../../../schemas/avro/golden/ManifestState.v1.state.bin");
    let state: ManifestState = codec.decode_state(golden).unwrap();
    assert_eq!((state.step.as_str(), state.asked, state.round("#3")), ("draft", 2, 2));
    assert!(state.result("plan").is_some());
    let outcomes: Vec<ManifestOutcome> = state.parts.iter().map(|part| part.outcome).collect();
    use ManifestOutcome::{Arrived, Failed, Missing, Unknown};
    assert_eq!(outcomes, [Arrived, Failed, Missing, Unknown]);
    assert_eq!(codec.encode_state(&state).unwrap(), golden.as_slice());
}

/// A step's result is kept once, the last; a step's rounds are counted.
#[test]
fn results_and_rounds() {
    let mut state = ManifestState::default();
    state.keep("a", "1".into());
    state.keep("b", "2".into());
    state.keep("a", "3".into());
    assert_eq!(state.results.len(), 2);
    assert_eq!(state.result("a").unwrap(), "3");
    assert_eq!((state.round("a"), state.come_to("a"), state.come_to("a"), state.round("a")), (0, 1, 2, 2));
}
