//! Trouble on purpose: what a simulation does to a store in memory.

use std::time::Duration;

use crate::error::Remedy;

/// A call that trouble can befall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// [`crate::StateStore::identity`].
    Identity,
    /// [`crate::StateStore::owner`].
    Owner,
    /// [`crate::StateStore::register`]; asked once for each attempt at the compare-and-set.
    Register,
    /// [`crate::StateStore::note`].
    Note,
    /// [`crate::StateStore::read`].
    Read,
    /// [`crate::StateStore::write`]; asked twice for several rows, so that half may be written.
    Write,
    /// [`crate::StateStore::prune`].
    Prune,
    /// [`crate::KeyedStore::get`].
    Get,
    /// [`crate::KeyedStore::put`].
    Put,
    /// [`crate::KeyedStore::insert_if_absent`].
    InsertIfAbsent,
    /// [`crate::KeyedStore::remove`].
    Remove,
    /// [`crate::KeyedStore::schedule`].
    Schedule,
    /// [`crate::KeyedStore::due`].
    Due,
    /// [`crate::KeyedStore::unschedule`].
    Unschedule,
}

/// What befalls a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// Nothing.
    None,
    /// It happens half way through this time, and the caller hears of it at the end: dropped early it
    /// was not done, dropped late it was.
    Delay(Duration),
    /// It does not happen, and the caller gets an error with this remedy.
    Fail(Remedy),
    /// It happens, but the caller gets an error with remedy `Retry`.
    FailWritten,
    /// The caller gets an error with remedy `Retry` at once, and it happens this much later, whoever
    /// may be the owner by then.
    Late(Duration),
}

/// Decides what befalls each call. One seed behind it decides a whole run.
pub trait Faults: Send + Sync {
    /// Asked once at the beginning of a call.
    fn strike(&self, door: Door) -> Strike;
}
