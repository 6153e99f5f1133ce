//! What an agent says: effects, as values. Nothing has happened when a step returns; all of it happens
//! in the transaction that moves past the record.

use std::time::Duration;

use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::protocol::JoinPolicy;
use schemas_records::tool::{KnowledgeQuery, ToolRequest};
use schemas_records::{Failure, Message, ModelRequest};

use crate::logic::Fault;

/// What a step wants done, in order.
///
/// A work replies, fails or delegates (also by a fork with a join) exactly once; a step that does so may
/// not ask for anything else but records for declared topics.
#[derive(Clone, Debug)]
pub struct Effects {
    codec: Codec,
    pub(crate) list: Vec<Effect>,
    pub(crate) fault: Option<Fault>,
}

/// One effect.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    Model { name: String, request: ModelRequest },
    Tool { name: String, request: ToolRequest },
    Knowledge { name: String, query: KnowledgeQuery },
    Call { name: String, agent: String, value: Bytes },
    Timer { name: String, after: Duration },
    Emit { topic: String, key: String, value: Bytes },
    Fork(ForkEffect),
    Reply(Bytes),
    Fail(Failure),
    Delegate { agent: String, value: Bytes },
}

/// A fork as the agent described it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ForkEffect {
    /// Branch name and message, in order; the branch's agent.
    pub(crate) branches: Vec<(String, String, Bytes)>,
    pub(crate) join: String,
    pub(crate) context: Bytes,
    pub(crate) policy: JoinPolicy,
    pub(crate) needed: i32,
    pub(crate) within: Option<Duration>,
    /// `Some`: the forker keeps the right to reply and waits for the join's answer under this name.
    pub(crate) wait: Option<String>,
}

impl Effects {
    /// No effects yet.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self { codec, list: Vec::new(), fault: None }
    }

    /// Asks the model; the answer comes back under `name`. Costs one call of the budget.
    pub fn call_model(&mut self, name: &str, request: ModelRequest) {
        self.list.push(Effect::Model { name: name.to_owned(), request });
    }

    /// Asks a tool of the team; the answer comes back under `name`. `arguments` are a framed message of the
    /// schema that the tool declares.
    pub fn call_tool(&mut self, name: &str, tool: &str, arguments: Bytes) {
        let request = ToolRequest { tool: tool.to_owned(), arguments };
        self.list.push(Effect::Tool { name: name.to_owned(), request });
    }

    /// [`Effects::call_tool`] with arguments that are not framed yet.
    pub fn call_tool_with<M: Message>(&mut self, name: &str, tool: &str, arguments: &M) {
        if let Some(arguments) = self.encode(arguments) {
            self.call_tool(name, tool, arguments);
        }
    }

    /// Asks a knowledge base of the team; its [`schemas_records::tool::Passages`] come back under `name`.
    pub fn call_knowledge(&mut self, name: &str, query: KnowledgeQuery) {
        self.list.push(Effect::Knowledge { name: name.to_owned(), query });
    }

    /// Asks another agent of the team; the answer comes back under `name`.
    pub fn call<M: Message>(&mut self, name: &str, agent: &str, message: &M) {
        if let Some(value) = self.encode(message) {
            self.call_framed(name, agent, value);
        }
    }

    /// [`Effects::call`] with a message that is framed already.
    pub fn call_framed(&mut self, name: &str, agent: &str, value: Bytes) {
        self.list.push(Effect::Call { name: name.to_owned(), agent: agent.to_owned(), value });
    }

    /// Has an event of this name come `after` this one.
    pub fn timer(&mut self, name: &str, after: Duration) {
        self.list.push(Effect::Timer { name: name.to_owned(), after });
    }

    /// Writes a record to a topic that the team declares.
    pub fn emit<M: Message>(&mut self, topic: &str, key: &str, message: &M) {
        if let Some(value) = self.encode(message) {
            self.list.push(Effect::Emit { topic: topic.to_owned(), key: key.to_owned(), value });
        }
    }

    /// Begins a fork: name its branches, then say who gathers them.
    pub fn fork(&mut self) -> Fork<'_> {
        let fork = ForkEffect {
            branches: Vec::new(),
            join: String::new(),
            context: Bytes::new(),
            policy: JoinPolicy::All,
            needed: 0,
            within: None,
            wait: None,
        };
        Fork { effects: self, fork }
    }

    /// Answers whoever is owed the answer, and ends the work.
    pub fn reply<M: Message>(&mut self, message: &M) {
        if let Some(value) = self.encode(message) {
            self.reply_framed(value);
        }
    }

    /// [`Effects::reply`] with a message that is framed already.
    pub fn reply_framed(&mut self, value: Bytes) {
        self.list.push(Effect::Reply(value));
    }

    /// Fails, and ends the work.
    pub fn fail(&mut self, failure: Failure) {
        self.list.push(Effect::Fail(failure));
    }

    /// Hands the right to reply, and what is left of the budget, to another agent, and ends the work.
    pub fn delegate<M: Message>(&mut self, agent: &str, message: &M) {
        if let Some(value) = self.encode(message) {
            self.delegate_framed(agent, value);
        }
    }

    /// [`Effects::delegate`] with a message that is framed already.
    pub fn delegate_framed(&mut self, agent: &str, value: Bytes) {
        self.list.push(Effect::Delegate { agent: agent.to_owned(), value });
    }

    /// A message that cannot be written is the agent's fault, and fails the step as a whole.
    fn encode<M: Message>(&mut self, message: &M) -> Option<Bytes> {
        match self.codec.encode(message) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault.get_or_insert_with(|| Fault::failed(format!("write a {}: {error}", M::NAME)));
                None
            }
        }
    }
}

