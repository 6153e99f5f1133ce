//! A brief as text for a terminal: the verdict first, then its grounds, eighty columns wide.
//!
//! It shows what the brief holds and adds nothing. Whatever came from outside (the question, a model's sentence) is
//! stripped of control characters, so that nobody can steer the reader's terminal.

use crate::messages::{Brief, Figure, Finding, Origin, Part, Statement, Status, Unit};
use crate::numbers::{basis_points, hundredths, percent, thousands};

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
    figures(&mut page, "Figures", brief, Part::Figures);
    figures(&mut page, "Trend", brief, Part::Trend);
    rules(&mut page, &brief.rules);
    found(&mut page, &brief.paragraphs);
    missing(&mut page, brief);
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
    page.wrapped("Asked: ", &format!("\"{}\"", brief.question));
}

fn figures(page: &mut Page, title: &str, brief: &Brief, part: Part) {
    let rows: Vec<&Figure> = brief.figures.iter().filter(|figure| figure.part == part).collect();
    if rows.is_empty() {
        return;
    }
    page.section(title);
    for row in rows {
        let (number, unit) = shown(row);
        let number = format!("{number:>16} {unit:<17}");
        let room = WIDTH - number.chars().count() - 2;
        page.line(&format!("  {:<room$}{number}", cut(&row.name, room)));
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

fn rules(page: &mut Page, rules: &[Finding]) {
    if rules.is_empty() {
        return;
    }
    page.section("Rules (illustrations, no legal advice)");
    for finding in rules {
        page.wrapped(&format!("  {:<7} {:<18} ", finding.status.name(), finding.rule), &finding.article);
        if finding.status != Status::Met {
            page.wrapped(&" ".repeat(29), &finding.reason);
        }
    }
}

fn conditions(page: &mut Page, brief: &Brief) {
    if brief.conditions.is_empty() {
        return;
    }
    page.section("Conditions");
    for (at, condition) in brief.conditions.iter().enumerate() {
        page.wrapped(&format!("  {:>2}. ", at + 1), &format!("{} {}", condition.text, source(condition)));
    }
}

fn found(page: &mut Page, paragraphs: &[Statement]) {
    if paragraphs.is_empty() {
        return;
    }
    page.section("What was found");
    for same in paragraphs.chunk_by(|one, next| (one.origin, &one.source) == (next.origin, &next.source)) {
        let texts: Vec<&str> = same.iter().map(|statement| statement.text.as_str()).collect();
        let text = texts.join(" ");
        match &same[0] {
            // Shown with the rules.
            Statement { origin: Origin::Rule, .. } => {}
            // A model's words stand in quotation marks: the reader sees at once which sentences are code's.
            first if first.origin == Origin::Model => {
                page.wrapped("  - ", &format!("\"{text}\" {}", source(first)))
            }
            first => page.wrapped("  - ", &format!("{text} {}", source(first))),
        }
    }
}

fn source(statement: &Statement) -> String {
    let kind = match statement.origin {
        Origin::Computation => "computed by",
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
