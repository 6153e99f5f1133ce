//! From a heap of records to a tree of works: who began what, who answered whom.
//!
//! Everything is matched by ids that the records carry: a request and its answer by the call's id, a work
//! and its records by topic and key, a part and its join by the expectation. Only the order of the tree is
//! read off the readable paths.

use std::collections::{BTreeMap, BTreeSet};

use schemas_codec::Codec;
use schemas_records::headers::{INSTANCE, MOVED_FROM};
use schemas_records::protocol::{DeadLetter, Expectation, JoinPolicy};
use schemas_records::{Envelope, Failure, Kind, ModelAnswer, Outcome, ReplyTo};
use topics_log::Record;

use crate::{Call, Dead, Ended, Join, Ledger, Part, Place, Places, Trace, Work};

/// A record that could be read, and what its topic is.
struct Seen<'a> {
    record: &'a Record,
    envelope: Envelope,
    place: &'a Place,
}

/// One work's address: whose inbox, or which other topic, and the key. An agent's inbox is one in all its
/// generations: a record may have been sent to one and stand in another.
type At<'a> = (&'a str, &'a [u8]);

/// The readable records of one task, in the order in which they were appended.
pub(crate) struct Found<'a> {
    task: &'a str,
    seen: Vec<Seen<'a>>,
    dead: Vec<Dead>,
    places: &'a Places,
    codec: &'a Codec,
}

impl<'a> Found<'a> {
    pub(crate) fn new(task: &'a str, records: &'a [Record], places: &'a Places, codec: &'a Codec) -> Self {
        let (mut seen, mut dead) = (Vec::new(), Vec::new());
        // What another generation of an inbox passed on was stepped where it went, and is told from there.
        let passed_on: BTreeSet<String> =
            records.iter().filter_map(|record| record.headers.text(MOVED_FROM)).map(str::to_owned).collect();
        for record in records {
            let Some(place) = places.get(&*record.topic_partition.topic) else { continue };
            if *place == Place::DeadLetters {
                dead.extend(codec.decode::<DeadLetter>(&record.value).ok().map(dead_of));
                continue;
            }
            let Ok(envelope) = Envelope::read(&record.headers) else { continue };
            if envelope.task.as_str() == task && !passed_on.contains(&place_of(record)) {
                seen.push(Seen { record, envelope, place });
            }
        }
        // Whatever order they were read in: parts of one fork may have one time.
        seen.sort_by(|one, other| {
            let key = |one: &Seen| (one.record.timestamp, one.envelope.hops, one.record.offset);
            key(one)
                .cmp(&key(other))
                .then_with(|| one.record.topic_partition.cmp(&other.record.topic_partition))
        });
        Self { task, seen, dead, places, codec }
    }

    pub(crate) fn trace(self) -> Option<Trace> {
        let first = self.seen.iter().find(|one| begins(one))?;
        let (origin, accepted_at) = (first.envelope.origin.to_string(), first.envelope.accepted_at);
        let works = self.in_tree(self.works());
        let end =
            self.seen.iter().find(|one| *one.place == Place::Results && one.envelope.kind == Kind::Result);
        Some(Trace {
            task: self.task.to_owned(),
            origin,
            accepted_at,
            works,
            ended: end.map(|end| self.ended(end)),
            records: self.seen.len(),
            dead_letters: self.dead,
        })
    }

    /// One work for each inbox key, at the record that began it.
    fn works(&self) -> Vec<Work> {
        let mut met: BTreeSet<At<'_>> = BTreeSet::new();
        let begun = self.seen.iter().filter(|one| begins(one) && met.insert(self.address(one.record)));
        begun.filter_map(|first| self.work(first)).collect()
    }

    fn work(&self, first: &Seen<'_>) -> Option<Work> {
        let Place::Inbox(agent) = first.place else { return None };
        let at = self.address(first.record);
        let asked: Vec<&Seen<'_>> = self
            .seen
            .iter()
            .filter(|one| one.envelope.reply_to.as_ref().is_some_and(|to| self.address_of(to) == at))
            .collect();
        let end = self.end_of(first);
        let sent = asked.iter().copied().chain(end);
        let instances: BTreeSet<&str> = sent.filter_map(|one| one.record.headers.text(INSTANCE)).collect();
        let heir = end.filter(|end| begins(end));
        let handed_to =
            heir.and_then(|heir| if let Place::Inbox(heir) = heir.place { Some(heir.clone()) } else { None });
        Some(Work {
            agent: agent.clone(),
            path: first.envelope.path.as_str().to_owned(),
            level: 0,
            record: place_of(first.record),
            instances: instances.into_iter().map(str::to_owned).collect(),
            began_at: first.record.timestamp,
            ended: end.map(|end| self.ended(end)),
            handed_to,
            join: self.join(first),
            calls: asked.into_iter().filter_map(|request| self.call(request)).collect(),
        })
    }

