//! The explorations that are always made, and for each rule the one that tells what happens without it.
//!
//! One plan with everything in it would be too large; each of these has in full what can meet in it.

use crate::plan::{Kind, Plan, Record};
use crate::rule::Rule;
use crate::value::Code;

/// Records of the first key, and of the second.
const K: Record = Record { key: 0, kind: Kind::Plain };
const L: Record = Record { key: 1, kind: Kind::Plain };
const K_QUIET: Record = Record { key: 0, kind: Kind::Quiet };
const K_END: Record = Record { key: 0, kind: Kind::End };

/// All of them.
#[must_use]
pub fn all() -> Vec<Plan> {
    vec![
        three_owners(),
        Plan { batch: 2, ..plan("two keys", &[K, L, K]) },
        Plan { batch: 2, codes: vec![Code::A], ..plan("four records", &[K, L, K, L]) },
        Plan { epochs: 4, ..registering() },
        Plan { epochs: 4, ..returning() },
        upkeep(),
        ending(),
        Plan { batch: 2, prunes: true, ..plan("begun and ended by one record", &[K_END, L]) },
        quiet(),
        Plan { batch: 2, prunes: true, ..plan("quiet, and ended", &[K_QUIET, K, K_END]) },
    ]
}

/// Where dropping a rule breaks something, in the fewest steps that a colleague can follow.
#[must_use]
pub fn without(rule: Rule) -> Plan {
    match rule {
        Rule::AlwaysWrite | Rule::LifeOnlyWhenAlone => quiet(),
        Rule::CompareAndSet => registering(),
        Rule::CacheGoesWithTheToken => returning(),
        Rule::ExpireAfterTheDelete => ending(),
        _ => upkeep(),
    }
}

fn plan(name: &'static str, records: &[Record]) -> Plan {
    Plan {
        name,
        records: records.to_vec(),
        owners: 2,
        epochs: 3,
        batch: 1,
        codes: vec![Code::A, Code::Z],
        reloads: false,
        again: false,
        prunes: false,
    }
}

fn three_owners() -> Plan {
    Plan { owners: 3, batch: 2, ..plan("three owners", &[K, K]) }
}

fn registering() -> Plan {
    Plan { reloads: true, ..plan("registering", &[K]) }
}

fn returning() -> Plan {
    Plan { again: true, ..plan("an owner that comes back", &[K, K, K]) }
}

fn upkeep() -> Plan {
    Plan { batch: 2, again: true, reloads: true, prunes: true, ..plan("two records", &[K, K]) }
}

fn ending() -> Plan {
    Plan { batch: 2, prunes: true, ..plan("a key that ends", &[K, K_END]) }
}

fn quiet() -> Plan {
    Plan { batch: 2, again: true, prunes: true, ..plan("records that change nothing", &[K_QUIET, K_QUIET]) }
}
