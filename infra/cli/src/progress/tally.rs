//! The counting behind the progress: a fold over records in any order, and how it looks in 80 columns.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use infra_node::Node;
use schemas_codec::Codec;
use schemas_records::{CallId, Envelope, Kind as RecordKind, ModelAnswer, ReplyTo};
use topics_log::Record;

/// What a topic is.
#[derive(Clone, Debug)]
enum Place {
    /// An agent's inbox: its number in the order of the team.
    Inbox(usize),
    /// A gateway's requests: its number.
    Gateway(usize),
    Results,
}

/// One agent's count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Count {
    done: u64,
    in_flight: u64,
    /// Requests without an answer, by gateway.
    waiting: BTreeMap<usize, u64>,
    tokens: u64,
}

/// A work by its agent and key: one that is passed on between generations of an inbox is one.
type At = (usize, Vec<u8>);

/// What has been asked of whom, and what came back.
pub(super) struct Tally {
    codec: Codec,
    /// By topic; inboxes by what their names begin with in every generation.
    places: HashMap<String, Place>,
    agents: Vec<String>,
    gateways: Vec<String>,
    counts: Vec<Count>,
    /// Works that were met, so that none counts twice: a join begins with its expectation or a part.
    begun: HashSet<At>,
    /// Who owes the answer to a call: its inbox's agent and the work. It changes when a work hands that on.
    owes: HashMap<CallId, (usize, At)>,
    /// Requests that wait: the agent and the gateway.
    asked: HashMap<CallId, (usize, usize)>,
    /// Calls whose end was read before their beginning: topics are read side by side.
    ended: HashSet<CallId>,
}

impl Tally {
    pub fn new(node: &Node) -> Self {
        let agents = node.agents();
        let inboxes = agents.iter().enumerate();
        let places = inboxes.map(|(number, agent)| (node.names().inboxes(agent), Place::Inbox(number)));
        let mut places: HashMap<String, Place> = places.collect();
        let mut gateways = Vec::new();
        for (name, topic) in node.gateways_called() {
            places.insert(topic, Place::Gateway(gateways.len()));
            gateways.push(name);
        }
        places.insert(node.names().topic(topics_catalog::Kind::Results), Place::Results);
        Self::over(node.codec().clone(), places, agents, gateways)
    }

    fn over(
        codec: Codec,
        places: HashMap<String, Place>,
        agents: Vec<String>,
        gateways: Vec<String>,
    ) -> Self {
        let counts = vec![Count::default(); agents.len()];
        let (begun, ended) = (HashSet::new(), HashSet::new());
        Self {
            codec,
            places,
            agents,
            gateways,
            counts,
            begun,
            owes: HashMap::new(),
            asked: HashMap::new(),
            ended,
        }
    }

    pub fn reads(&self, topic: &str) -> bool {
        self.place(topic).is_some()
    }

    fn place(&self, topic: &str) -> Option<&Place> {
        let of_inbox = || self.places.get(topic.trim_end_matches(|c: char| c.is_ascii_digit()));
        self.places.get(topic).or_else(of_inbox)
    }

    /// Takes in a record.
    pub fn see(&mut self, record: &Record) {
        let topic = &*record.topic_partition.topic;
        let Some(place) = self.place(topic).cloned() else { return };
        let Ok(envelope) = Envelope::read(&record.headers) else { return };
        match (place, envelope.kind) {
            (Place::Inbox(agent), RecordKind::Input | RecordKind::Expectation) => {
                let at = (agent, record.key.as_bytes().to_vec());
                self.begins(agent, at, envelope.reply_to.as_ref());
            }
            (Place::Gateway(gateway), RecordKind::Input) => {
                if let (Some(call), Some(to)) = (envelope.call, &envelope.reply_to) {
                    self.asks(call, gateway, &to.address.topic);
                }
            }
            (Place::Gateway(_), RecordKind::Cancellation) => self.ends(envelope.call, None),
            (Place::Inbox(agent), RecordKind::Answer) => {
                let made = self.codec.decode::<ModelAnswer>(&record.value).ok();
                let tokens = made.map_or(0, |made| made.input_tokens.max(0) + made.output_tokens.max(0));
                self.ends(envelope.call, Some((agent, u64::try_from(tokens).unwrap_or(0))));
            }
            // A call that was given up at its deadline: the timer came instead of its answer.
            (Place::Inbox(_), RecordKind::Timer)
                if envelope.call.is_some_and(|call| self.asked.contains_key(&call)) =>
            {
                self.ends(envelope.call, None);
            }
            (Place::Inbox(_), RecordKind::Part) | (Place::Results, RecordKind::Result) => {
                self.ends(envelope.call, None);
            }
            _ => {}
        }
    }

