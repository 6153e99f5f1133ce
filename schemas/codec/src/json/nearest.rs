//! The nearest allowed name to one that is not allowed, for errors.

/// Most allowed names that an error lists.
const LISTED_MAX: usize = 20;

/// Longest name that is compared; what is longer is no slip of the pen, and comparing costs its square.
const COMPARED_CHARS_MAX: usize = 64;

/// `did you mean x?`, if something is near; and which names are allowed.
pub(super) fn hint<'n>(found: &str, allowed: impl Iterator<Item = &'n str> + Clone) -> String {
    let listed: Vec<&str> = allowed.clone().take(LISTED_MAX).collect();
    let more = if allowed.clone().count() > LISTED_MAX { ", ..." } else { "" };
    let allowed_text = match listed.as_slice() {
        [] => "none is allowed".to_owned(),
        names => format!("allowed: {}{more}", names.join(", ")),
    };
    match nearest(found, allowed) {
        Some(name) => format!("did you mean {name}? {allowed_text}"),
        None => allowed_text,
    }
}

/// The allowed name with the fewest changes, the first of equals, if at most a third of it changes.
fn nearest<'n>(found: &str, allowed: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let found: Vec<char> = found.to_lowercase().chars().take(COMPARED_CHARS_MAX + 1).collect();
    if found.len() > COMPARED_CHARS_MAX {
        return None;
    }
    allowed
        .map(|name| (changes(&found, &name.to_lowercase()), name))
        .filter(|(changes, name)| *changes <= name.chars().count().div_ceil(3))
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, name)| name)
}

/// Letters to insert, remove or replace (Levenshtein's distance).
fn changes(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests;
