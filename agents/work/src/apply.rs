//! What effects become: the agent's step runs here, and each effect turns into records and into what the
//! row remembers of them.

use std::time::Duration;

use bytes::Bytes;
use schemas_records::ids::content_hash;
use schemas_records::model::ModelRequest;
use schemas_records::protocol::{Expectation, ExpectedPart};
use schemas_records::tool::ToolRequest;
use schemas_records::work::{Awaited, Delegate, Pending, Status};
use schemas_records::{
    Address, Budget, CallId, Echo, Failure, FailureCode, Key, Kind, ReplyKind, ReplyTo, Timestamp, WorkId,
    WorkPath,
};
use topics_catalog::Peer;
use topics_guard::{Guard, stands};
use topics_runtime::{DeadReason, Stopped};

use crate::bounds::{CONTEXT_BYTES_MAX, HOPS_MAX, PENDING_MAX, VALUE_BYTES_MAX};
use crate::effects::{Effect, Effects, ForkEffect};
use crate::event::{Event, Happened};
use crate::logic::Fault;
use crate::turn::{Outgoing, Turn};

/// Why an effect could not be applied: the node's trouble, or the agent's.
enum Refused {
    Stopped(Stopped),
    Fault(Fault),
}

/// A request whose answer the work will wait for.
struct Request {
    kind: Kind,
    name: String,
    call: CallId,
    to: Address,
    path: WorkPath,
    depth: u32,
    allotment: Budget,
    value: Bytes,
}

impl From<Stopped> for Refused {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Fault(Fault::from(failure))
    }
}

