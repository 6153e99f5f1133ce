//! From what was gathered to what to do: the synthesizer's decision, as a pure function. No model has a say in it.
//!
//! *Hire* is said only of a growing market seen in full and a plan that keeps every rule; everything less comes with
//! conditions, or is another verdict. A broken rule or a slump means *do not hire*, a shrinking market *wait*; without
//! a sign of the market, though it was asked for, nothing can be said.

use crate::facts;
use crate::messages::{
    Cause, Compliance, ContractKind, Figures, Finding, HiringPlan, Missing, Order, Origin, Part, Question,
    Statement, Status, Trend, Verdict,
};
use crate::numbers::{basis_points, count, percent};
use crate::outlook::{Outlook, outlook};
use crate::plan;
use crate::sectors;

#[cfg(test)]
mod tests;

/// From this spread of monthly changes on, in parts per million, permanent posts are a risk: four tenths of a per cent, some four times a calm sector's.
pub const VOLATILE_PPM: i64 = 4_000;
/// From this far below its yearly mean on, in parts per million, the season's unemployment makes people hard to find: a tenth.
pub const SCARCE_SEASON_PPM: i64 = -100_000;
/// Below this rate of unemployment, in basis points, people are hard to find at any season: three per cent.
pub const SCARCE_RATE_BP: i64 = 300;

/// What came of the parts. Every part is either there or in `missing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// The data-analyst's part.
    pub figures: Option<Figures>,
    /// The market-trends' part.
    pub trend: Option<Trend>,
    /// The legal-compliance's part.
    pub compliance: Option<Compliance>,
    /// Why a part is not there, in the order of [`Part::ALL`].
    pub missing: Vec<Missing>,
    /// The sector's name as the asker gave it, if a model's plan reads it as another, and that model.
    pub read_otherwise: Option<(String, String)>,
    /// What a model wrote for the plan and what became of it.
    pub notes: Vec<String>,
}

/// What to do, why, and on which conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What to do.
    pub verdict: Verdict,
    /// The same with its grounds, in one sentence.
    pub headline: String,
    /// What must hold or be done for it to stand.
    pub conditions: Vec<Statement>,
}

impl Gathered {
    /// [`Gathered::of`] the fixed plan.
    #[must_use]
    pub fn new(
        question: &Question,
        figures: Option<Figures>,
        trend: Option<Trend>,
        compliance: Option<Compliance>,
        failures: Vec<Missing>,
    ) -> Gathered {
        Gathered::of(&plan::order(question, Vec::new()), figures, trend, compliance, failures)
    }

    /// Puts together what arrived and why the rest did not: `failures` first, then what the planner left out, and whatever
    /// nobody accounts for is late.
    #[must_use]
    pub fn of(
        order: &Order,
        figures: Option<Figures>,
        trend: Option<Trend>,
        compliance: Option<Compliance>,
        failures: Vec<Missing>,
    ) -> Gathered {
        let mut missing = Vec::new();
        for (part, there) in [
            (Part::Figures, figures.is_some()),
            (Part::Trend, trend.is_some()),
            (Part::Compliance, compliance.is_some()),
        ] {
            if there {
                continue;
            }
            let known = failures.iter().chain(&order.left_out).find(|missing| missing.part == part);
            let late = || Missing { part, cause: Cause::Late, reason: late(&order.question, part) };
            missing.push(known.cloned().unwrap_or_else(late));
        }
        let read_otherwise = order.asked_sector.clone().map(|asked| (asked, order.author.clone()));
        Gathered { figures, trend, compliance, missing, read_otherwise, notes: order.notes.clone() }
    }
}

/// Why a part that nobody accounts for is not there.
fn late(question: &Question, part: Part) -> String {
    let waited = match question.within_seconds {
        Some(seconds) => {
            let seconds = count(usize::try_from(seconds).unwrap_or(0), "second");
            format!("{} did not arrive within the {seconds} that the asker waits", part.name())
        }
        None => format!("{} did not arrive in time", part.name()),
    };
    if question.late_drill == Some(part) {
        format!("{waited} (a drill: the task asked for that)")
    } else {
        waited
    }
}

