//! Names and fields.

use super::{ASKER, check};

/// Agents and schemas that are not there, with the nearest that are.
#[test]
fn names_of_agents_and_schemas() {
    check(
        |f| f.edit("team.toml", "\"asker\"", "\"askre\""),
        &[
            r#"team.toml:3:9: [team], entry: there is no agent "askre"; did you mean asker? allowed: asker, helper"#,
        ],
    );
    check(
        |f| f.edit("team.toml", "\"Answer\"", "\"Anwser\""),
        &[
            "team.toml:4:10: [team], result: tasks enter at asker, which gives Answer; write Answer",
            r#"team.toml:4:10: [team], result: there is no schema "Anwser"; did you mean Answer? allowed: Answer, Passages, Plan, Question, SqlQuery, Table, Text"#,
        ],
    );
    check(
        |f| f.edit("team.toml", "\"Answer\"", "\"Text\""),
        &["team.toml:4:10: [team], result: tasks enter at asker, which gives Answer; write Answer"],
    );
    check(
        |f| f.edit(ASKER, "\"helper\"", "\"helpr\""),
        &[
            r#"agents/asker.toml:12:9: step help, agent: there is no agent "helpr"; did you mean helper? allowed: asker, helper"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "answer = \"Plan\"", "answer = \"Plam\""),
        &[
            r#"agents/asker.toml:8:10: step plan, answer: there is no schema "Plam"; did you mean Plan? allowed: Answer, Passages, Plan, Question, SqlQuery, Table, Text"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "takes = \"Question\"", "takes = \"Qestion\""),
        &[
            r#"agents/asker.toml:2:9: [agent], takes: there is no schema "Qestion"; did you mean Question? allowed: Answer, Passages, Plan, Question, SqlQuery, Table, Text"#,
        ],
    );
}

/// Tools, bases and joins that are not there, or may not be used.
#[test]
fn names_of_tools_and_joins() {
    check(
        |f| {
            f.edit(
                ASKER,
                "gives = \"Answer\"\n",
                "gives = \"Answer\"\ntools = [\"sql\"]\nknowledge = [\"rules\"]\n",
            )
        },
        &[
            r#"agents/asker.toml:4:10: [agent], tools: there is no tool "sql"; none is declared"#,
            r#"agents/asker.toml:5:14: [agent], knowledge: there is no knowledge base "rules"; none is declared"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "agent = \"helper\"", "tool = \"sql\""),
        &[
            r#"agents/asker.toml:12:8: step help, tool: there is no tool "sql"; none is declared"#,
            "agents/helper.toml:1:1: nobody reaches agent helper; send it something, or take its file away; reached: asker",
        ],
    );
    check(
        |f| {
            f.edit(ASKER, "agent = \"helper\"", "tool = \"figures\"")
                .append("team.toml", "[tools.figures]\nkind = \"sql\"\n")
        },
        &[
            r#"agents/asker.toml:12:8: step help, tool: this agent may not use tool "figures"; list it under [agent]"#,
            "agents/asker.toml:13:8: step help, send: field parameters of SqlQuery is missing; give a list of no value or a whole number or a number or text or a truth value",
            "agents/asker.toml:13:8: step help, send: field rows_max of SqlQuery is missing; give a whole number",
            "agents/asker.toml:13:8: step help, send: field statement of SqlQuery is missing; give text",
            r#"agents/asker.toml:13:10: step help, send: SqlQuery has no field "text"; allowed: parameters, rows_max, statement"#,
            r#"agents/asker.toml:17:18: step answer, reply.text: record Table has no field "text"; allowed: columns, is_cut, rows"#,
            "agents/helper.toml:1:1: nobody reaches agent helper; send it something, or take its file away; reached: asker",
        ],
    );
}

/// A tool that another process serves says what it takes and gives, and nothing that this runtime would do for it.
#[test]
fn external_tools() {
    check(
        |f| {
            f.append(
                "team.toml",
                "[tools.carrier]\nkind = \"external\"\nfile = \"x\"\ntakes = \"Question\"\n",
            )
        },
        &[
            "team.toml:5:1: [tools.carrier], gives: it is missing; give the schema of its answer",
            r#"team.toml:7:1: [tools.carrier]: there is no field "file"; allowed: gives, kind, takes"#,
        ],
    );
}

/// Routes lead to later steps, loops to earlier ones.
#[test]
fn names_of_steps() {
    check(
        |f| {
            f.edit(ASKER, "agent = \"helper\"\nsend = { text = \"plan.subject\" }", "fork = [\"helper\"]\njoin = \"facts\"\nsend = { text = \"plan.subject\" }\ncontext = \"input\"")
        },
        &[
            r#"agents/asker.toml:13:8: step help, join: there is no join "facts"; none is declared"#,
            "agents/asker.toml:17:1: step answer: nothing leads to this step; let a route lead to it, or take it away",
            "agents/asker.toml:19:18: step answer, reply.text: step help has no result; use a step that asks a model, a tool, a knowledge base or an agent",
        ],
    );
    check(
        |f| {
            f.edit(
                ASKER,
                "agent = \"helper\"\nsend = { text = \"plan.subject\" }",
                "route = \"plan.kind\"\ncases = { short = \"anser\" }\notherwise = \"plan\"",
            )
        },
        &[
            r#"agents/asker.toml:13:19: step help, cases: there is no later step "anser"; did you mean answer? allowed: answer"#,
            r#"agents/asker.toml:14:13: step help, otherwise: there is no later step "plan"; allowed: answer"#,
            "agents/asker.toml:18:18: step answer, reply.text: step help has no result; use a step that asks a model, a tool, a knowledge base or an agent",
            "agents/helper.toml:1:1: nobody reaches agent helper; send it something, or take its file away; reached: asker",
        ],
    );
    check(
        |f| {
            f.edit(
                ASKER,
                "agent = \"helper\"\nsend = { text = \"plan.subject\" }",
                "repeat = \"answer\"\nwhile = \"true\"\nat_most = 2",
            )
        },
        &[
            r#"agents/asker.toml:12:10: step help, repeat: there is no earlier step "answer"; allowed: plan"#,
            "agents/asker.toml:18:18: step answer, reply.text: step help has no result; use a step that asks a model, a tool, a knowledge base or an agent",
            "agents/helper.toml:1:1: nobody reaches agent helper; send it something, or take its file away; reached: asker",
        ],
    );
}

/// What can be wrong with `team.toml`.
#[test]
fn fields_of_the_team() {
    check(
        |f| f.put("team.toml", "[team\n"),
        &["team.toml:1:6: it is no TOML: unclosed table, expected `]`; see https://toml.io for its form"],
    );
    check(|f| f.put("team.toml", ""), &["team.toml:1:1: team: it is missing; give a table [team]"]);
    check(
        |f| f.edit("team.toml", "entry", "entrance"),
        &[
            "team.toml:1:1: [team], entry: it is missing; give the agent where tasks enter",
            r#"team.toml:3:1: [team]: there is no field "entrance"; allowed: entry, name, result"#,
        ],
    );
    check(
        |f| f.edit("team.toml", "\"small\"", "\"Small Team\""),
        &[
            r#"team.toml:2:8: [team], name: "Small Team" is no name; use up to 48 small letters, digits and -, beginning with a letter"#,
        ],
    );
    check(
        |f| f.append("team.toml", "[limits]\ndeadline = \"10 minutes\"\ncalls = 0\nreserve = 5\n"),
        &[
            r#"team.toml:6:12: [limits], deadline: "10 minutes" is no span of time; write for example 500ms, 90s, 10m or 2h"#,
            "team.toml:7:9: [limits], calls: 0 is out of bounds; a whole number from 1 to 10000",
            "team.toml:8:11: [limits], reserve: found the number 5; give a text in quotes",
        ],
    );
    check(
        |f| f.append("team.toml", "[limits]\ndeadline = \"1000h\"\nreserve = \"2000h\"\n"),
        &[
            "team.toml:6:12: [limits], deadline: it is too long; at most 144h",
            "team.toml:7:11: [limits], reserve: it leaves nothing of the deadline; less than the deadline",
        ],
    );
    check(
        |f| f.append("team.toml", "[joins.facts]\nat = \"helper\"\npolicy = \"quorum\"\n"),
        &[
            r#"team.toml:7:10: [joins.facts], policy: "quorum" is no policy; write all, quorum N or first N, with N from 1 to 64"#,
        ],
    );
}

/// What can be wrong with a step that asks the model.
#[test]
fn fields_of_a_question() {
    check(
        |f| f.edit(ASKER, "prompt =", "promt ="),
        &[
            "agents/asker.toml:5:1: step plan: it does nothing; did you mean prompt? allowed: agent, delegate, fail, fork, knowledge, over, prompt, repeat, reply, route, tool",
        ],
    );
    check(
        |f| f.edit(ASKER, "name = \"plan\"\n", "name = \"plan\"\nmax_token = 5\n"),
        &[
            r#"agents/asker.toml:7:1: step plan: there is no field "max_token"; did you mean max_tokens? allowed: answer, max_tokens, name, prompt, rounds, system, system_file, temperature"#,
        ],
    );
    check(
        |f| {
            f.edit(
                ASKER,
                "name = \"plan\"\n",
                "name = \"plan\"\nmax_tokens = \"many\"\nrounds = 9\ntemperature = 3.5\n",
            )
        },
        &[
            r#"agents/asker.toml:7:14: step plan, max_tokens: found the text "many"; give a whole number from 1 to 32768"#,
            "agents/asker.toml:8:10: step plan, rounds: 9 is out of bounds; a whole number from 1 to 5",
            "agents/asker.toml:9:15: step plan, temperature: 3.5 is out of bounds; a number from 0 to 2",
        ],
    );
    check(
        |f| f.edit(ASKER, "answer = \"Plan\"", "rounds = 2"),
        &[
            "agents/asker.toml:5:1: step plan, rounds: without an answer's schema every text will do; give answer, or leave rounds out",
            r#"agents/asker.toml:13:17: step help, send.text: record Text has no field "subject"; allowed: text"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "name = \"help\"", "name = \"help\"\nfail = \"no\""),
        &[
            "agents/asker.toml:10:1: step help: it does several things: agent, fail; let each step do one thing",
        ],
    );
}

/// Steps without a name, with a bad one, with one that is taken; loops without a bound.
#[test]
fn names_and_bounds_of_steps() {
    check(
        |f| f.edit(ASKER, "name = \"help\"\n", ""),
        &[
            "agents/asker.toml:10:1: step #2, name: it is missing; name the step, so that its result can be used",
            r#"agents/asker.toml:16:18: step answer, reply.text: there is no variable "help"; allowed: input, plan, round, task"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "name = \"help\"", "name = \"Help me\""),
        &[
            r#"agents/asker.toml:11:8: step #2, name: "Help me" is no name for a step; use up to 48 small letters, digits and _, beginning with a letter, no word of the templates"#,
            r#"agents/asker.toml:17:18: step answer, reply.text: there is no variable "help"; did you mean Help me? allowed: Help me, input, plan, round, task"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "name = \"help\"", "name = \"input\""),
        &[
            r#"agents/asker.toml:11:8: step #2, name: "input" is a variable of its own; use another name"#,
            r#"agents/asker.toml:17:18: step answer, reply.text: there is no variable "help"; allowed: input, plan, round, task"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "name = \"help\"", "name = \"plan\""),
        &[
            r#"agents/asker.toml:11:8: step plan, name: another step is named "plan" too; give each step a name of its own"#,
            r#"agents/asker.toml:13:17: step plan, send.text: record Text has no field "subject"; allowed: text"#,
            r#"agents/asker.toml:17:18: step answer, reply.text: there is no variable "help"; allowed: input, plan, round, task"#,
        ],
    );
    check(
        |f| {
            f.edit(ASKER, "[[step]]\nname = \"plan\"", "[step]\nname = \"plan\"")
                .edit(ASKER, "[[step]]", "[other]")
                .edit(ASKER, "[[step]]", "[another]")
        },
        &[
            "agents/asker.toml:1:1: step: there is no step; begin with one that does something, under [[step]]",
            "agents/asker.toml:5:1: step: found a table; give steps, each under [[step]]",
            r#"agents/asker.toml:10:2: there is no field "other"; allowed: agent, step"#,
            r#"agents/asker.toml:15:2: there is no field "another"; allowed: agent, step"#,
            "agents/helper.toml:1:1: nobody reaches agent helper; send it something, or take its file away; reached: asker",
        ],
    );
    check(
        |f| {
            f.edit(
                ASKER,
                "agent = \"helper\"\nsend = { text = \"plan.subject\" }",
                "repeat = \"plan\"\nwhile = \"true\"",
            )
        },
        &[
            "agents/asker.toml:10:1: step help, at_most: it is missing; give how often it may go back: a loop must end",
            "agents/asker.toml:17:18: step answer, reply.text: step help has no result; use a step that asks a model, a tool, a knowledge base or an agent",
            "agents/helper.toml:1:1: nobody reaches agent helper; send it something, or take its file away; reached: asker",
        ],
    );
}
