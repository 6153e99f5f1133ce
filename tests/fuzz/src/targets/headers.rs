//! Headers as another agent, a gateway, a producer or somebody by mistake writes them.

use schemas_records::{
    Address, Budget, Echo, Envelope, Headers, Key, Origin, ReplyTo, TaskId, Trace, WorkId,
};

use crate::bytes::pairs;

/// Lines `name: value`.
pub(super) fn run(bytes: &[u8]) {
    let mut headers = Headers::new();
    for (name, value) in pairs(bytes) {
        words(&value);
        headers.push(&name, &value);
    }
    for (name, _) in headers.iter() {
        let _ = (headers.get(name), headers.text(name));
    }
    if let Ok(envelope) = Envelope::read(&headers) {
        let again = Envelope::read(&envelope.write());
        assert_eq!(again.as_ref(), Ok(&envelope), "an envelope changes when it is read again");
    }
}

/// Each word that stands in a header, or in a row.
fn words(text: &str) {
    let _ = (TaskId::new(text), Trace::parse(text), WorkId::parse(text.as_bytes()));
    if let Ok(budget) = Budget::parse(text) {
        assert_eq!(Budget::parse(&budget.to_string()), Ok(budget));
    }
    if let Some(echo) = Echo::parse(text) {
        assert_eq!(Echo::parse(&echo.to_string()), Some(echo));
    }
    if let Some(origin) = Origin::parse(text) {
        assert_eq!(Origin::parse(&origin.to_string()), Some(origin));
    }
    if let Ok(reply_to) = ReplyTo::parse(text) {
        assert_eq!(ReplyTo::parse(&reply_to.to_string()), Ok(reply_to));
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let work = WorkId::of_task("demo.outline.tasks", &TaskId::of_origin("demo.outline.tasks", 0, 7));
    let address = Address { topic: "demo.outline.writer.inbox.g1".into(), partition: 3, key: Key::new(b"w") };
    vec![
        super::inbox::envelope("input", "").into_bytes(),
        super::inbox::envelope("answer", "outcome: ok\nasked-at: 1/0/7@1700000000000\n").into_bytes(),
        super::inbox::envelope("part", "branch: legal\noutcome: failed\n").into_bytes(),
        format!("task-id: {work}\npriority: 9\ndeadline: -1\ntenant: {address}\nbudget: calls=7\n")
            .into_bytes(),
    ]
}
