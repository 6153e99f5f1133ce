//! The end: a table, and what was measured in plain words.

use std::fmt::Write as _;

use crate::count::Counted;
use crate::tasks::Task;

/// Columns of a terminal that everybody has.
const WIDTH: usize = 80;

/// A row's name, and its number on either side.
type Row = (&'static str, [String; 2]);

/// The table.
pub fn table(counted: &[Counted; 2], tasks: &[Task]) -> String {
    let row = |name, count: &dyn Fn(&Counted) -> String| -> Row { (name, counted.each_ref().map(count)) };
    let mut rows: Vec<Row> = vec![
        ("", counted.each_ref().map(|side| side.name.to_owned())),
        row("tasks", &|_| tasks.len().to_string()),
        row("results", &|side| side.tally.results().to_string()),
        row("lost", &|side| side.tally.lost(tasks).to_string()),
        row("doubled", &|side| side.tally.doubled().to_string()),
        row("model calls needed", &|side| side.bill.needed.to_string()),
        row("model calls made", &|side| side.bill.made.to_string()),
        row("paid twice", &|side| side.bill.again.to_string()),
        row("seconds", &|side| format!("{:.1}", side.seconds)),
    ];
    // What should not be there is shown only where it is.
    let rare = [
        ("results that are failures", counted.each_ref().map(|side| side.tally.failed)),
        ("results of no task", counted.each_ref().map(|side| side.tally.strange(tasks))),
        ("calls of no task", counted.each_ref().map(|side| side.bill.strange)),
    ];
    for (name, counts) in rare {
        if counts != [0, 0] {
            rows.push((name, counts.map(|count| count.to_string())));
        }
    }
    let mut text = String::new();
    for (name, [left, right]) in rows {
        let _ = writeln!(text, "{name:<28}{left:>20}{right:>20}");
    }
    text
}

/// What was measured. `in_flight` calls at most on either side at a time.
pub fn words(counted: &[Counted; 2], tasks: &[Task], kills: usize, in_flight: usize) -> String {
    let [naive, tributary] = counted;
    let mut text = format!(
        "Both sides got the same {} tasks at the same times, were killed with kill -9 at the same {kills} moments \
         and started again at once under the same names. Results were counted by a reader of committed records \
         that belongs to neither, calls by each side's provider. ",
        tasks.len()
    );
    let lost = naive.tally.lost(tasks);
    let _ = write!(
        text,
        "The naive consumer has librdkafka's defaults: every 5 s it commits what it was handed, done or not. {} \
         What was done since the last commit was done, and paid, again. ",
        if lost > 0 {
            "What was in work at a commit and then killed is lost."
        } else {
            "This time no kill met a task whose offset was committed before its end, so it lost nothing; with \
             another --seed it may."
        }
    );
    let _ = write!(
        text,
        "Tributary commits what it puts out together with its offsets, in one transaction{}. A call that is in flight when its \
         process dies may be paid again, here too, because its answer dies with it: with {in_flight} in flight at \
         most, {kills} kills can cost {} calls; they cost {}. ",
        if tributary.is_exact(tasks) { ", and lost and doubled nothing" } else { ", and yet failed here" },
        kills * in_flight,
        tributary.bill.again
    );
    text.push_str(
        "The naive one could be written better: commit after the work, keep the answers, write in transactions, \
         recognise repeats. That it is done once and for all is the point of a runtime.",
    );
    wrapped(&text)
}

/// A paragraph in lines of at most [`WIDTH`] characters.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    //! The report fits the terminal and says what there was.

    use super::{WIDTH, table, words};
    use crate::count::{Bill, Counted, Tally};
    use crate::tasks::Task;

    fn side(name: &'static str, results: &[&str]) -> Counted {
        let mut tally = Tally::default();
        for task in results {
            tally.add(task, true);
        }
        Counted {
            name,
            tally,
            bill: Bill { needed: 6, made: 9, again: 3, ..Bill::default() },
            seconds: 12.34,
        }
    }

    /// Lost and doubled stand in the table; the words change with what was lost; nothing is too wide.
    #[test]
    fn says_what_was_counted() {
        let task = |id: &str| Task { id: id.into(), json: String::new(), prompts: Vec::new() };
        let tasks = [task("a"), task("b")];
        let cases: [(&[&str], &str, &str); 2] = [
            (&["a", "a"], "lost                                           1                   0", "is lost."),
            (
                &["a", "b"],
                "lost                                           0                   0",
                "lost nothing; with",
            ),
        ];
        for (results, row, said) in cases {
            let counted = [side("naive consumer", results), side("Tributary", &["a", "b"])];
            let table = table(&counted, &tasks);
            assert!(table.contains(row), "{table}");
            assert!(!table.contains("of no task"), "{table}");
            let words = words(&counted, &tasks, 6, 8);
            assert!(words.replace('\n', " ").contains(said), "{words}");
            assert!(words.contains("48"), "{words}");
            let is_narrow = |line: &str| line.chars().count() <= WIDTH;
            assert!(table.lines().chain(words.lines()).all(is_narrow), "{table}\n{words}");
        }
    }
}
