//! What the parts found, in plain sentences with their source: code's own words, for the brief and for the prompts.
//!
//! It repeats numbers and never makes one. What follows from them is `verdict.rs`'s matter.

use crate::figures::YEAR;
use crate::messages::{
    Citation, Compliance, Employment, Figures, Finding, Level, Measure, Origin, Season, Statement, Status,
    Trend, Unemployment,
};
use crate::month::{self, Month};
use crate::numbers::{self, basis_points, percent, signed_percent, thousands};
use crate::queries;
use crate::query_proposal;
use crate::sectors;

#[cfg(test)]
mod tests;

/// The function named as the source of figures.
pub const FIGURES: &str = "figures::of";
/// The source named for sentences about the trend.
pub const TREND: &str = "trend::compute";
/// The source named for the count of the rules.
pub const RULES: &str = "rules::check";

/// The sector's title in a sentence; the name itself if it is unknown.
#[must_use]
pub fn title(sector: &str) -> &str {
    sectors::find(sector).map_or(sector, |sector| sector.title)
}

/// What the figures say: level, changes, unemployment, others for comparison, then what is not known.
#[must_use]
pub fn figures(figures: &Figures) -> Vec<Statement> {
    let on = |query: &str| format!("{FIGURES} on {query}");
    let mut statements = Vec::new();
    if let Some(employment) = &figures.employment {
        let texts = [Some(level(figures, employment)), changes(employment)];
        statements.extend(computed(texts.into_iter().flatten().collect(), &on(queries::EMPLOYMENT)));
    }
    if let Some(unemployment) = &figures.unemployment {
        statements.extend(computed(vec![unemployed(figures, unemployment)], &on(queries::UNEMPLOYMENT)));
    }
    statements.extend(computed(others(figures), &on(query_proposal::PROPOSED)));
    statements.extend(computed(figures.gaps.iter().map(|gap| sentence(gap)).collect(), FIGURES));
    statements
}

/// How others did on the year, as far as a model's query looked at them.
fn others(figures: &Figures) -> Vec<String> {
    let at = |sector: &str, month: Month| {
        figures
            .others
            .iter()
            .find(|level| level.sector == sector && level.month == month)
            .map(|level| level.persons)
    };
    let now = figures.others.iter().filter(|level| level.month == figures.month);
    let change = |level: &Level| {
        let ppm = numbers::change_ppm(level.persons, at(&level.sector, level.month.plus(-YEAR))?)?;
        Some(format!("{} {}", title(&level.sector), signed_percent(ppm)))
    };
    let changes: Vec<String> = now.filter_map(change).collect();
    if changes.is_empty() {
        return Vec::new();
    }
    vec![format!("For comparison, on the year: {}.", changes.join(", "))]
}

/// What the trend says: the lines, the spread, the last turn, the season, then what is not known.
#[must_use]
pub fn trend(trend: &Trend) -> Vec<Statement> {
    let mut texts = vec![format!(
        "Employment in {} is {}: the line through the last twelve months goes by {} persons a month, {} a year.",
        title(&trend.sector),
        trend.direction.title(),
        thousands(trend.slope_12.persons_per_month),
        signed_percent(trend.slope_12.per_year_ppm),
    )];
    if let Some(slope) = &trend.slope_36 {
        texts.push(format!(
            "The line through three years goes by {} persons a month, {} a year.",
            thousands(slope.persons_per_month),
            signed_percent(slope.per_year_ppm),
        ));
    }
    texts.push(format!(
        "From month to month the change spreads by {} around its mean.",
        percent(trend.volatility_ppm)
    ));
    if let Some(turn) = trend.turning_points.last() {
        texts.push(format!(
            "The last turning point was a {} in {}, at {} persons.",
            turn.turn.title(),
            turn.month,
            thousands(turn.level)
        ));
    }
    texts.extend(telling_season(trend).and_then(season));
    texts.extend(trend.gaps.iter().map(|gap| sentence(gap)));
    computed(texts, TREND)
}

/// What the rules say: how many are met, open and broken, then each that is not met with its passage, then what was not
/// found.
#[must_use]
pub fn compliance(compliance: &Compliance) -> Vec<Statement> {
    let count =
        |status: Status| compliance.findings.iter().filter(|finding| finding.status == status).count();
    let counts = format!(
        "Of {} rules the plan keeps {}, leaves {} open and breaks {}.",
        compliance.findings.len(),
        count(Status::Met),
        count(Status::Open),
        count(Status::Broken),
    );
    let mut statements = computed(vec![counts], RULES);
    for finding in compliance.findings.iter().filter(|finding| finding.status != Status::Met) {
        statements.push(rule(finding));
        statements.extend(finding.citation.as_ref().map(passage));
    }
    statements.extend(computed(compliance.gaps.iter().map(|gap| sentence(gap)).collect(), RULES));
    statements
}

