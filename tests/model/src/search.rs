//! Exploring every state, nearest first: the first violation found has no shorter story.
//!
//! A plain search of our own. A checker from outside (stateright was looked at) brings a web server, thread
//! pools and random numbers into the build, keeps 64 bits of a state, and needs its own walk to tell a story.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::xxh3_128;

use crate::action::Action;
use crate::model::Model;
use crate::state::State;
use crate::violation::Violation;

/// What an exploration came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every state that can be reached was looked at.
    Sound {
        /// How many.
        states: usize,
        /// How many things happen at most before nothing new comes.
        depth: usize,
    },
    /// One that must not be was reached.
    Broken {
        /// What happens, in order; the last leads to the violation.
        story: Vec<Action>,
        /// What is seen then.
        violation: Violation,
        /// How many states were looked at before.
        states: usize,
    },
    /// There are more states than allowed.
    TooMany {
        /// How many were looked at.
        states: usize,
        /// How many things had happened.
        depth: usize,
    },
}

/// How a state was first come by; the beginning comes from itself.
struct Step {
    from: u32,
    action: Action,
}

/// Explores, up to a number of states. `look` is shown everything that happens, with the state it
/// leads to.
#[must_use]
pub fn explore(model: &Model, states_max: usize, mut look: impl FnMut(Action, &State)) -> Outcome {
    let begin = State::default();
    let mut seen = HashSet::from([fingerprint(&begin)]);
    let mut steps = vec![Step { from: 0, action: Action::Expires { offset: 0 } }];
    let mut level = vec![(0_u32, begin)];
    for depth in 0.. {
        let mut next_level = Vec::new();
        for (id, state) in level {
            for action in model.choices(&state) {
                let after = model.after(&state, action);
                if let Ok(next) = &after {
                    look(action, next);
                }
                match after {
                    Ok(next) if seen.insert(fingerprint(&next)) => {
                        next_level.push((steps.len() as u32, next));
                        steps.push(Step { from: id, action });
                    }
                    Ok(_) => {}
                    Err(violation) => {
                        let story = story(&steps, id, action);
                        return Outcome::Broken { story, violation, states: steps.len() };
                    }
                }
            }
        }
        if next_level.is_empty() {
            return Outcome::Sound { states: steps.len(), depth };
        }
        if steps.len() > states_max {
            return Outcome::TooMany { states: steps.len(), depth };
        }
        level = next_level;
    }
    Outcome::Sound { states: steps.len(), depth: 0 }
}

/// What led to a state, and the last thing besides.
fn story(steps: &[Step], mut id: u32, last: Action) -> Vec<Action> {
    let mut actions = vec![last];
    while id != 0 {
        let step = &steps[id as usize];
        actions.push(step.action);
        id = step.from;
    }
    actions.reverse();
    actions
}

/// 128 bits of a state: of ten million states two are the same by chance once in 10^24 explorations.
fn fingerprint(state: &State) -> u128 {
    let mut bytes = Bytes(Vec::with_capacity(512));
    state.hash(&mut bytes);
    xxh3_128(&bytes.0)
}

/// Gathers what a state feeds to a hasher.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.len() as u64
    }
}
