//! Messages, expressions and templates.

use super::{ASKER, check};

/// Messages against their schemas, and literals against their types.
#[test]
fn messages() {
    check(
        |f| f.edit(ASKER, "{ text = \"plan.subject\" }", "{ txt = \"plan.subject\" }"),
        &[
            "agents/asker.toml:13:8: step help, send: field text of Text is missing; give text",
            r#"agents/asker.toml:13:10: step help, send: Text has no field "txt"; did you mean text? allowed: text"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "score = 1", "score = \"'one'\""),
        &[r#"agents/asker.toml:17:39: step answer, reply.score: found the text "one"; give a whole number"#],
    );
    check(
        |f| f.edit(ASKER, "score = 1", "score = 1.5"),
        &["agents/asker.toml:17:39: step answer, reply.score: found a number; give a whole number"],
    );
    check(
        |f| f.edit(ASKER, "score = 1", "score = true"),
        &["agents/asker.toml:17:39: step answer, reply.score: found a truth value; give a whole number"],
    );
    check(
        |f| f.edit(ASKER, "score = 1", "score = \"plan.people\""),
        &[
            "agents/asker.toml:17:39: step answer, reply.score: found a list of record Person; give a whole number",
        ],
    );
    check(
        |f| f.edit(ASKER, ", score = 1", ""),
        &[
            "agents/asker.toml:17:9: step answer, reply: field score of Answer is missing; give a whole number",
        ],
    );
    check(
        |f| f.edit(ASKER, "{ text = \"help.text\", score = 1 }", "\"help\""),
        &["agents/asker.toml:17:9: step answer, reply: found record Text; give record Answer"],
    );
    check(
        |f| f.edit(ASKER, "{ text = \"help.text\", score = 1 }", "\"{{ help.text }}\""),
        &[
            r#"agents/asker.toml:17:9: step answer, reply: found the text "{{ help.text }}"; give a table of fields, or an expression for the whole message"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "\"help.text\"", "\"hello there\""),
        &[
            r#"agents/asker.toml:17:18: step answer, reply.text: it cannot be read: syntax error: unexpected input after expression; write an expression; text as it stands is quoted twice: "'hello there'""#,
        ],
    );
    check(
        |f| f.edit(ASKER, "\"help.text\"", "\"hello\""),
        &[
            r#"agents/asker.toml:17:18: step answer, reply.text: there is no variable "hello"; did you mean help? allowed: help, input, plan, round, task"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "\"help.text\"", "2020-01-01"),
        &[
            "agents/asker.toml:17:9: step answer, reply: field text of Answer is missing; give text",
            "agents/asker.toml:17:18: step answer, reply.text: found a date; give a number, a truth value or a text",
        ],
    );
}

/// Prompts: variables, fields, filters, loops; the place is the prompt's own.
#[test]
fn prompts() {
    check(
        |f| f.put("agents/asker.md", "Plan\n{{ inptu.question }}\n"),
        &[
            r#"agents/asker.md:2:4: step plan: there is no variable "inptu"; did you mean input? allowed: input, round, task"#,
        ],
    );
    check(
        |f| f.put("agents/asker.md", "{{ input.qestion }}"),
        &[
            r#"agents/asker.md:1:4: step plan: record Question has no field "qestion"; did you mean question? allowed: question"#,
        ],
    );
    check(
        |f| f.put("agents/asker.md", "{{ plan.subject }}"),
        &[r#"agents/asker.md:1:4: step plan: there is no variable "plan"; allowed: input, round, task"#],
    );
    check(
        |f| f.put("agents/asker.md", "{% if x %}"),
        &[
            "agents/asker.md:1:1: step plan: it cannot be read: syntax error: unexpected end of input, expected end of block; write it as minijinja (Jinja2) has it",
        ],
    );
    check(
        |f| f.put("agents/asker.md", "a\n  {{ input.question | uper }}"),
        &[
            r#"agents/asker.md:2:23: step plan: there is no filter "uper"; did you mean upper? allowed: abs, batch, bool, capitalize, chain, count, d, default, dictsort, first, float, format, groupby, indent, int, items, join, last, length, lines, ..."#,
        ],
    );
    check(
        |f| f.put("agents/asker.md", "{% for c in input.question %}{{ c }}{% endfor %}"),
        &["agents/asker.md:1:13: step plan: text cannot be looped over; loop over a list"],
    );
    check(
        |f| f.put("agents/asker.md", "{{ input.question.upper() }}{{ now() }}"),
        &[
            "agents/asker.md:1:18: step plan: values have no methods; use a filter, for example x | upper",
            r#"agents/asker.md:1:32: step plan: there is no function "now"; allowed: dict, range"#,
        ],
    );
    check(
        |f| f.put("agents/asker.md", "{% include \"x\" %}"),
        &[
            "agents/asker.md:1:1: step plan: it cannot be read: syntax error: unknown statement include; write it as minijinja (Jinja2) has it",
        ],
    );
}

/// Expressions in manifests: fields through lists and loops, results that are not there yet.
#[test]
fn expressions() {
    check(
        |f| f.edit(ASKER, "plan.subject", "plan.people[0].nme"),
        &[
            r#"agents/asker.toml:13:17: step help, send.text: record Person has no field "nme"; did you mean name? allowed: age, name"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "\"plan.subject\"", "\"{% for p in plan.people %}{{ p.agee }}{% endfor %}\""),
        &[
            r#"agents/asker.toml:13:17: step help, send.text: record Person has no field "agee"; did you mean age? allowed: age, name"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "plan.subject", "plan.people | map(attribute='name') | join(', ')"),
        &["nothing is wrong"],
    );
    check(
        |f| f.edit(ASKER, "plan.subject", "(plan.people | first).nam"),
        &[
            r#"agents/asker.toml:13:17: step help, send.text: record Person has no field "nam"; did you mean name? allowed: age, name"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "plan.subject", "help.text"),
        &[
            r#"agents/asker.toml:13:17: step help, send.text: there is no variable "help"; allowed: input, plan, round, task"#,
        ],
    );
    check(
        |f| f.edit(ASKER, "plan.subject", "parts.helper.message"),
        &[
            r#"agents/asker.toml:13:17: step help, send.text: there is no variable "parts"; allowed: input, plan, round, task"#,
        ],
    );
}
