//! The guards that the claims rest on: each a condition in the code which a test run can take away by name, to see
//! that a test misses it. A guard that no test misses is a guard that nobody holds.
//!
//! A guard stands where the code asks [`stands`]. Builds with optimisation have no other answer than yes: the
//! question is compiled away, and so is the variable's name. In builds with `debug_assertions` (those of `cargo test`)
//! the variable `TRIBUTARY_WITHOUT_GUARD` names one guard that is gone in this process, which says so on standard
//! error; a name that no guard has takes none away. Which claim a guard belongs to, and which tests miss it, stands in `tests/claims/claims.toml`.
//!
//! It knows nothing of what the guards guard.

/// Names every guard once: its variant, its name on the command line, and what is no longer so without it.
macro_rules! guards {
    ($($(#[$doc:meta])+ $guard:ident = $name:literal,)+) => {
        /// A guard, by what is so while it stands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Guard {
            $($(#[$doc])+ $guard,)+
        }

        impl Guard {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$guard,)+];

            /// Its name in the register of claims.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$guard => $name,)+
                }
            }
        }
    };
}

guards! {
    // --- State and ownership (stores, worker) ---
    /// Of two writes at one position the one under the higher epoch is read, whatever its bytes.
    EpochDecides = "epoch-decides",
    /// Also a step that leaves the state as it was writes it, at its own position.
    EveryStepWrites = "every-step-writes",
    /// Whoever takes a partition over has an epoch above all before, though the group's generation be the same.
    EpochOfItsOwn = "epoch-of-its-own",
    /// After trouble an owner writes under a new epoch: its code may be another by then.
    EpochAfterTrouble = "epoch-after-trouble",
    /// A group without offsets beside a row that had some is refused.
    LostOffsetsRefused = "lost-offsets-refused",
    /// A topic made anew under the same name is refused.
    TopicMadeAnewRefused = "topic-made-anew-refused",
    /// The coordinator is asked after the epoch was registered, before anything is written.
    AskedAfterRegistering = "asked-after-registering",
    /// Rows are acknowledged before the transaction that counts on them ends.
    RowsBeforeCommit = "rows-before-commit",
    /// A commit names the assignment under which its records were read, and is refused once that is revoked.
    TokenInCommit = "token-in-commit",
    /// The committed offset is read only once no transaction that holds it is open.
    StableOffset = "stable-offset",
    /// A commit of unknown outcome is resolved before anything else happens.
    UnknownResolved = "unknown-resolved",
    /// After an aborted batch its partitions are taken over again, from what is committed.
    AbortGivesUp = "abort-gives-up",
    /// What an owner knew of states goes with its ownership.
    CacheDiesWithToken = "cache-dies-with-token",
    /// Versions are pruned below the newest committed one, which stays.
    NewestStays = "newest-stays",
    /// Only what is committed prunes what lies below it.
    CommittedPrunes = "committed-prunes",
    /// A tombstone is given its end only after the delete below it is acknowledged.
    TombstoneLast = "tombstone-last",
    /// A row that reads as no state is given its end at once only if its key was met once in the batch.
    LifeWhenAlone = "life-when-alone",
    /// An owner that was replaced while it stood still hears of it before it takes its name again.
    HearsBeforeName = "hears-before-name",
    /// Deaths count between a step's mark and its return, and are taken back when it returns.
    MarkTakenBack = "mark-taken-back",
    /// A record whose key does not belong to its partition is not stepped.
    KeysInTheirPartition = "keys-in-their-partition",
    /// The next generation of an inbox begins once the one before has been told to drain.
    WaitsForBefore = "waits-for-before",
    /// A row that reads as no state is looked for again in the generation before, each time its key is met.
    AbsentAskedAgain = "absent-asked-again",
    /// Offsets are committed with the outputs of the records that they pass, in one transaction.
    OffsetsWithOutputs = "offsets-with-outputs",
    /// What is not stepped is a dead letter.
    DeadLetters = "dead-letters",
    /// What owners keep of states in memory has a bound.
    CacheBound = "cache-bound",

    // --- Works, joins, intake ---
    /// A task whose work is known, or was, begins nothing again.
    TaskBeginsOnce = "task-begins-once",
    /// Only an input or an expectation begins a work.
    OnlyInputsBegin = "only-inputs-begin",
    /// The first answer to a call counts, any other is late.
    FirstAnswerCounts = "first-answer-counts",
    /// The first part of a branch counts, any other is a duplicate.
    FirstPartCounts = "first-part-counts",
    /// A quorum that is not there is the join's failure.
    QuorumIsThere = "quorum-is-there",
    /// An answer that echoes a step newer than the state stops the node.
    LostRowsNoticed = "lost-rows-noticed",
    /// A step that needs more calls than are left ends its work.
    BudgetAsked = "budget-asked",
    /// What comes back of an allotment is at most what it was.
    NoMoreThanAllotted = "no-more-than-allotted",
    /// A step's time is its record's, or its work's last if that is later: never the machine's.
    TimeOfTheLog = "time-of-the-log",

    // --- Gateways ---
    /// The journal is asked before anything is sent.
    JournalFirst = "journal-first",
    /// Of two answers to a call the journal keeps, and everybody reports, the first.
    FirstInJournal = "first-in-journal",
    /// What is about to be sent is written down first.
    AttemptFirst = "attempt-first",
    /// A gateway's offset passes no request that is open.
    WatermarkWaits = "watermark-waits",
    /// A cancellation takes its call out, waiting or in flight.
    CancelledTakenOut = "cancelled-taken-out",
    /// While a cancellation waits for a place at the store, what is in flight goes on and leaves its own.
    CancellingLetsGo = "cancelling-lets-go",
    /// A polite shutdown waits for what is in flight.
    ShutdownDrains = "shutdown-drains",
    /// No more requests are read while large ones wait.
    WaitingBound = "waiting-bound",
    /// Timers fire by a delivery report of late, not by what was once known of the broker's time.
    FreshReport = "fresh-report",
}

/// Whether a guard stands: always.
#[cfg(not(debug_assertions))]
#[inline(always)]
#[must_use]
pub const fn stands(_guard: Guard) -> bool {
    true
}

/// Whether a guard stands: unless this process was started without it.
#[cfg(debug_assertions)]
#[must_use]
pub fn stands(guard: Guard) -> bool {
    removal::removed() != Some(guard)
}

#[cfg(debug_assertions)]
mod removal {
    //! Which guard is gone.

    use std::sync::OnceLock;

    use super::Guard;

    /// The one that the environment names, if any; looked up once. A name that is none takes nothing away: who takes
    /// guards away knows their names, and looks before it starts anything.
    #[allow(clippy::print_stderr, reason = "a run without a guard that nobody notices proves nothing")]
    pub(super) fn removed() -> Option<Guard> {
        static REMOVED: OnceLock<Option<Guard>> = OnceLock::new();
        *REMOVED.get_or_init(|| {
            let name = std::env::var("TRIBUTARY_WITHOUT_GUARD").ok()?;
            let guard = Guard::ALL.iter().copied().find(|guard| guard.name() == name);
            match guard {
                Some(_) => eprintln!("this process runs without the guard {name}"),
                None => eprintln!("all guards stand: TRIBUTARY_WITHOUT_GUARD={name} names none of them"),
            }
            guard
        })
    }
}
