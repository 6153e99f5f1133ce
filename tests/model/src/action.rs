//! What can happen, one thing at a time. Where the runtime has a name for the moment, it is that name.

use crate::store::Change;
use crate::value::Code;

/// Where a step's states come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The cache, and the store for what is not in it.
    Cache,
    /// The store: the cache has forgotten everything.
    Store,
    /// What was loaded ahead, while the batch before was in hand.
    Ahead,
    /// The store before each record: what is stepped is forgotten in mid-batch.
    StoreEachTime,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A process starts under a name of its own and is assigned the partition, by a rebalance. Whoever had it
    /// is not told.
    Joins {
        /// Which.
        owner: u8,
        /// What it runs.
        code: Code,
    },
    /// A process starts under the name of the one that has the partition: a static member that returns. No
    /// rebalance, but what the other had open is aborted, and it is no member any more.
    Returns {
        /// Which.
        owner: u8,
        /// What it runs.
        code: Code,
    },
    /// A rebalance gives the partition to a process that had lost it.
    Again {
        /// Which.
        owner: u8,
    },
    /// `revoked`: a process hears that it has lost the partition; it is a member again, of the group's newest
    /// generation.
    Hears {
        /// Which.
        owner: u8,
    },
    /// A process is killed.
    Crashes {
        /// Which.
        owner: u8,
    },
    /// A process loads other code.
    Reloads {
        /// Which.
        owner: u8,
    },
    /// It reads the owner's row, to write it later.
    LooksUp {
        /// Who.
        owner: u8,
    },
    /// `registered`.
    Registers {
        /// Who.
        owner: u8,
    },
    /// It reads the committed offset.
    ReadsOffset {
        /// Who.
        owner: u8,
    },
    /// It sends the offset it has read to the coordinator, in a transaction that holds nothing else.
    Asks {
        /// Who.
        owner: u8,
    },
    /// `polled` and `stepped`: it loads, steps, and sends the rows.
    Steps {
        /// Who.
        owner: u8,
        /// How many records.
        records: u8,
        /// Where the states come from.
        source: Source,
    },
    /// `saved`, `produced` and `offsets-sent`; the end of the transaction is asked for.
    Sends {
        /// Who.
        owner: u8,
    },
    /// `committed`: the broker commits an open transaction; who still waits for it hears so.
    Lands {
        /// Whose.
        owner: u8,
        /// Whether it is the batch behind's.
        is_behind: bool,
    },
    /// Something fails, and is known to have failed.
    Fails {
        /// Whose.
        owner: u8,
    },
    /// A commit is not answered, and waited for no longer.
    Doubts {
        /// Who.
        owner: u8,
    },
    /// It takes its transactor's name again: what it has open is aborted.
    Remakes {
        /// Who.
        owner: u8,
    },
    /// It guesses what the commit came to.
    Guesses {
        /// Who.
        owner: u8,
        /// What it takes it for.
        is_committed: bool,
    },
    /// The broker aborts a transaction for its age, or because what was sent last never came.
    TimesOut {
        /// Whose.
        owner: u8,
        /// Whether it is the batch behind's.
        is_behind: bool,
    },
    /// It loads the next record's state, while the batch before is in hand.
    LoadsAhead {
        /// Who.
        owner: u8,
    },
    /// It does the next record in a transaction of its own, while the one before is open.
    StepsBehind {
        /// Who.
        owner: u8,
    },
    /// It sends a delete of a key's versions below an offset.
    Prunes {
        /// Who.
        owner: u8,
        /// Which key.
        key: u8,
        /// What is not deleted any more.
        below: u8,
    },
    /// It gives the newest row of a key, a tombstone or one that reads as no state, its end of life.
    Ends {
        /// Who.
        owner: u8,
        /// Which key.
        key: u8,
    },
    /// A change arrives at the store.
    Arrives {
        /// Which.
        change: Change,
    },
    /// A row's life is over.
    Expires {
        /// Where.
        offset: u8,
    },
}
