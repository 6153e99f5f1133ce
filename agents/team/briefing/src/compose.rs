//! From a question and what was gathered to the finished brief: the synthesizer's last step, as a pure function.
//!
//! It decides nothing (`verdict.rs`) and prints nothing (`brief.rs`); it puts everything in its place, each with its source.

use crate::facts;
use crate::messages::{
    Brief, Employment, Figure, Origin, Part, Question, Slope, Spoke, Statement, Trend, Unemployment, Unit,
};
use crate::month;
use crate::sectors;
use crate::verdict::{self, Decision, Gathered};

#[cfg(test)]
mod tests;

/// The brief on `question`. `wording` is the synthesizer's own sentence and `model` who spoke it; both empty if none did.
#[must_use]
pub fn brief(question: &Question, gathered: &Gathered, wording: &str, model: &str) -> Brief {
    let Decision { verdict, headline, conditions } = verdict::decide(question, gathered);
    let spoken = spoken(gathered, wording, model);
    Brief {
        question: question.question.clone(),
        sector: sectors::find(&question.sector)
            .map_or_else(|_| question.sector.clone(), |sector| sector.id.to_owned()),
        month: question.month,
        verdict,
        headline,
        paragraphs: paragraphs(gathered, &spoken),
        figures: figures(gathered),
        rules: gathered.compliance.as_ref().map_or_else(Vec::new, |compliance| compliance.findings.clone()),
        conditions,
        missing: gathered.missing.clone(),
        spoke: spoken
            .iter()
            .map(|said| Spoke { about: said.about.to_owned(), model: said.model.to_owned() })
            .collect(),
    }
}

/// One sentence of a model, and what it is about.
struct Said<'a> {
    about: &'static str,
    wording: &'a str,
    model: &'a str,
}

/// What models said, blank sentences left out.
fn spoken<'a>(gathered: &'a Gathered, wording: &'a str, model: &'a str) -> Vec<Said<'a>> {
    let mut all = vec![Said { about: "brief", wording, model }];
    if let Some(figures) = &gathered.figures {
        all.push(Said { about: Part::Figures.name(), wording: &figures.wording, model: &figures.model });
    }
    if let Some(trend) = &gathered.trend {
        all.push(Said { about: Part::Trend.name(), wording: &trend.wording, model: &trend.model });
    }
    if let Some(compliance) = &gathered.compliance {
        all.push(Said {
            about: Part::Compliance.name(),
            wording: &compliance.wording,
            model: &compliance.model,
        });
    }
    all.retain(|said| !said.wording.trim().is_empty());
    all
}

/// First the model on the whole, then part by part code's sentences and the model's.
fn paragraphs(gathered: &Gathered, spoken: &[Said]) -> Vec<Statement> {
    let mut paragraphs = Vec::new();
    let of = |about: &str| {
        let said = spoken.iter().find(|said| said.about == about)?;
        Some(Statement {
            text: said.wording.trim().to_owned(),
            origin: Origin::Model,
            source: said.model.to_owned(),
        })
    };
    paragraphs.extend(of("brief"));
    paragraphs.extend(gathered.figures.iter().flat_map(facts::figures));
    paragraphs.extend(of(Part::Figures.name()));
    paragraphs.extend(gathered.trend.iter().flat_map(facts::trend));
    paragraphs.extend(of(Part::Trend.name()));
    paragraphs.extend(gathered.compliance.iter().flat_map(facts::compliance));
    paragraphs.extend(of(Part::Compliance.name()));
    paragraphs
}

fn figures(gathered: &Gathered) -> Vec<Figure> {
    let mut figures = Vec::new();
    if let Some(found) = &gathered.figures {
        let rows = found.employment.iter().flat_map(employment_rows);
        let rows = rows.chain(found.unemployment.iter().flat_map(unemployment_rows));
        figures.extend(rows.filter_map(|row| figure(Part::Figures, facts::FIGURES, row)));
    }
    if let Some(trend) = &gathered.trend {
        let rows = slope_rows(trend).into_iter().chain(course_rows(trend));
        figures.extend(rows.filter_map(|row| figure(Part::Trend, facts::TREND, row)));
    }
    figures
}

/// A name, its number if it is known, and the number's unit.
type Row = (String, Option<i64>, Unit);

fn figure(part: Part, source: &str, (name, value, unit): Row) -> Option<Figure> {
    let source = source.to_owned();
    value.map(|value| Figure { part, name, value, unit, source })
}

fn employment_rows(found: &Employment) -> Vec<Row> {
    let row = |name: &str, value, unit| (name.to_owned(), value, unit);
    vec![
        row("employed", Some(found.level), Unit::Persons),
        row("share of nonfarm employment", Some(found.share_ppm), Unit::PartsPerMillion),
        row("change on the month", found.change_month, Unit::Persons),
        row("change on the month, relative", found.change_month_ppm, Unit::PartsPerMillion),
        row("change on the year", found.change_year, Unit::Persons),
        row("change on the year, relative", found.change_year_ppm, Unit::PartsPerMillion),
    ]
}

fn unemployment_rows(found: &Unemployment) -> Vec<Row> {
    let row = |name: &str, value, unit| (name.to_owned(), value, unit);
    vec![
        row("unemployed in the industry", Some(found.persons), Unit::Persons),
        row("rate of unemployment", Some(found.rate_bp), Unit::BasisPoints),
        row("rate, change on the year", found.change_year_bp, Unit::PointHundredths),
    ]
}

fn slope_rows(trend: &Trend) -> Vec<Row> {
    let (short, long) = (Some(&trend.slope_12), trend.slope_36.as_ref());
    let rows = |months: i32, slope: Option<&Slope>| {
        let persons = slope.map(|slope| slope.persons_per_month);
        let ppm = slope.map(|slope| slope.per_year_ppm);
        [
            (format!("slope over {months} months"), persons, Unit::PersonsPerMonth),
            (format!("slope over {months} months, a year"), ppm, Unit::PartsPerMillion),
        ]
    };
    [rows(12, short), rows(36, long)].concat()
}

/// Spread, turning points and season.
fn course_rows(trend: &Trend) -> Vec<Row> {
    let spread = "spread of monthly changes".to_owned();
    let mut rows = vec![(spread, Some(trend.volatility_ppm), Unit::PartsPerMillion)];
    for turn in &trend.turning_points {
        let name = format!("{} in {}", turn.turn.title(), turn.month);
        rows.push((name, Some(turn.level), Unit::Persons));
    }
    if let Some((high, low)) = facts::telling_season(trend).and_then(facts::extremes) {
        for (place, ppm) in [high, low] {
            let name = format!("season of unemployment, {}", month::name(place));
            rows.push((name, Some(ppm), Unit::PartsPerMillion));
        }
    }
    rows
}
