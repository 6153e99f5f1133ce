//! What an operator, a network or fate does to the log, for tests and simulation; and what a verifier
//! wants to see.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;
use crate::record::{Record, TopicPartition};
use crate::seam::Committed;

/// The handle. Clones act on the same log.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

/// How much lies in the log, aborted records not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Records.
    pub records: usize,
    /// Bytes of their keys, values and headers.
    pub bytes: usize,
}

impl Control {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Cuts a member off from the group: its heartbeats stop, so that its session runs out while it
    /// reads on and does not know. Returns whether there is such a member.
    pub fn freeze(&self, group: &str, instance: &str) -> bool {
        self.shared.change(|state| {
            let member = state.groups.get(group).and_then(|state| state.members.get(instance));
            let Some(client) = member.map(|member| member.client) else { return false };
            state.silence(client);
            if let Some(client) = state.clients.get_mut(&client) {
                client.frozen = true;
            }
            true
        })
    }

    /// Connects again whoever was frozen under this name. Who was expelled or replaced in the meantime
    /// learns of it at its next call.
    pub fn thaw(&self, group: &str, instance: &str) {
        self.shared.change(|state| {
            for client in state.clients.values_mut() {
                if client.group == group && client.instance == instance && client.frozen {
                    client.frozen = false;
                    let members = state.groups.get_mut(group).map(|state| &mut state.members);
                    let member = members.and_then(|members| members.get_mut(instance));
                    if let Some(member) = member.filter(|member| member.id == client.member) {
                        member.silent_since = None;
                    }
                }
            }
        });
    }

    /// Begins a new generation of a group, without need. Returns whether there is such a group.
    pub fn rebalance(&self, group: &str) -> bool {
        self.shared.change(|state| {
            let found = state.groups.get_mut(group);
            found.map(|group| group.rebalance(&state.topics)).is_some()
        })
    }

    /// Lets a group that has been empty for long expire: its committed offsets vanish, and its generation
    /// with them. Returns false, and does nothing, while it has members or pending offsets.
    pub fn expire_group(&self, group: &str) -> bool {
        self.shared.change(|state| {
            let idle = state
                .groups
                .get(group)
                .is_some_and(|group| group.members.is_empty() && group.offsets.is_settled());
            idle && state.groups.remove(group).is_some()
        })
    }

    /// Loses a group's committed offsets while its members live, as a broker does that was set up wrong.
    pub fn lose_offsets(&self, group: &str) {
        self.shared.change(|state| {
            if let Some(group) = state.groups.get_mut(group) {
                group.offsets.lose_committed();
            }
        });
    }

    /// Lets append times step back by this much: a partition's leader changes to a broker whose clock is
    /// slow.
    pub fn step_clock_back(&self, by: Duration) {
        self.shared.change(|state| state.clock_lag += by);
    }

    /// The group's generation; 0 if there is no such group.
    #[must_use]
    pub fn generation(&self, group: &str) -> i32 {
        self.shared.state().groups.get(group).map_or(0, |group| group.generation)
    }

    /// The group's members as the coordinator sees them: instance and member id.
    #[must_use]
    pub fn members(&self, group: &str) -> BTreeMap<String, String> {
        let state = self.shared.state();
        let members = state.groups.get(group).into_iter().flat_map(|group| &group.members);
        members.map(|(instance, member)| (instance.clone(), member.id.clone())).collect()
    }

    /// The transactional names under which a transaction is open.
    #[must_use]
    pub fn open_transactions(&self) -> Vec<String> {
        let state = self.shared.state();
        let open = state.producers.iter().filter(|(_, producer)| producer.is_open());
        open.map(|(name, _)| name.clone()).collect()
    }

    /// Every committed offset of every group.
    #[must_use]
    pub fn committed_offsets(&self) -> BTreeMap<String, BTreeMap<TopicPartition, Committed>> {
        let state = self.shared.state();
        let offsets = |(at, committed): (&TopicPartition, &Committed)| (at.clone(), committed.clone());
        let groups = state.groups.iter();
        groups.map(|(id, group)| (id.clone(), group.offsets.iter().map(offsets).collect())).collect()
    }

    /// Every record a reader of committed records could see now, by topic, partition and offset.
    #[must_use]
    pub fn committed_records(&self) -> Vec<Record> {
        let state = self.shared.state();
        let mut records = Vec::new();
        for (at, partition) in state.topics.iter().flat_map(|topic| topic.iter()) {
            // A log in memory keeps everything, and reading it does not fail.
            records.extend(partition.read(&*state.storage, &at, 0, usize::MAX).unwrap_or_default());
        }
        records
    }

    /// How much lies in the topics whose names begin with `prefix`.
    #[must_use]
    pub fn size(&self, prefix: &str) -> Size {
        let state = self.shared.state();
        let mut size = Size::default();
        for topic in state.topics.iter().filter(|topic| topic.name.starts_with(prefix)) {
            for (_, partition) in topic.iter() {
                let own = partition.size(&*state.storage);
                size.records += own.records;
                size.bytes += own.bytes;
            }
        }
        size
    }
}
