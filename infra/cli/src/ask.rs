//! The commands that ask the desk: what is asked, and how the answer is shown in 80 columns.

use std::fmt::Write as _;

use infra_http::told::{
    Cancel, Letter, LetterId, Letters, Looked, PutBack, Shown, TaskId, Tasks, Traced, WhichLetters,
    WhichTasks,
};
use infra_http::{Desk, Error};
use infra_trace::draw;
use serde::Serialize;

use crate::args::{Ask, DeadLetters};

/// Width of a drawing if nothing is said and the terminal does not say.
const COLUMNS: usize = 80;

/// Widest task id in a list: what is longer is cut in the middle, where ids differ least.
const ID_COLUMNS: usize = 34;

/// Asks, and returns what is to be printed.
///
/// # Errors
/// The desk's own.
pub(crate) async fn ask(desk: &dyn Desk, question: &Ask) -> Result<String, Error> {
    match question {
        Ask::Trace { task, json, width } => {
            let traced = desk.trace(TaskId { task: task.clone() }).await?;
            Ok(if *json { pretty(&traced) } else { trace(&traced, width.unwrap_or_else(columns)) })
        }
        Ask::Tasks { open, ended, most, json } => {
            let ended = if *open { Some(false) } else { ended.then_some(true) };
            let told = desk.tasks(WhichTasks { ended, most: *most }).await?;
            Ok(if *json { pretty(&told) } else { tasks(&told) })
        }
        Ask::Cancel { task, reason } => {
            desk.cancel(Cancel { task: task.clone(), reason: reason.clone() }).await?;
            Ok(format!("asked for the end of task {task}: `tributary trace {task}` shows when it came"))
        }
        Ask::DeadLetters(DeadLetters::List { code, most, json }) => {
            let told = desk.dead_letters(WhichLetters { code: code.clone(), most: *most }).await?;
            Ok(if *json { pretty(&told) } else { letters(&told) })
        }
        Ask::DeadLetters(DeadLetters::Show { letter: id, json }) => {
            let told = desk.dead_letter(LetterId { letter: id.clone() }).await?;
            Ok(if *json { pretty(&told) } else { letter(&told) })
        }
        Ask::DeadLetters(DeadLetters::PutBack { letter }) => {
            let PutBack { record, task } = desk.put_back(LetterId { letter: letter.clone() }).await?;
            Ok(match task {
                Some(task) => format!("put back as a new task, {task}, at {record}"),
                None => format!("put back at {record}"),
            })
        }
    }
}

/// The terminal's width, if it says it.
fn columns() -> usize {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(COLUMNS)
}

/// As JSON.
pub(crate) fn pretty(told: &impl Serialize) -> String {
    // What is told is plain data: it can always be written.
    serde_json::to_string_pretty(told).unwrap_or_default()
}

/// What has to be said of how far was looked.
pub(crate) fn bound(out: &mut String, looked: Looked) {
    if let Some(words) = looked.words() {
        let _ = writeln!(out, "({words})");
    }
}

fn trace(traced: &Traced, columns: usize) -> String {
    let mut out = draw::text(&traced.trace, columns);
    bound(&mut out, traced.looked);
    out
}

fn tasks(told: &Tasks) -> String {
    let mut out = format!("{:<ID_COLUMNS$} {:<8} {:<19}  took\n", "task", "state", "accepted (UTC)");
    for task in &told.tasks {
        let took = task.ended_at.map(|ended| seconds(ended.since(task.at).as_millis())).unwrap_or_default();
        let at = moment(task.at.0);
        let _ = writeln!(
            out,
            "{:<ID_COLUMNS$} {:<8} {at:<19}  {took}",
            middle(&task.task, ID_COLUMNS),
            task.state.as_str()
        );
        if let Some(failure) = &task.failure {
            let _ = writeln!(out, "{}", wrap(&failure.to_string(), "  "));
        }
    }
    let _ = writeln!(out, "{} of {} tasks", told.tasks.len(), told.found);
    bound(&mut out, told.looked);
    out
}

fn letters(told: &Letters) -> String {
    let mut out = String::new();
    for line in &told.letters {
        let task = line.task.as_deref().map(|task| format!("  task {}", middle(task, ID_COLUMNS)));
        let _ = writeln!(
            out,
            "{}  {}  {}{}",
            line.letter,
            moment(line.at.0),
            line.code,
            task.unwrap_or_default()
        );
        let _ = writeln!(
            out,
            "{}",
            wrap(&format!("{} could not handle {}: {}", line.handler, line.origin, line.message), "  ")
        );
    }
    let codes: Vec<String> = told.codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
    let _ = writeln!(out, "{} of {} dead letters", told.letters.len(), told.found);
    if !codes.is_empty() {
        let _ = writeln!(out, "{}", wrap(&format!("by code: {}", codes.join(", ")), ""));
    }
    bound(&mut out, told.looked);
    out
}

fn letter(told: &Letter) -> String {
    let line = &told.line;
    let mut out = format!("dead letter {}, {} UTC\n", line.letter, moment(line.at.0));
    let _ = writeln!(
        out,
        "{}",
        wrap(&format!("{} could not handle {}: {}", line.handler, line.origin, line.message), "")
    );
    let _ = writeln!(out, "{}", wrap(&format!("what one can do: {}", line.remedy), ""));
    let _ = writeln!(out, "\nkey      {}", one_line(&told.key));
    for (name, value) in &told.headers {
        let _ = writeln!(out, "header   {name}: {}", one_line(value));
    }
    let _ = match &told.value {
        Shown::Avro(name, json) => {
            writeln!(out, "value    {} bytes of {name}:\n{}", told.value_bytes, pretty(json))
        }
        Shown::Text(text) => writeln!(out, "value    {} bytes of text:\n{text}", told.value_bytes),
        Shown::Hex(digits) => writeln!(out, "value    {} bytes:\n{}", told.value_bytes, hex(digits)),
    };
    out
}

fn one_line(shown: &Shown) -> String {
    match shown {
        Shown::Text(text) => text.replace('\n', " "),
        Shown::Avro(_, json) => json.to_string(),
        Shown::Hex(digits) => format!("0x{digits}"),
    }
}

/// Hexadecimal digits in lines of 32 bytes.
fn hex(digits: &str) -> String {
    let lines = digits.as_bytes().chunks(64).map(String::from_utf8_lossy);
    lines.collect::<Vec<_>>().join("\n")
}

/// A time as people read it: `412 ms`, `1.2 s`, `3 min 20 s`.
fn seconds(millis: u128) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("{} min {} s", millis / 60_000, millis % 60_000 / 1_000),
    }
}

/// A moment in UTC to the second: `2026-03-01 09:15:00`.
pub(crate) fn moment(millis: i64) -> String {
    match time::OffsetDateTime::from_unix_timestamp(millis.div_euclid(1_000)) {
        Ok(at) => {
            let (year, month, day) = at.to_calendar_date();
            let (hour, minute, second) = at.to_hms();
            let month = u8::from(month);
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        // Beyond the calendar's years: a header may say anything.
        Err(_) => format!("{millis} ms"),
    }
}

/// A text cut in its middle.
pub(crate) fn middle(text: &str, columns: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= columns {
        return text.to_owned();
    }
    let front = columns / 2;
    let back = columns - front - 1;
    let (front, back) = (&chars[..front], &chars[chars.len() - back..]);
    front.iter().chain(['…'].iter()).chain(back).collect()
}

/// Breaks a text into lines of 80 columns.
pub(crate) fn wrap(text: &str, indent: &str) -> String {
    draw::wrapped(text, indent, COLUMNS)
}

#[cfg(test)]
mod tests;
