//! Budgets: they shrink on the way down, rests come back, and nothing makes one grow.

use proptest::prelude::*;
use schemas_records::{Budget, Envelope, FailureCode, Kind, ModelAnswer, ModelRequest, Outcome, Text};

use super::house::{House, agent, echo};
use crate::Happened;

/// A step that needs more calls than are left ends the task with a typed result that says so.
#[test]
fn out_of_budget() {
    let greedy = agent(|event, effects| {
        match &event.happened {
            Happened::Input(_) => effects.call_model("1", ModelRequest::new("s", "u", 1)),
            _ => {
                effects.call_model("2", ModelRequest::new("s", "u", 1));
                effects.call_model("3", ModelRequest::new("s", "u", 1));
            }
        }
        Ok(())
    });
    let mut house = House::new(&[("entry", greedy)]);
    let task = house.task("a", "hi", 2, 0);
    house.deliver(task).unwrap();
    let value = house.encode(&ModelAnswer::of_text("x"));
    let answer = house.answer("model", Outcome::Ok, value, 0);
    house.deliver(answer).unwrap();
    let failure = house.outcome().unwrap_err();
    assert_eq!(failure.code, FailureCode::OutOfBudget);
    assert!(failure.message.contains("needs 2 calls and 1 are left"), "{failure}");
    assert_eq!(failure.calls_spent, 1);
}

/// A fork splits the budget, and its parts' rests come back to whoever gathers.
#[test]
fn forks_split_and_joins_return() {
    let forker = agent(|_, effects| {
        let mut fork = effects.fork();
        fork.branch_named("a", "quick", &Text::new("a"));
        fork.branch_named("b", "quick", &Text::new("b"));
        fork.join("gather", &Text::new("context"));
        Ok(())
    });
    let gather = agent(|event, effects| {
        if matches!(event.happened, Happened::Gathered(_)) {
            effects.reply(&Text::new("done"));
        }
        Ok(())
    });
    let mut house = House::new(&[("entry", forker), ("gather", gather), ("quick", echo("+"))]);
    let task = house.task("a", "hi", 11, 0);
    let step = house.deliver(task).unwrap();
    let budgets: Vec<u32> = step
        .outputs
        .iter()
        .map(|record| Envelope::read(&record.headers).unwrap().limits.budget.calls)
        .collect();
    assert_eq!(budgets, [5, 3, 3], "the gathering work gets what does not divide");
    house.run();
    let result = house.take("results", Kind::Result);
    assert_eq!(Envelope::read(&result.headers).unwrap().limits.budget, Budget { calls: 11 });
}

proptest! {
    /// Whatever a gateway claims to return, a work never has more than it was given.
    #[test]
    fn budgets_never_grow(given in 1_u32..20, rests in prop::collection::vec(0_u32..1_000, 1..20)) {
        let asks = agent(|_, effects| {
            effects.call_model("m", ModelRequest::new("s", "u", 1));
            Ok(())
        });
        let mut house = House::new(&[("entry", asks)]);
        let task = house.task("a", "hi", given, 0);
        house.deliver(task).unwrap();
        let mut last = given;
        for rest in rests {
            if house.count("model", Kind::Input) == 0 {
                prop_assert_eq!(house.outcome().unwrap_err().code, FailureCode::OutOfBudget);
                return Ok(());
            }
            let value = house.encode(&ModelAnswer::of_text("x"));
            let answer = house.answer("model", Outcome::Ok, value, rest);
            house.deliver(answer).unwrap();
            let row = house.row("entry");
            let pending: i32 = row.pending.iter().map(|pending| pending.allotment).sum();
            let left = u32::try_from(row.budget_calls + pending).unwrap();
            prop_assert!(left <= last, "{left} after {last}");
            last = left;
        }
    }
}
