//! A brief as text for a terminal: the verdict first, then its grounds, eighty columns wide.
//!
//! It shows what the brief holds and adds nothing. Whatever came from outside (the question, a model's sentence) is
//! stripped of control characters, so that nobody can steer the reader's terminal.

use crate::facts;
use crate::messages::{Brief, Figure, Origin, Part, Statement, Unit, Verdict};
use crate::numbers::{basis_points, count, hundredths, percent, thousands};
use crate::planner::agent_of;

mod rules;

#[cfg(test)]
mod tests;

/// Columns of a line: the width every terminal has.
pub const WIDTH: usize = 80;

/// The whole brief, each line at most [`WIDTH`] characters, ending in a newline.
#[must_use]
pub fn render(brief: &Brief) -> String {
    let mut page = Page { text: String::new() };
    heading(&mut page, brief);
    conditions(&mut page, brief);
    missing(&mut page, brief);
    part(&mut page, "Figures", brief, Part::Figures);
    part(&mut page, "Trend", brief, Part::Trend);
    rules::section(&mut page, brief);
    queries(&mut page, brief);
    written(&mut page, brief);
    spoke(&mut page, brief);
    page.text
}

/// Lines as they are written.
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn section(&mut self, title: &str) {
        self.line("");
        self.line(title);
    }

    /// `text` wrapped at [`WIDTH`]: the first line behind `first`, the others behind as many spaces.
    fn wrapped(&mut self, first: &str, text: &str) {
        let indent = first.chars().count();
        for (at, line) in wrap(text, WIDTH.saturating_sub(indent).max(1)).iter().enumerate() {
            let lead = if at == 0 { first.to_owned() } else { " ".repeat(indent) };
            self.line(&format!("{lead}{line}"));
        }
    }
}

fn heading(page: &mut Page, brief: &Brief) {
    let verdict = brief.verdict.title().to_uppercase();
    let room = WIDTH.saturating_sub(verdict.chars().count() + 2);
    let subject = cut(&clean(&format!("{}, {}", brief.sector, brief.month)), room);
    page.line(&format!("{verdict}  {subject:>room$}"));
    page.line(&"=".repeat(WIDTH));
    page.wrapped("", &brief.headline);
    page.line("");
    page.wrapped("Asked:  ", &format!("\"{}\"", brief.question));
    if !brief.plan.is_empty() {
        page.wrapped("Plan:   ", &brief.plan);
    }
    for said in brief.paragraphs.iter().filter(|said| is_of(said, BRIEF)) {
        page.wrapped("Worded: ", &quoted(said));
    }
}

/// The agent whose words are about the whole.
const BRIEF: &str = "synthesizer";

/// Whether a statement is a model's, said to this agent.
fn is_of(statement: &Statement, agent: &str) -> bool {
    statement.origin == Origin::Model && statement.source.contains(&format!(", call {agent}/"))
}

/// What a part found: code's sentences, the model's, and the numbers with the query each came from.
fn part(page: &mut Page, title: &str, brief: &Brief, part: Part) {
    let rows: Vec<&Figure> = brief.figures.iter().filter(|figure| figure.part == part).collect();
    if rows.is_empty() {
        return;
    }
    page.section(title);
    let function = if part == Part::Figures { facts::FIGURES } else { facts::TREND };
    let own = |statement: &&Statement| {
        (statement.origin == Origin::Computation && statement.source.starts_with(function))
            || is_of(statement, agent_of(part))
    };
    let own: Vec<&Statement> = brief.paragraphs.iter().filter(own).collect();
    for same in own.chunk_by(|one, next| (one.origin, &one.source) == (next.origin, &next.source)) {
        let texts: Vec<&str> = same.iter().map(|statement| statement.text.as_str()).collect();
        let whole = Statement { text: texts.join(" "), ..same[0].clone() };
        page.wrapped("  ", &quoted(&whole));
    }
    page.line("");
    for row in rows {
        let (number, unit) = shown(row);
        let number = format!("{number:>13} {unit:<16}{:>3}", mark(brief, &row.query));
        let room = WIDTH - number.chars().count() - 2;
        page.line(&format!("  {:<room$}{number}", cut(&row.name, room)));
    }
}

