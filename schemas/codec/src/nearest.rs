//! The nearest name to one that there is not, for errors and failures that say what was probably meant.

/// Most names that a hint lists.
const LISTED_MAX: usize = 20;

/// Longest name that is compared; what is longer is no slip of the pen, and comparing costs its square.
const COMPARED_BYTES_MAX: usize = 64;

/// `did you mean x?`, if something is near; and which names there are, in their order: after the word `listed`,
/// or, if there is none, the sentence `none`.
#[must_use]
pub fn hint<'n>(
    found: &str,
    known: impl IntoIterator<Item = &'n str>,
    (listed, none): (&str, &str),
) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let more = if known.len() > LISTED_MAX { ", ..." } else { "" };
    let listed = match known.len() {
        0 => none.to_owned(),
        _ => format!("{listed}: {}{more}", known[..known.len().min(LISTED_MAX)].join(", ")),
    };
    match nearest(found, &known) {
        Some(name) => format!("did you mean {name}? {listed}"),
        None => listed,
    }
}

/// The known name with the fewest changes, the first of equals, if at most a third of it changes.
#[must_use]
pub fn nearest<'n>(found: &str, known: &[&'n str]) -> Option<&'n str> {
    if found.len() > COMPARED_BYTES_MAX {
        return None;
    }
    let found = found.to_lowercase();
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&found, &name.to_lowercase()), *name))
        .filter(|(changes, name)| {
            let chars = name.chars().count();
            // With every letter changed it is another name, however short.
            *changes < chars && *changes <= chars.div_ceil(3)
        })
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests;
