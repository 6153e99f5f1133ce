//! Tasks are as many as asked for, and no two ask the model the same.

use std::collections::BTreeSet;

use agents_team_briefing::{Data, tasks};

use super::make;
use crate::work::CALLS;

/// Up to the most that may be asked for, ids and prompts are unique, and each task reads as a question.
#[test]
fn every_prompt_belongs_to_one_task() {
    let data = Data::bundled().expect("the tables");
    for count in [1, 60, usize::try_from(crate::TASKS_MAX).expect("a number of tasks")] {
        let made = make(&data, count).expect("tasks");
        assert_eq!(made.len(), count);
        let ids: BTreeSet<&str> = made.iter().map(|task| task.id.as_str()).collect();
        assert_eq!(ids.len(), count, "ids");
        let prompts: BTreeSet<&str> =
            made.iter().flat_map(|task| &task.prompts).map(String::as_str).collect();
        assert_eq!(prompts.len(), count * CALLS, "prompts of {count} tasks");
        for task in &made {
            tasks::read(&task.json).expect("a question");
        }
    }
}
