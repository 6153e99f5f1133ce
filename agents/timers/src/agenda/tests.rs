//! Agendas against a store of rows in a map: nothing is forgotten, order holds, memory is bounded.

use std::collections::BTreeMap;

use bytes::Bytes;
use schemas_records::Timestamp;
use topics_state::DueRow;

use super::{Agenda, Cursor, Slot};

const MINUTE: i64 = 60_000;

/// Rows of one partition, and an owner's agenda of them.
struct Partition {
    rows: BTreeMap<i64, BTreeMap<Slot, Bytes>>,
    agenda: Agenda,
    page: usize,
}

impl Partition {
    fn new(fired_through: Option<i64>, held_max: usize, page: usize) -> Self {
        Self { rows: BTreeMap::new(), agenda: Agenda::new(fired_through, held_max), page }
    }

    fn set(&mut self, due: i64, call: &str) {
        let row =
            DueRow { due: Timestamp(due), key: Bytes::copy_from_slice(call.as_bytes()), value: Bytes::new() };
        let minute = self.agenda.minute_for(row.due);
        self.rows.entry(minute).or_default().insert((row.due, row.key.clone()), Bytes::new());
        self.agenda.add(minute, row);
    }

    fn cancel(&mut self, due: i64, call: &str) {
        let slot = (Timestamp(due), Bytes::copy_from_slice(call.as_bytes()));
        let minute = self.agenda.minute_for(slot.0);
        if let Some(rows) = self.rows.get_mut(&minute) {
            rows.remove(&slot);
        }
        self.agenda.cancel(&slot);
    }

    fn read(&self, cursor: &Cursor) -> Vec<DueRow> {
        let rows = self.rows.get(&cursor.minute).into_iter().flatten();
        rows.filter(|(slot, _)| cursor.after.as_ref().is_none_or(|after| *slot > after))
            .take(self.page)
            .map(|((due, key), value)| DueRow { due: *due, key: key.clone(), value: value.clone() })
            .collect()
    }

    /// Reads ahead as far as there is room.
    fn read_ahead(&mut self, until: i64) {
        while let Some(cursor) = self.agenda.page(until, self.page) {
            let rows = self.read(&cursor);
            let is_last = rows.len() < self.page;
            self.agenda.read(&cursor, rows, is_last);
        }
    }

    /// What the gateway does at a time, until nothing is left to do: returns what fired.
    fn run(&mut self, now: i64) -> Vec<Slot> {
        let mut fired = Vec::new();
        loop {
            self.read_ahead(now.div_euclid(MINUTE) + 2);
            let due: Vec<Slot> = self.agenda.due(Timestamp(now)).map(|(slot, _)| slot.clone()).collect();
            let passable = self.agenda.passable(Timestamp(now));
            if due.is_empty() && passable.is_none() {
                return fired;
            }
            due.iter().for_each(|slot| self.agenda.fire(slot));
            fired.extend(due);
            for row in self.agenda.to_delete(usize::MAX) {
                self.rows.get_mut(&row.0).map(|rows| rows.remove(&row.1));
                self.agenda.deleted(&row);
            }
            if let Some(minute) = self.agenda.passable(Timestamp(now)) {
                let cursor = Cursor { minute, after: None };
                let rows = self.read(&cursor);
                if rows.is_empty() {
                    self.agenda.pass(minute);
                } else {
                    let is_last = rows.len() < self.page;
                    self.agenda.read(&cursor, rows, is_last);
                }
            }
        }
    }

    fn rows_left(&self) -> usize {
        self.rows.values().map(BTreeMap::len).sum()
    }
}

fn calls(fired: &[Slot]) -> Vec<String> {
    fired.iter().map(|(_, call)| String::from_utf8_lossy(call).into_owned()).collect()
}

/// A row lies in its due time's minute, or in the next that is not over.
#[test]
fn places_rows() {
    let check = |fired_through: Option<i64>, due: i64, minute: i64| {
        assert_eq!(
            Agenda::new(fired_through, 8).minute_for(Timestamp(due)),
            minute,
            "{fired_through:?} {due}"
        );
    };
    check(Some(10), 12 * MINUTE, 12);
    check(Some(10), 11 * MINUTE, 11);
    check(Some(10), 11 * MINUTE - 1, 11);
    check(Some(10), 0, 11);
    check(None, 0, 0);
}

/// A partition's first record settles where its minutes begin; later ones do not move it.
#[test]
fn begins_once() {
    let mut agenda = Agenda::new(None, 8);
    assert_eq!(
        (agenda.fired_through(), agenda.page(99, 1), agenda.passable(Timestamp(i64::MAX))),
        (None, None, None)
    );
    agenda.begin(Timestamp(7 * MINUTE));
    agenda.begin(Timestamp(9 * MINUTE));
    assert_eq!(agenda.fired_through(), Some(6));
}

