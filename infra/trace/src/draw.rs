//! A trace for people: one line for each work and call, with when it began and how long it took.
//!
//! ```text
//!   start     took  what
//!    2 ms     3 ms  planner                    handed on to synthesizer
//!    5 ms    95 ms  ├─ data-analyst            busy 6 ms
//!    8 ms    89 ms  │  └─ model               scripted: 92 ms, waited 1 ms, 120 + 35 tokens
//!    5 ms   130 ms  └─ synthesizer             all of 2 parts, the last after 95 ms: data-analyst
//! ```

use std::collections::BTreeSet;
use std::fmt::Write;

use schemas_records::Timestamp;

use crate::{Call, Trace, Work};

/// Narrowest useful width, in characters: below it lines are cut no further.
const COLUMNS_MIN: usize = 60;

/// Longest name shown, with its branches: what is deeper is cut.
const NAME_COLUMNS: usize = 34;

/// From this width on there is room for a bar that shows when each line began and ended.
const COLUMNS_WITH_BARS: usize = 110;

/// Characters of a bar: one stands for a twentieth of the task's time.
const BAR_COLUMNS: usize = 20;

struct Line {
    level: usize,
    from: Timestamp,
    to: Option<Timestamp>,
    /// Whether nobody waits for it any more.
    is_cancelled: bool,
    name: String,
    detail: String,
}

/// The trace as text, its lines cut to so many characters.
#[must_use]
pub fn text(trace: &Trace, columns: usize) -> String {
    let columns = columns.max(COLUMNS_MIN);
    let mut out = head(trace, columns);
    let lines: Vec<Line> = trace.works.iter().flat_map(|work| lines_of(work, has_several(trace))).collect();
    let first = lines.iter().map(|line| line.from).min();
    let zero = first.map_or(trace.accepted_at, |first| first.min(trace.accepted_at));
    let last = lines.iter().flat_map(|line| [Some(line.from), line.to]).flatten().max().unwrap_or(zero);
    let has_bars = columns >= COLUMNS_WITH_BARS;
    let bars = if has_bars { format!("{:BAR_COLUMNS$}  ", "") } else { String::new() };
    let _ = writeln!(out, "\n   start     took  {bars}what");
    let names = names(&lines);
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (line, name) in lines.iter().zip(&names) {
        let start = millis(line.from.since(zero).as_millis());
        let took = match line.to {
            Some(to) => millis(to.since(line.from).as_millis()),
            None if line.is_cancelled => "-".to_owned(),
            None => "open".to_owned(),
        };
        let bar = if has_bars { format!("{}  ", bar(line, zero, last)) } else { String::new() };
        let whole = format!("{start:>8} {took:>8}  {bar}{name:<width$}  {}", line.detail);
        let _ = writeln!(out, "{}", cut(whole.trim_end(), columns));
    }
    for dead in &trace.dead_letters {
        let head = format!("dead letter {} ({} by {})", dead.record, dead.code, dead.handler);
        let _ = writeln!(out, "\n{}", wrapped(&head, "", columns));
        let _ = writeln!(out, "{}", wrapped(&dead.message, "  ", columns));
    }
    out
}

/// Whether more than one process made the task's records: then each line says whose it is.
fn has_several(trace: &Trace) -> bool {
    instances(trace).len() > 1
}

fn instances(trace: &Trace) -> BTreeSet<&str> {
    trace.works.iter().flat_map(|work| &work.instances).map(String::as_str).collect()
}

/// When a line began and ended, among all of the task's time.
fn bar(line: &Line, zero: Timestamp, last: Timestamp) -> String {
    let whole = last.since(zero).as_millis().max(1);
    let place = |at: Timestamp| {
        let place = at.since(zero).as_millis() * BAR_COLUMNS as u128 / whole;
        usize::try_from(place).unwrap_or(BAR_COLUMNS).min(BAR_COLUMNS)
    };
    let from = place(line.from).min(BAR_COLUMNS - 1);
    let to = match line.to {
        Some(to) => place(to).max(from + 1),
        // What is open goes on to the end; what was cancelled only began.
        None => {
            if line.is_cancelled {
                from + 1
            } else {
                BAR_COLUMNS
            }
        }
    };
    let mark = if line.to.is_some() { '━' } else { '┄' };
    let cell = |at: usize| if (from..to).contains(&at) { mark } else { ' ' };
    (0..BAR_COLUMNS).map(cell).collect()
}

fn head(trace: &Trace, columns: usize) -> String {
    let took = millis(trace.took_ms());
    let end = match &trace.ended {
        None => format!("open for {took} so far"),
        Some(ended) if ended.failure.is_some() => format!("failed after {took}"),
        Some(_) => format!("result after {took}"),
    };
    let made: Vec<&crate::Ledger> =
        trace.works.iter().flat_map(|work| &work.calls).filter_map(|call| call.ledger.as_ref()).collect();
    let input: i64 = made.iter().map(|made| i64::from(made.input_tokens)).sum();
    let output: i64 = made.iter().map(|made| i64::from(made.output_tokens)).sum();
    let mut sum = format!("{end}, {} records", trace.records);
    if !made.is_empty() {
        let _ = write!(sum, ", {} model answers ({input} + {output} tokens)", made.len());
    }
    if let (false, Some(instance)) = (has_several(trace), instances(trace).first()) {
        let _ = write!(sum, ", by {instance}");
    }
    let mut out = format!("task {} from {}\n{}\n", trace.task, trace.origin, wrapped(&sum, "", columns));
    if let Some(failure) = trace.ended.as_ref().and_then(|ended| ended.failure.as_ref()) {
        let _ = writeln!(out, "{}", wrapped(failure, "", columns));
    }
    out
}

