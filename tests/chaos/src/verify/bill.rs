//! The model's bill, and by what it is judged: who died when, and so may have lost an answer on its way.

use std::collections::BTreeMap;

use schemas_records::ids::content_hash;
use schemas_records::{ModelAnswer, ModelRequest, Outcome, Timestamp, headers};
use serde::{Deserialize, Serialize};
use tests_kit::verify::Ledger;
use tests_provider::chat::prompt_hash;
use topics_catalog::Kind;
use topics_log::Record;

use super::subject::Subject;

/// What the provider was paid for, and what excuses that it was more than once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bill {
    /// What was paid for.
    pub paid: tests_provider::Paid,
    /// From when to when a node did not know that it had lost its share, or could not be heard, in milliseconds since
    /// 1970: what it had in flight may have been asked again without anybody's counting it unknown.
    pub strays: Vec<(i64, i64)>,
    /// Calls that may have been in flight at crashes, all together: the most whose outcome may be unknown.
    pub in_flight_max: u64,
}

/// What was found about payments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that were made.
    pub calls: u64,
    /// Requests that were paid for.
    pub paid: u64,
    /// Of these, those beyond the first of a call.
    pub again: u64,
    /// Attempts whose outcome nobody knows, as answers say it.
    pub unknown: u64,
}

/// A call, as far as payments go.
struct Call {
    /// Its id, and its task's.
    name: String,
    task: String,
    from: Timestamp,
    to: Timestamp,
    unknown: u64,
    count: u64,
}

impl Bill {
    /// What the judge is told of the model: the words that it gives to each question of this slice.
    #[must_use]
    pub fn ledger(&self, subject: &Subject, records: &[Record]) -> Ledger {
        let mut ledger = Ledger::default();
        for (_, request) in requests(subject, records) {
            let words = agents_model::scripted::completion(&request).text;
            let words = content_hash(&[words.as_bytes()]);
            ledger.said.entry(request.hash("")).or_default().insert(words);
        }
        ledger
    }

    /// Judges what was paid for the calls of a slice: each once, and once more for each attempt that its answer
    /// counts unknown, or for which somebody strayed while it was open.
    #[must_use]
    pub fn check(&self, subject: &Subject, records: &[Record]) -> (Counts, Vec<String>) {
        let (mut counts, mut wrong) = (Counts::default(), Vec::new());
        for (prompt, call) in calls(subject, records) {
            let paid = self.paid.by_prompt.get(&prompt).copied().unwrap_or(0);
            let meets = |(from, to): &&(i64, i64)| call.from.0 <= *to && *from <= call.to.0;
            let strays = self.strays.iter().filter(meets).count() as u64;
            counts.calls += call.count;
            counts.paid += paid;
            counts.again += paid.saturating_sub(call.count);
            counts.unknown += call.unknown;
            if paid > call.count + call.unknown + strays {
                wrong.push(format!(
                    "call {} of task {}, open from {} to {}, was paid for {paid} times, with {} unknown attempts and \
                     {strays} stray owners ({} calls have its prompt)",
                    call.name, call.task, call.from, call.to, call.unknown, call.count
                ));
            }
        }
        (counts, wrong)
    }
}

/// The requests to the model among these records.
fn requests<'a>(
    subject: &'a Subject,
    records: &'a [Record],
) -> impl Iterator<Item = (&'a Record, ModelRequest)> {
    let topic = subject.names.topic(Kind::ModelRequests);
    let of_model = records.iter().filter(move |record| *record.topic_partition.topic == *topic);
    of_model.filter_map(|record| Some((record, subject.codec.decode::<ModelRequest>(&record.value).ok()?)))
}

/// The calls to the model, by their prompt as the bill names it.
fn calls(subject: &Subject, records: &[Record]) -> BTreeMap<String, Call> {
    // By call: when it was answered last, and the most attempts that an answer counts unknown.
    let mut answers: BTreeMap<&str, (Timestamp, u64)> = BTreeMap::new();
    for record in records {
        let Some(call) = record.headers.text(headers::CALL_ID) else { continue };
        if record.headers.text(headers::KIND) != Some("answer") {
            continue;
        }
        let is_ok = record.headers.text(headers::OUTCOME) == Some(Outcome::Ok.as_str());
        let answer = is_ok.then(|| subject.codec.decode::<ModelAnswer>(&record.value).ok()).flatten();
        let unknown = answer.map_or(0, |answer| u64::try_from(answer.unknown_attempts).unwrap_or_default());
        let entry = answers.entry(call).or_insert((record.timestamp, 0));
        *entry = (entry.0.max(record.timestamp), entry.1.max(unknown));
    }
    let mut calls: BTreeMap<String, Call> = BTreeMap::new();
    for (record, request) in requests(subject, records) {
        let answer = record.headers.text(headers::CALL_ID).and_then(|call| answers.get(call));
        let (to, unknown) = answer.copied().unwrap_or((Timestamp(i64::MAX), 0));
        let call = calls.entry(prompt_hash(&request.messages)).or_insert_with(|| Call {
            name: record.headers.text(headers::CALL_ID).unwrap_or_default().to_owned(),
            task: record.headers.text(headers::TASK_ID).unwrap_or_default().to_owned(),
            from: record.timestamp,
            to,
            unknown: 0,
            count: 0,
        });
        call.count += 1;
        call.unknown += unknown;
        call.from = call.from.min(record.timestamp);
        call.to = call.to.max(to);
    }
    calls
}