/// The decision on `question`.
#[must_use]
pub fn decide(question: &Question, gathered: &Gathered) -> Decision {
    let outlook = outlook(gathered.figures.as_ref(), gathered.trend.as_ref());
    let conditions = conditions(question, gathered, outlook);
    let verdict = verdict(gathered, outlook, &conditions);
    let headline = headline(question, gathered, outlook, verdict, conditions.len());
    Decision { verdict, headline, conditions }
}

fn verdict(gathered: &Gathered, outlook: Outlook, conditions: &[Statement]) -> Verdict {
    if with_status(gathered, Status::Broken).next().is_some() {
        return Verdict::DoNotHire;
    }
    match outlook {
        Outlook::Slump => Verdict::DoNotHire,
        Outlook::Shrinking => Verdict::Wait,
        // Whoever asks for compliance alone gets an answer about the plan; a condition says that nobody looked at the market.
        Outlook::Unknown if market_unwanted(gathered) && gathered.compliance.is_some() => {
            Verdict::HireWithConditions
        }
        Outlook::Unknown => Verdict::CannotSay,
        Outlook::Growing if conditions.is_empty() => Verdict::Hire,
        Outlook::Growing | Outlook::Mixed => Verdict::HireWithConditions,
    }
}

fn market_unwanted(gathered: &Gathered) -> bool {
    let unwanted = |part| {
        gathered.missing.iter().any(|missing| missing.part == part && missing.cause == Cause::NotAsked)
    };
    unwanted(Part::Figures) && unwanted(Part::Trend)
}

/// The findings of one status, in the order of the rules.
fn with_status(gathered: &Gathered, status: Status) -> impl Iterator<Item = &Finding> {
    let findings = gathered.compliance.as_ref().map_or(&[][..], |compliance| &compliance.findings);
    findings.iter().filter(move |finding| finding.status == status)
}

/// First what the question was taken for, then broken rules, open ones, the market's conditions, and what is missing.
fn conditions(question: &Question, gathered: &Gathered, outlook: Outlook) -> Vec<Statement> {
    let mut conditions = Vec::new();
    conditions.extend(gathered.read_otherwise.as_ref().map(|(asked, author)| Statement {
        text: format!(
            "Make sure that \"{}\" means {}: the plan that {author} wrote takes it so.",
            asked.chars().take(sectors::SHOWN_CHARS).collect::<String>(),
            facts::title(&question.sector)
        ),
        origin: Origin::Task,
        source: "sector".to_owned(),
    }));
    for status in [Status::Broken, Status::Open] {
        for finding in with_status(gathered, status) {
            conditions.push(Statement {
                text: facts::sentence(&format!("{} ({})", finding.remedy, finding.reason)),
                origin: Origin::Rule,
                source: finding.rule.clone(),
            });
        }
    }
    let plan = question.plan.as_ref().filter(|plan| plan.headcount > 0);
    let market = [
        of_outlook(outlook),
        volatile(gathered, plan),
        scarce_season(gathered, plan),
        scarce_people(gathered),
    ];
    for text in market.into_iter().flatten() {
        conditions.push(Statement {
            text,
            origin: Origin::Computation,
            source: "verdict::decide".to_owned(),
        });
    }
    for missing in &gathered.missing {
        conditions.push(Statement {
            text: of_missing(missing),
            origin: Origin::Task,
            source: missing.part.name().to_owned(),
        });
    }
    conditions
}

fn of_outlook(outlook: Outlook) -> Option<String> {
    match outlook {
        Outlook::Growing | Outlook::Unknown => None,
        Outlook::Mixed => {
            Some("Hire in steps, and look again in three months: the market is level or turning.".to_owned())
        }
        Outlook::Shrinking | Outlook::Slump => {
            Some("Look again when the market has grown for three months running.".to_owned())
        }
    }
}

