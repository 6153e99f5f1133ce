//! One text becomes passages: by its headings, then by its paragraphs, each short enough to be cited.
//!
//! ```text
//! ---                       front matter, or a first line `Article: ...` or `Source: ...`
//! article: Notice Act 4
//! ---
//! # Ending employment       the first heading is the document's title
//!
//! Notice is given ...       a paragraph; short ones under one heading share a passage
//! ```

use std::fmt::Write;

/// Longest passage: some two hundred words, which a reader takes in at a glance and a prompt holds ten of.
pub const PASSAGE_BYTES_MAX: usize = 1_500;

/// Longest title or source; what is longer is cut.
pub const TITLE_BYTES_MAX: usize = 200;

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What to cite: the declared article or source, else the document's name.
    pub source: String,
    /// The document's title, and the heading it stands under.
    pub title: String,
    /// The words, as they stand there; at most [`PASSAGE_BYTES_MAX`] bytes.
    pub text: String,
}

/// Splits a document, called `name` where it does not say better, into pieces in its own order.
#[must_use]
pub fn split(name: &str, text: &str) -> Vec<Piece> {
    let (head, body) = head(text.trim_start_matches('\u{feff}'));
    let sections = sections(body);
    let first = sections.iter().find(|section| !section.heading.is_empty());
    let title = head.title.or_else(|| first.map(|section| section.heading.clone()));
    let title = title.unwrap_or_else(|| name.to_owned());
    let source = cut(head.source.as_deref().unwrap_or(name), TITLE_BYTES_MAX).to_owned();
    let mut pieces = Vec::new();
    for section in &sections {
        let mut heading = title.clone();
        if !section.heading.is_empty() && section.heading != title {
            // Writing to a text does not fail.
            let _ = write!(heading, ": {}", section.heading);
        }
        let heading = cut(&heading, TITLE_BYTES_MAX).to_owned();
        pieces.extend(pack(&section.text).into_iter().map(|text| Piece {
            source: source.clone(),
            title: heading.clone(),
            text,
        }));
    }
    pieces
}

/// What a document says of itself.
#[derive(Default)]
struct Head {
    title: Option<String>,
    source: Option<String>,
}

impl Head {
    /// Takes a line `key: value` that is about the document.
    fn take(&mut self, line: &str) -> bool {
        let Some((key, value)) = line.split_once(':') else { return false };
        let value = value.trim().trim_matches(['"', '\'']).to_owned();
        if value.is_empty() {
            return false;
        }
        match key.trim().to_lowercase().as_str() {
            "article" | "source" => self.source = Some(value),
            "title" => self.title = Some(value),
            _ => return false,
        }
        true
    }
}

/// Front matter or a leading line, and what comes after it.
fn head(text: &str) -> (Head, &str) {
    let mut head = Head::default();
    let body = text.trim_start();
    if let Some((matter, rest)) = body.strip_prefix("---\n").and_then(|matter| matter.split_once("\n---")) {
        for line in matter.lines() {
            head.take(line);
        }
        return (head, rest.trim_start_matches('-'));
    }
    let (first, rest) = body.split_once('\n').unwrap_or((body, ""));
    if head.take(first) { (head, rest) } else { (head, body) }
}

/// What stands under one heading, the part before the first one included.
#[derive(Debug, Default)]
struct Section {
    heading: String,
    text: String,
}

fn sections(body: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut is_code = false;
    for line in body.lines() {
        let start = line.trim_start();
        if start.starts_with("```") || start.starts_with("~~~") {
            is_code = !is_code;
        }
        let heading = heading(line).filter(|_| !is_code);
        match heading {
            Some(heading) => sections.push(Section { heading, text: String::new() }),
            None => {
                if let Some(section) = sections.last_mut() {
                    section.text.push_str(line.trim_end());
                    section.text.push('\n');
                }
            }
        }
    }
    sections
}

/// The words of a heading: one to six `#`, a space, the words.
fn heading(line: &str) -> Option<String> {
    let words = line.trim_start_matches('#');
    let depth = line.len() - words.len();
    if !(1..=6).contains(&depth) || !words.starts_with([' ', '\t']) {
        return None;
    }
    Some(words.trim().trim_end_matches('#').trim_end().to_owned()).filter(|words| !words.is_empty())
}

/// Paragraphs, as many to a piece as fit.
fn pack(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        for part in parts(paragraph) {
            match pieces.last_mut() {
                Some(last) if last.len() + part.len() + 2 <= PASSAGE_BYTES_MAX => {
                    last.push_str("\n\n");
                    last.push_str(part);
                }
                _ => pieces.push(part.to_owned()),
            }
        }
    }
    pieces
}

/// A paragraph in parts that are short enough: cut behind a sentence, else at a space, else where it must be.
fn parts(paragraph: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), paragraph);
    while rest.len() > PASSAGE_BYTES_MAX {
        let window = cut(rest, PASSAGE_BYTES_MAX);
        let sentence = window.rmatch_indices(['.', '!', '?']).map(|(at, _)| at + 1);
        let is_end = |at: &usize| rest[*at..].starts_with(char::is_whitespace);
        let end = sentence.clone().find(is_end).or_else(|| window.rfind(char::is_whitespace));
        let (part, after) = rest.split_at(end.filter(|end| *end > 0).unwrap_or(window.len()));
        parts.push(part.trim_end());
        rest = after.trim_start();
    }
    parts.push(rest);
    parts.retain(|part| !part.is_empty());
    parts
}

/// The beginning of a text, at most so many bytes, between characters.
fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
