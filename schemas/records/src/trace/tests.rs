//! Trace contexts as text, and where span ids come from.

use super::Trace;
use crate::{CallId, Position, SpanId, TaskId, WorkId};

const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

/// What is well formed is read and written unchanged, flags included; nothing else is read.
#[test]
fn reads_version_00_only() {
    for good in [GIVEN, "00-0af7651916cd43dd8448eb211c80319c-00000000000000ff-03"] {
        assert_eq!(Trace::parse(good).map(|trace| trace.to_string()).as_deref(), Some(good));
    }
    for wrong in [
        "",
        "00",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ] {
        assert_eq!(Trace::parse(wrong), None, "{wrong}");
    }
}

/// The same place makes the same span; another topic, position, call or part makes another.
#[test]
fn spans_are_where_they_were_made() {
    let position = |offset| Position { generation: 1, partition: 0, offset };
    let call = |index| CallId::of("a", WorkId::of_task("t", &TaskId::new("1").unwrap()), position(0), index);
    let all = || {
        let step = SpanId::of_step("a.inbox", position(0));
        vec![
            step,
            SpanId::of_step("b.inbox", position(0)),
            SpanId::of_step("a.inbox", position(1)),
            SpanId::of_call(call(0)),
            SpanId::of_call(call(1)),
            SpanId::of_record("a.inbox", 0, 0),
            step.within("chat"),
            step.within("tool"),
        ]
    };
    let mut spans = all();
    assert_eq!(spans, all());
    spans.sort();
    spans.dedup();
    assert_eq!(spans.len(), all().len());
    for span in spans {
        assert_eq!(SpanId::parse(&span.to_string()), Some(span));
    }
}

/// A span leads to the next in one trace, which stays as unsampled as it was.
#[test]
fn goes_on() {
    let given = Trace::parse(GIVEN).unwrap();
    let next = given.next(SpanId::parse("00000000000000ff").unwrap());
    assert_eq!((next.id(), next.is_sampled()), (given.id(), false));
    assert_ne!(next.span, given.span);
    assert!(Trace::begin(&given.id(), given.span).unwrap().is_sampled());
    assert_eq!(Trace::begin("none", given.span), None);
}
