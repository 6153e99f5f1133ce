//! Figures of what brokers may say, odd things among it.

use topics_log::{Error, Remedy};
use topics_log_kafka::{GroupMember, Standing};

use super::*;
use crate::groups::Reads;

const NOW: i64 = 1_000_000;

fn at(partition: i32) -> TopicPartition {
    TopicPartition::new("topic", partition)
}

/// One partition: its ends, its committed offset, and what a look from there on found.
struct Told {
    bounds: Option<(i64, i64, i64)>,
    before: Option<(i64, i64, i64)>,
    committed: Option<i64>,
    found: (u64, Option<i64>, i64),
    /// From, and what was found from there to the committed offset.
    passed: Option<(i64, u64)>,
}

impl Default for Told {
    fn default() -> Self {
        let all = Some((0, 10, 10));
        Self { bounds: all, before: all, committed: Some(10), found: (0, None, 10), passed: None }
    }
}

fn member(instance: &str, partitions: &[i32]) -> GroupMember {
    let partitions = partitions.iter().copied().map(at).chain([TopicPartition::new("other", 0)]).collect();
    GroupMember { instance: instance.to_owned(), host: "127.0.0.1".to_owned(), partitions }
}

fn line(members: Vec<GroupMember>, told: &[Told]) -> Line {
    let places: Vec<TopicPartition> = (0..).map(at).take(told.len()).collect();
    let each = || places.iter().cloned().zip(told);
    let ends = |(first, stable, last)| Bounds { first, stable, last };
    let bounds = each().filter_map(|(at, told)| Some((at, ends(told.bounds?)))).collect();
    let before = each().filter_map(|(at, told)| Some((at, ends(told.before?)))).collect();
    let unread = each().filter_map(|(at, told)| {
        let (first, to, _) = told.bounds?;
        let from = told.committed.map_or(first, |offset| offset.max(first));
        let (records, oldest, read_to) = told.found;
        let found = Found { records, oldest: oldest.map(Timestamp), read_to };
        Some((at.clone(), (Stretch { at, from, to }, found)))
    });
    let unread = unread.collect();
    let passed = each().filter_map(|(at, told)| {
        let ((from, records), to) = (told.passed?, told.committed?);
        let found = Found { records, oldest: None, read_to: to };
        Some((at.clone(), (Stretch { at, from, to }, found)))
    });
    let passed = passed.collect();
    let committed = each()
        .filter_map(|(at, told)| Some((at, Committed { offset: told.committed?, metadata: String::new() })));
    let committed = Ok(committed.collect());
    let standing = if members.is_empty() { Standing::Empty } else { Standing::Stable };
    let group = Ok(GroupDescription { standing, members });
    let [role, group_name, topic] = ["role", "group", "topic"].map(str::to_owned);
    let reads = Reads { role, group: group_name, topic, generation: None };
    let seen = Seen {
        bounds: &bounds,
        before: &before,
        unread: &unread,
        passed: &passed,
        seconds: 2.0,
        now: Timestamp(NOW),
    };
    seen.line(Asked { reads, partitions: places, group, committed })
}

/// What is unread is counted where it was read to its end and estimated where it was not; its age is that of
/// the oldest record of all partitions.
#[test]
fn counts_what_is_unread() {
    let check = |told: &[Told], records: u64, is_exact: bool, age_ms: Option<u64>| {
        let found = line(Vec::new(), told);
        assert_eq!(found.lag, Some(Count { records, is_exact }), "{found:?}");
        assert_eq!(found.age_ms, age_ms, "{found:?}");
        assert!(found.notes.is_empty(), "{found:?}");
    };
    check(&[Told::default(), Told::default()], 0, true, None);
    // Half of what lies between are markers.
    let some = |oldest| Told { committed: Some(2), found: (4, Some(oldest), 10), ..Told::default() };
    check(&[some(NOW - 500), some(NOW - 700)], 8, true, Some(700));
    // Nothing is committed: all there is is unread.
    let never = Told { committed: None, found: (10, Some(NOW - 1), 10), ..Told::default() };
    check(&[never], 10, true, Some(1));
    let far = Told { bounds: Some((0, 2_000, 2_000)), found: (500, Some(NOW - 9), 1_010), ..Told::default() };
    check(&[far], 500 + 495, false, Some(9));
    // Nothing could be read in time.
    let slow = Told { bounds: Some((0, 50, 50)), found: (0, None, 10), ..Told::default() };
    check(&[slow], 40, false, None);
    // Machines' clocks differ by a little.
    check(&[some(NOW + 4_000)], 4, true, Some(0));
}

