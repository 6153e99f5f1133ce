//! A sheet of figures: one line a measured thing, one column a round, the median at its end. Printed as a
//! table and written as JSON.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::machine::Machine;

/// One measured thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What it is, in words that need no other line.
    pub what: String,
    /// Its unit; empty for a ratio.
    pub unit: &'static str,
    /// What each round found.
    pub rounds: Vec<f64>,
    /// The middle one.
    pub median: f64,
}

/// The figures of one run of one question.
#[derive(Clone, Debug, Serialize)]
pub struct Sheet {
    /// The question's short name, and the file's.
    pub bench: String,
    /// How it was asked.
    pub command: String,
    /// Where.
    pub machine: Machine,
    /// What was found.
    pub lines: Vec<Line>,
    /// What one must know to read it.
    pub notes: Vec<String>,
}

impl Sheet {
    /// An empty sheet.
    #[must_use]
    pub fn new(bench: &str, command: &str, machine: Machine) -> Self {
        Self {
            bench: bench.to_owned(),
            command: command.to_owned(),
            machine,
            lines: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// One more round's figure.
    pub fn add(&mut self, what: &str, unit: &'static str, value: f64) {
        match self.lines.iter_mut().find(|line| line.what == what) {
            Some(line) => {
                line.rounds.push(value);
                line.median = median(&line.rounds);
            }
            None => {
                self.lines.push(Line { what: what.to_owned(), unit, rounds: vec![value], median: value });
            }
        }
    }

    /// The figures of one line divided by another's, round by round.
    pub fn divide(&mut self, what: &str, of: &str, by: &str) {
        let rounds = |name: &str| {
            let line = self.lines.iter().find(|line| line.what == name);
            line.map(|line| line.rounds.clone()).unwrap_or_default()
        };
        let ratios = rounds(of).into_iter().zip(rounds(by)).map(|(of, by)| of / by);
        for ratio in ratios.collect::<Vec<_>>() {
            self.add(what, "", ratio);
        }
    }

    /// The median of one line divided by another's: for what falls into two heaps, where the ratio of
    /// one round says nothing.
    pub fn divide_medians(&mut self, what: &str, of: &str, by: &str) {
        let median = |name: &str| self.lines.iter().find(|line| line.what == name).map(|line| line.median);
        if let (Some(of), Some(by)) = (median(of), median(by)) {
            self.add(what, "", of / by);
        }
    }

    /// What one must know to read it.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// The table, for people.
    #[must_use]
    pub fn table(&self) -> String {
        let width = self.lines.iter().map(|line| line.what.len()).max().unwrap_or(0);
        let mut table = String::new();
        for line in &self.lines {
            let _ = write!(table, "{:width$}  {:>10} {:<9}", line.what, shown(line.median), line.unit);
            if line.rounds.len() > 1 {
                let rounds: Vec<String> = line.rounds.iter().map(|round| shown(*round)).collect();
                let _ = write!(table, " | {}", rounds.join("  "));
            }
            table.truncate(table.trim_end().len());
            table.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(table, "- {note}");
        }
        table
    }

    /// Prints the table and writes the sheet into a folder.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn finish(mut self, folder: &Path) -> anyhow::Result<()> {
        self.machine.look_again();
        println!("{}: medians | rounds ({})", self.bench, self.machine.load());
        println!("{}", self.table());
        std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
        let path = folder.join(format!("{}.json", self.bench));
        let text = serde_json::to_string_pretty(&self)?;
        std::fs::write(&path, text + "\n").with_context(|| format!("could not write {}", path.display()))
    }
}

/// The middle value, or the mean of the two in the middle; 0 of nothing.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// A figure with as many digits as it deserves.
fn shown(value: f64) -> String {
    if value.abs() >= 1_000.0 {
        let digits = format!("{value:.0}");
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            let left = digits.len() - index;
            if index > 0 && left.is_multiple_of(3) && !grouped.ends_with('-') {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    } else if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    //! Medians, ratios and how numbers look.

    use super::{Sheet, median, shown};
    use crate::machine::Machine;

    /// The middle of odd and even numbers of rounds; ratios are taken round by round.
    #[test]
    fn takes_the_middle() {
        for (values, expected) in
            [(vec![], 0.0), (vec![3.0], 3.0), (vec![9.0, 1.0, 2.0], 2.0), (vec![1.0, 2.0, 3.0, 10.0], 2.5)]
        {
            assert!((median(&values) - expected).abs() < 1e-9, "{values:?}");
        }
        let mut sheet = Sheet::new("b", "c", Machine::look(""));
        for (ours, raw) in [(1.0, 2.0), (6.0, 3.0), (8.0, 8.0)] {
            sheet.add("ours", "x", ours);
            sheet.add("raw", "x", raw);
        }
        sheet.divide("ratio", "ours", "raw");
        assert_eq!(sheet.lines[2].rounds, [0.5, 2.0, 1.0]);
        assert!((sheet.lines[2].median - 1.0).abs() < 1e-9);
    }

    /// Digits where they say something.
    #[test]
    fn shows_what_it_deserves() {
        for (value, expected) in [
            (0.8765, "0.88"),
            (12.34, "12.3"),
            (999.4, "999"),
            (1_234_567.8, "1,234,568"),
            (-1_000.0, "-1,000"),
        ] {
            assert_eq!(shown(value), expected);
        }
    }
}
