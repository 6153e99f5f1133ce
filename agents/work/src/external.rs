//! Tools that another process serves, with any Kafka client: what they are asked goes out as JSON, and what they
//! answer is read here, since no gateway of ours stands between.
//!
//! Such a process may write to inboxes, so it is trusted with them; but what it says by mistake costs one call at
//! most: a dead letter, and a failed answer.

use bytes::Bytes;
use schemas_codec::{Codec, Error};
use schemas_records::{Envelope, Failure, FailureCode, Outcome};

use crate::bounds::EXTERNAL_ANSWER_BYTES_MAX;
use crate::machine::Works;
use crate::turn::Turn;

/// A tool that another process serves, for an agent that may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalTool {
    /// Its name in its team.
    pub name: String,
    /// The full name of what it takes.
    pub takes: String,
    /// The full name of what it answers.
    pub gives: String,
}

impl ExternalTool {
    /// What goes out: the arguments as JSON, if they are what it takes.
    pub(crate) fn request(&self, codec: &Codec, arguments: &[u8]) -> Result<Bytes, Failure> {
        let unusable = |message: String| {
            let message = format!("call tool {:?}: its arguments cannot be used: {message}", self.name);
            Failure::new(FailureCode::BadInput, message, format!("send a {}", self.takes))
        };
        let found = codec.name_of(arguments).map_err(|error| unusable(error.to_string()))?;
        if found != self.takes {
            return Err(unusable(format!("they are a {found}")));
        }
        json(codec, arguments).map_err(|error| unusable(error.to_string()))
    }

    /// What it said went wrong: a JSON object with a `message`, and a `remedy` if it knows one.
    fn failure(&self, said: &[u8]) -> Result<Failure, String> {
        let said: serde_json::Value =
            serde_json::from_slice(said).map_err(|error| format!("a failure that is no JSON: {error}"))?;
        let text = |name: &str| said.get(name).and_then(serde_json::Value::as_str);
        let message = text("message").ok_or("a failure without a text under \"message\"")?;
        let remedy = text("remedy").unwrap_or("see what the tool says, and its own log");
        Ok(Failure::new(FailureCode::ToolFailed, format!("tool {:?}: {message}", self.name), remedy))
    }

    fn too_much(&self, bytes: usize) -> Failure {
        let message = format!(
            "tool {:?} answered too much: {bytes} bytes, at most {EXTERNAL_ANSWER_BYTES_MAX} are kept",
            self.name
        );
        Failure::new(FailureCode::ToolFailed, message, "ask it for less")
    }
}

/// A framed message as JSON, as it stands on the topic of such a tool.
pub(crate) fn json(codec: &Codec, framed: &[u8]) -> Result<Bytes, Error> {
    codec.to_json(framed).map(|value| value.to_string().into())
}

impl Works {
    /// Lets this agent use tools that another process serves.
    #[must_use]
    pub fn with_external(mut self, tools: Vec<ExternalTool>) -> Self {
        self.external = tools;
        self
    }

    /// The one that reads this topic.
    pub(crate) fn external_at(&self, topic: &str) -> Option<&ExternalTool> {
        let reads = |tool: &&ExternalTool| {
            let found = self.directory.find(&topics_catalog::external(&tool.name));
            found.is_some_and(|(reads, ..)| *reads == *topic)
        };
        self.external.iter().find(reads)
    }
}

impl Turn<'_> {
    /// What such a tool answers: JSON or framed, of the schema that it gives. What cannot be read is a dead letter,
    /// and is stepped as a failed answer.
    pub(crate) fn value_of_external(
        &mut self,
        tool: &ExternalTool,
        envelope: &Envelope,
        value: &Bytes,
    ) -> Result<Bytes, Failure> {
        if value.len() > EXTERNAL_ANSWER_BYTES_MAX {
            return Err(tool.too_much(value.len()));
        }
        let read = match envelope.outcome {
            Some(Outcome::Ok) => {
                self.works.codec.read_message(&tool.gives, value).map(Ok).map_err(|error| error.to_string())
            }
            Some(Outcome::Failed) => tool.failure(value).map(Err),
            None => Err("it says neither ok nor failed".to_owned()),
        };
        read.unwrap_or_else(|error| Err(self.bad_answer(format!("of tool {:?}: {error}", tool.name))))
    }
}