fn volatile(gathered: &Gathered, plan: Option<&HiringPlan>) -> Option<String> {
    let trend = gathered.trend.as_ref().filter(|trend| trend.volatility_ppm >= VOLATILE_PPM)?;
    plan.filter(|plan| plan.contract == ContractKind::Permanent)?;
    Some(format!(
        "Spread the starts, or begin with fixed terms: from month to month employment here swings by {}.",
        percent(trend.volatility_ppm)
    ))
}

fn scarce_season(gathered: &Gathered, plan: Option<&HiringPlan>) -> Option<String> {
    let start = plan?.start;
    let season = facts::telling_season(gathered.trend.as_ref()?)?;
    let ppm = season.by_month_ppm.get(start.calendar()).copied().filter(|ppm| *ppm <= SCARCE_SEASON_PPM)?;
    let size = i64::try_from(ppm.unsigned_abs()).unwrap_or(i64::MAX);
    Some(format!(
        "Begin looking early: in {} unemployment in the industry is usually {} below its yearly mean.",
        start.name(),
        percent(size)
    ))
}

fn scarce_people(gathered: &Gathered) -> Option<String> {
    let unemployment = gathered.figures.as_ref()?.unemployment.as_ref()?;
    let scarce = unemployment.rate_bp < SCARCE_RATE_BP;
    scarce.then(|| {
        format!(
            "Expect a long search: only {} of the industry are unemployed.",
            basis_points(unemployment.rate_bp)
        )
    })
}

fn of_missing(missing: &Missing) -> String {
    let remedy = match (missing.part, missing.cause) {
        (Part::Compliance, Cause::NotAsked | Cause::NotPlanned) => "have the plan checked before signing",
        (Part::Compliance, Cause::NotApplicable) => {
            "write down whom to hire on what terms, and have it checked"
        }
        (_, Cause::NotAsked | Cause::NotPlanned) => "look at the market before signing",
        (_, Cause::NotApplicable) => "judge this side of the market by other means",
        (_, Cause::Failed | Cause::Late) => "ask again, or find it out by other means",
    };
    format!("Without {}: {remedy}.", missing.part.name())
}

/// Why the market was not seen: the first reason that is not the asker's own wish.
fn why_unknown(gathered: &Gathered) -> Option<&str> {
    let mut of_market = gathered.missing.iter().filter(|missing| missing.part != Part::Compliance);
    let missing = of_market.find(|missing| missing.cause != Cause::NotAsked)?;
    Some(&missing.reason)
}

fn headline(
    question: &Question,
    gathered: &Gathered,
    outlook: Outlook,
    verdict: Verdict,
    conditions: usize,
) -> String {
    let market = outlook.phrase(&question.sector, gathered.figures.as_ref(), gathered.trend.as_ref());
    let rules = gathered.compliance.as_ref().map_or(0, |compliance| compliance.findings.len());
    let broken: Vec<&str> =
        with_status(gathered, Status::Broken).map(|finding| finding.rule.as_str()).collect();
    match verdict {
        Verdict::Hire => format!("Hire: {market}, and the plan keeps all {rules} rules."),
        Verdict::HireWithConditions => format!("Hire, with {}: {market}.", count(conditions, "condition")),
        Verdict::Wait => format!("Wait: {market}."),
        Verdict::DoNotHire if broken.is_empty() => format!("Do not hire: {market}."),
        Verdict::DoNotHire => {
            let (rules, names) = (count(broken.len(), "rule"), broken.join(", "));
            format!("Do not hire on this plan: it breaks {rules} ({names}); {market}.")
        }
        Verdict::CannotSay => format!("Cannot say: {}.", why_unknown(gathered).unwrap_or(&market)),
    }
}
