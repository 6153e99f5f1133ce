//! The ownership and commit protocol as a small state machine, explored exhaustively: whatever happens, in
//! whatever order, within bounds that are named.
//!
//! It is a model, not the runtime: it shares no code with it. What it proves is that the *rules* suffice
//! and that each is needed; that the runtime keeps them is shown by the stories on the simulation
//! (`tests/simulation/tests/ownership.rs`) and on the real broker (`tests/integration`). The parts of the
//! model stand beside what they are of: [`model`]`/takeover.rs` is `worker/ownership.rs` and
//! `worker/recovery.rs` of the runtime, `batch.rs` is `Worker::batch`, `upkeep.rs` is `worker/pruning.rs`.
//!
//! # What there is
//! One partition with up to 4 records over 2 keys, there from the beginning ([`plan`]). Up to 3 processes
//! that may all believe to be the owner: a rebalance gives the partition to another and the one is not told,
//! until it hears of it, or is refused. They may die anywhere, return under their instance's name, lose the
//! partition and get it back, run either of two versions of the code, and load the other. A batch has one or
//! two records. Rows and deletes reach the store late, in any order, or never, also after their sender is
//! dead; the cache may forget everything between two batches; versions below the newest committed one are
//! pruned; rows that may expire do, at any time. A commit is done, not done, or done late, and its owner may
//! never hear which. Registering reads and writes the owner's row; asking is a transaction like any other, of
//! unknown outcome too.
//!
//! A record's value shows every step that is in it: `a0z2` was made by code `a` of record 0 and by code `z`
//! of record 2 ([`value`]).
//!
//! # What must hold ([`violation`])
//! - What committed steps said is what one owner alone would have said, each record once, in order.
//! - Whoever reads a key at the committed offset reads what its last committed step said: no late writer and
//!   no other version of the code has any part in it. (This is looked at in *every* state, not only where
//!   somebody does read.)
//!
//! # The rules ([`rule`])
//! With all of them every state of every plan in [`scenes`] is sound; without any one of them something
//! breaks. `stories.md` tells the shortest way to each. Read it downwards: a line is one thing that happens,
//! with the runtime's named moment in brackets; between two lines nothing else does. "Is not told" is the
//! beginning of most trouble, and the line behind `=>` is what a user would see.
//!
//! # What it has found
//! `life-only-when-alone`: the worker kept it for tombstones, and not for rows that read as no state. Its story is
//! the last of `stories.md`: what a dead owner with other code or configuration left at the first of two records
//! came to light, and was believed, when the row at the second expired. The worker keeps it now
//! (`what_a_dead_owner_left_stays_hidden` on the simulation).
//!
//! # What it does not hold
//! - *A group made anew starts at generation 1 again, and without offsets*; another topic id: the inbox is
//!   one and its offsets are kept. (`a_group_made_anew_is_refused` on the simulation, `a_topic_made_anew_is_refused`
//!   of `topics-runtime`, the state conformance's "another topic id is refused", and `group adopt`'s tests.)
//! - *An epoch looked up when writing is the successor's*: the epoch is the assignment's in every variant.
//! - *Asking not at all*: the weaker rule, asking before registering, is what is dropped.
//! - A second transaction that waits for the first, and state loaded ahead *with* care: the runtime does
//!   neither, so with all rules nor does the model.
//! - That deletes and expired rows are remembered for as long as a late write may come: here for ever
//!   (the state conformance suite, on every store).
//! - A returning process that fences off its healthy successor (it hears of its membership first): nothing
//!   false comes of it, only a halt (`who_was_replaced_while_it_stood_still_leaves_its_successor_alone`).
//! - Marks before suspicious steps, dead letters, several partitions in one transaction, time.
//! - Progress: a state from which nothing more can happen is no violation. That every plan can be brought to
//!   its end, and that everything that can happen does, is a test.
//!
//! # Bounds
//! Processes, records, batch and codes as above, and how often an epoch may be taken, which bounds recoveries:
//! beyond it an owner that must take one stands still. `cargo run -p tests-model --example explore -- --help`
//! explores with larger ones.

pub mod value;

pub mod plan;

pub mod action;
pub mod log;
pub mod owner;
pub mod state;
pub mod store;

pub mod model;
pub mod rule;
pub mod violation;

pub mod scenes;
pub mod search;
pub mod story;