/// Timers fire in the order of their due times, not before, and then nothing is left of them.
#[test]
fn fires_in_order() {
    let mut partition = Partition::new(Some(9), 8, 2);
    for (due, call) in [(11 * MINUTE, "c"), (10 * MINUTE, "a"), (10 * MINUTE + 5, "b"), (0, "past")] {
        partition.set(due, call);
    }
    assert_eq!(calls(&partition.run(10 * MINUTE - 1)), ["past"]);
    assert_eq!(calls(&partition.run(10 * MINUTE + 4)), ["a"]);
    assert_eq!(calls(&partition.run(11 * MINUTE)), ["b", "c"]);
    assert_eq!((partition.rows_left(), partition.agenda.held()), (0, 0));
    assert_eq!(partition.agenda.fired_through(), Some(10), "the present minute is not over");
}

/// A cancellation finds its row in memory, behind the cursor, in the past and where there is none.
#[test]
fn cancels() {
    let mut partition = Partition::new(Some(9), 8, 2);
    partition.set(3, "past");
    partition.set(10 * MINUTE, "near");
    partition.read_ahead(11);
    partition.set(10 * MINUTE + 1, "nearer");
    partition.set(500 * MINUTE, "far");
    for (due, call) in
        [(3, "past"), (10 * MINUTE, "near"), (10 * MINUTE + 1, "nearer"), (500 * MINUTE, "far"), (4, "none")]
    {
        partition.cancel(due, call);
    }
    assert_eq!(partition.rows_left(), 0);
    assert_eq!(calls(&partition.run(600 * MINUTE)), [""; 0]);
}

/// A cancellation whose minute is over finds nothing and harms nothing.
#[test]
fn cancels_too_late() {
    let mut partition = Partition::new(Some(9), 8, 2);
    partition.set(10 * MINUTE, "fired");
    assert_eq!(calls(&partition.run(12 * MINUTE)), ["fired"]);
    partition.set(12 * MINUTE, "other");
    partition.cancel(10 * MINUTE, "fired");
    assert_eq!(calls(&partition.run(13 * MINUTE)), ["other"]);
}

/// The row of an owner that went further, or wrote late, is found before its minute is passed.
#[test]
fn finds_what_others_wrote() {
    let mut partition = Partition::new(Some(9), 8, 2);
    assert_eq!(calls(&partition.run(13 * MINUTE)), [""; 0]);
    let late = (Timestamp(11 * MINUTE), Bytes::from_static(b"late"));
    partition.rows.entry(13).or_default().insert(late, Bytes::new());
    assert_eq!(calls(&partition.run(13 * MINUTE + 1)), [""; 0], "it lies in a minute that was read");
    assert_eq!(calls(&partition.run(14 * MINUTE)), ["late"]);
    assert_eq!(partition.agenda.fired_through(), Some(13));
}

/// A broker's clock that steps back leaves minutes passed, and new timers still fire on time.
#[test]
fn outlives_a_clock_that_steps_back() {
    let mut partition = Partition::new(Some(9), 8, 2);
    partition.set(100 * MINUTE, "before");
    assert_eq!(calls(&partition.run(101 * MINUTE)), ["before"]);
    partition.set(50 * MINUTE + 7, "after");
    assert_eq!(calls(&partition.run(50 * MINUTE + 6)), [""; 0]);
    // As the gateway does: the minute behind those fired is read whatever the clock says.
    partition.read_ahead(partition.agenda.fired_through().unwrap() + 1);
    assert_eq!(calls(&partition.run(50 * MINUTE + 7)), ["after"]);
}

/// A hundred thousand timers in any order take a bounded part of memory, and all fire in order.
#[test]
fn holds_a_hundred_thousand_in_bounded_memory() {
    const TIMERS: u64 = 100_000;
    const HELD_MAX: usize = 1_000;
    let mut partition = Partition::new(Some(-1), HELD_MAX, 128);
    let (mut fired, mut seed) = (Vec::new(), 1_u64);
    for number in 0..TIMERS {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let due = (seed >> 33) % (50 * MINUTE as u64) + 10 * MINUTE as u64;
        partition.set(due.cast_signed(), &format!("{number:06}"));
        if number % 1_000 == 0 {
            fired.extend(partition.run((number * 10 * MINUTE as u64 / TIMERS).cast_signed()));
        }
        assert!(partition.agenda.held() <= HELD_MAX, "{} after {number}", partition.agenda.held());
    }
    assert_eq!(fired.len(), 0, "nothing is due yet");
    for second in 600..=3_600 {
        fired.extend(partition.run(second * 1_000));
        assert!(partition.agenda.held() <= HELD_MAX);
    }
    assert_eq!(fired.len(), 100_000);
    assert!(fired.is_sorted(), "the first due fires first");
    assert_eq!(partition.rows_left(), 0);
}
