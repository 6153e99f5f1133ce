//! The sectors the data speak of, under the names people give them.
//!
//! A table and two look-ups. It holds no figures; which columns exist is `data.rs`'s matter, and a test holds the two together.

use thiserror::Error;

#[cfg(test)]
mod tests;

/// One sector and where its figures stand.
#[derive(Debug, PartialEq, Eq)]
pub struct Sector {
    /// The name used on the wire, for example `retail_trade`.
    pub id: &'static str,
    /// The name used in sentences, for example `retail trade`.
    pub title: &'static str,
    /// Its column in the employment table, if it has one. Spelt as in the source.
    pub employment: Option<&'static str>,
    /// Its series in the unemployment table, if it has one. The series may cover a wider industry than the sector.
    pub unemployment: Option<&'static str>,
    /// Other names it answers to, normalised as in [`find`].
    pub also: &'static [&'static str],
}

/// No sector has this name. Remedy: use the nearest one named, or one of [`SECTORS`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no sector is called \"{given}\" in the data; the nearest name is \"{nearest}\"")]
pub struct Unknown {
    /// The name as it was given, cut to [`SHOWN_CHARS`].
    pub given: String,
    /// The id of the sector whose name is closest in spelling.
    pub nearest: &'static str,
}

/// How much of an unknown name an error repeats: enough to recognise it, too little to flood a log line.
pub const SHOWN_CHARS: usize = 60;

/// The sector that holds all others but agriculture and the self-employed: the whole that shares are shares of.
pub const WHOLE: &str = "nonfarm";

/// All sectors: totals first, then goods, services, and last the two that only the unemployment table knows.
pub const SECTORS: [Sector; 24] = [
    sector(
        "nonfarm",
        "the whole nonfarm economy",
        Some("nonfarm"),
        None,
        &["total", "economy", "whole_economy"],
    ),
    sector("private", "the private sector", Some("private"), None, &[]),
    sector("goods_producing", "goods production", Some("goods_producing"), None, &["goods"]),
    sector("service_providing", "services", Some("service_providing"), None, &["services"]),
    sector(
        "private_service_providing",
        "private services",
        Some("private_service_providing"),
        None,
        &["private_services"],
    ),
    sector(
        "mining_and_logging",
        "mining and logging",
        Some("mining_and_logging"),
        Some("Mining and Extraction"),
        &["mining", "logging", "mining_and_extraction"],
    ),
    sector("construction", "construction", Some("construction"), Some("Construction"), &["building"]),
    sector("manufacturing", "manufacturing", Some("manufacturing"), Some("Manufacturing"), &["factories"]),
    sector("durable_goods", "durable goods", Some("durable_goods"), None, &["durables"]),
    sector("nondurable_goods", "nondurable goods", Some("nondurable_goods"), None, &["nondurables"]),
    sector(
        "trade_transportation_utilities",
        "trade, transportation and utilities",
        Some("trade_transportation_utilties"),
        None,
        &["trade_transportation_utilties", "trade_transportation_and_utilities"],
    ),
    sector(
        "wholesale_trade",
        "wholesale trade",
        Some("wholesale_trade"),
        Some("Wholesale and Retail Trade"),
        &["wholesale"],
    ),
    sector(
        "retail_trade",
        "retail trade",
        Some("retail_trade"),
        Some("Wholesale and Retail Trade"),
        &["retail", "shops"],
    ),
    sector(
        "transportation_and_warehousing",
        "transportation and warehousing",
        Some("transportation_and_warehousing"),
        Some("Transportation and Utilities"),
        &["transportation", "transport", "warehousing", "logistics"],
    ),
    sector("utilities", "utilities", Some("utilities"), Some("Transportation and Utilities"), &[]),
    sector("information", "information", Some("information"), Some("Information"), &["media", "publishing"]),
    sector(
        "financial_activities",
        "financial activities",
        Some("financial_activities"),
        Some("Finance"),
        &["finance", "banking"],
    ),
    sector(
        "professional_and_business_services",
        "professional and business services",
        Some("professional_and_business_services"),
        Some("Business services"),
        &["business_services", "professional_services"],
    ),
    sector(
        "education_and_health_services",
        "education and health services",
        Some("education_and_health_services"),
        Some("Education and Health"),
        &["education", "health", "education_and_health"],
    ),
    sector(
        "leisure_and_hospitality",
        "leisure and hospitality",
        Some("leisure_and_hospitality"),
        Some("Leisure and hospitality"),
        &["leisure", "hospitality"],
    ),
    sector("other_services", "other services", Some("other_services"), Some("Other"), &[]),
    sector("government", "government", Some("government"), Some("Government"), &["public"]),
    sector("agriculture", "agriculture", None, Some("Agriculture"), &["farming"]),
    sector("self_employed", "self-employment", None, Some("Self-employed"), &["self_employment"]),
];

const fn sector(
    id: &'static str,
    title: &'static str,
    employment: Option<&'static str>,
    unemployment: Option<&'static str>,
    also: &'static [&'static str],
) -> Sector {
    Sector { id, title, employment, unemployment, also }
}

/// The sector called `name`: case, spaces and punctuation do not matter, and the words "the", "sector" and "industry" are passed over.
///
/// # Errors
/// [`Unknown`] with the nearest name if there is none.
pub fn find(name: &str) -> Result<&'static Sector, Unknown> {
    // A longer name is no sector's; cutting it bounds the work of comparing.
    let wanted = normal(&name.chars().take(SHOWN_CHARS).collect::<String>());
    for sector in &SECTORS {
        if sector.id == wanted || sector.also.contains(&wanted.as_str()) {
            return Ok(sector);
        }
    }
    Err(Unknown { given: name.chars().take(SHOWN_CHARS).collect(), nearest: nearest(&wanted) })
}

fn normal(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !matches!(*word, "" | "the" | "sector" | "industry"));
    words.collect::<Vec<_>>().join("_")
}

/// The id of the sector one of whose names is closest; of equals, the first in the table.
fn nearest(wanted: &str) -> &'static str {
    let mut best = (usize::MAX, SECTORS[0].id);
    for sector in &SECTORS {
        for name in std::iter::once(&sector.id).chain(sector.also) {
            let distance = distance_percent(wanted, name);
            if distance < best.0 {
                best = (distance, sector.id);
            }
        }
    }
    best.1
}

/// How far apart two names are: edits per hundred letters of the longer, of the whole or of their closest pair of words.
fn distance_percent(one: &str, other: &str) -> usize {
    /// Shorter words ("and", "of") agree by chance.
    const WORD_CHARS: usize = 4;
    /// A name that agrees in one word only is further away than one that agrees as a whole.
    const WORD_PENALTY: usize = 20;
    let mut least = edits_percent(one, other);
    for left in one.split('_').filter(|word| word.chars().count() >= WORD_CHARS) {
        for right in other.split('_').filter(|word| word.chars().count() >= WORD_CHARS) {
            least = least.min(edits_percent(left, right) + WORD_PENALTY);
        }
    }
    least
}

fn edits_percent(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    edits(&one, &other) * 100 / one.len().max(other.len()).max(1)
}

/// Levenshtein's distance: the least number of letters put in, taken out or changed.
fn edits(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, left) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, right) in other.iter().enumerate() {
            let change = diagonal + usize::from(left != right);
            diagonal = row[place + 1];
            row[place + 1] = change.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
