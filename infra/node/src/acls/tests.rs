//! What each role needs, and nothing besides.

#![allow(clippy::unwrap_used, reason = "in a test, a value that is not there is the failure")]

use agents_agent::{Agent, Effects, Event, Fault};
use schemas_records::{Stateless, Text};

use super::*;
use crate::{Config, Team, open};

struct Mute;

impl Agent for Mute {
    type Input = Text;
    type State = Stateless;

    fn step(&self, _: Event<Text>, _: &mut Stateless, _: &mut Effects) -> Result<(), Fault> {
        Ok(())
    }
}

async fn needed(roles: &str, others: [Option<&str>; 3]) -> Vec<String> {
    let config = Config::read(None, [], &["namespace=ns".to_owned(), format!("roles={roles}")]).unwrap();
    let team = Team::new("t").agent("first", Mute).agent("second", Mute);
    let node = Node::new(team, open(&config).await.unwrap(), config.settings.clone()).unwrap();
    let [producer, reader, operator] = others.map(|name| name.map(str::to_owned));
    let tools = Vec::new();
    let acls =
        node.acls(&Principals { node: "User:node".into(), producer, reader, tools, operator }).unwrap();
    acls.iter().map(row).collect()
}

fn row(acl: &Acl) -> String {
    let star = if acl.is_prefix { "*" } else { "" };
    let operations: Vec<String> = acl.operations.iter().map(ToString::to_string).collect();
    format!("{} {:?} {}{star} {}", acl.principal, acl.resource, acl.name, operations.join("+"))
}

/// The rows of `User:node` that are more than knowing topics by name.
async fn check(role: &str, expected: &[&str]) {
    let found: Vec<String> = needed(role, [None; 3]).await;
    let known = found.iter().filter(|row| row.contains(" Topic ")).count();
    assert_eq!(known, 8, "{role}: every topic of the team is known: {found:?}");
    let found = found.iter().filter(|row| !(row.contains(" Topic ") && row.ends_with(" Describe")));
    let found: Vec<&str> = found.map(|row| row.strip_prefix("User:node ").unwrap()).collect();
    assert_eq!(found, expected, "{role}");
}

/// Each role reads its own topic in its own group and writes where its records go; agents and intake have
/// transactions, gateways none.
#[tokio::test]
async fn each_role_needs_its_own() {
    check(
        "second",
        &[
            "Topic ns.dead-letters Write",
            "Topic ns.model.requests Write",
            "Topic ns.t.closings Write",
            "Topic ns.t.first.inbox.g* Write",
            "Topic ns.t.results Write",
            "Topic ns.t.second.inbox.g* Read+Write",
            "Topic ns.timers Write",
            "Group ns.reader Describe",
            "Group ns.t.second Read",
            "Group ns.t.second.g* Read",
            "TransactionalId ns.t.second.* Write",
        ],
    )
    .await;
    check(
        "intake",
        &[
            "Topic ns.dead-letters Write",
            "Topic ns.t.closings Read+Write",
            "Topic ns.t.first.inbox.g* Write",
            "Topic ns.t.results Write",
            "Topic ns.t.tasks Read",
            "Group ns.reader Describe",
            "Group ns.t.intake Read",
            "TransactionalId ns.t.intake.* Write",
        ],
    )
    .await;
    check(
        "timers",
        &[
            "Topic ns.dead-letters Write",
            "Topic ns.t.first.inbox.g* Write",
            "Topic ns.t.second.inbox.g* Write",
            "Topic ns.timers Read+Write",
            "Group ns.timers Read",
        ],
    )
    .await;
    check(
        "model-gateway",
        &[
            "Topic ns.dead-letters Write",
            "Topic ns.model.requests Read",
            "Topic ns.t.first.inbox.g* Write",
            "Topic ns.t.second.inbox.g* Write",
            "Group ns.model-gateway Read",
        ],
    )
    .await;
}

/// A tool that another process serves is asked by those who may use it, and may answer only them.
#[tokio::test]
async fn a_tool_of_others_answers_who_may_use_it() {
    let config = Config::read(None, [], &["namespace=ns".to_owned()]).unwrap();
    let team = Team::new("t").agent("first", Mute).agent("second", Mute);
    let team = team.external_tool::<Text, Text>("carrier").may_use("second", "carrier");
    let node = Node::new(team, open(&config).await.unwrap(), config.settings.clone()).unwrap();
    let asked = |tool: &str| Principals {
        node: "User:node".into(),
        producer: None,
        reader: None,
        tools: vec![(tool.to_owned(), "User:tool".to_owned())],
        operator: None,
    };
    let rows: Vec<String> = node.acls(&asked("carrier")).unwrap().iter().map(row).collect();
    let of_tool: Vec<&String> = rows.iter().filter(|row| row.starts_with("User:tool ")).collect();
    assert_eq!(
        of_tool,
        [
            "User:tool Topic ns.t.second.inbox.g* Write",
            "User:tool Topic ns.t.tool.carrier.requests Read",
            "User:tool Group ns.t.tool.carrier.requests* Read",
        ]
    );
    assert!(rows.contains(&"User:node Topic ns.t.tool.carrier.requests Write".to_owned()), "{rows:?}");
    assert!(rows.iter().all(|row| !row.contains("tools.requests")), "there is no tool gateway: {rows:?}");
    let unknown = node.acls(&asked("carier")).unwrap_err().to_string();
    assert!(unknown.contains("did you mean carrier?"), "{unknown}");

    let first = Config::read(None, [], &["namespace=ns".to_owned(), "roles=first".to_owned()]).unwrap();
    let node = Node { settings: first.settings, ..node };
    let rows: Vec<String> = node.acls(&asked("carrier")).unwrap().iter().map(row).collect();
    let known = "User:node Topic ns.t.tool.carrier.requests Describe".to_owned();
    assert!(rows.contains(&known), "who may not use it only knows it by name: {rows:?}");
}

/// Those around a node have rows under their own names, and only if they are named.
#[tokio::test]
async fn others_are_named() {
    assert!(needed("timers", [None; 3]).await.iter().all(|row| row.starts_with("User:node ")));
    let all = needed("timers", [Some("User:in"), Some("User:out"), Some("User:op")]).await;
    let others: Vec<&str> =
        all.iter().map(String::as_str).filter(|row| !row.starts_with("User:node ")).collect();
    assert_eq!(
        others,
        [
            "User:in Topic ns.t.tasks Write",
            "User:out Topic ns.t.results Read",
            "User:out Group ns.reader Describe",
            "User:out Group ns.t.results* Read",
            "User:op Topic ns.* Read+Write+Create+Delete+Alter+DescribeConfigs+AlterConfigs",
            "User:op Group ns.* Describe",
        ]
    );
}
