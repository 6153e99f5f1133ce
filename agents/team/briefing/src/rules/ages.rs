//! Who is too young for the work, and that nobody is too old for it.

use super::{Case, Outcome, Rule, broken, met, open};

/// The age from which any work but hazardous work is allowed.
const FREE_AGE: i32 = 16;
/// The age from which some work, at some hours, is allowed.
const LIMITED_AGE: i32 = 14;
/// Hours a week at fourteen and fifteen while school is in session.
const SCHOOL_HOURS: i32 = 18;
/// Hours a week at fourteen and fifteen while it is not.
const HOLIDAY_HOURS: i32 = 40;
/// Sectors closed to those of fourteen and fifteen.
const CLOSED_TO_YOUTH: [&str; 7] = [
    "mining_and_logging",
    "construction",
    "manufacturing",
    "durable_goods",
    "nondurable_goods",
    "transportation_and_warehousing",
    "utilities",
];
/// Sectors in which hazardous work is common enough that a plan for minors must say whether there is any.
const OFTEN_HAZARDOUS: [&str; 6] = [
    "mining_and_logging",
    "construction",
    "manufacturing",
    "durable_goods",
    "nondurable_goods",
    "transportation_and_warehousing",
];
/// The age from which hazardous work is allowed.
const HAZARDOUS_AGE: i32 = 18;
/// The same on farms.
const HAZARDOUS_AGE_FARM: i32 = 16;
/// Employers with fewer employees are not reached by the rule on upper ages.
const AGE_RULE_EMPLOYEES: i32 = 20;

pub(super) const YOUNGEST_AGE: Rule = Rule {
    id: "youngest_age",
    title: "Youngest age for work",
    article: "29 U.S.C. § 212(c); 29 CFR §§ 570.33, 570.35",
    official: "https://www.ecfr.gov/current/title-29/section-570.35",
    check: youngest_age,
};

pub(super) const HAZARDOUS_WORK: Rule = Rule {
    id: "hazardous_work",
    title: "Hazardous work and minors",
    article: "29 U.S.C. § 203(l); 29 CFR §§ 570.50-570.68",
    official: "https://www.ecfr.gov/current/title-29/section-570.50",
    check: hazardous_work,
};

pub(super) const OLDEST_AGE: Rule = Rule {
    id: "oldest_age",
    title: "Upper age limits",
    article: "29 U.S.C. §§ 623(a)(1), 630(b), 631(a)",
    official: "https://www.govinfo.gov/link/uscode/29/623",
    check: oldest_age,
};

fn youngest_age(case: &Case) -> Outcome {
    if case.contractors() {
        return met("the rule protects employees; contractor_status asks whether these are contractors");
    }
    let Some(age) = case.plan.age_min else {
        return open(
            "the plan does not name a youngest age",
            format!("hire from {FREE_AGE} years on, and say so"),
        );
    };
    if age >= FREE_AGE {
        return met(format!("nobody under {age} is hired"));
    }
    let remedy = format!("hire from {FREE_AGE} years on");
    if case.sector_is(&["agriculture"]) {
        return open(
            format!("farms may hire at {age} only under rules of their own, outside school hours"),
            format!("have those rules checked, or {remedy}"),
        );
    }
    if age < LIMITED_AGE {
        return broken(format!("{age} years is under {LIMITED_AGE}"), remedy);
    }
    if case.sector_is(&CLOSED_TO_YOUTH) {
        return broken(format!("at {age} years this sector's work is not allowed"), remedy);
    }
    if case.sector.is_none() {
        return open(
            format!("whether the work is allowed at {age} years depends on the sector, which is not known"),
            remedy,
        );
    }
    limited_hours(age, case.plan.weekly_hours, remedy)
}

/// How many hours those of fourteen and fifteen may work, where they may work at all.
fn limited_hours(age: i32, hours: i32, remedy: String) -> Outcome {
    if hours > HOLIDAY_HOURS {
        return broken(format!("{hours} hours a week are not allowed at {age} years"), remedy);
    }
    if hours > SCHOOL_HOURS {
        return open(
            format!("{hours} hours a week are allowed at {age} years in school holidays only"),
            format!("keep to {SCHOOL_HOURS} hours while school is in session, or {remedy}"),
        );
    }
    met(format!("{hours} hours a week of suitable work are allowed at {age} years"))
}

fn hazardous_work(case: &Case) -> Outcome {
    let plan = case.plan;
    let least = if case.sector_is(&["agriculture"]) { HAZARDOUS_AGE_FARM } else { HAZARDOUS_AGE };
    if case.contractors() {
        return met("the rule protects employees; contractor_status asks whether these are contractors");
    }
    if plan.age_min.is_some_and(|age| age >= least) {
        return met(format!("nobody under {least} is hired"));
    }
    let remedy = format!("keep hazardous work to those of {least} and over");
    match (plan.hazardous_work, plan.age_min) {
        (Some(false), _) => met("the work is not hazardous"),
        (Some(true), Some(age)) => broken(format!("hazardous work is open to those of {age}"), remedy),
        (Some(true), None) => {
            open("the work is hazardous, and the plan does not name a youngest age", remedy)
        }
        (None, _)
            if case.sector.is_some()
                && !case.sector_is(&OFTEN_HAZARDOUS)
                && !case.sector_is(&["agriculture"]) =>
        {
            met("the plan names no hazardous work, and this sector seldom has any")
        }
        (None, _) => {
            open("minors may be hired, and the plan does not say whether the work is hazardous", remedy)
        }
    }
}

fn oldest_age(case: &Case) -> Outcome {
    let Some(age) = case.plan.age_max else {
        return met("there is no upper age");
    };
    if case.contractors() {
        return met("the rule protects employees; contractor_status asks whether these are contractors");
    }
    let remedy = "drop the upper age";
    // Those hired count too: with twenty of them, the employer's size today does not matter.
    match case.employees_then().unwrap_or(case.plan.headcount) {
        count if count >= AGE_RULE_EMPLOYEES => broken(format!("nobody over {age} is hired"), remedy),
        _ if case.plan.employees_now.is_none() => open(
            format!("nobody over {age} is hired, and the plan does not say how many the employer employs"),
            remedy,
        ),
        count => open(
            format!(
                "nobody over {age} is hired; with {count} employees the federal rule does not reach, a state's may"
            ),
            remedy,
        ),
    }
}
