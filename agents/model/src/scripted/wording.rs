//! The scripted model's words: the facts of a prompt in one plain sentence, always the same.

use schemas_records::ids::content_hash;
use schemas_records::model::{ModelRequest, PromptMessage, Role};

/// How a sentence may begin; the prompt's hash picks.
const OPENINGS: [&str; 4] = ["In short, ", "Put plainly, ", "All in all, ", "The facts say this: "];

/// Longest sentence, in characters, if there is more than one fact: three lines of a terminal.
const SENTENCE_CHARS_MAX: usize = 230;

/// Words that stand large only because a sentence begins with them.
const BEGINNERS: [&str; 12] = ["A", "All", "An", "At", "From", "In", "It", "No", "Of", "That", "The", "Up"];

/// Restates the facts of the last user message: lines that begin with a dash, or all its lines if none
/// does. As many, in order, as the request's `max_tokens` (counted as words) and a readable sentence hold;
/// the first in any case.
#[must_use]
pub fn wording(request: &ModelRequest) -> String {
    let user = request.messages.iter().rev().find(|message| message.role == Role::User);
    let prompt = user.map_or("", |message| message.content.as_str());
    let facts = facts(prompt);
    let Some((first, more)) = facts.split_first() else { return "There is nothing to say.".to_owned() };
    let mut sentence = format!("{}{}", opening(&request.messages), small(first));
    for fact in more {
        let longer = format!("{sentence}; {}", small(fact));
        let words = longer.split_whitespace().count();
        let fits = i32::try_from(words).is_ok_and(|words| words <= request.max_tokens);
        if !fits || longer.chars().count() >= SENTENCE_CHARS_MAX {
            break;
        }
        sentence = longer;
    }
    sentence + "."
}

fn facts(prompt: &str) -> Vec<&str> {
    let lines = || prompt.lines().map(str::trim);
    let dashed: Vec<&str> =
        lines().filter_map(|line| line.strip_prefix("- ").or(line.strip_prefix("* "))).collect();
    let chosen = if dashed.is_empty() { lines().collect() } else { dashed };
    chosen.into_iter().map(bare).filter(|fact| fact.chars().any(char::is_alphanumeric)).collect()
}

/// A fact without what ends it.
fn bare(fact: &str) -> &str {
    fact.trim().trim_end_matches(['.', '!', '?', ':', ';'])
}

fn opening(messages: &[PromptMessage]) -> &'static str {
    let parts: Vec<&[u8]> = messages.iter().map(|message| message.content.as_bytes()).collect();
    let hash = content_hash(&parts);
    let digit = hash.bytes().next_back().unwrap_or_default();
    OPENINGS[usize::from(digit) % OPENINGS.len()]
}

/// A fact as it stands inside a sentence.
fn small(fact: &str) -> String {
    let first = fact.split_whitespace().next().unwrap_or_default();
    if BEGINNERS.contains(&first.trim_end_matches(',')) {
        let mut letters = fact.chars();
        let small = letters.next().map(|letter| letter.to_lowercase().to_string()).unwrap_or_default();
        return small + letters.as_str();
    }
    fact.to_owned()
}
