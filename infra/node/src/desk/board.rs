//! The states of a node's roles: written by whoever runs them, read by the desk. It lives as long as the node.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use infra_http::told::Role;

/// What is known of each role. A clone is the same board.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Mutex<BTreeMap<String, Role>>>);

impl Board {
    /// A role runs, for the first time or again.
    pub fn runs(&self, role: &str) {
        self.change(role, |known| known.state = "running".to_owned());
    }

    /// A role gave up on something that passes.
    pub fn gave_up(&self, role: &str, trouble: String) {
        self.change(role, |known| {
            known.state = "starting again".to_owned();
            known.restarts = known.restarts.saturating_add(1);
            known.trouble = Some(trouble);
        });
    }

    /// A role has ended.
    pub fn ended(&self, role: &str) {
        self.change(role, |known| known.state = "ended".to_owned());
    }

    /// All roles, by name.
    pub fn roles(&self) -> Vec<Role> {
        self.known().values().cloned().collect()
    }

    fn change(&self, role: &str, change: impl FnOnce(&mut Role)) {
        let mut known = self.known();
        let fresh = || Role { name: role.to_owned(), state: String::new(), restarts: 0, trouble: None };
        change(known.entry(role.to_owned()).or_insert_with(fresh));
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Role>> {
        // Each change is of one entry: a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