/// What a passage says first: its rule, in a paragraph. The rest of it explains.
#[must_use]
pub fn says(citation: &Citation) -> &str {
    citation.text.split("\n\n").next().unwrap_or_default()
}

/// Where the official text of a passage stands, as its last paragraph says; empty if it does not.
#[must_use]
pub fn official(citation: &Citation) -> &str {
    citation
        .text
        .rsplit("\n\n")
        .next()
        .and_then(|last| last.strip_prefix(OFFICIAL))
        .unwrap_or_default()
        .trim()
}

/// How the last paragraph of a rule's text begins.
pub const OFFICIAL: &str = "Official text: ";

fn passage(citation: &Citation) -> Statement {
    Statement { text: says(citation).to_owned(), origin: Origin::Passage, source: citation.passage.clone() }
}

/// The season worth telling: unemployment's. Employment's is what the source's adjustment left over.
#[must_use]
pub fn telling_season(trend: &Trend) -> Option<&Season> {
    trend.seasons.iter().find(|season| season.measure == Measure::UnemploymentRate)
}

/// The calendar places of a season's highest and lowest month, with their values; of equals, the first.
#[must_use]
pub fn extremes(season: &Season) -> Option<((usize, i64), (usize, i64))> {
    let mut places = season.by_month_ppm.iter().copied().enumerate();
    let first = places.next()?;
    let (mut high, mut low) = (first, first);
    for place in places {
        if place.1 > high.1 {
            high = place;
        }
        if place.1 < low.1 {
            low = place;
        }
    }
    Some((high, low))
}

fn rule(finding: &Finding) -> Statement {
    Statement {
        text: format!(
            "The rule {} ({}) is {}: {}.",
            finding.rule,
            finding.article,
            finding.status.name(),
            finding.reason
        ),
        origin: Origin::Rule,
        source: finding.rule.clone(),
    }
}

fn level(figures: &Figures, employment: &Employment) -> String {
    format!(
        "In {}, {} persons worked in {}, {} of all nonfarm employment.",
        figures.month,
        thousands(employment.level),
        title(&figures.sector),
        percent(employment.share_ppm),
    )
}

fn changes(employment: &Employment) -> Option<String> {
    let month = change(employment.change_month, employment.change_month_ppm, "a month before");
    let year = change(employment.change_year, employment.change_year_ppm, "a year before");
    let both: Vec<String> = month.into_iter().chain(year).collect();
    if both.is_empty() { None } else { Some(format!("That is {}.", both.join(", and "))) }
}

fn change(persons: Option<i64>, ppm: Option<i64>, when: &str) -> Option<String> {
    let (persons, ppm) = (persons?, ppm?);
    Some(match persons {
        0 => format!("as many as {when}"),
        more if more > 0 => format!("{} more than {when} ({})", thousands(more), signed_percent(ppm)),
        less => format!("{} fewer than {when} ({})", thousands(less.saturating_neg()), signed_percent(ppm)),
    })
}

fn unemployed(figures: &Figures, unemployment: &Unemployment) -> String {
    let change = match unemployment.change_year_bp {
        None => String::new(),
        Some(0) => ", the same as a year before".to_owned(),
        Some(more) if more > 0 => {
            format!(", up from {} a year before", basis_points(unemployment.rate_bp - more))
        }
        Some(less) => format!(", down from {} a year before", basis_points(unemployment.rate_bp - less)),
    };
    format!(
        "In {}, {} persons who last worked in \"{}\" were unemployed, a rate of {}{change}.",
        figures.month,
        thousands(unemployment.persons),
        unemployment.industry,
        basis_points(unemployment.rate_bp),
    )
}

fn season(season: &Season) -> Option<String> {
    let ((high, above), (low, below)) = extremes(season)?;
    Some(format!(
        "Up to {}, {} in the industry was usually highest in {} ({} of its yearly mean) and lowest in {} ({}).",
        season.until,
        season.measure.title(),
        month::name(high),
        signed_percent(above),
        month::name(low),
        signed_percent(below),
    ))
}

fn computed(texts: Vec<String>, source: &str) -> Vec<Statement> {
    let statement = |text| Statement { text, origin: Origin::Computation, source: source.to_owned() };
    texts.into_iter().map(statement).collect()
}

/// A reason as a sentence: its first letter large, a full stop at its end.
#[must_use]
pub fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first: String = letters.next().map_or_else(String::new, |letter| letter.to_uppercase().collect());
    let stop = if reason.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}
