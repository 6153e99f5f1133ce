//! The rules' section of a brief: what is broken or open in full, with its passage; what is met in a word.

use super::Page;
use crate::facts;
use crate::messages::{Brief, Finding, Origin, Status};

/// Everything the rules said.
pub(super) fn section(page: &mut Page, brief: &Brief) {
    if brief.rules.is_empty() {
        return;
    }
    page.section("Rules (illustrations, no legal advice)");
    let of_rules =
        brief.paragraphs.iter().filter(|it| it.origin == Origin::Computation && it.source == facts::RULES);
    for statement in of_rules {
        page.wrapped("  ", &format!("{} [computed by {}]", statement.text, statement.source));
    }
    for status in [Status::Broken, Status::Open] {
        for finding in brief.rules.iter().filter(|finding| finding.status == status) {
            unmet(page, finding);
        }
    }
    let met = brief.rules.iter().filter(|finding| finding.status == Status::Met);
    let met: Vec<String> = met.map(|finding| format!("{} ({})", finding.rule, finding.article)).collect();
    if !met.is_empty() {
        page.wrapped("  met     ", &format!("{}.", met.join("; ")));
    }
    if !brief.also.is_empty() {
        page.line("");
        page.wrapped("  ", "Also found for this plan; nobody has checked it, so read before you sign:");
        for citation in &brief.also {
            let says = facts::says(citation);
            page.wrapped(
                "  - ",
                &format!(
                    "{} ({}): \"{says}\" [passage {}]",
                    citation.title, citation.article, citation.passage
                ),
            );
            official(page, facts::official(citation));
        }
    }
}

/// A rule that is broken or open: why, what it says, and where to read it.
fn unmet(page: &mut Page, finding: &Finding) {
    let Finding { rule, article, status, reason, .. } = finding;
    page.wrapped(&format!("  {:<7} ", status.name()), &format!("{rule} ({article}): {reason}."));
    if let Some(citation) = &finding.citation {
        page.wrapped("          ", &format!("\"{}\" [passage {}]", facts::says(citation), citation.passage));
    }
    official(page, &finding.official);
}

fn official(page: &mut Page, address: &str) {
    if !address.is_empty() {
        page.wrapped("          ", address);
    }
}
