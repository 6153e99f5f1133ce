//! What is left of a seed, in words.

use topics_runtime::Moment;

use super::super::storm::{Death, Event};
use super::*;

/// Each kind of thing says how many of how many are left and names them; kinds that never were are not named.
#[test]
fn what_is_left_is_said() {
    let second = Duration::from_secs(1);
    let storm = Storm {
        instances: 3,
        log_per_mille: 15,
        deaths: vec![Death { from: second, moment: Moment::Committed, after: 2 }],
        events: vec![(second, Event::KillAll), (second * 2, Event::Kill(1))],
        ..Storm::calm()
    };
    let scene =
        Scene { storm, sent: vec!["task of task-0 at 0.100 s".into(), "bad record at 0.200 s".into()] };
    let parts = [Part::Sent(0), Part::Event(0), Part::Death(0), Part::Instance(1)];
    assert_eq!(
        scene.left(&Without::default().and(&parts)),
        [
            "sent: 1 of 2: bad record at 0.200 s",
            "deaths: 0 of 1",
            "events: 1 of 2: Kill(1) at 2.000 s",
            "instances: 2 of 3: node-0; node-2",
            "trouble: 1 of 1: with the log, 15 of 1000 calls",
        ]
    );
}