impl Turn<'_> {
    /// Lets the agent decide, and applies what it decided. A fault undoes all of it and fails the work.
    pub(crate) fn run(&mut self, happened: Happened) -> Result<(), Stopped> {
        let event = Event { at: self.at, task: self.task(), happened };
        let kept = (self.row.clone(), self.outputs.len());
        let stepped = self.works.logic.step(&event, &self.row.state);
        let applied = stepped.map_err(Refused::Fault).and_then(|(state, effects)| self.apply(state, effects));
        match applied {
            Ok(()) => Ok(()),
            Err(Refused::Stopped(stopped)) => Err(stopped),
            Err(Refused::Fault(fault)) => {
                (self.row, _) = (kept.0, self.outputs.truncate(kept.1));
                if fault.is_bad_record && self.dead.is_none() {
                    let Failure { message, remedy, .. } = &fault.failure;
                    self.dead = Some(DeadReason::new("undecodable", message.clone(), remedy.clone()));
                }
                self.end_failed(fault.failure)
            }
        }
    }

    fn apply(&mut self, state: Bytes, effects: Effects) -> Result<(), Refused> {
        if let Some(fault) = effects.fault {
            return Err(Refused::Fault(fault));
        }
        self.row.state = state;
        let endings = effects.list.iter().filter(|effect| ends(effect)).count();
        let asks = effects
            .list
            .iter()
            .filter(|effect| !ends(effect) && !matches!(effect, Effect::Emit { .. }))
            .count();
        if endings > 1 || (endings == 1 && asks > 0) {
            let message = "a step replied, failed or delegated, and asked for more: a work ends once, with nothing open";
            return Err(not_allowed(message, "end in one step, ask in another"));
        }
        if effects.list.iter().filter(|effect| matches!(effect, Effect::Fork(_))).count() > 1 {
            return Err(not_allowed(
                "a step forked twice: works are named by their fork's position",
                "fork in two steps",
            ));
        }
        if stands(Guard::BudgetAsked) {
            self.check_budget(&effects.list)?;
        }
        let calls = u32::try_from(asks).unwrap_or(u32::MAX);
        for effect in effects.list {
            match effect {
                Effect::Model { name, request } => self.call_model(name, &request)?,
                Effect::Tool { name, request } => self.call_tool(name, &request)?,
                Effect::Knowledge { name, query } => {
                    let value = self.works.encode(&query)?;
                    self.call_gateway(name, "knowledge", value)?;
                }
                Effect::Call { name, agent, value } => self.call_agent(name, &agent, value, calls)?,
                Effect::Timer { name, after } => self.timer_after(&name, after)?,
                Effect::Emit { topic, key, value } => self.emit(&topic, &key, value)?,
                Effect::Fork(fork) => self.fork(fork)?,
                Effect::Reply(value) => {
                    check_size(&value)?;
                    self.end_replied(value)?;
                }
                Effect::Fail(failure) => self.end_failed(failure)?,
                Effect::Delegate { agent, value } => self.delegate(&agent, value)?,
            }
        }
        self.check_open()
    }

    /// What is left to check once every effect is applied, while the work goes on.
    fn check_open(&mut self) -> Result<(), Refused> {
        if self.row.status != Status::Open {
            return Ok(());
        }
        let waits = self.row.pending.iter().any(|pending| pending.awaited != Awaited::Deadline);
        if !waits {
            let message = "the step neither ended the work nor asked for anything: it would wait for ever";
            return Err(Refused::Fault(Fault::failed(message)));
        }
        if self.row.pending.len() > PENDING_MAX {
            let message = format!(
                "the work waits for {} things, at most {PENDING_MAX} are allowed",
                self.row.pending.len()
            );
            return Err(not_allowed(message, "ask for less at a time"));
        }
        if self.row.hops >= i32::try_from(HOPS_MAX).unwrap_or(i32::MAX) {
            let message = format!("{HOPS_MAX} records led here from the task");
            return Err(not_allowed(message, "look for a loop between agents"));
        }
        let holds_result = self.reply_to().is_some_and(|to| to.kind == ReplyKind::Result);
        let has_deadline = self.row.pending.iter().any(|pending| pending.awaited == Awaited::Deadline);
        if holds_result && !has_deadline {
            self.set_timer(Awaited::Deadline, "deadline", Timestamp(self.row.deadline))?;
        }
        if !self.works.row_fits(&self.row)? {
            let message = format!("the work's row would exceed {} bytes", crate::bounds::ROW_BYTES_MAX);
            return Err(not_allowed(message, "keep less in the agent's state"));
        }
        Ok(())
    }

    /// A step that asks for more than is left ends its work: a task that runs out of budget ends with a
    /// typed result, not with a bill.
    fn check_budget(&self, effects: &[Effect]) -> Result<(), Refused> {
        let needed = effects.iter().filter(|effect| matches!(effect, Effect::Model { .. })).count();
        let left = self.budget().calls;
        if u32::try_from(needed).unwrap_or(u32::MAX) <= left {
            return Ok(());
        }
        let spent = self.row.calls_spent;
        Err(Failure::new(
            FailureCode::OutOfBudget,
            format!(
                "the step needs {needed} calls and {left} are left of the budget ({spent} spent by this work)"
            ),
            "give the task a larger budget",
        )
        .into())
    }

    fn call_model(&mut self, name: String, request: &ModelRequest) -> Result<(), Refused> {
        let call = self.next_call();
        let key = request.routing_key(&self.row.tenant, call);
        let to = self.peer("model", Peer::Gateway, &key)?;
        let value = self.works.encode(request)?;
        check_size(&value)?;
        let mut budget = self.budget();
        let allotment = budget.take(1).unwrap_or(Budget::EMPTY);
        self.set_budget(budget);
        let (path, depth) = (self.path(), self.depth());
        self.ask(Request { kind: Kind::Input, name, call, to, path, depth, allotment, value });
        Ok(())
    }

    /// Asks the team's tool gateway, or whoever else serves this tool.
    fn call_tool(&mut self, name: String, request: &ToolRequest) -> Result<(), Refused> {
        let works = self.works;
        let external = topics_catalog::external(&request.tool);
        if let Some(tool) = works.external.iter().find(|tool| tool.name == request.tool) {
            let value = tool.request(&works.codec, &request.arguments)?;
            return self.call_gateway(name, &external, value);
        }
        if works.directory.find(&external).is_some() {
            let message = format!("call tool {:?}: agent {:?} may not use it", request.tool, works.me);
            return Err(not_allowed(message, "let the agent use it in the team's file"));
        }
        let value = works.encode(request)?;
        self.call_gateway(name, "tools", value)
    }

    /// Asks a gateway that charges nothing: it gets no allotment. Each call spreads by its own id.
    fn call_gateway(&mut self, name: String, gateway: &str, value: Bytes) -> Result<(), Refused> {
        let call = self.next_call();
        let to = self.peer(gateway, Peer::Gateway, &call.key())?;
        check_size(&value)?;
        let (path, depth) = (self.path(), self.depth());
        self.ask(Request { kind: Kind::Input, name, call, to, path, depth, allotment: Budget::EMPTY, value });
        Ok(())
    }

    fn call_agent(&mut self, name: String, agent: &str, value: Bytes, calls: u32) -> Result<(), Refused> {
        check_size(&value)?;
        let call = self.next_call();
        let to = self.peer(agent, Peer::Agent, &WorkId::of_call(call).key())?;
        let mut budget = self.budget();
        // An equal share for each call of the step and for what comes after it.
        let share = budget.calls / calls.saturating_add(1);
        let allotment = budget.take(share).unwrap_or(Budget::EMPTY);
        self.set_budget(budget);
        let (path, depth) = (self.path().child(agent), self.depth() + 1);
        self.ask(Request { kind: Kind::Input, name, call, to, path, depth, allotment, value });
        Ok(())
    }

    /// Sends a request and remembers that its answer is pending.
    fn ask(&mut self, request: Request) {
        let Request { kind, name, call, to, path, depth, allotment, value } = request;
        self.row.pending.push(Pending {
            call: call.to_string(),
            name,
            awaited: Awaited::Answer,
            topic: to.topic.clone(),
            partition: to.partition,
            key: to.key.to_string(),
            due: 0,
            allotment: i32::try_from(allotment.calls).unwrap_or(i32::MAX),
        });
        let reply_to = Some(ReplyTo { kind: ReplyKind::Answer, address: self.me(), call });
        let echo = self.echo();
        self.send(Outgoing {
            kind,
            to,
            path,
            call: Some(call),
            branch: None,
            outcome: None,
            reply_to,
            echo,
            budget: allotment,
            depth,
            value,
        });
    }

    fn timer_after(&mut self, name: &str, after: Duration) -> Result<(), Refused> {
        Ok(self.set_timer(Awaited::Timer, name, self.at.plus(after))?)
    }

    fn emit(&mut self, topic: &str, key: &str, value: Bytes) -> Result<(), Refused> {
        check_size(&value)?;
        let to = self.peer(topic, Peer::Topic, &Key::new(key.as_bytes()))?;
        let (path, depth) = (self.path(), self.depth());
        self.send(Outgoing {
            kind: Kind::Result,
            to,
            path,
            call: None,
            branch: None,
            outcome: None,
            reply_to: None,
            echo: None,
            budget: Budget::EMPTY,
            depth,
            value,
        });
        Ok(())
    }

    /// A fork: its expectation and its parts, in one transaction, the expectation first.
    fn fork(&mut self, fork: ForkEffect) -> Result<(), Refused> {
        let names: Vec<&str> = fork.branches.iter().map(|(name, ..)| name.as_str()).collect();
        agents_join::check(&names, fork.policy, fork.needed)
            .map_err(|error| not_allowed(error.to_string(), "mend the agent that forks"))?;
        if fork.context.len() > CONTEXT_BYTES_MAX {
            let message = format!(
                "the context of a fork has {} bytes, at most {CONTEXT_BYTES_MAX} are allowed",
                fork.context.len()
            );
            return Err(not_allowed(message, "tell the gathering agent less"));
        }
        let join_work = WorkId::of_join(self.work, self.position);
        let join = self.peer(&fork.join, Peer::Agent, &join_work.key())?;

        let mut budget = self.budget();
        let share = budget.calls / u32::try_from(names.len() + 1).unwrap_or(u32::MAX);
        let mut parts = Vec::new();
        let mut inputs = Vec::new();
        for (name, agent, value) in &fork.branches {
            check_size(value)?;
            let work = WorkId::of_part(self.work, self.position, name);
            let to = self.peer(agent, Peer::Agent, &work.key())?;
            let allotment = budget.take(share).unwrap_or(Budget::EMPTY);
            let (topic, partition, key) = (to.topic.clone(), to.partition, to.key.to_string());
            parts.push(ExpectedPart { branch: name.clone(), topic, partition, key });
            inputs.push(self.part_input(name, CallId::of_part(work), to, &join, allotment, value.clone()));
        }
        self.set_budget(budget);
        self.send_expectation(&fork, join.clone(), parts)?;
        for input in inputs {
            self.send(input);
        }
        if fork.wait.is_none() {
            self.hand_over(&join)?;
        }
        Ok(())
    }

    fn part_input(
        &self,
        name: &str,
        call: CallId,
        to: Address,
        join: &Address,
        budget: Budget,
        value: Bytes,
    ) -> Outgoing {
        Outgoing {
            kind: Kind::Input,
            to,
            path: self.path().child(name),
            call: Some(call),
            branch: Some(name.to_owned()),
            outcome: None,
            reply_to: Some(ReplyTo { kind: ReplyKind::Part, address: join.clone(), call }),
            echo: self.echo(),
            budget,
            depth: self.depth() + 1,
            value,
        }
    }

    /// The expectation hands the right to reply on, or has the join answer this work.
    fn send_expectation(
        &mut self,
        fork: &ForkEffect,
        to: Address,
        parts: Vec<ExpectedPart>,
    ) -> Result<(), Refused> {
        let expectation = Expectation {
            fork: self.position.to_string(),
            parts,
            policy: fork.policy,
            needed: fork.needed,
            until: self.patience(fork.within).0,
            context: fork.context.clone(),
        };
        let value = self.works.encode(&expectation)?;
        check_size(&value)?;
        let (path, depth) = (self.path().child(&fork.join), self.depth() + 1);
        match &fork.wait {
            Some(name) => {
                let call = self.next_call();
                let budget = self.budget();
                let allotment = Budget { calls: budget.calls / 2 };
                self.set_budget(Budget { calls: budget.calls - allotment.calls });
                let (kind, name) = (Kind::Expectation, name.clone());
                self.ask(Request { kind, name, call, to, path, depth, allotment, value });
            }
            None => {
                let (reply_to, echo, budget) =
                    (self.reply_to(), Echo::parse(&self.row.asked_at), self.budget());
                self.send(Outgoing {
                    kind: Kind::Expectation,
                    to,
                    path,
                    call: None,
                    branch: None,
                    outcome: None,
                    reply_to,
                    echo,
                    budget,
                    depth,
                    value,
                });
            }
        }
        Ok(())
    }

    /// Until when a join waits: as long as it was told, and no longer than leaves the team's reserve
    /// before the deadline.
    fn patience(&self, within: Option<Duration>) -> Timestamp {
        let latest = Timestamp(self.row.deadline).minus(self.works.bounds.reserve);
        let wanted = within.map_or(latest, |within| self.at.plus(within));
        wanted.min(latest)
    }

    /// Hands the right to reply, and the rest of the budget, to another agent.
    fn delegate(&mut self, agent: &str, value: Bytes) -> Result<(), Refused> {
        check_size(&value)?;
        let call = self.next_call();
        let to = self.peer(agent, Peer::Agent, &WorkId::of_call(call).key())?;
        let (reply_to, echo, budget) = (self.reply_to(), Echo::parse(&self.row.asked_at), self.budget());
        let (path, depth) = (self.path().child(agent), self.depth() + 1);
        self.send(Outgoing {
            kind: Kind::Input,
            to: to.clone(),
            path,
            call: Some(call),
            branch: None,
            outcome: None,
            reply_to,
            echo,
            budget,
            depth,
            value,
        });
        self.hand_over(&to)
    }

    /// The right is gone: nothing is pending here any more, and cancellations follow it.
    fn hand_over(&mut self, to: &Address) -> Result<(), Refused> {
        let all = [Awaited::Answer, Awaited::Timer, Awaited::Deadline, Awaited::Until];
        self.cancel_pending(&all, "its asker has delegated")?;
        self.bury_row(Status::Delegated);
        let (topic, partition, key) = (to.topic.clone(), to.partition, to.key.to_string());
        self.row.delegate = Some(Delegate { topic, partition, key });
        Ok(())
    }

    /// The address of a peer that is declared, and is what the effect takes it for.
    fn peer(&self, name: &str, wanted: Peer, key: &Key) -> Result<Address, Refused> {
        let directory = &self.works.directory;
        let is_declared = directory.find(name).is_some_and(|(.., peer)| peer == wanted);
        if let Some(address) = directory.address(name, key).filter(|_| is_declared) {
            return Ok(address);
        }
        let known: Vec<&str> = directory
            .names()
            .filter(|name| directory.find(name).is_some_and(|(.., peer)| peer == wanted))
            .collect();
        let message = format!("{} sent to {name:?}, which the team does not declare as such", self.works.me);
        Err(not_allowed(message, format!("declare it, or use one of: {}", known.join(", "))))
    }
}

fn ends(effect: &Effect) -> bool {
    match effect {
        Effect::Reply(_) | Effect::Fail(_) | Effect::Delegate { .. } => true,
        Effect::Fork(fork) => fork.wait.is_none(),
        Effect::Model { .. }
        | Effect::Tool { .. }
        | Effect::Knowledge { .. }
        | Effect::Call { .. }
        | Effect::Timer { .. }
        | Effect::Emit { .. } => false,
    }
}

fn check_size(value: &Bytes) -> Result<(), Refused> {
    if value.len() <= VALUE_BYTES_MAX {
        return Ok(());
    }
    let hash = content_hash(&[value]);
    let message =
        format!("a message of {} bytes (content {hash}), at most {VALUE_BYTES_MAX} are allowed", value.len());
    Err(not_allowed(message, "send less, or a reference to it"))
}

fn not_allowed(message: impl Into<String>, remedy: impl Into<String>) -> Refused {
    Refused::from(Failure::new(FailureCode::NotAllowed, message, remedy))
}
