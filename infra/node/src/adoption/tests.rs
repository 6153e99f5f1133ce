//! Which offsets are put back.

use super::*;

fn lost(partition: i32, verdict: Verdict) -> Lost {
    Lost {
        role: "planner".to_owned(),
        group: "ns.t.planner".to_owned(),
        at: TopicPartition::new("inbox", partition),
        committed: None,
        recorded: Some(40),
        note: String::new(),
        verdict,
    }
}

/// What is certain is put back unasked; what is not waits for an operator's word, within what can be.
#[test]
fn puts_back_what_is_known() {
    let check = |verdicts: &[Verdict], said: &[(&str, i64)], expected: Result<&[i64], &str>| {
        let all: Vec<Lost> =
            (0..).zip(verdicts).map(|(partition, verdict)| lost(partition, *verdict)).collect();
        let said = said.iter().map(|(name, offset)| ((*name).to_owned(), *offset)).collect();
        match (chosen(&all, &said), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    };
    let (exact, between) = (Verdict::Exact(40), Verdict::Between(40, 50));
    check(&[exact, Verdict::Exact(7)], &[], Ok(&[40, 7]));
    check(&[exact], &[("planner/0", 40)], Ok(&[40]));
    check(&[Verdict::Gone(41)], &[], Ok(&[41]));
    check(&[exact], &[("planner/0", 41)], Err("it goes on at 40, which is certain"));
    check(&[exact], &[("planner/1", 40)], Err("--at planner/1: nothing was lost there"));
    check(&[exact, between], &[], Err("--at planner/1=OFFSET"));
    check(&[exact, between], &[("planner/1", 50)], Ok(&[40, 50]));
    check(&[between], &[("planner/0", 39)], Err("from 40 to 50"));
    check(&[between], &[("planner/0", 51)], Err("from 40 to 50"));
    check(&[Verdict::Beyond(3)], &[("planner/0", 3)], Err("it has lost records"));
}
