//! The desk over the node's own doors: an operator's questions, answered from the log.
//!
//! It reads without a group and holds nothing up. It appends what it is asked to (a task, a cancellation, a
//! letter put back), through the same topics as everybody. Agents' state it does not touch: whoever holds the
//! log needs no store for this.

mod board;
mod ledger;
mod letters;
pub(crate) mod look;
mod status;
mod tasks;
mod trace;

use std::sync::Arc;

use async_trait::async_trait;
use infra_http::told::{
    Cancel, Letter, LetterId, Letters, Outcome, PutBack, Status, Submission, Submitted, TaskId, Tasks, Topic,
    Topics, Traced, Wait, WhichLetters, WhichTasks,
};
use infra_http::{Desk, Error, Kind};
use topics_log::{Log, Remedy, TopicDescription, TopicPartition};

pub(crate) use board::Board;
pub(crate) use letters::PUT_BACK_FROM;

use self::ledger::Ledger;
use self::look::Look;
use crate::roles::Node;

/// What may be asked of a team through the doors of one node.
pub struct NodeDesk {
    node: Node,
    topics: topics_catalog::Topics,
    ledger: Ledger,
    /// The states of this node's roles, if it runs any.
    board: Option<Board>,
}

impl NodeDesk {
    /// A desk of a node; `topics` says how missing ones would be made.
    #[must_use]
    pub fn new(node: &Node, topics: topics_catalog::Topics) -> Self {
        let ledger = Ledger::new(node);
        Self { node: node.clone(), topics, ledger, board: None }
    }

    /// The same desk, which also knows what runs here.
    pub(crate) fn with_board(mut self, board: Board) -> Self {
        self.board = Some(board);
        self
    }

    fn log(&self) -> &dyn Log {
        &*self.node.doors().log
    }

    fn look(&self) -> Look<'_> {
        Look::new(self.log())
    }

    /// Every topic of the namespace.
    async fn all_topics(&self) -> Result<Vec<TopicDescription>, Error> {
        let prefix = format!("{}.", self.node.names().namespace());
        self.log().topics(&prefix).await.map_err(of_log)
    }
}

#[async_trait]
impl Desk for NodeDesk {
    async fn status(&self) -> Result<Status, Error> {
        status::status(self).await
    }

    async fn topics(&self) -> Result<Topics, Error> {
        let plan =
            self.node.catalog(self.topics).plan(self.log(), self.node.names()).await.map_err(of_log)?;
        let missing = plan.create.into_iter().map(|(topic, _)| Topic {
            name: topic.name,
            partitions: topic.partitions,
            is_there: false,
        });
        let there = plan.keep.into_iter().map(|topic| Topic {
            name: topic.name,
            partitions: topic.partitions,
            is_there: true,
        });
        let mut topics: Vec<Topic> = missing.chain(there).collect();
        topics.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Topics { topics })
    }

    async fn tasks(&self, which: WhichTasks) -> Result<Tasks, Error> {
        self.ledger.catch_up().await?;
        Ok(self.ledger.tasks(&which))
    }

    async fn trace(&self, task: TaskId) -> Result<Traced, Error> {
        trace::trace(self, &task.task).await
    }

    async fn cancel(&self, cancel: Cancel) -> Result<Outcome, Error> {
        tasks::cancel(self, &cancel).await
    }

    async fn submit(&self, task: Submission) -> Result<Submitted, Error> {
        tasks::submit(self, &task).await
    }

    async fn outcome(&self, wait: Wait) -> Result<Outcome, Error> {
        tasks::outcome(self, &wait).await
    }

    async fn dead_letters(&self, which: WhichLetters) -> Result<Letters, Error> {
        letters::list(self, &which).await
    }

    async fn dead_letter(&self, letter: LetterId) -> Result<Letter, Error> {
        letters::show(self, &letter.letter).await
    }

    async fn put_back(&self, letter: LetterId) -> Result<PutBack, Error> {
        letters::put_back(self, &letter.letter).await
    }
}

/// All partitions of some topics.
fn partitions<'a>(topics: impl IntoIterator<Item = &'a TopicDescription>) -> Vec<TopicPartition> {
    let of = |topic: &TopicDescription| {
        let name: Arc<str> = topic.name.as_str().into();
        (0..topic.partitions).map(move |partition| TopicPartition::new(Arc::clone(&name), partition))
    };
    topics.into_iter().flat_map(of).collect()
}

/// The log's own error: what passes can be asked again.
fn of_log(error: topics_log::Error) -> Error {
    match error.remedy {
        Remedy::Retry => Error::new(Kind::Unavailable, error.to_string(), "try again"),
        _ => Error::new(Kind::Failed, error.to_string(), ""),
    }
}

/// The codec's own error, for what this process writes.
fn of_codec(error: &schemas_codec::Error) -> Error {
    Error::new(Kind::Failed, error.to_string(), "please report this")
}

#[cfg(test)]
mod tests;
