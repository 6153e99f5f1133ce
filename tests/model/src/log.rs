//! The log as it stands between all: what committed transactions said, the committed offset, transactions
//! that are open, and whom the coordinator takes for a member.

use crate::plan::{OWNERS_MAX, Plan};
use crate::value::{Code, RECORDS_MAX, Value};
use crate::violation::Violation;

/// At most this many records in one transaction.
pub const BATCH_MAX: usize = 2;

/// A transaction that holds offsets, and whose end was asked for: it may be committed at any time, or never.
/// (One whose end was not asked for yet is one that will not be committed before it is.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transaction {
    /// The first record whose outputs it holds.
    pub from: u8,
    /// The offset that it commits. Equal to `from` in an asking, which holds no outputs.
    pub to: u8,
    /// What each step said: its key's state.
    pub said: [Value; BATCH_MAX],
}

/// One owner's transactions: its own, and that of the batch behind, which there is only without the rule
/// that forbids it.
pub type Transactions = [Option<Transaction>; 2];

/// The log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Log {
    /// By offset: what the committed step of the record said.
    pub said: [Option<Value>; RECORDS_MAX],
    /// The committed offset.
    pub committed: u8,
    /// By owner.
    pub transactions: [Transactions; OWNERS_MAX],
    /// To whom the partition is assigned, as the coordinator sees it.
    pub holder: Option<u8>,
    /// How often the group was rebalanced; counted only where an epoch is made of it.
    pub generation: u8,
}

impl Log {
    /// Commits a transaction: what it said and its offset become visible at once.
    ///
    /// # Errors
    /// What a reader sees that one owner alone, in order, would not have shown.
    pub fn commit(&mut self, plan: &Plan, transaction: Transaction) -> Result<(), Violation> {
        let Transaction { from, to, said } = transaction;
        for offset in 0..from {
            if self.said[usize::from(offset)].is_none() {
                return Err(Violation::Passed { offset });
            }
        }
        for offset in from..to {
            let value = said[usize::from(offset - from)];
            if self.said[usize::from(offset)].is_some() {
                return Err(Violation::Twice { offset });
            }
            let before = self.expected(plan, plan.key(offset), offset);
            let is_right = [Code::A, Code::Z].iter().any(|code| plan.step(*code, offset, before).0 == value);
            if !is_right {
                return Err(Violation::Wrong { offset, said: value, before });
            }
            self.said[usize::from(offset)] = Some(value);
        }
        self.committed = to;
        match self.said.get(usize::from(to)) {
            Some(Some(_)) => Err(Violation::Back { offset: to }),
            _ => Ok(()),
        }
    }

    /// What the newest committed step of a key below an offset said.
    #[must_use]
    pub fn expected(&self, plan: &Plan, key: u8, offset: u8) -> Value {
        let newest = plan.below(key, offset).next();
        newest.and_then(|at| self.said[usize::from(at)]).unwrap_or(Value::NONE)
    }

    /// Whether any transaction holds the offset open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.transactions.iter().flatten().any(Option::is_some)
    }
}
