//! Paths through an agent, and between agents.

use super::{ASKER, check};

/// Paths: every one ends, every step is come to, routes know every value.
#[test]
fn paths() {
    check(
        |f| {
            f.edit(
                ASKER,
                "name = \"answer\"\nreply = { text = \"help.text\", score = 1 }",
                "name = \"more\"\nprompt = \"agents/asker.md\"",
            )
        },
        &[
            "agents/asker.toml:15:1: step more: nothing replies after this step; end every path with reply, fail, delegate or a fork",
        ],
    );
    check(
        |f| f.append(ASKER, "\n[[step]]\nname = \"late\"\nfail = \"no\"\n"),
        &[
            "agents/asker.toml:19:1: step late: nothing leads to this step; let a route lead to it, or take it away",
        ],
    );
    check(
        |f| {
            f.edit(
                ASKER,
                "agent = \"helper\"\nsend = { text = \"plan.subject\" }",
                "route = \"plan.kind\"\ncases = { shrt = \"answer\" }",
            )
        },
        &[
            "agents/asker.toml:12:9: step help, cases: no case for short, long; add a case, or name a step under otherwise",
            r#"agents/asker.toml:13:11: step help, cases: "shrt" is no value of it; did you mean short? allowed: long, short"#,
            "agents/asker.toml:17:18: step answer, reply.text: step help has no result; use a step that asks a model, a tool, a knowledge base or an agent",
            "agents/helper.toml:1:1: nobody reaches agent helper; send it something, or take its file away; reached: asker",
        ],
    );
    check(
        |f| {
            f.edit(
                ASKER,
                "agent = \"helper\"\nsend = { text = \"plan.subject\" }",
                "route = \"plan.subject\"\ncases = { short = \"answer\" }",
            )
        },
        &[
            "agents/asker.toml:12:9: step help, otherwise: no step is named for other values; name a later step",
            "agents/asker.toml:17:18: step answer, reply.text: step help has no result; use a step that asks a model, a tool, a knowledge base or an agent",
            "agents/helper.toml:1:1: nobody reaches agent helper; send it something, or take its file away; reached: asker",
        ],
    );
    check(
        |f| {
            f.edit(ASKER, "[[step]]\nname = \"help\"", "[[step]]\nroute = \"plan.kind\"\ncases = { short = \"answer\" }\notherwise = \"help\"\n\n[[step]]\nname = \"help\"")
        },
        &[
            "agents/asker.toml:22:18: step answer, reply.text: step help has not run on every path to here; guard it: {% if help is defined %}",
        ],
    );
    check(
        |f| f.put(ASKER, "step = []\n[agent]\ntakes = \"Question\"\ngives = \"Answer\"\n"),
        &[
            "agents/asker.toml:1:1: step: there is no step; begin with one that does something, under [[step]]",
            "agents/helper.toml:1:1: nobody reaches agent helper; send it something, or take its file away; reached: asker",
        ],
    );
}

/// Agents that nobody reaches, or that go round.
#[test]
fn agents() {
    check(
        |f| {
            f.put(
                "agents/idle.toml",
                "[agent]\ntakes = \"Text\"\ngives = \"Text\"\n[[step]]\nreply = \"input\"\n",
            )
        },
        &[
            "agents/idle.toml:1:1: nobody reaches agent idle; send it something, or take its file away; reached: asker, helper",
        ],
    );
    check(
        |f| {
            f.edit(
                "agents/helper.toml",
                "prompt = \"agents/helper.md\"",
                "agent = \"asker\"\nsend = { question = \"input.text\" }",
            )
            .edit("agents/helper.toml", "reply = \"word\"", "reply = { text = \"word.text\" }")
        },
        &[
            "agents/asker.toml:1:1: agents go round without a bound: asker -> helper -> asker; a step with repeat is the only way back",
        ],
    );
}

/// Joins: fed, gathered by somebody who does nothing else, with a policy that can be met.
#[test]
fn joins() {
    check(
        |f| f.append("team.toml", "[joins.facts]\nat = \"helper\"\n"),
        &[
            "agents/asker.toml:12:9: step help, agent: helper gathers join facts and takes nothing else; send it to another agent, or fork into that join",
            "team.toml:5:8: [joins.facts]: no fork feeds this join; let a fork name it, or take it away",
        ],
    );
    check(
        |f| f.append("team.toml", "[joins.facts]\nat = \"nobody\"\n"),
        &[
            "team.toml:5:8: [joins.facts]: no fork feeds this join; let a fork name it, or take it away",
            r#"team.toml:6:6: [joins.facts], at: there is no agent "nobody"; allowed: asker, helper"#,
        ],
    );
    check(
        |f| f.append("team.toml", "[joins.facts]\n"),
        &["team.toml:5:1: [joins.facts], at: it is missing; give the agent that gathers"],
    );
    check(
        |f| f.edit(ASKER, "agent = \"helper\"", "delegate = \"helper\""),
        &[
            "agents/asker.toml:12:12: step help, delegate: helper gives Text, this agent owes Answer; let both give the same",
            "agents/asker.toml:15:1: step answer: nothing leads to this step; let a route lead to it, or take it away",
            "agents/asker.toml:17:18: step answer, reply.text: step help has no result; use a step that asks a model, a tool, a knowledge base or an agent",
        ],
    );
    check(
        |f| {
            f.append("team.toml", "[joins.facts]\nat = \"gatherer\"\npolicy = \"quorum 2\"\n").put("agents/gatherer.toml", "[agent]\ntakes = \"Question\"\ngives = \"Answer\"\n[[step]]\nreply = { text = \"parts.helpr.message.text ~ parts.helper.message.txt\", score = 0 }\n").edit(ASKER, "agent = \"helper\"\nsend", "fork = [\"helper\"]\njoin = \"facts\"\ncontext = \"input\"\nsend").edit(ASKER, "\n[[step]]\nname = \"answer\"\nreply = { text = \"help.text\", score = 1 }\n", "")
        },
        &[
            r#"agents/gatherer.toml:5:18: step #1, reply.text: no part "helpr" comes here; did you mean helper? allowed: helper"#,
            r#"agents/gatherer.toml:5:18: step #1, reply.text: record Text has no field "txt"; did you mean text? allowed: text"#,
            "team.toml:5:8: [joins.facts], policy: it needs 2 parts, its largest fork has 1; at most 1",
        ],
    );
    check(
        |f| {
            f.put(
                "agents/timers.toml",
                "[agent]\ntakes = \"Text\"\ngives = \"Text\"\n[[step]]\nreply = \"input\"\n",
            )
            .edit(ASKER, "\"helper\"", "\"timers\"")
            .remove("agents/helper.toml")
        },
        &["agents/timers.toml:1:1: timers is a name of the runtime's own; name the file otherwise"],
    );
}