/// The rate counts records, of the partitions that had a committed offset before.
#[test]
fn rates() {
    let passed = |passed| Told { passed, ..Told::default() };
    let check = |told: &[Told], rate: Option<f64>| assert_eq!(line(Vec::new(), told).rate, rate);
    check(&[passed(None)], None);
    check(&[passed(Some((10, 0))), passed(None)], Some(0.0));
    check(&[passed(Some((0, 5))), passed(Some((4, 6)))], Some(5.5));
}

/// Shares, and what nobody owns; what a member owns of other topics is another role's.
#[test]
fn shares() {
    let told = || [(); 4].map(|()| Told::default());
    let check = |members: &[&[i32]], unowned: usize, skew: Option<f64>| {
        let members = members.iter().map(|partitions| member("m", partitions)).collect();
        let found = line(members, &told());
        assert_eq!((found.unowned, found.skew), (unowned, skew), "{found:?}");
    };
    check(&[], 4, None);
    check(&[&[0, 1], &[3, 2]], 0, Some(1.0));
    check(&[&[0, 1, 2], &[3]], 0, Some(1.5));
    check(&[&[2, 0], &[1], &[3]], 0, Some(1.5));
    check(&[&[], &[1]], 3, Some(0.5));
    assert_eq!(line(vec![member("m", &[2, 0])], &told()).members[0].partitions, [0, 2]);
}

/// What is not as it should be is said in words.
#[test]
fn says_what_is_odd() {
    let check = |told: Told, words: &str| {
        let notes = line(Vec::new(), &[told]).notes;
        assert!(notes.len() == 1 && notes[0].contains(words), "{notes:?}");
    };
    let deleted = Told { bounds: Some((25, 30, 30)), found: (5, Some(NOW), 30), ..Told::default() };
    check(deleted, "15 offsets were deleted before they were committed");
    check(Told { bounds: Some((0, 4, 4)), found: (0, None, 4), ..Told::default() }, "it ends at 4");
    check(Told { bounds: None, ..Told::default() }, "partition 0 does not answer");
    let ahead = Told { committed: Some(9), found: (1, Some(NOW + 3_600_000), 10), ..Told::default() };
    check(ahead, "3600 s ahead of this machine's clock");
    let open = Told { bounds: Some((0, 10, 14)), before: Some((0, 10, 12)), ..Told::default() };
    check(open, "a transaction is open since more than 2 s ago; the 4 offsets");
    let busy = Told { bounds: Some((0, 10, 14)), before: Some((0, 8, 12)), ..Told::default() };
    assert_eq!(line(Vec::new(), &[busy]).notes, Vec::<String>::new());
}

/// A topic that is not there, a group that may not be described and offsets that do not come leave a line.
#[test]
fn says_what_cannot_be_seen() {
    let none = line(Vec::new(), &[]);
    assert_eq!((none.lag, none.skew, none.partitions), (None, None, 0));
    assert!(none.notes[0].contains("topic topic does not exist"), "{none:?}");
    let empty = BTreeMap::new();
    let (unread, passed) = (BTreeMap::new(), BTreeMap::new());
    let seen = Seen {
        bounds: &empty,
        before: &empty,
        unread: &unread,
        passed: &passed,
        seconds: 2.0,
        now: Timestamp(NOW),
    };
    let error = |attempted: &str| Error::new(Remedy::Stop, attempted, "no");
    let [role, group, topic] = ["role", "group", "topic"].map(str::to_owned);
    let asked = Asked {
        reads: Reads { role, group, topic, generation: None },
        partitions: vec![at(0)],
        group: Err(error("describe")),
        committed: Err(error("offsets")),
    };
    let line = seen.line(asked);
    assert_eq!((line.state.as_str(), line.lag), ("unknown", None));
    assert_eq!(line.notes.len(), 2, "{line:?}");
}
