//! A transactional producer: the client's side. The coordinator's is in `transaction`.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::faults::{Door, Fate, Operation};
use super::shared::{Refusal, Shared};
use super::state::{State, noted};
use crate::error::{Error, Remedy};
use crate::record::NewRecord;
use crate::seam::{Group, OffsetCommit, Transactor};

/// Makes a transactor for a member.
pub(super) async fn make(
    shared: &Arc<Shared>,
    group: &Arc<Group>,
    client: u64,
    name: &str,
) -> Result<Box<dyn Transactor>, Error> {
    let (shared, group) = (Arc::clone(shared), Arc::clone(group));
    let mut made = MemoryTransactor { shared, group, client, name: name.to_owned(), epoch: 0, over: None };
    made.shared.strike_plainly(&made.door(Operation::MakeTransactor)).await?;
    made.epoch = made.shared.change(|state| state.start_producer(name));
    Ok(Box::new(made))
}

/// The producer.
struct MemoryTransactor {
    shared: Arc<Shared>,
    group: Arc<Group>,
    /// The member whose offsets it commits.
    client: u64,
    name: String,
    epoch: u32,
    /// Once its fate is unknown or it is fenced, every further call says so again.
    over: Option<Remedy>,
}

impl MemoryTransactor {
    fn door(&self, operation: Operation) -> Door<'_> {
        let Group { id, instance } = &*self.group;
        Door { operation, group: id, instance, transactor: &self.name }
    }

    /// Lets the faults strike, then acts under the lock, and remembers if this was the end.
    async fn call(
        &mut self,
        operation: Operation,
        act: impl FnOnce(&Self, &mut State, Option<Fate>) -> Result<(), Refusal>,
    ) -> Result<(), Error> {
        let done = match self.over {
            Some(remedy) => Err(Refusal::new(remedy, OVER).at(&self.door(operation))),
            None => self.strike_and(operation, act).await,
        };
        if let Err(Error { remedy: remedy @ (Remedy::Unknown | Remedy::Fenced), .. }) = &done {
            self.over = Some(*remedy);
        }
        done
    }

    async fn strike_and(
        &self,
        operation: Operation,
        act: impl FnOnce(&Self, &mut State, Option<Fate>) -> Result<(), Refusal>,
    ) -> Result<(), Error> {
        let door = self.door(operation);
        let fate = match operation {
            Operation::Commit => self.shared.strike(&door).await?,
            _ => self.shared.strike_plainly(&door).await.map(|()| None)?,
        };
        self.shared.change(|state| act(self, state, fate)).map_err(|refusal| refusal.at(&door))
    }
}

/// The cause in errors of a transactor that is used after its end.
const OVER: &str = "this transactor is over: make it again under its name";

#[async_trait]
impl Transactor for MemoryTransactor {
    async fn begin(&mut self) -> Result<(), Error> {
        // Here, where the transaction's time does not run yet, and not at the commit, which writes.
        self.shared.give_way().await;
        self.call(Operation::Begin, |me, state, _| state.begin_transaction(&me.name, me.epoch)).await
    }

    async fn produce(&mut self, records: Vec<NewRecord>) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        let act = |me: &Self, state: &mut State, _| {
            let number = state.transaction_number(&me.name, me.epoch)?;
            let appended = state.append(records, Some(number))?;
            let partitions: BTreeSet<_> = appended.into_iter().map(|(at, _)| at).collect();
            state.touch(&me.name, me.epoch, partitions)
        };
        self.call(Operation::Produce, act).await
    }

    async fn send_offsets(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error> {
        if offsets.is_empty() {
            return Ok(());
        }
        let act = |me: &Self, state: &mut State, _| {
            state.transaction_number(&me.name, me.epoch)?;
            let group = state.check_offsets(me.client, offsets)?;
            state.hold_offsets(&me.name, me.epoch, &group, noted(offsets))
        };
        self.call(Operation::SendOffsets, act).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.call(Operation::Commit, |me, state, fate| state.commit_transaction(&me.name, me.epoch, fate))
            .await
    }

    async fn abort(&mut self) -> Result<(), Error> {
        self.call(Operation::Abort, |me, state, _| state.abort_transaction(&me.name, me.epoch)).await
    }
}