    fn begins(&mut self, agent: usize, at: At, owed: Option<&ReplyTo>) {
        if !self.begun.insert(at.clone()) {
            return;
        }
        if let Some(to) = owed {
            self.owed(agent, at, to.call);
        }
    }

    /// A work owes a call's answer.
    fn owed(&mut self, agent: usize, at: At, call: CallId) {
        if self.ended.remove(&call) {
            self.counts[agent].done += 1;
            return;
        }
        self.counts[agent].in_flight += 1;
        // Who owed it before has handed it on, and is done.
        if let Some((before, _)) = self.owes.insert(call, (agent, at)) {
            self.done(before);
        }
    }

    fn done(&mut self, agent: usize) {
        self.counts[agent].in_flight = self.counts[agent].in_flight.saturating_sub(1);
        self.counts[agent].done += 1;
    }

    fn asks(&mut self, call: CallId, gateway: usize, inbox: &str) {
        let Some(&Place::Inbox(agent)) = self.place(inbox) else { return };
        if !self.ended.remove(&call) && self.asked.insert(call, (agent, gateway)).is_none() {
            *self.counts[agent].waiting.entry(gateway).or_default() += 1;
        }
    }

    /// A call has ended, and for this agent used so many tokens.
    fn ends(&mut self, call: Option<CallId>, used: Option<(usize, u64)>) {
        let Some(call) = call else { return };
        if let Some((agent, tokens)) = used {
            self.counts[agent].tokens += tokens;
        }
        if let Some((agent, gateway)) = self.asked.remove(&call) {
            let waiting = self.counts[agent].waiting.entry(gateway).or_default();
            *waiting = waiting.saturating_sub(1);
        } else if let Some((agent, _)) = self.owes.remove(&call) {
            self.done(agent);
        } else {
            self.ended.insert(call);
        }
    }

    /// A line for each agent, under a line for the tasks.
    pub fn drawing(&self, done: usize, all: usize) -> String {
        let mut out =
            format!("{:<22}{:>6}{:>11}{:>10}  waiting on\n", "agent", "done", "in flight", "tokens");
        for (agent, count) in self.agents.iter().zip(&self.counts) {
            let waiting: Vec<String> = self.waiting(count).collect();
            let waiting = cut(&waiting.join(", "), WAITING_COLUMNS);
            let agent = cut(agent, AGENT_COLUMNS);
            let Count { done, in_flight, tokens, .. } = count;
            // Writing to a text cannot fail.
            let _ = writeln!(out, "{agent:<22}{done:>6}{in_flight:>11}{tokens:>10}  {waiting}");
        }
        let _ = writeln!(out, "{done} of {all} tasks done");
        out
    }

    fn waiting<'a>(&'a self, count: &'a Count) -> impl Iterator<Item = String> + 'a {
        let waiting = count.waiting.iter().filter(|(_, waiting)| **waiting > 0);
        waiting.map(|(gateway, waiting)| format!("{} {waiting}", self.gateways[*gateway]))
    }

    /// All of it in one line.
    pub fn line(&self, done: usize, all: usize) -> String {
        let mut sum = Count::default();
        for count in &self.counts {
            sum.in_flight += count.in_flight;
            sum.tokens += count.tokens;
            for (gateway, waiting) in &count.waiting {
                *sum.waiting.entry(*gateway).or_default() += waiting;
            }
        }
        let mut out = format!("{done} of {all} tasks done, {} works in flight", sum.in_flight);
        let waiting: Vec<String> = self.waiting(&sum).collect();
        if !waiting.is_empty() {
            let _ = write!(out, ", waiting on {}", waiting.join(", "));
        }
        let _ = write!(out, "; {} tokens", sum.tokens);
        out
    }
}

/// Columns of an agent's name, and of what it waits on: with the numbers between, 80.
const AGENT_COLUMNS: usize = 21;
const WAITING_COLUMNS: usize = 28;

fn cut(text: &str, columns: usize) -> String {
    match text.char_indices().nth(columns) {
        None => text.to_owned(),
        Some(_) => text.chars().take(columns - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests;
