//! Tasks of which each asks the model its own questions, so that what was paid twice can be counted by prompt.

use agents_team_briefing::sectors::{SECTORS, Sector};
use bytes::Bytes;
use schemas_records::{Headers, Key, headers};
use serde_json::json;
use topics_catalog::{Kind, Names};
use topics_log::NewRecord;

/// Calls of each of these tasks: the analyst's, the observer's and the synthesizer's.
pub const CALLS: usize = 3;

/// Years that both tables cover with a year and more before them.
const YEARS: std::ops::RangeInclusive<usize> = 2008..=2015;

/// A task and its id.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// Its JSON.
    pub json: String,
}

/// So many different questions, each about another sector and month.
pub fn questions(count: usize) -> Vec<Task> {
    let sectors: Vec<&Sector> = SECTORS.iter().filter(|sector| sector.employment.is_some()).collect();
    let years = YEARS.end() - YEARS.start() + 1;
    let question = |n: usize| {
        let sector = sectors[n % sectors.len()];
        let month = n / sectors.len();
        let month = format!("{}-{:02}", YEARS.start() + month % years, 1 + month / years);
        let json = json!({
            "question": format!("Number {n} asks: should we hire {} people?", n + 1),
            "sector": sector.id,
            "month": month,
            "plan": {
                "headcount": n + 1, "contract": "permanent", "start": month, "weekly_hours": 40,
                "pay_cents_per_hour": 2_500,
            },
        });
        Task { id: format!("task-{n:03}"), json: json.to_string() }
    };
    (0..count).map(question).collect()
}

/// Tasks as a producer writes them.
pub fn records(names: &Names, tasks: &[Task]) -> Vec<NewRecord> {
    let record = |task: &Task| {
        let mut with = Headers::new();
        with.push(headers::TASK_ID, task.id.clone());
        NewRecord {
            topic: names.topic(Kind::Tasks).into(),
            partition: None,
            key: Key::new(task.id.as_bytes()),
            value: Bytes::from(task.json.clone()),
            headers: with,
        }
    };
    tasks.iter().map(record).collect()
}
