//! What every [`KeyedStore`] must do, as cases that run on each of them.
//!
//! A case gets a store of its own, or spaces of its own in a shared one, and fails by panicking. A key
//! that is inserted if absent is never set in another way, as the seam asks.

#![allow(clippy::expect_used, reason = "a case fails by panicking, as every test does")]

mod due;
mod values;

use std::sync::Arc;
use std::time::Duration;

use topics_state::KeyedStore;

pub use crate::state_conformance::Going;

/// A store to be tried.
#[derive(Clone)]
pub struct Subject {
    /// The store.
    pub store: Arc<dyn KeyedStore>,
    /// Lets time pass for it: moves its clock, or waits where the clock is not ours.
    pub advance: Arc<dyn Fn(Duration) -> Going + Send + Sync>,
    /// Stands before every space's name, so that cases can share a server.
    pub namespace: String,
}

/// One thing that must hold.
pub type Case = fn(Subject) -> Going;

/// All cases: what each shows, and how.
#[must_use]
pub fn cases() -> Vec<(&'static str, Case)> {
    let mut all: Vec<(&'static str, Case)> = Vec::new();
    all.extend(values::cases());
    all.extend(due::cases());
    all
}

impl Subject {
    /// A space's full name.
    fn space(&self, name: &str) -> String {
        format!("{}.{name}", self.namespace)
    }
}
