//! A table of groups: what stands in it, and that it fits.

use infra_node::groups::{Count, Line, Member};

use super::{COLUMNS, age, groups};

fn line(role: &str, members: &[(&str, &[i32])]) -> Line {
    let member = |(instance, partitions): &(&str, &[i32])| Member {
        instance: (*instance).to_owned(),
        host: "10.0.0.7".to_owned(),
        partitions: partitions.to_vec(),
    };
    Line {
        role: role.to_owned(),
        group: format!("ns.team.{role}"),
        topic: format!("ns.team.{role}.inbox.g1"),
        state: "stable".to_owned(),
        members: members.iter().map(member).collect(),
        partitions: 4,
        unowned: 0,
        skew: Some(1.5),
        lag: Some(Count { records: 12, is_exact: true }),
        age_ms: Some(4_200),
        rate: Some(35.04),
        committed: vec![Some(3); 4],
        notes: Vec::new(),
    }
}

/// A line for each role with its figures, one for each instance with what it owns, and the words of the head.
#[test]
fn draws_groups() {
    let rest = Line {
        state: "empty".to_owned(),
        skew: None,
        lag: None,
        age_ms: None,
        rate: None,
        notes: vec!["topic x does not exist".to_owned()],
        ..line("second", &[])
    };
    let drawn = groups(
        &[line("planner", &[("a", &[0, 1, 2]), ("b", &[3])]), line("intake", &[("a", &[0])]), rest],
        2.04,
    );
    let expected = "\
role    group       members partitions  skew    unread    oldest  records/s
planner stable            2          4  1.50        12     4.2 s       35.0
intake  stable            1          4  1.50        12     4.2 s       35.0
second  empty             0          4     -         ?         -          -
  topic x does not exist

a at 10.0.0.7: planner 3, intake 1
b at 10.0.0.7: planner 1

unread: readable and not committed,";
    assert!(drawn.starts_with(expected), "{drawn}");
    assert!(drawn.contains("over 2.0"), "{drawn}");
}

/// Long names, large figures, many roles and many notes stay within the columns.
#[test]
fn fits() {
    let members: &[(&str, &[i32])] = &[("an-instance-with-a-name-that-is-far-too-long", &[0, 1])];
    let long = |name: String| Line {
        state: "rebalancing".to_owned(),
        unowned: 1_000,
        partitions: 1_002,
        lag: Some(Count { records: 12_345_678, is_exact: false }),
        age_ms: Some(u64::from(u32::MAX)),
        rate: Some(123_456.7),
        notes: vec!["word ".repeat(60); 9],
        ..line(&name, members)
    };
    let lines: Vec<Line> = (0..12).map(|n| long(format!("an-agent-with-quite-a-long-name-{n}"))).collect();
    let drawn = groups(&lines, 2.0);
    assert!(drawn.lines().all(|line| line.chars().count() <= COLUMNS), "{drawn}");
    assert!(drawn.contains("~12345678") && drawn.contains("2 of 1002"), "{drawn}");
    assert!(drawn.contains("and 5 more like these"), "{drawn}");
}

/// Ages in units that people think in.
#[test]
fn ages() {
    let check = |millis, expected: &str| assert_eq!(age(millis), expected);
    check(0, "0 ms");
    check(999, "999 ms");
    check(1_250, "1.2 s");
    check(200_000, "3.3 min");
    check(18_000_000, "5.0 h");
    check(1_045_440_000, "12.1 d");
}
