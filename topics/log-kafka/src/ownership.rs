//! What this member owns, and the lock that ownership is lost under.
//!
//! The group coordinator checks who a member is, not what it owns: that a partition is still ours when
//! its offsets are sent is for us to keep. So the check of a token and the sending of its offsets hold
//! one lock, and the loss of a partition takes the same lock to kill the token before it lets go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use topics_guard::{Guard, stands};
use topics_log::{Assignment, Error, OffsetCommit, Remedy, Token, TopicPartition};

use crate::native::Membership;
use crate::rebalance::MemberContext;

/// A member's client.
pub(crate) type Client = BaseConsumer<MemberContext>;

/// The partitions this member owns as far as it knows.
#[derive(Default)]
pub(crate) struct Ownership(Mutex<Owned>);

/// The ownership, held still.
#[derive(Default)]
pub(crate) struct Owned {
    partitions: HashMap<TopicPartition, Holding>,
    /// The client whose membership this is, upgraded only while the lock is held: so the client's own
    /// thread is always the last to let go of it.
    client: Weak<Client>,
}

#[derive(Debug)]
struct Holding {
    token: Token,
    /// Whether librdkafka has been told to read it.
    is_started: bool,
}

impl Ownership {
    /// Holds the ownership still: while the guard lives nothing is lost.
    pub(crate) fn hold(&self) -> MutexGuard<'_, Owned> {
        // The map is changed in single steps, so it is whole whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a membership that owns nothing yet.
    pub(crate) fn begin(&self, client: &Arc<Client>) {
        self.hold().client = Arc::downgrade(client);
    }

    /// Ends the membership and every ownership: the member leaves, or its client is dead.
    pub(crate) fn end(&self) -> Vec<Assignment> {
        let mut owned = self.hold();
        owned.client = Weak::new();
        let gone = owned.partitions.drain().map(|(topic_partition, holding)| {
            holding.token.revoke();
            Assignment { topic_partition, token: holding.token }
        });
        gone.collect()
    }
}

impl Owned {
    /// Whether librdkafka reads this partition for this member; `None` if the member does not own it.
    pub(crate) fn is_started(&self, partition: &TopicPartition) -> Option<bool> {
        self.partitions.get(partition).map(|holding| holding.is_started)
    }

    /// Notes that librdkafka reads these partitions now.
    pub(crate) fn start<'a>(&mut self, partitions: impl Iterator<Item = &'a TopicPartition>) {
        for partition in partitions {
            if let Some(holding) = self.partitions.get_mut(partition) {
                holding.is_started = true;
            }
        }
    }

    /// Takes a partition, with a token of this very assignment.
    pub(crate) fn assign(&mut self, partition: TopicPartition) -> Assignment {
        let token = Token::new();
        let holding = Holding { token: token.clone(), is_started: false };
        if let Some(earlier) = self.partitions.insert(partition.clone(), holding) {
            // librdkafka revokes before it assigns anew; if ever it did not, the older owner is dead.
            earlier.token.revoke();
        }
        Assignment { topic_partition: partition, token }
    }

    /// Kills the token; says whether librdkafka was reading the partition.
    pub(crate) fn revoke(&mut self, partition: &TopicPartition) -> Option<(Assignment, bool)> {
        let holding = self.partitions.remove(partition)?;
        holding.token.revoke();
        let assignment = Assignment { topic_partition: partition.clone(), token: holding.token };
        Some((assignment, holding.is_started))
    }

    /// The membership these offsets may be committed under, now that nothing can be lost.
    ///
    /// # Errors
    /// `Lost`.
    pub(crate) fn membership(&self, offsets: &[OffsetCommit], attempted: &str) -> Result<Membership, Error> {
        let lost = |cause: String| Error::new(Remedy::Lost, attempted, cause);
        let mut dead = offsets.iter().filter(|offset| !offset.assignment.token.is_alive());
        if let Some(dead) = dead.next().filter(|_| stands(Guard::TokenInCommit)) {
            return Err(lost(format!("{} was revoked", dead.assignment.topic_partition)));
        }
        let Some(client) = self.client.upgrade() else {
            return Err(lost("the member these offsets belong to has left".into()));
        };
        let Some(membership) = Membership::of(client.client().native_ptr()) else {
            return Err(lost("this consumer is in no group".into()));
        };
        // The coordinator takes offsets without a membership from anybody, so it must not come to that.
        if membership.generation() < 0 || membership.member().is_empty() {
            return Err(lost(
                "this member is not in its group: it has not joined yet, or was removed".into(),
            ));
        }
        Ok(membership)
    }
}

#[cfg(test)]
mod tests {
    //! Tokens and what they allow.

    use topics_log::{OffsetCommit, Remedy, TopicPartition};

    use super::Ownership;

    /// A token dies with its own assignment and no other, and nothing is committed without a member.
    #[test]
    fn kills_the_token_of_what_is_lost() {
        let ownership = Ownership::default();
        let (one, two) = (TopicPartition::new("topic", 1), TopicPartition::new("topic", 2));
        let first = ownership.hold().assign(one.clone());
        let other = ownership.hold().assign(two.clone());
        assert_eq!(ownership.hold().is_started(&one), Some(false));
        ownership.hold().start([&one].into_iter());
        let (gone, was_started) = ownership.hold().revoke(&one).expect("it was owned");
        assert!(was_started && !gone.token.is_alive() && !first.token.is_alive());
        assert_eq!(ownership.hold().is_started(&one), None);
        assert!(ownership.hold().revoke(&one).is_none(), "it goes once");
        let again = ownership.hold().assign(one);
        assert!(again.token.is_alive() && other.token.is_alive() && !first.token.is_alive());
        for assignment in [first, other.clone()] {
            let offset = OffsetCommit { assignment, next: 1, metadata: String::new() };
            let refused = ownership.hold().membership(&[offset], "commit").err();
            assert_eq!(refused.map(|error| error.remedy), Some(Remedy::Lost));
        }
        assert_eq!(ownership.end().len(), 2, "what was left");
        assert!(!again.token.is_alive() && !other.token.is_alive());
    }
}
