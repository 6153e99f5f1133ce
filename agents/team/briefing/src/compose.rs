//! From a question and what was gathered to the finished brief: the synthesizer's last step, as a pure function.
//!
//! It decides nothing (`verdict.rs`) and prints nothing (`brief.rs`); it puts everything in its place, each with its source.

use crate::analyst::WORDING;
use crate::facts;
use crate::messages::{
    Brief, Employment, Figure, HiringPlan, Level, Origin, Part, Question, Slope, Spoke, Statement, Trend,
    Unemployment, Unit,
};
use crate::month;
use crate::numbers::{count, dollars};
use crate::planner::agent_of;
use crate::queries;
use crate::query_proposal::PROPOSED;
use crate::sectors;
use crate::verdict::{self, Decision, Gathered};

#[cfg(test)]
mod tests;

/// The brief on `question`. `wording` is the synthesizer's own sentence and `model` who spoke it; both empty if none did.
#[must_use]
pub fn brief(question: &Question, gathered: &Gathered, wording: &str, model: &str) -> Brief {
    let Decision { verdict, headline, conditions } = verdict::decide(question, gathered);
    let spoken = spoken(gathered, wording, model);
    let (figures_part, compliance) = (gathered.figures.as_ref(), gathered.compliance.as_ref());
    Brief {
        question: question.question.clone(),
        sector: sectors::find(&question.sector)
            .map_or_else(|_| question.sector.clone(), |sector| sector.id.to_owned()),
        month: question.month,
        plan: question.plan.as_ref().map_or_else(String::new, plan),
        verdict,
        headline,
        paragraphs: paragraphs(gathered, &spoken),
        figures: figures(gathered),
        queries: figures_part.map_or_else(Vec::new, |figures| figures.queries.clone()),
        tables: figures_part.map_or_else(String::new, |figures| figures.tables.clone()),
        rules: compliance.map_or_else(Vec::new, |compliance| compliance.findings.clone()),
        also: compliance.map_or_else(Vec::new, |compliance| compliance.also.clone()),
        conditions,
        missing: gathered.missing.clone(),
        written: written(gathered),
        spoke: spoken
            .iter()
            .map(|said| Spoke { about: said.about.to_owned(), model: said.model.to_owned() })
            .collect(),
    }
}

/// A hiring plan in one line.
fn plan(plan: &HiringPlan) -> String {
    let heads = count(usize::try_from(plan.headcount).unwrap_or(0), "person");
    let lasts = plan.duration_months.map_or_else(String::new, |months| {
        format!(" for {}", count(usize::try_from(months).unwrap_or(0), "month"))
    });
    format!(
        "{heads}, {}, from {}{lasts}, {} hours a week at {}",
        plan.contract.title(),
        plan.start,
        plan.weekly_hours,
        dollars(plan.pay_cents_per_hour)
    )
}

/// Plans and queries that a model wrote, and what became of them.
fn written(gathered: &Gathered) -> Vec<Statement> {
    let by = |agent: &'static str| {
        move |note: &String| Statement {
            text: facts::sentence(note),
            origin: Origin::Task,
            source: agent.to_owned(),
        }
    };
    let of_figures = gathered.figures.iter().flat_map(|figures| &figures.notes);
    gathered.notes.iter().map(by("planner")).chain(of_figures.map(by(agent_of(Part::Figures)))).collect()
}

/// One sentence of a model, and what it is about.
struct Said<'a> {
    about: &'static str,
    /// The agent that asked for it.
    asker: &'static str,
    wording: &'a str,
    model: &'a str,
}

/// What models said, blank sentences left out.
fn spoken<'a>(gathered: &'a Gathered, wording: &'a str, model: &'a str) -> Vec<Said<'a>> {
    let mut all = vec![Said { about: "brief", asker: "synthesizer", wording, model }];
    let part = |part: Part, wording: &'a str, model: &'a str| Said {
        about: part.name(),
        asker: agent_of(part),
        wording,
        model,
    };
    all.extend(gathered.figures.iter().map(|it| part(Part::Figures, &it.wording, &it.model)));
    all.extend(gathered.trend.iter().map(|it| part(Part::Trend, &it.wording, &it.model)));
    all.extend(gathered.compliance.iter().map(|it| part(Part::Compliance, &it.wording, &it.model)));
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
            source: format!("{}, call {}/{WORDING}", said.model, said.asker),
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
        figures.extend(rows.filter_map(|row| figure(Part::Figures, queries::EMPLOYMENT, row)));
        let rows = found.unemployment.iter().flat_map(unemployment_rows);
        figures.extend(rows.filter_map(|row| figure(Part::Figures, queries::UNEMPLOYMENT, row)));
        let rows = found.others.iter().map(other_row);
        figures.extend(rows.filter_map(|row| figure(Part::Figures, PROPOSED, row)));
    }
    if let Some(trend) = &gathered.trend {
        let rows = slope_rows(trend).into_iter().chain(course_rows(trend));
        figures.extend(rows.filter_map(|row| figure(Part::Trend, "", row)));
    }
    figures
}

/// A name, its number if it is known, the number's unit, and whether it stands so in the tables.
type Row = (String, Option<i64>, Unit, bool);

fn figure(part: Part, query: &str, (name, value, unit, is_as_asked): Row) -> Option<Figure> {
    let source = match part {
        _ if is_as_asked => "query",
        Part::Figures => facts::FIGURES,
        _ => facts::TREND,
    };
    value.map(|value| Figure { part, name, value, unit, source: source.to_owned(), query: query.to_owned() })
}

fn other_row(level: &Level) -> Row {
    let name = format!("employed in {}, {}", facts::title(&level.sector), level.month);
    (name, Some(level.persons), Unit::Persons, true)
}

fn employment_rows(found: &Employment) -> Vec<Row> {
    let row = |name: &str, value, unit| (name.to_owned(), value, unit, name == "employed");
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
    let row = |name: &str, value, unit| (name.to_owned(), value, unit, !name.contains("change"));
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
            (format!("slope over {months} months"), persons, Unit::PersonsPerMonth, false),
            (format!("slope over {months} months, a year"), ppm, Unit::PartsPerMillion, false),
        ]
    };
    [rows(12, short), rows(36, long)].concat()
}

/// Spread, turning points and season.
fn course_rows(trend: &Trend) -> Vec<Row> {
    let spread = "spread of monthly changes".to_owned();
    let mut rows = vec![(spread, Some(trend.volatility_ppm), Unit::PartsPerMillion, false)];
    for turn in &trend.turning_points {
        let name = format!("{} in {}", turn.turn.title(), turn.month);
        rows.push((name, Some(turn.level), Unit::Persons, false));
    }
    if let Some((high, low)) = facts::telling_season(trend).and_then(facts::extremes) {
        for (place, ppm) in [high, low] {
            let name = format!("season of unemployment, {}", month::name(place));
            rows.push((name, Some(ppm), Unit::PartsPerMillion, false));
        }
    }
    rows
}
