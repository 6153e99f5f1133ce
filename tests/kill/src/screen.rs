//! The split screen: two columns that are drawn again and again on a terminal, or a line a second where there
//! is none. It shows what it is given and counts nothing itself.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

use crate::side::Side;

#[cfg(test)]
mod tests;

/// Narrowest and widest: below, lines would break; above, the columns drift apart.
const WIDTH: std::ops::RangeInclusive<usize> = 80..=120;

/// How often it is drawn on a terminal.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// How long a kill is shown: long enough to be seen.
const KILL_SHOWN: Duration = Duration::from_millis(900);

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const KILLED: &str = "\x1b[1;37;41m";
const PLAIN: &str = "\x1b[0m";

/// What is shown at one moment.
pub struct Frame<'a> {
    /// Both sides, left and right.
    pub sides: &'a [Side; 2],
    /// Tasks in all.
    pub tasks: usize,
    /// Tasks sent so far.
    pub sent: usize,
    /// Since the beginning.
    pub elapsed: Duration,
    /// When both are killed.
    pub kills: &'a [Duration],
    /// How many of these have come.
    pub killed: usize,
    /// Whether nothing more is to come: only then is what is missing lost.
    pub is_over: bool,
}

/// Where it is shown.
pub struct Screen {
    is_terminal: bool,
    has_colour: bool,
    drawn_lines: usize,
    drawn: Option<Instant>,
}

impl Screen {
    /// Standard output.
    pub fn new() -> Self {
        let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let is_terminal = std::io::stdout().is_terminal() && !is_dumb;
        let has_colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { is_terminal, has_colour, drawn_lines: 0, drawn: None }
    }

    /// Draws a frame, if it is time for one. Whoever does not look at it is counted for all the same.
    pub fn draw(&mut self, frame: &Frame<'_>) {
        let every = if self.is_terminal { DRAW_EVERY } else { LINE_EVERY };
        if !frame.is_over && self.drawn.is_some_and(|drawn| drawn.elapsed() < every) {
            return;
        }
        self.drawn = Some(Instant::now());
        if !self.is_terminal {
            println!("{}", line(frame));
            return;
        }
        let lines = lines(frame, width());
        let mut text = String::from("\x1b[?25l"); // no cursor while it moves about
        if self.drawn_lines > 0 {
            let _ = write!(text, "\x1b[{}A", self.drawn_lines);
        }
        for line in &lines {
            let shown = if self.has_colour { line.clone() } else { without_colour(line) };
            let _ = writeln!(text, "\r{shown}\x1b[K");
        }
        self.drawn_lines = lines.len();
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

impl Drop for Screen {
    /// Gives the cursor back.
    fn drop(&mut self) {
        println!("{}", if self.is_terminal { "\x1b[?25h" } else { "" });
    }
}

/// The terminal's width, within what is drawn well.
fn width() -> usize {
    let columns = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    columns.clamp(*WIDTH.start(), *WIDTH.end())
}

/// All of it in one line.
fn line(frame: &Frame<'_>) -> String {
    let mut text =
        format!("{:4.0} s, {} sent, {} kills", frame.elapsed.as_secs_f64(), frame.sent, frame.killed);
    for side in frame.sides {
        let _ = write!(
            text,
            " | {}: {} done, {} {}, {} doubled, {} paid ({} again)",
            side.name,
            side.tally.done(),
            frame.sent.saturating_sub(side.tally.done()),
            missing_name(frame),
            side.tally.doubled(),
            side.paid.calls,
            side.paid.again()
        );
    }
    text
}

/// What has no result is lost only when none is to come.
fn missing_name(frame: &Frame<'_>) -> &'static str {
    if frame.is_over { "lost" } else { "waiting" }
}

/// The frame, line by line, each with its colours.
fn lines(frame: &Frame<'_>, width: usize) -> Vec<String> {
    let column = (width - 5) / 2;
    let [left, right] = frame.sides.each_ref().map(|side| side_lines(frame, side, column));
    let mut lines = vec![head(frame), String::new()];
    for (left, right) in left.iter().zip(&right) {
        lines.push(format!(" {left} {DIM}│{PLAIN} {right}"));
    }
    lines
}

/// Time, and the kills that were and that are to come.
fn head(frame: &Frame<'_>) -> String {
    let mut marks = String::new();
    for number in 0..frame.kills.len() {
        marks.push_str(if number < frame.killed { "✗ " } else { "· " });
    }
    let next = match frame.kills.get(frame.killed) {
        Some(at) => format!("the next in {:.1} s", at.saturating_sub(frame.elapsed).as_secs_f64()),
        None if frame.is_over => "all is quiet".to_owned(),
        None => "what is left is finished".to_owned(),
    };
    format!(
        " {BOLD}{:5.1} s{PLAIN}   sent {} of {}   kill -9: {RED}{marks}{PLAIN} {next}",
        frame.elapsed.as_secs_f64(),
        frame.sent,
        frame.tasks
    )
}

/// One column: every line is `width` characters wide.
fn side_lines(frame: &Frame<'_>, side: &Side, width: usize) -> Vec<String> {
    let done = side.tally.done();
    let missing = frame.sent.saturating_sub(done);
    let (doubled, again) = (side.tally.doubled(), side.paid.again());
    let alarm = |count: u64| if count > 0 { RED } else { "" };
    let missing_colour = match (frame.is_over, missing) {
        (_, 0) => "",
        (true, _) => RED,
        (false, _) => YELLOW,
    };
    let number = |name: &str, count: u64, colour: &str| {
        let width = width.saturating_sub(name.chars().count());
        format!("{name}{colour}{count:>width$}{PLAIN}")
    };
    vec![
        title(frame, side, width),
        bar(done, missing, frame.tasks, width),
        number("done", done as u64, GREEN),
        number(missing_name(frame), missing as u64, missing_colour),
        number("doubled", doubled, alarm(doubled)),
        number("model calls paid", side.paid.calls, ""),
        // No red: what is in flight when a process dies may be paid again on either side.
        number("of these paid again", again, if again > 0 { YELLOW } else { "" }),
    ]
}

fn title(frame: &Frame<'_>, side: &Side, width: usize) -> String {
    let is_killed = side.killed_at.is_some_and(|at| at.elapsed() < KILL_SHOWN);
    let (state, colour) = match (frame.is_over, is_killed) {
        (true, _) => ("done".to_owned(), DIM),
        (false, true) => (" kill -9 ".to_owned(), KILLED),
        (false, false) if side.kills == 0 => ("running".to_owned(), DIM),
        (false, false) => (format!("running, life {}", side.kills + 1), DIM),
    };
    let gap = width.saturating_sub(side.name.chars().count() + state.chars().count());
    format!("{BOLD}{}{PLAIN}{:gap$}{colour}{state}{PLAIN}", side.name, "")
}

/// Done, then missing, then not yet sent, in proportion.
fn bar(done: usize, missing: usize, all: usize, width: usize) -> String {
    let cells = |count: usize| (count * width).checked_div(all).unwrap_or(0).min(width);
    let full = cells(done);
    let half = cells(done + missing).saturating_sub(full);
    let rest = width - full - half;
    format!("{GREEN}{}{YELLOW}{}{DIM}{}{PLAIN}", "█".repeat(full), "▒".repeat(half), "·".repeat(rest))
}

/// A line without its colours.
fn without_colour(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, escape)) = rest.split_once('\x1b') {
        plain.push_str(before);
        rest = escape.split_once('m').map_or("", |(_, behind)| behind);
    }
    plain + rest
}
