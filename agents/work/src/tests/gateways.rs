//! Calls to gateways that charge nothing: tools and knowledge.

use schemas_records::tool::{KnowledgeQuery, Passages, ToolRequest};
use schemas_records::{Envelope, FailureCode, Kind, Outcome, ReplyKind, Text};
use topics_catalog::{Directory, Peer};

use super::house::{House, agent};
use crate::Happened;

/// A tool and a base are asked like a model, keyed by call, for nothing; their answers come back by name.
#[test]
fn tools_and_knowledge_are_asked() {
    let curious = agent(|event, effects| {
        match &event.happened {
            Happened::Input(_) => {
                effects.call_tool_with("figures", "tables", &Text::new("hi"));
                let query = KnowledgeQuery { base: "law".into(), text: "notice".into(), top: 3 };
                effects.call_knowledge("rules", query);
            }
            Happened::Answer(answer) if answer.name == "rules" => effects.reply(&Text::new("done")),
            _ => effects.timer("wait", std::time::Duration::from_secs(1)),
        }
        Ok(())
    });
    let mut house = House::new(&[("entry", curious)]);
    let task = house.task("a", "hi", 0, 0);
    house.deliver(task).unwrap();

    let asked = house.sent.iter().find(|record| &*record.topic == "tools").unwrap().clone();
    let envelope = Envelope::read(&asked.headers).unwrap();
    assert_eq!((envelope.kind, envelope.limits.budget.calls), (Kind::Input, 0));
    assert_eq!(asked.key, envelope.call.unwrap().key());
    assert_eq!(envelope.reply_to.unwrap().kind, ReplyKind::Answer);
    let request: ToolRequest = house.codec.decode(&asked.value).unwrap();
    assert_eq!((request.tool.as_str(), request.arguments), ("tables", house.encode(&Text::new("hi"))));

    let rows = house.encode(&Text::new("rows"));
    let answer = house.answer("tools", Outcome::Ok, rows, 0);
    house.deliver(answer).unwrap();
    let found = house.encode(&Passages { passages: Vec::new() });
    let answer = house.answer("knowledge", Outcome::Ok, found, 0);
    house.deliver(answer).unwrap();
    assert_eq!(house.outcome().unwrap(), "done");
}

/// Who asks a gateway that its team does not have fails, and is told which there are.
#[test]
fn a_gateway_that_there_is_not() {
    let curious = agent(|_, effects| {
        effects.call_tool("figures", "tables", bytes::Bytes::new());
        Ok(())
    });
    let mut directory = Directory::default();
    for (topic, peer) in [
        ("results", Peer::Runtime),
        ("closings", Peer::Runtime),
        ("timers", Peer::Runtime),
        ("model", Peer::Gateway),
        ("entry", Peer::Agent),
    ] {
        directory.insert(topic, topic, 1, peer);
    }
    let mut house = House::in_team(&[("entry", curious)], &directory);
    house.submit("a", "hi");
    let failure = house.outcome().unwrap_err();
    assert_eq!(failure.code, FailureCode::NotAllowed);
    assert!(
        failure.message.contains("\"tools\"") && failure.remedy.contains("use one of: model"),
        "{failure}"
    );
}
