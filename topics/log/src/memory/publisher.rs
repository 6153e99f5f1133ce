//! Appends without transactions.

use std::sync::Arc;

use async_trait::async_trait;

use super::faults::{Door, Fate, Operation};
use super::shared::{INJECTED, Shared};
use crate::error::{Error, Remedy};
use crate::record::{Appended, NewRecord};
use crate::seam::Publisher;

/// Opens a publisher.
pub(super) fn open(shared: &Arc<Shared>) -> Box<dyn Publisher> {
    Box::new(MemoryPublisher { shared: Arc::clone(shared) })
}

struct MemoryPublisher {
    shared: Arc<Shared>,
}

#[async_trait]
impl Publisher for MemoryPublisher {
    async fn publish(&self, records: Vec<NewRecord>) -> Result<Vec<Appended>, Error> {
        let door = Door { operation: Operation::Publish, group: "", instance: "", transactor: "" };
        let fate = self.shared.strike(&door).await?;
        let lost = || Error::new(Remedy::Retry, door.to_string(), INJECTED);
        if fate == Some(Fate::Never) {
            return Err(lost());
        }
        self.shared.give_way().await;
        let appended =
            self.shared.change(|state| state.append(records, None)).map_err(|refusal| refusal.at(&door))?;
        match fate {
            None => Ok(appended.into_iter().map(|(_, appended)| appended).collect()),
            Some(_) => Err(lost()),
        }
    }
}
