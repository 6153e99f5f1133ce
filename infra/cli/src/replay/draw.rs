//! An audit's report in 80 columns.

use std::fmt::Write as _;

use infra_node::audit::{Difference, Field, Report, Stretch, What};
use schemas_records::Timestamp;

use crate::ask::{moment, wrap};

/// The report.
pub(crate) fn report(team: &str, stretch: Stretch, report: &Report, (seconds, rate): (f64, f64)) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        let _ = writeln!(out, "{}", wrap(&text, ""));
    };
    line(format!("team {team}, {}", span(stretch)));
    line(format!(
        "{} read, {} begun ({} still open), {} made again",
        count(report.read, "record"),
        count(report.works, "work"),
        number(report.open),
        count(report.steps, "step")
    ));
    line(format!(
        "{} of {} equal, byte for byte{}",
        number(report.equal),
        count(report.outputs, "output"),
        if stretch.any_version { ", but for the version they name" } else { "" }
    ));
    not_compared(&mut out, report);
    let _ = writeln!(out, "{seconds:.1} s, {} records/s", number_of(rate));
    if let Some(why) = &report.ended_early {
        let _ = writeln!(out, "{}", wrap(&format!("ended early: {why}"), ""));
    }
    out.push_str(&verdict(report));
    if let Some(first) = &report.first {
        out.push('\n');
        difference(&mut out, first);
    }
    out
}

fn span(stretch: Stretch) -> String {
    let at = |at: Timestamp| format!("{} UTC", moment(at.0));
    match (stretch.from, stretch.to) {
        (None, None) => "all that is in the log".to_owned(),
        (Some(from), None) => format!("from {}", at(from)),
        (None, Some(to)) => format!("up to {}", at(to)),
        (Some(from), Some(to)) => format!("from {} to {}", at(from), at(to)),
    }
}

fn not_compared(out: &mut String, report: &Report) {
    let mut lines: Vec<String> = report
        .not_audited
        .iter()
        .map(|(why, records)| format!("{} {}", number(*records), why.words()))
        .collect();
    for other in &report.other_versions {
        let here = other.here.as_deref().unwrap_or("another");
        lines.push(format!(
            "{} of {} by version {}, this is {here}; --any-version compares them",
            count(other.records, "output"),
            other.agent,
            other.recorded
        ));
    }
    lines.push(format!(
        "{} of intake, timers, gateways and others, taken as recorded",
        count(report.taken, "record")
    ));
    let _ = writeln!(out, "not compared:");
    for line in lines {
        let _ = writeln!(out, "{}", wrap(&line, "  "));
    }
}

fn verdict(report: &Report) -> String {
    if report.differing() == 0 {
        let is_all = report.not_audited.is_empty() && report.other_versions.is_empty();
        return match &report.ended_early {
            Some(_) => "not proven\n",
            None if is_all => "equal\n",
            None => "equal, as far as it was compared\n",
        }
        .to_owned();
    }
    let said = report.differences.iter().map(|(what, records)| match what {
        What::Differs => format!("{} otherwise", count(*records, "output")),
        What::Missing => format!("{} missing in the log", count(*records, "output")),
        What::Unmade => format!("{} in the log that no step says", count(*records, "record")),
        What::Stops => format!("{} stopped", count(*records, "agent")),
    });
    format!("{}\n", wrap(&format!("DIFFERS: {}", said.collect::<Vec<_>>().join(", ")), ""))
}

/// The first record that is not the same.
fn difference(out: &mut String, first: &Difference) {
    let step = match (&first.step, &first.agent) {
        (Some(step), Some(agent)) => format!("the first: {agent}, step of {step}"),
        _ => "the first: of no step".to_owned(),
    };
    let _ = writeln!(out, "{}", wrap(&step, ""));
    let at = moment(first.at.0);
    let _ = writeln!(out, "{}", wrap(&format!("{at} UTC, task {}", first.task), "  "));
    let _ = writeln!(out, "{}", wrap(&format!("work {}, {}", first.work, first.path), "  "));
    if !first.record.is_empty() {
        let stands = match &first.recorded_at {
            Some(at) => format!("stands at {at}"),
            None => "does not stand in the log".to_owned(),
        };
        let _ = writeln!(out, "{}", wrap(&format!("{}, {stands}", first.record), "  "));
    }
    for Field { name, recorded, made } in &first.fields {
        let _ = writeln!(out, "{}", wrap(name, "  "));
        for (label, side) in [("recorded", recorded), ("made    ", made)] {
            if let Some(text) = side {
                let text = text.replace('\n', "⏎");
                let _ = writeln!(out, "{}", wrap(&format!("{label} {text}"), "    "));
            }
        }
    }
    if first.more > 0 {
        let _ = writeln!(out, "  and {} more", count(first.more as u64, "field"));
    }
}

/// `1 record`, `1,234 records`.
fn count(number_of: u64, what: &str) -> String {
    let plural = if number_of == 1 { "" } else { "s" };
    format!("{} {what}{plural}", number(number_of))
}

fn number_of(rate: f64) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is small and positive"
    )]
    number(rate.round() as u64)
}

/// A number as people read it: `100,000`.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
