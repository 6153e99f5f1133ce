//! What the words of the table mean: lost, doubled, made, paid twice. Pure counting.

use std::collections::BTreeMap;

use tests_provider::Paid;

use crate::tasks::Task;

#[cfg(test)]
mod tests;

/// What was read from a results topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    by_task: BTreeMap<String, u64>,
    /// Results that say that the task failed.
    pub failed: u64,
}

impl Tally {
    /// Counts one record.
    pub fn add(&mut self, task: &str, is_ok: bool) {
        *self.by_task.entry(task.to_owned()).or_default() += 1;
        self.failed += u64::from(!is_ok);
    }

    /// Records in all.
    pub fn results(&self) -> u64 {
        self.by_task.values().sum()
    }

    /// Tasks that have a result.
    pub fn done(&self) -> usize {
        self.by_task.len()
    }

    /// Of these tasks, those without a result.
    pub fn lost(&self, tasks: &[Task]) -> usize {
        tasks.iter().filter(|task| !self.by_task.contains_key(&task.id)).count()
    }

    /// Results beyond the first of each task.
    pub fn doubled(&self) -> u64 {
        self.by_task.values().map(|count| count.saturating_sub(1)).sum()
    }

    /// Results of tasks that nobody submitted.
    pub fn strange(&self, tasks: &[Task]) -> u64 {
        let known = |id: &str| tasks.iter().any(|task| task.id == id);
        self.by_task.iter().filter(|(id, _)| !known(id)).map(|(_, count)| count).sum()
    }
}

/// What a provider was paid for, held against what the tasks need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Calls that are needed.
    pub needed: u64,
    /// Calls that were made.
    pub made: u64,
    /// Calls with a prompt that had been paid for before.
    pub again: u64,
    /// Needed calls that were never made.
    pub never: u64,
    /// Calls with a prompt that no task needs: then the count above is not to be trusted.
    pub strange: u64,
}

impl Bill {
    /// The bill of these tasks.
    pub fn new(tasks: &[Task], paid: &Paid) -> Self {
        let mut bill = Self { made: paid.calls, again: paid.again(), ..Self::default() };
        let mut of_no_task = paid.by_prompt.clone();
        for prompt in tasks.iter().flat_map(|task| &task.prompts) {
            bill.needed += 1;
            if of_no_task.remove(prompt).is_none() {
                bill.never += 1;
            }
        }
        bill.strange = of_no_task.values().sum();
        bill
    }
}

/// All that is counted of one side.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Its name.
    pub name: &'static str,
    /// Its results.
    pub tally: Tally,
    /// Its calls.
    pub bill: Bill,
    /// From the first task's sending to the last result.
    pub seconds: f64,
}

impl Counted {
    /// Whether every task has exactly one result, and nobody else has.
    pub fn is_exact(&self, tasks: &[Task]) -> bool {
        self.tally.lost(tasks) == 0 && self.tally.doubled() == 0 && self.tally.strange(tasks) == 0
    }
}
