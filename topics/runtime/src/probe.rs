//! Named moments: where simulation and chaos kill, and what tests prove was reached.

use async_trait::async_trait;

/// A moment in the life of a batch or of an assignment, in the order in which they happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// Partitions were assigned; nothing is registered yet.
    Assigned,
    /// The new epoch stands in the store.
    Registered,
    /// The coordinator accepted our asking.
    Asked,
    /// Records are in memory; nothing has happened yet.
    Polled,
    /// Every record was stepped.
    Stepped,
    /// Every row is acknowledged.
    Saved,
    /// Every output is acknowledged.
    Produced,
    /// The offsets are in the transaction.
    OffsetsSent,
    /// The transaction is committed.
    Committed,
    /// Partitions were revoked.
    Revoked,
    /// A gateway has a request in hand and has not called out.
    Admitted,
    /// A gateway has an answer and has not reported it.
    Answered,
    /// A gateway's answer is acknowledged, its offset not committed.
    Reported,
}

impl Moment {
    /// All of them, so that a test can prove that each was reached.
    pub const ALL: [Self; 13] = [
        Self::Assigned,
        Self::Registered,
        Self::Asked,
        Self::Polled,
        Self::Stepped,
        Self::Saved,
        Self::Produced,
        Self::OffsetsSent,
        Self::Committed,
        Self::Revoked,
        Self::Admitted,
        Self::Answered,
        Self::Reported,
    ];

    /// The moment's name, as tests and operators write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Registered => "registered",
            Self::Asked => "asked",
            Self::Polled => "polled",
            Self::Stepped => "stepped",
            Self::Saved => "saved",
            Self::Produced => "produced",
            Self::OffsetsSent => "offsets-sent",
            Self::Committed => "committed",
            Self::Revoked => "revoked",
            Self::Admitted => "admitted",
            Self::Answered => "answered",
            Self::Reported => "reported",
        }
    }
}

/// Is told of moments. A probe may never return (the process is dead as far as the loop can tell), but
/// must not change anything.
#[async_trait]
pub trait Probe: Send + Sync {
    /// `who` (an agent type's or gateway's short name) has reached `moment`.
    async fn at(&self, who: &str, moment: Moment);
}

/// Looks on and does nothing: what a node runs with.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbe;

#[async_trait]
impl Probe for NoProbe {
    async fn at(&self, _who: &str, _moment: Moment) {}
}
