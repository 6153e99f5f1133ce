//! How a status is drawn: the desk's in 80 columns, groups in 100.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use infra_http::told::Status;
use infra_node::groups::{Count, Line};
use infra_trace::draw::wrapped;

use crate::ask::{bound, middle, moment, wrap};

/// Width of what is said of groups: a line has eight figures.
const COLUMNS: usize = 100;

/// Widest name of a role or an instance; what is longer is cut in the middle.
const NAME_COLUMNS: usize = 24;

/// Most notes shown of one role: a broker that is away is said of every partition it led.
const NOTES_MAX: usize = 4;

/// What the desk says.
pub(super) fn status(told: &Status) -> String {
    let who = match &told.instance {
        Some(instance) => format!("instance {instance}, process {}, {}", told.process, told.version),
        None => "no node of this team answers here; what follows is from the log".to_owned(),
    };
    let mut out = format!("team {} in namespace {}\n{who}\n", told.team, told.namespace);
    if !told.roles.is_empty() {
        out.push('\n');
    }
    for role in &told.roles {
        let restarts = if role.restarts > 0 {
            format!(", started again {} times", role.restarts)
        } else {
            String::new()
        };
        let _ = writeln!(out, "{:<20} {}{restarts}", role.name, role.state);
        if let Some(trouble) = &role.trouble {
            let _ = writeln!(out, "{}", wrap(trouble, "  "));
        }
    }
    let Status { waiting, open, done, failed, refused, .. } = told;
    let _ = writeln!(
        out,
        "\ntasks    {waiting} waiting, {open} open, {done} done, {failed} failed, {refused} refused"
    );
    for calls in &told.calls {
        let oldest = calls.oldest_at.map(|at| format!(", the oldest since {} UTC", moment(at.0)));
        let _ = writeln!(
            out,
            "calls    {:<10} {} unanswered{}",
            calls.gateway,
            calls.unanswered,
            oldest.unwrap_or_default()
        );
    }
    let _ = writeln!(out, "letters  {} dead", told.dead_letters);
    bound(&mut out, told.looked);
    out
}

/// How the groups stand: a line for each role, then one for each instance.
pub(super) fn groups(lines: &[Line], over_seconds: f64) -> String {
    let longest = lines.iter().map(|line| line.role.chars().count()).max().unwrap_or_default();
    let width = longest.clamp("role".len(), NAME_COLUMNS);
    let mut out = format!(
        "{:<width$} {:<11} {:>7} {:>10} {:>5} {:>9} {:>9} {:>10}\n",
        "role", "group", "members", "partitions", "skew", "unread", "oldest", "records/s"
    );
    for line in lines {
        let partitions = match (line.unowned, line.members.len()) {
            (0, _) | (_, 0) => line.partitions.to_string(),
            (unowned, _) => format!("{} of {}", line.partitions - unowned, line.partitions),
        };
        let _ = writeln!(
            out,
            "{:<width$} {:<11} {:>7} {partitions:>10} {:>5} {:>9} {:>9} {:>10}",
            middle(&line.role, width),
            line.state,
            line.members.len(),
            line.skew.map_or_else(|| "-".to_owned(), |skew| format!("{skew:.2}")),
            line.lag.map_or_else(|| "?".to_owned(), count),
            line.age_ms.map_or_else(|| "-".to_owned(), age),
            line.rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}")),
        );
        for note in line.notes.iter().take(NOTES_MAX) {
            let _ = writeln!(out, "{}", wrapped(note, "  ", COLUMNS));
        }
        if let Some(more) = line.notes.len().checked_sub(NOTES_MAX).filter(|more| *more > 0) {
            let _ = writeln!(out, "  and {more} more like these (--json has them all)");
        }
    }
    instances(&mut out, lines);
    let _ = writeln!(
        out,
        "\n{}",
        wrapped(
            &format!(
                "unread: readable and not committed, ~ where a part was counted; at a gateway these wait or are in \
                 flight. oldest: the age of the first of them by this machine's clock. records/s: committed, over \
                 {over_seconds:.1} s. skew: the largest share over the fair one"
            ),
            "",
            COLUMNS
        )
    );
    out
}

/// Who is there, and how many partitions of which role each has.
fn instances(out: &mut String, lines: &[Line]) {
    let mut instances: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for line in lines {
        for member in &line.members {
            let owns = format!("{} {}", line.role, member.partitions.len());
            instances.entry((&member.instance, &member.host)).or_default().push(owns);
        }
    }
    if !instances.is_empty() {
        out.push('\n');
    }
    for ((instance, host), owns) in instances {
        let text = format!("{} at {host}: {}", middle(instance, NAME_COLUMNS), owns.join(", "));
        let mut text = wrapped(&text, "  ", COLUMNS);
        // The first line begins with the name; the others stand below it.
        text.drain(.."  ".len());
        let _ = writeln!(out, "{text}");
    }
}

fn count(count: Count) -> String {
    format!("{}{}", if count.is_exact { "" } else { "~" }, count.records)
}

/// An age in at most eight columns: `412 ms`, `1.2 s`, `3.3 min`, `5.0 h`, `12.1 d`.
#[allow(clippy::cast_precision_loss, reason = "an age in milliseconds stays far below 2^52")]
fn age(millis: u64) -> String {
    let float = millis as f64;
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{:.1} s", float / 1_000.0),
        60_000..3_600_000 => format!("{:.1} min", float / 60_000.0),
        3_600_000..86_400_000 => format!("{:.1} h", float / 3_600_000.0),
        _ => format!("{:.1} d", float / 86_400_000.0),
    }
}

#[cfg(test)]
mod tests;