    /// The record by which a work used its right to reply: its answer, or what hands that right on.
    fn end_of(&self, first: &Seen<'_>) -> Option<&Seen<'_>> {
        let to = first.envelope.reply_to.as_ref()?;
        let hands_on = |one: &&Seen<'_>| {
            begins(one)
                && one.envelope.hops > first.envelope.hops
                && self.address(one.record) != self.address(first.record)
                && one.envelope.reply_to.as_ref() == Some(to)
        };
        let answers = |one: &&Seen<'_>| {
            matches!(one.envelope.kind, Kind::Answer | Kind::Part | Kind::Result)
                && one.envelope.call == Some(to.call)
                && self.address(one.record) == self.address_of(to)
        };
        self.seen.iter().find(hands_on).or_else(|| self.seen.iter().find(answers))
    }

    fn join(&self, first: &Seen<'_>) -> Option<Join> {
        if first.envelope.kind != Kind::Expectation {
            return None;
        }
        let expected: Expectation = self.codec.decode(&first.record.value).ok()?;
        let at = self.address(first.record);
        let came = |branch: &str| {
            let is_it = |one: &&Seen<'_>| {
                one.envelope.kind == Kind::Part
                    && one.envelope.branch.as_deref() == Some(branch)
                    && self.address(one.record) == at
            };
            self.seen.iter().find(is_it).map(|part| self.ended(part))
        };
        let parts =
            expected.parts.iter().map(|part| Part { branch: part.branch.clone(), came: came(&part.branch) });
        let policy = match expected.policy {
            JoinPolicy::All => "all".to_owned(),
            JoinPolicy::Quorum => format!("quorum({})", expected.needed),
            JoinPolicy::First => format!("first({})", expected.needed),
        };
        Some(Join { policy, parts: parts.collect() })
    }

    /// A request to a gateway, with what became of it.
    fn call(&self, request: &Seen<'_>) -> Option<Call> {
        let Place::Gateway(gateway) = request.place else { return None };
        let (call, to) = (request.envelope.call?, request.envelope.reply_to.as_ref()?);
        if request.envelope.kind != Kind::Input {
            return None;
        }
        let answer = self.seen.iter().find(|one| {
            matches!(one.envelope.kind, Kind::Answer | Kind::Timer)
                && one.envelope.call == Some(call)
                && self.address(one.record) == self.address_of(to)
        });
        let is_cancelled = self.seen.iter().any(|one| {
            one.envelope.kind == Kind::Cancellation
                && one.envelope.call == Some(call)
                && one.place == request.place
        });
        let ledger = answer.and_then(|answer| self.codec.decode::<ModelAnswer>(&answer.record.value).ok());
        Some(Call {
            gateway: gateway.clone(),
            call: call.to_string(),
            asked_at: request.record.timestamp,
            answered: answer.map(|answer| self.ended(answer)),
            is_cancelled,
            ledger: ledger.map(|made| Ledger {
                model: made.model,
                input_tokens: made.input_tokens,
                output_tokens: made.output_tokens,
                attempts: made.attempts,
                latency_ms: made.latency_ms,
            }),
        })
    }

    fn address<'b>(&self, record: &'b Record) -> At<'b>
    where
        'a: 'b,
    {
        self.at(&record.topic_partition.topic, record.key.as_bytes())
    }

    fn address_of<'b>(&self, to: &'b ReplyTo) -> At<'b>
    where
        'a: 'b,
    {
        self.at(&to.address.topic, to.address.key.as_bytes())
    }

    fn at<'b>(&self, topic: &'b str, key: &'b [u8]) -> At<'b>
    where
        'a: 'b,
    {
        let places: &'a Places = self.places;
        match places.get(topic) {
            Some(Place::Inbox(agent)) => (agent, key),
            _ => (topic, key),
        }
    }

    fn ended(&self, one: &Seen<'_>) -> Ended {
        let is_failed = one.envelope.outcome == Some(Outcome::Failed);
        let failure = is_failed.then(|| match self.codec.decode::<Failure>(&one.record.value) {
            Ok(failure) => failure.to_string(),
            Err(error) => format!("a failure that cannot be read: {error}"),
        });
        Ended { at: one.record.timestamp, failure }
    }

    /// The works as a tree is read: each behind the one that it belongs to, in the order of their beginnings.
    fn in_tree(&self, works: Vec<Work>) -> Vec<Work> {
        let mut below: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for (index, work) in works.iter().enumerate() {
            let parent = work.path.rsplit_once('/').map(|(parent, _)| parent);
            // The latest work of that path before it: one agent may be asked several times.
            let parent = works[..index].iter().rposition(|other| Some(other.path.as_str()) == parent);
            below.entry(parent).or_default().push(index);
        }
        // A join begins with the fork, but it is read after the parts that it waited for.
        below
            .values_mut()
            .for_each(|works_below| works_below.sort_by_key(|index| works[*index].join.is_some()));
        let mut order = Vec::new();
        let mut open: Vec<(usize, usize)> = Vec::new();
        let push = |open: &mut Vec<(usize, usize)>, of: Option<usize>, level: usize| {
            open.extend(below.get(&of).into_iter().flatten().rev().map(|index| (*index, level)));
        };
        push(&mut open, None, 0);
        while let Some((index, level)) = open.pop() {
            order.push((index, level));
            push(&mut open, Some(index), level + 1);
        }
        let mut works: Vec<Option<Work>> = works.into_iter().map(Some).collect();
        let placed =
            order.into_iter().filter_map(|(index, level)| Some(Work { level, ..works[index].take()? }));
        placed.collect()
    }
}

/// Whether a record begins a work of an agent.
fn begins(one: &Seen<'_>) -> bool {
    matches!(one.place, Place::Inbox(_)) && matches!(one.envelope.kind, Kind::Input | Kind::Expectation)
}

fn place_of(record: &Record) -> String {
    format!("{}/{}", record.topic_partition, record.offset)
}

fn dead_of(letter: DeadLetter) -> Dead {
    Dead {
        record: format!("{}/{}/{}", letter.topic, letter.partition, letter.offset),
        handler: letter.handler,
        code: letter.code,
        message: letter.message,
    }
}
