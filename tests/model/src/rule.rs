//! The rules, one each, and what happens without it. A model keeps all of them but those it is told to
//! drop.

use std::fmt;

/// A rule of ownership, state and commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A write or delete carries its owner's epoch as its timestamp, and the highest wins. *Dropped:* all
    /// timestamps are equal; the larger bytes win, a delete beats a write.
    EpochIsTheTimestamp,
    /// A step writes a row at its record's offset also when it changed nothing. *Dropped:* then it writes
    /// none.
    AlwaysWrite,
    /// The epoch is one above what stands in the store. *Dropped:* it is the group's generation, which a
    /// static member that returns finds unchanged.
    EpochIsNotTheGeneration,
    /// Registering compares and sets. *Dropped:* the row is read, then written.
    CompareAndSet,
    /// The coordinator is asked to accept the committed offset after the epoch is taken. *Dropped:* before.
    AskAfterRegistering,
    /// What changes a step's bytes takes a new epoch. *Dropped:* after an abort the owner goes on under its
    /// epoch, and its code may be loaded anew at any time.
    OneCodePerEpoch,
    /// Rows are acknowledged before the end of the transaction is asked for. *Dropped:* it is asked for as
    /// soon as they are sent.
    RowsBeforeTheEnd,
    /// What is stepped stays in memory until its row is acknowledged. *Dropped:* it may be forgotten in the
    /// middle of a batch, and read again.
    RowsBeforeEviction,
    /// Offsets are sent under the token and generation of the assignment that they were read under.
    /// *Dropped:* with the newest generation that the member has heard of.
    TokenOfThisAssignment,
    /// The committed offset is read once no transaction holds it open. *Dropped:* as it stands.
    StableRead,
    /// What a commit of unknown outcome came to is read back. *Dropped:* it is guessed.
    NeverGuess,
    /// A batch begins once the one before is known committed. *Dropped:* the batch behind has a transaction
    /// of its own, which ends when it ends.
    OrderOfTransactions,
    /// After an abort the cache is dropped. *Dropped:* it keeps what was stepped.
    CacheGoesWithTheAbort,
    /// The cache dies with the token of its assignment. *Dropped:* it waits for the next one.
    CacheGoesWithTheToken,
    /// State is loaded once the batch before is settled. *Dropped:* ahead, while that batch is in hand.
    LoadWithCare,
    /// Pruning goes by the newest committed version. *Dropped:* by what is only stepped.
    PruneByWhatIsCommitted,
    /// Pruning deletes below the newest version. *Dropped:* the newest too.
    PruneBelowTheNewest,
    /// The last row of an ended work gets its end of life once the delete below it is acknowledged.
    /// *Dropped:* at any time.
    ExpireAfterTheDelete,
    /// A row is written with an end of life, and no delete before it, only if its key was met once in the
    /// batch: what an earlier owner left at a record before it in the batch would come to light.
    /// *Dropped:* also if it was met more often.
    LifeOnlyWhenAlone,
}

impl Rule {
    /// All of them, in the order of the ownership note's table.
    pub const ALL: [Self; 19] = [
        Self::EpochIsTheTimestamp,
        Self::AlwaysWrite,
        Self::EpochIsNotTheGeneration,
        Self::CompareAndSet,
        Self::AskAfterRegistering,
        Self::OneCodePerEpoch,
        Self::RowsBeforeTheEnd,
        Self::RowsBeforeEviction,
        Self::TokenOfThisAssignment,
        Self::StableRead,
        Self::NeverGuess,
        Self::OrderOfTransactions,
        Self::CacheGoesWithTheAbort,
        Self::CacheGoesWithTheToken,
        Self::LoadWithCare,
        Self::PruneByWhatIsCommitted,
        Self::PruneBelowTheNewest,
        Self::ExpireAfterTheDelete,
        Self::LifeOnlyWhenAlone,
    ];

    /// Its name on the command line and in stories.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EpochIsTheTimestamp => "epoch-is-the-timestamp",
            Self::AlwaysWrite => "always-write",
            Self::EpochIsNotTheGeneration => "epoch-is-not-the-generation",
            Self::CompareAndSet => "compare-and-set",
            Self::AskAfterRegistering => "ask-after-registering",
            Self::OneCodePerEpoch => "one-code-per-epoch",
            Self::RowsBeforeTheEnd => "rows-before-the-end",
            Self::RowsBeforeEviction => "rows-before-eviction",
            Self::TokenOfThisAssignment => "token-of-this-assignment",
            Self::StableRead => "stable-read",
            Self::NeverGuess => "never-guess",
            Self::OrderOfTransactions => "order-of-transactions",
            Self::CacheGoesWithTheAbort => "cache-goes-with-the-abort",
            Self::CacheGoesWithTheToken => "cache-goes-with-the-token",
            Self::LoadWithCare => "load-with-care",
            Self::PruneByWhatIsCommitted => "prune-by-what-is-committed",
            Self::PruneBelowTheNewest => "prune-below-the-newest",
            Self::ExpireAfterTheDelete => "expire-after-the-delete",
            Self::LifeOnlyWhenAlone => "life-only-when-alone",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