/// A fork that is being described.
///
/// ```
/// # use agents_work::Effects;
/// # use schemas_codec::{Codec, Registry};
/// # use schemas_records::protocol::Timer;
/// # let mut effects = Effects::new(Codec::new(Registry::new()?));
/// # let (question, plan) = (Timer { due: 1, name: "q".into() }, Timer { due: 2, name: "p".into() });
/// let mut fork = effects.fork();
/// fork.branch("data-analyst", &question);
/// fork.branch("market-trends", &question);
/// fork.join("synthesizer", &plan);
/// # Ok::<(), schemas_codec::Error>(())
/// ```
#[must_use = "a fork without `join` or `join_and_wait` does nothing"]
#[derive(Debug)]
pub struct Fork<'a> {
    effects: &'a mut Effects,
    fork: ForkEffect,
}

impl Fork<'_> {
    /// A branch, named as the agent that takes it.
    pub fn branch<M: Message>(&mut self, agent: &str, message: &M) {
        self.branch_named(agent, agent, message);
    }

    /// A branch with a name of its own: needed when one agent takes several.
    pub fn branch_named<M: Message>(&mut self, name: &str, agent: &str, message: &M) {
        if let Some(value) = self.effects.encode(message) {
            self.branch_framed(name, agent, value);
        }
    }

    /// [`Fork::branch_named`] with a message that is framed already.
    pub fn branch_framed(&mut self, name: &str, agent: &str, value: Bytes) {
        self.fork.branches.push((name.to_owned(), agent.to_owned(), value));
    }

    /// Closes as soon as `needed` good parts are there; fails once that is beyond hope.
    pub fn quorum(&mut self, needed: usize) {
        self.fork.policy = JoinPolicy::Quorum;
        self.fork.needed = i32::try_from(needed).unwrap_or(i32::MAX);
    }

    /// Closes as soon as `needed` parts of either outcome are there.
    pub fn first(&mut self, needed: usize) {
        self.fork.policy = JoinPolicy::First;
        self.fork.needed = i32::try_from(needed).unwrap_or(i32::MAX);
    }

    /// Closes after this time with what is there; without it shortly before the task's deadline.
    pub fn within(&mut self, time: Duration) {
        self.fork.within = Some(time);
    }

    /// `agent` gathers the parts and holds the right to reply from now on. It gets `context` with them.
    pub fn join<M: Message>(self, agent: &str, context: &M) {
        if let Some(value) = self.effects.encode(context) {
            self.join_framed(agent, value);
        }
    }

    /// [`Fork::join`] with a context that is framed already.
    pub fn join_framed(mut self, agent: &str, context: Bytes) {
        self.fork.context = context;
        self.fork.join = agent.to_owned();
        self.effects.list.push(Effect::Fork(self.fork));
    }

    /// `agent` gathers the parts and answers this work, which waits for it under `name`.
    pub fn join_and_wait<M: Message>(mut self, name: &str, agent: &str, context: &M) {
        self.fork.wait = Some(name.to_owned());
        self.join(agent, context);
    }
}
