//! Owners' rows: conditional writes, and reading back what became of them.
//!
//! Every write of a row draws a new nonce, so that comparing it compares the whole row; and whoever does
//! not know whether its write was applied finds its own nonce, or not.

use bytes::Bytes;
use scylla::response::query_result::QueryResult;
use scylla::serialize::row::SerializeRow;
use scylla::value::{CqlValue, Row};
use topics_state::owners::{may_note, successor};
use topics_state::{Epoch, Error, Owner, Remedy, Slot};

use crate::errors;
use crate::patience::Patience;
use crate::store::{Attempted, Pick, Shared, nonce};

/// Most attempts at one registration. Each that is refused means that another one was let through, and a
/// slot has hardly more than a few contenders.
const REGISTER_ATTEMPTS_MAX: usize = 64;

/// An owner's row with the nonce of its last write.
struct Standing {
    owner: Owner,
    nonce: Bytes,
}

/// The columns of an owner's row.
type Columns = (i64, String, Option<i64>, Option<i64>, Option<i64>, Option<bool>, Option<Bytes>);

impl Shared {
    /// The owner's row.
    pub async fn owner(&self, slot: &Slot) -> Result<Option<Owner>, Error> {
        let attempted = || format!("read the owner's row of {slot}");
        Ok(self.standing(&attempted, slot).await?.map(|standing| standing.owner))
    }

    /// Takes the next epoch: reads, compares and sets, until nobody was quicker.
    pub async fn register(&self, slot: &Slot, topic_id: &str) -> Result<(Option<Owner>, Epoch), Error> {
        let attempted = || format!("register as owner of {slot}");
        // One at a time from here: rounds about one row get into each other's way, and cost their time-outs.
        let _alone = self.registering.lock().await;
        let mine = nonce()?;
        // What was tried and may have been applied: the row before it, and its epoch.
        let mut doubtful: Option<(Option<Owner>, Epoch)> = None;
        let mut patience = Patience::of(self.patience);
        for _ in 0..REGISTER_ATTEMPTS_MAX {
            let standing = self.standing(&attempted, slot).await?;
            if let Some(tried) = doubtful.take()
                && standing.as_ref().is_some_and(|standing| standing.nonce[..] == mine)
            {
                return Ok(tried);
            }
            let before = standing.as_ref().map(|standing| standing.owner.clone());
            let next = successor(slot, before.as_ref(), topic_id)?;
            let epoch = next.epoch;
            match self.compare_and_set(&attempted, slot, standing.as_ref(), &next, &mine).await {
                Ok(true) => return Ok((before, epoch)),
                Ok(false) => {}
                Err(error) => {
                    doubtful = Some((before, epoch));
                    patience.again(error).await?;
                }
            }
        }
        Err(Error::new(Remedy::Retry, attempted(), "others registered at the same time, again and again"))
    }

    /// Writes the row, if its epoch stands.
    pub async fn note(&self, slot: &Slot, noted: &Owner) -> Result<(), Error> {
        let attempted = || format!("note the owner's row of {slot}");
        let mine = nonce()?;
        let mut patience = Patience::of(self.patience);
        loop {
            let set =
                (&noted.topic_id, noted.committed, noted.stepping, i64::from(noted.deaths), noted.closed);
            let values = (
                set.0,
                set.1,
                set.2,
                set.3,
                set.4,
                &mine[..],
                &*slot.agent,
                slot.generation,
                slot.partition,
                noted.epoch.0,
            );
            // Made again it writes the same row, while the epoch stands.
            match self.once(&attempted, |all| &all.note, values).await {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    let standing = self.standing(&attempted, slot).await?;
                    return may_note(slot, standing.map(|standing| standing.owner).as_ref(), noted);
                }
                Err(error) => patience.again(error).await?,
            }
        }
    }

    async fn standing(&self, attempted: Attempted<'_>, slot: &Slot) -> Result<Option<Standing>, Error> {
        let values = (&*slot.agent, slot.generation, slot.partition);
        let rows: Vec<Columns> = self.rows(attempted, |all| &all.owner, values).await?;
        let Some((epoch, topic_id, committed, stepping, deaths, closed, nonce)) = rows.into_iter().next()
        else {
            return Ok(None);
        };
        let deaths = u32::try_from(deaths.unwrap_or(0))
            .map_err(|_| errors::unreadable(attempted(), "an owner's row counts deaths beyond all bounds"))?;
        let owner = Owner {
            epoch: Epoch(epoch),
            topic_id,
            committed,
            stepping,
            deaths,
            closed: closed.unwrap_or(false),
        };
        Ok(Some(Standing { owner, nonce: nonce.unwrap_or_default() }))
    }

    /// Puts a registered row in the place of the one that stood. Returns whether that still stood.
    async fn compare_and_set(
        &self,
        attempted: Attempted<'_>,
        slot: &Slot,
        standing: Option<&Standing>,
        next: &Owner,
        mine: &[u8],
    ) -> Result<bool, Error> {
        let (agent, generation, partition) = (&*slot.agent, slot.generation, slot.partition);
        match standing {
            None => {
                let values = (agent, generation, partition, next.epoch.0, &next.topic_id, mine);
                self.once(attempted, |all| &all.register_first, values).await
            }
            Some(Standing { owner, nonce }) => {
                let values = (next.epoch.0, mine, agent, generation, partition, owner.epoch.0, nonce);
                self.once(attempted, |all| &all.register_next, values).await
            }
        }
    }

    /// Makes a conditional write once: its outcome may stay unknown. Returns whether it was applied.
    pub async fn once(
        &self,
        attempted: Attempted<'_>,
        statement: Pick,
        values: impl SerializeRow,
    ) -> Result<bool, Error> {
        let answer = self.conditional(attempted, statement, values).await?;
        Ok(answer.is_applied())
    }

    /// The same with the row that stood in the way.
    pub async fn conditional(
        &self,
        attempted: Attempted<'_>,
        statement: Pick,
        values: impl SerializeRow,
    ) -> Result<Outcome, Error> {
        let _place = self.gate.enter().await;
        let live = self.live();
        match live.session.execute_unpaged(statement(&live.statements), values).await {
            Ok(answer) => Outcome::of(attempted, answer),
            Err(error) => {
                self.revive(&live).await;
                Err(errors::of(attempted(), &error))
            }
        }
    }
}

/// What a conditional write came to: columns by name, since servers add those that stand in the way in
/// different orders, and some always.
pub(crate) struct Outcome(Vec<(String, Option<CqlValue>)>);

impl Outcome {
    fn of(attempted: Attempted<'_>, answer: QueryResult) -> Result<Self, Error> {
        let unreadable = |error: &dyn std::fmt::Display| errors::unreadable(attempted(), error);
        let answer = answer.into_rows_result().map_err(|error| unreadable(&error))?;
        let names: Vec<String> =
            answer.column_specs().iter().map(|column| column.name().to_owned()).collect();
        let row: Row = answer.first_row().map_err(|error| unreadable(&error))?;
        Ok(Self(names.into_iter().zip(row.columns).collect()))
    }

    pub fn is_applied(&self) -> bool {
        self.get("[applied]").and_then(CqlValue::as_boolean).unwrap_or(false)
    }

    /// The bytes of a column that stood in the way.
    pub fn blob(&self, name: &str) -> Option<Bytes> {
        self.get(name).and_then(CqlValue::as_blob).map(|bytes| Bytes::copy_from_slice(bytes))
    }

    fn get(&self, name: &str) -> Option<&CqlValue> {
        self.0.iter().find(|(column, _)| column == name).and_then(|(_, value)| value.as_ref())
    }
}