/// How a query is pointed to: by its number in the list.
fn mark(brief: &Brief, query: &str) -> String {
    let place = brief.queries.iter().position(|asked| asked.name == query);
    place.map_or_else(String::new, |place| format!("Q{}", place + 1))
}

/// A statement with its source; a model's words stand in quotation marks, so that the reader sees at once which
/// sentences are code's.
fn quoted(statement: &Statement) -> String {
    let Statement { text, origin, .. } = statement;
    match origin {
        Origin::Model | Origin::Passage => format!("\"{text}\" {}", source(statement)),
        _ => format!("{text} {}", source(statement)),
    }
}

/// The number and its unit as they are printed.
fn shown(figure: &Figure) -> (String, &'static str) {
    match figure.unit {
        Unit::Persons => (thousands(figure.value), "persons"),
        Unit::PersonsPerMonth => (thousands(figure.value), "persons a month"),
        Unit::PartsPerMillion => (percent(figure.value), ""),
        Unit::BasisPoints => (basis_points(figure.value), ""),
        Unit::PointHundredths => (hundredths(figure.value), "points"),
    }
}

fn conditions(page: &mut Page, brief: &Brief) {
    if brief.conditions.is_empty() {
        return;
    }
    page.section(match brief.verdict {
        Verdict::Hire | Verdict::HireWithConditions => "Conditions",
        Verdict::Wait | Verdict::DoNotHire | Verdict::CannotSay => "Before hiring after all",
    });
    for (at, condition) in brief.conditions.iter().enumerate() {
        page.wrapped(&format!("  {:>2}. ", at + 1), &format!("{} {}", condition.text, source(condition)));
    }
}

fn source(statement: &Statement) -> String {
    let kind = match statement.origin {
        Origin::Query => "query",
        Origin::Computation => "computed by",
        Origin::Passage => "passage",
        Origin::Rule => "rule",
        Origin::Model => "model",
        Origin::Task => "task,",
    };
    format!("[{kind} {}]", statement.source)
}

fn missing(page: &mut Page, brief: &Brief) {
    if brief.missing.is_empty() {
        return;
    }
    page.section("Missing");
    for missing in &brief.missing {
        page.wrapped(
            &format!("  {:<11} ", missing.part.name()),
            &format!("{}: {}", missing.cause.title(), missing.reason),
        );
    }
}

/// Every query as it was asked, by the number that figures point to it with.
fn queries(page: &mut Page, brief: &Brief) {
    if brief.queries.is_empty() {
        return;
    }
    page.section(&format!("Queries ({})", brief.tables));
    for (at, asked) in brief.queries.iter().enumerate() {
        page.wrapped(&format!("  Q{} ", at + 1), &asked.statement);
        let with = match asked.parameters.as_slice() {
            [] => "no parameters".to_owned(),
            some => {
                format!("with {}", some.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", "))
            }
        };
        let author = match asked.author.as_str() {
            "" => "fixed".to_owned(),
            model => format!("written by {model}"),
        };
        let rows = count(usize::try_from(asked.rows).unwrap_or(0), "row");
        page.wrapped("     ", &format!("{with}: {rows} [query {}, {author}]", asked.name));
    }
}

fn written(page: &mut Page, brief: &Brief) {
    if brief.written.is_empty() {
        return;
    }
    page.section("Written by a model, and what became of it");
    for note in &brief.written {
        page.wrapped("  - ", &format!("{} [{}]", note.text, note.source));
    }
}

fn spoke(page: &mut Page, brief: &Brief) {
    page.section("Who spoke");
    if brief.spoke.is_empty() {
        page.wrapped("  ", "No model spoke: every sentence above is code's.");
    }
    for spoke in &brief.spoke {
        page.wrapped(
            &format!("  {:<11} ", spoke.about),
            &format!("worded by {}; its numbers are code's", spoke.model),
        );
    }
}

/// `text` in lines of at most `width` characters, broken between words, or inside one that is longer. At least one line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in clean(text).split_whitespace() {
        let mut letters: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + letters.len() > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        while letters.len() > width {
            let rest = letters.split_off(width);
            lines.push(letters.into_iter().collect());
            letters = rest;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        length += letters.len();
        line.extend(letters);
    }
    if length > 0 || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Control characters become spaces.
fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn cut(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}
