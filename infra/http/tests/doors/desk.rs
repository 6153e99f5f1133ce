//! A desk with a few made-up tasks.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use infra_http::told::{
    Cancel, Letter, LetterId, Letters, Looked, Outcome, PutBack, State, Status, Submission, Submitted, Task,
    TaskId, Tasks, Topics, Traced, Wait, WhichLetters, WhichTasks,
};
use infra_http::{Desk, Error, Kind};
use schemas_records::Timestamp;

/// Knows `done` and whatever is submitted; `slow` ends when somebody has waited for it.
#[derive(Default)]
pub struct MadeUp {
    pub submitted: AtomicUsize,
}

fn nothing<T>(what: &str) -> Result<T, Error> {
    Err(Error::new(Kind::NotFound, format!("there is no {what}"), "look elsewhere"))
}

#[async_trait]
impl Desk for MadeUp {
    async fn status(&self) -> Result<Status, Error> {
        nothing("status")
    }

    async fn topics(&self) -> Result<Topics, Error> {
        Ok(Topics { topics: Vec::new() })
    }

    async fn tasks(&self, which: WhichTasks) -> Result<Tasks, Error> {
        Ok(Tasks { tasks: Vec::new(), found: which.most, looked: Looked { records: 100_000, is_all: false } })
    }

    async fn trace(&self, task: TaskId) -> Result<Traced, Error> {
        nothing(&task.task)
    }

    async fn cancel(&self, _: Cancel) -> Result<Outcome, Error> {
        Err(Error::new(Kind::Refused, "it has ended", ""))
    }

    async fn submit(&self, task: Submission) -> Result<Submitted, Error> {
        let value: serde_json::Value = serde_json::from_str(&task.json)
            .map_err(|error| Error::new(Kind::BadInput, error.to_string(), "send JSON"))?;
        if value["text"].as_str().is_none() {
            let error = Error::new(Kind::BadInput, "text: missing field", "send it");
            return Err(Error { field: Some("text".into()), ..error });
        }
        let id = task.task.unwrap_or_else(|| "n.t.tasks/0/7".to_owned());
        if id == "taken" {
            return Err(Error::new(Kind::Conflict, "task id taken was used before", "use another"));
        }
        self.submitted.fetch_add(1, Ordering::SeqCst);
        Ok(Submitted { task: id, is_new: true })
    }

    async fn outcome(&self, wait: Wait) -> Result<Outcome, Error> {
        let task = |state| Task {
            task: wait.task.clone(),
            state,
            origin: "n.t.tasks/0/7".into(),
            at: Timestamp(1),
            ended_at: (state == State::Done).then_some(Timestamp(2)),
            failure: None,
        };
        match wait.task.as_str() {
            "done" => {
                Ok(Outcome { task: task(State::Done), result: Some(serde_json::json!({ "text": "x" })) })
            }
            "slow" if !wait.wait.is_zero() => Ok(Outcome { task: task(State::Done), result: None }),
            "for-ever" if !wait.wait.is_zero() => std::future::pending().await,
            "t-1" | "slow" | "for-ever" | "n.t.tasks/0/7" => {
                Ok(Outcome { task: task(State::Open), result: None })
            }
            other => nothing(other),
        }
    }

    async fn dead_letters(&self, _: WhichLetters) -> Result<Letters, Error> {
        nothing("letter")
    }

    async fn dead_letter(&self, _: LetterId) -> Result<Letter, Error> {
        nothing("letter")
    }

    async fn put_back(&self, letter: LetterId) -> Result<PutBack, Error> {
        Ok(PutBack { record: letter.letter, task: None })
    }
}
