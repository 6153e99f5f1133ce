//! What violations are about.

use super::*;

/// Instances, seeds and counts do not make a kind; the promise that is broken does.
#[test]
fn kinds_are_promises() {
    let check = |violation: &str, expected: &str| {
        assert_eq!(kinds(&[violation.to_owned()]), BTreeSet::from([expected.to_owned()]));
    };
    check("OneOutcome: task-3 has 2 outcomes", "OneOutcome");
    check("State: of desk 0a stands None instead of Some(\"1/0/7\")", "State");
    check("desk of node-1-73 gave up: step: rows are lost (Stop)", "desk of gave up");
    check("did not settle: 2 of 7 tasks are open", "did not settle");
    check("node-2 did not leave within 60s", "did not leave within");
}
