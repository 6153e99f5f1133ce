//! Names told apart: which team a topic belongs to.

#![allow(clippy::unwrap_used, reason = "in a test, a value that is not there is the failure")]

use super::{Kind, Names};

/// A topic made by a template that names a team is that team's; the namespace's own and strangers are
/// nobody's.
#[test]
fn tells_whose_a_topic_is() {
    let names = Names::new("mine", "briefing").unwrap();
    let cases = [
        ("mine.briefing.tasks", Some("briefing")),
        ("mine.other.tasks", Some("other")),
        ("mine.other.results", Some("other")),
        ("mine.other.closings", Some("other")),
        ("mine.other.planner.inbox.g1", Some("other")),
        ("mine.other.planner.inbox.g12", Some("other")),
        ("mine.timers.tasks", Some("timers")),
        ("mine.other.tools.requests", Some("other")),
        ("mine.other.knowledge.requests", Some("other")),
        ("mine.other.tool.shipping.requests", Some("other")),
        ("mine.other.tool.requests.requests", Some("other")),
        ("mine.other.tool.Shipping.requests", None),
        ("mine.model.requests", None),
        ("mine.timers", None),
        ("mine.dead-letters", None),
        ("mine.tasks", None),
        ("mine.other.planner.inbox.gx", None),
        ("mine.other.planner.inbox", None),
        ("mine.other.audit", None),
        ("mine.Other.tasks", None),
        ("yours.other.tasks", None),
        ("", None),
    ];
    for (topic, team) in cases {
        assert_eq!(names.team_of(topic), team, "{topic}");
    }
    for name in ["planner", "g1", "inbox", "tool", "requests"] {
        assert_eq!(names.team_of(&names.inbox(name)), Some("briefing"), "{name}");
        assert_eq!(names.team_of(&names.external(name)), Some("briefing"), "{name}");
    }
    let shared: Vec<Kind> = names.templates.keys().copied().filter(|kind| names.is_shared(*kind)).collect();
    assert_eq!(shared, [Kind::ModelRequests, Kind::Timers, Kind::DeadLetters]);
}

/// An inbox of this team tells its agent, in whatever generation; nothing else does.
#[test]
fn tells_whose_inbox_a_topic_is() {
    let names = Names::new("mine", "briefing").unwrap();
    let cases = [
        ("mine.briefing.planner.inbox.g1", Some("planner")),
        ("mine.briefing.inbox.inbox.g12", Some("inbox")),
        ("mine.other.planner.inbox.g1", None),
        ("yours.briefing.planner.inbox.g1", None),
        ("mine.briefing.planner.inbox.gx", None),
        ("mine.briefing.Planner.inbox.g1", None),
        ("mine.briefing.planner.outbox.g1", None),
        ("mine.briefing.tools.requests", None),
        ("mine.briefing.tool.inbox.requests", None),
        ("mine.briefing.tool.inbox.g1", Some("tool")),
        ("", None),
    ];
    for (topic, agent) in cases {
        assert_eq!(names.agent_of(topic), agent, "{topic}");
    }
    assert_eq!(names.agent_of(&names.inbox("legal")), Some("legal"));
}

/// A generation is what stands at the end of an inbox's name, as the catalog writes it.
#[test]
fn tells_generations() {
    let names = Names::new("mine", "briefing").unwrap();
    let cases = [
        ("mine.briefing.planner.inbox.g1", Some(1)),
        ("mine.briefing.planner.inbox.g12", Some(12)),
        ("mine.other.planner.inbox.g2", Some(2)),
        ("mine.briefing.planner.inbox.g0", None),
        ("mine.briefing.planner.inbox.g01", None),
        ("mine.briefing.planner.inbox.g-1", None),
        ("mine.briefing.planner.inbox.g99999999999", None),
        ("mine.briefing.tasks", None),
        ("mine.briefing.g2", None),
    ];
    for (topic, generation) in cases {
        assert_eq!(names.generation_of(topic), generation, "{topic}");
    }
    assert_eq!(names.inbox_in("planner", 3), "mine.briefing.planner.inbox.g3");
    assert!(names.inbox("planner").starts_with(&names.inboxes("planner")));
    assert_eq!(names.inbox_group("planner", 1), names.group("planner"));
    assert_eq!(names.inbox_group("planner", 2), "mine.briefing.planner.g2");
}
