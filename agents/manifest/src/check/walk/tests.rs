//! The walk knows what is there, what may be there, and what each filter makes of it.

use std::sync::Arc;

use schemas_codec::KnownSchema;

use super::{Scope, expression, template};
use crate::engine::{Engine, FILTERS, FUNCTIONS, TESTS};
use crate::shape::Shape;

/// `input` is there; `draft` ran on some paths, and `review` after it on fewer.
fn scope() -> Scope {
    let schema = r#"{"type":"record","name":"Input","fields":[
        {"name":"text","type":"string"},{"name":"note","type":["null","string"]},
        {"name":"list","type":{"type":"array","items":{"type":"record","name":"Item","fields":[
            {"name":"name","type":"string"},{"name":"next","type":["null","Item"]}]}}},
        {"name":"by","type":{"type":"map","values":"Item"}}]}"#;
    let input = Shape::record(&Arc::new(KnownSchema::parse("Input", schema).unwrap()));
    let mut scope = Scope::default();
    scope.sure.insert("input".into(), input);
    scope.maybe.insert("draft".into(), Shape::Fields(vec![("text".into(), Shape::Text)]));
    scope.maybe.insert("review".into(), Shape::Fields(vec![("good".into(), Shape::Boolean)]));
    scope.before.insert("review".into(), ["draft".to_owned()].into());
    scope
}

/// What is found wrong with a template, in short.
fn found(text: &str) -> Vec<String> {
    template(text, &scope()).into_iter().map(|finding| finding.found).collect()
}

/// What may be missing must be guarded; a guard reaches its branch, and what ran before is there too.
#[test]
fn guards() {
    let good = |text: &str| assert_eq!(found(text), Vec::<String>::new(), "{text}");
    let bad = |text: &str| assert_eq!(found(text).len(), 1, "{text}: {:?}", found(text));
    good("{% if draft is defined %}{{ draft.text }}{% endif %}");
    good("{% if review is defined and review.good %}{{ draft.text }}{% endif %}");
    good("{% if draft is undefined %}none{% else %}{{ draft.text }}{% endif %}");
    good("{% if draft is not defined %}none{% elif 1 %}{{ draft.text }}{% endif %}");
    good("{{ draft.text if draft is defined else '' }}");
    good("{{ draft is defined and draft.text }}{{ draft is undefined or draft.text }}");
    good("{{ draft | default('none') }}");
    good("{% if not (review is undefined or draft is undefined) %}{{ review.good }}{% endif %}");
    bad("{{ draft.text }}");
    bad("{% if draft is defined %}{{ review.good }}{% endif %}");
    bad("{% if draft is undefined %}{{ draft.text }}{% endif %}");
    bad("{% if draft is defined or 1 %}{{ draft.text }}{% endif %}");
    bad("{% if draft is defined %}{% endif %}{{ draft.text }}");
    bad("{{ nothing is defined }}");
}

/// Fields are followed through lists, maps, unions, loops, assignments and records that hold themselves.
#[test]
fn fields() {
    let good = |text: &str| assert_eq!(found(text), Vec::<String>::new(), "{text}");
    let bad = |text: &str, expected: &str| assert_eq!(found(text), [expected], "{text}");
    good("{% for item in input.list if item.name %}{{ item.next.next.name }}{{ loop.index }}{% endfor %}");
    good("{% for key, item in input.by | items %}{{ key }}{{ item.anything }}{% endfor %}");
    good("{% set first = input.list[0] %}{{ first.name }}{% with x = first.next %}{{ x.name }}{% endwith %}");
    good(
        "{{ (input.list | selectattr('name') | first).name }}{{ input.by.some.name }}{{ input.by['x'].name }}",
    );
    good("{{ input.list[1:] | length + 1 }}{{ {'a': input.text}.a ~ [1, 2][0] }}{{ range(3) | sum }}");
    bad("{% for item in input.list %}{{ item.nme }}{% endfor %}", "record Item has no field \"nme\"");
    bad("{% for item in input.list | sort %}{{ item.nme }}{% endfor %}", "record Item has no field \"nme\"");
    bad("{{ input.list[0].next.nme }}", "no value or record Item has no field \"nme\"");
    bad("{% for item in input.list %}{% endfor %}{{ item }}", "there is no variable \"item\"");
    bad("{% set x = input.txt %}", "record Input has no field \"txt\"");
    bad("{{ input.text.length }}", "text has no field \"length\"");
    bad("{{ {'a': 1}.b }}", "a table of fields has no field \"b\"");
    bad("{% for x in input.text %}{% endfor %}", "text cannot be looped over");
    bad("{{ input.text is strng }}", "there is no test \"strng\"");
}

/// What an expression yields.
#[test]
fn shapes() {
    let check = |text: &str, expected: &str| {
        let (shape, findings) = expression(text, &scope());
        assert!(findings.is_empty(), "{text}: {findings:?}");
        assert_eq!(shape.describe(), expected, "{text}");
    };
    check("input", "record Input");
    check("input.text", "text");
    check("'a'", "the text \"a\"");
    check("1 + 2", "a whole number");
    check("1 / 2", "a number");
    check("1 < 2", "a truth value");
    check("input.list", "a list of record Item");
    check("input.list | map(attribute='name') | list", "a list");
    check("input.text | split(',')", "a list of text");
    check("input.text ~ 1", "text");
    check("'a' if input.note else 'b'", "the text \"a\" or the text \"b\"");
    check("input.note", "no value or text");
    check("not input.note", "a truth value");
}

/// Every filter, test and function that the walk lets through is there when it runs.
#[test]
fn words_are_there() {
    let engine = Engine::new();
    let none = minijinja::Value::from_pairs::<_, String, minijinja::Value>([]);
    let mut texts: Vec<String> = FILTERS.iter().map(|filter| format!("1 | {filter}")).collect();
    texts.extend(TESTS.iter().map(|test| format!("1 is {test}")));
    texts.extend(FUNCTIONS.iter().map(|function| format!("{function}()")));
    for text in texts {
        let said = engine.evaluate(&text, &none).err().unwrap_or_default();
        assert!(!said.contains("unknown"), "{text}: {said}");
    }
    for gone in ["1 | safe", "1 | pprint", "debug()", "namespace()"] {
        assert!(engine.evaluate(gone, &none).unwrap_err().contains("unknown"), "{gone}");
    }
}
