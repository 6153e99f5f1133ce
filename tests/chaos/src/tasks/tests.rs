//! Tasks come of the seed alone, most are whole, and all mischief is among them.

use std::collections::BTreeMap;

use schemas_records::headers;
use tests_kit::verify::PLANTED;

use super::{Tasks, WAYS, id, number};
use crate::team::Way;

/// The ways' shares add up to a thousand, and each comes about as often as it should.
#[test]
fn every_way_has_its_share() {
    assert_eq!(WAYS.iter().map(|(_, per_mille)| per_mille).sum::<usize>(), 1_000);
    let tasks = Tasks::new(7, "tasks");
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..20_000 {
        *found.entry(format!("{:?}", tasks.errand(number).way)).or_default() += 1;
    }
    for (way, per_mille) in WAYS {
        let count = found.get(&format!("{way:?}")).copied().unwrap_or(0);
        assert!((per_mille * 12..=per_mille * 30).contains(&count), "{way:?}: {count} of 20000");
    }
}

/// A number gives its records again, another seed gives others; each number sends its own task first.
#[test]
fn records_come_of_the_seed() {
    let (one, other) = (Tasks::new(1, "tasks"), Tasks::new(2, "tasks"));
    let (mut again, mut bad) = (0, 0);
    for n in 0..2_000 {
        let records = one.records(n).unwrap();
        assert_eq!(records, one.records(n).unwrap());
        assert_ne!(records[0], other.records(n).unwrap()[0]);
        assert_eq!(records[0].headers.text(headers::TASK_ID), Some(id(n).as_str()));
        let is_idle = one.errand(n).way == Way::Idle;
        assert_eq!(records[0].headers.get(headers::DEADLINE).is_some(), is_idle);
        for record in &records[1..] {
            let earlier = number(record.headers.text(headers::TASK_ID).unwrap_or_default());
            assert!(earlier.is_none_or(|earlier| earlier < n));
            bad += usize::from(record.headers.get(PLANTED).is_some());
            again += usize::from(earlier.is_some());
        }
    }
    assert!(again > 5 && bad > 2, "{again} sent again, {bad} bad");
}
