//! Which parts a question needs.

use super::*;
use crate::messages::HiringPlan;
use crate::messages::tests::{plan, question};

#[test]
fn only_what_is_asked_and_can_be_had_is_wanted() {
    // Shows: the parts by what is asked, the sector and the plan, and why the others are left out.
    let check = |change: &dyn Fn(&mut Question), wanted: &[Part], left_out: &[(Part, Cause)]| {
        let mut question = question();
        change(&mut question);
        let parts = parts(&question);
        assert_eq!(parts.wanted, wanted);
        assert_eq!(
            parts.left_out.iter().map(|missing| (missing.part, missing.cause)).collect::<Vec<_>>(),
            left_out
        );
    };
    use Cause::{NotApplicable, NotAsked};
    use Part::{Compliance, Figures, Trend};
    check(&|_| {}, &Part::ALL, &[]);
    check(&|q| q.ask = vec![Compliance, Figures, Figures], &[Figures, Compliance], &[(Trend, NotAsked)]);
    check(
        &|q| q.sector = "astrology".into(),
        &[Compliance],
        &[(Figures, NotApplicable), (Trend, NotApplicable)],
    );
    check(&|q| q.sector = "farming".into(), &[Figures, Compliance], &[(Trend, NotApplicable)]);
    check(&|q| q.plan = None, &[Figures, Trend], &[(Compliance, NotApplicable)]);
    check(
        &|q| q.plan = Some(HiringPlan { headcount: 0, ..plan() }),
        &[Figures, Trend],
        &[(Compliance, NotApplicable)],
    );
    check(&|q| q.ask = vec![Compliance], &[Compliance], &[(Figures, NotAsked), (Trend, NotAsked)]);
    let none = |q: &mut Question| (q.plan, q.sector) = (None, "astrology".into());
    check(&none, &[], &[(Figures, NotApplicable), (Trend, NotApplicable), (Compliance, NotApplicable)]);
}

#[test]
fn an_unknown_sector_is_answered_with_the_nearest_name() {
    // Shows: the reason a part is left out carries the remedy.
    let parts = parts(&Question { sector: "constuction".into(), ..question() });
    assert!(parts.left_out[0].reason.contains("\"construction\""), "{}", parts.left_out[0].reason);
}