fn lines_of(work: &Work, says_who: bool) -> Vec<Line> {
    let mut lines = vec![Line {
        level: work.level,
        from: work.began_at,
        to: work.ended.as_ref().map(|ended| ended.at),
        is_cancelled: false,
        name: branch_of(work),
        detail: detail_of(work, says_who),
    }];
    lines.extend(work.calls.iter().map(|call| Line {
        level: work.level + 1,
        from: call.asked_at,
        to: call.answered.as_ref().map(|answered| answered.at),
        is_cancelled: call.is_cancelled,
        name: call.gateway.clone(),
        detail: detail_of_call(call),
    }));
    lines
}

/// The agent, and the branch if that has a name of its own.
fn branch_of(work: &Work) -> String {
    let last = work.path.rsplit('/').next().unwrap_or_default();
    if last == work.agent { work.agent.clone() } else { format!("{last} ({})", work.agent) }
}

fn detail_of(work: &Work, says_who: bool) -> String {
    let mut parts = Vec::new();
    if let Some(join) = &work.join {
        let last = join.parts.iter().filter_map(|part| Some((part.came.as_ref()?.at, &part.branch))).max();
        let missing: Vec<&str> =
            join.parts.iter().filter(|part| part.came.is_none()).map(|part| part.branch.as_str()).collect();
        let mut text = format!("{} of {} parts", join.policy, join.parts.len());
        if let Some((at, branch)) = last {
            let _ =
                write!(text, ", the last after {}: {branch}", millis(at.since(work.began_at).as_millis()));
        }
        if !missing.is_empty() {
            let _ = write!(text, ", without {}", missing.join(", "));
        }
        parts.push(text);
    }
    match (&work.ended, &work.handed_to) {
        (_, Some(heir)) => parts.push(format!("handed on to {heir}")),
        (Some(ended), None) => {
            parts.extend(work.busy_ms().map(|busy| format!("busy {}", millis(busy))));
            parts.extend(ended.failure.clone());
        }
        (None, None) => {}
    }
    if says_who && !work.instances.is_empty() {
        parts.push(format!("by {}", work.instances.join(", ")));
    }
    parts.join("; ")
}

fn detail_of_call(call: &Call) -> String {
    if let Some(failure) = call.answered.as_ref().and_then(|answered| answered.failure.as_ref()) {
        return failure.clone();
    }
    let Some(made) = &call.ledger else {
        return if call.is_cancelled { "cancelled".into() } else { String::new() };
    };
    let whole = call.answered.as_ref().map_or(0, |answered| answered.at.since(call.asked_at).as_millis());
    let waited = whole.saturating_sub(u128::try_from(made.latency_ms).unwrap_or(0));
    let mut text = format!(
        "{}: waited {}, {} + {} tokens",
        made.model,
        millis(waited),
        made.input_tokens,
        made.output_tokens
    );
    if made.attempts > 1 {
        let _ = write!(text, ", {} attempts", made.attempts);
    }
    text
}

/// The lines' names behind the branches of the tree.
fn names(lines: &[Line]) -> Vec<String> {
    let goes_on = |from: usize, level: usize| {
        let next = lines[from + 1..].iter().find(|line| line.level <= level);
        next.is_some_and(|line| line.level == level)
    };
    let name = |(index, line): (usize, &Line)| {
        let mut out = String::new();
        for level in 1..line.level {
            out.push_str(if goes_on(index, level) { "│  " } else { "   " });
        }
        if line.level > 0 {
            out.push_str(if goes_on(index, line.level) { "├─ " } else { "└─ " });
        }
        cut(&(out + &line.name), NAME_COLUMNS)
    };
    lines.iter().enumerate().map(name).collect()
}

/// A time as people read it: `412 ms`, `1.2 s`, `3 min 20 s`.
fn millis(millis: u128) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("{} min {} s", millis / 60_000, millis % 60_000 / 1_000),
    }
}

/// Cuts a line between characters, and shows that it did.
fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    kept + "…"
}

/// Breaks a text at spaces into lines of so many columns; a word that is longer has a line of its own.
#[must_use]
pub fn wrapped(text: &str, indent: &str, columns: usize) -> String {
    let mut lines = vec![indent.to_owned()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        let is_first = line.len() == indent.len();
        if !is_first && line.chars().count() + 1 + word.chars().count() > columns {
            lines.push(format!("{indent}{word}"));
        } else {
            line.push_str(if is_first { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.join("\n")
}
