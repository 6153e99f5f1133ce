//! Expressions and templates: minijinja, strict and bounded.
//!
//! What is undefined is an error and never an empty text. Each run has its fuel, which bounds time and
//! memory, and no template writes more than a record holds. There is no clock, no chance and no file:
//! the same values give the same text in every process.

use std::sync::Arc;

use minijinja::machinery::{ast, parse, parse_expr};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use crate::bounds::{FUEL, TEXT_BYTES_MAX};

/// Filters that templates do not have: escaping is for web pages, `debug` shows what nobody asked for.
const NO_FILTERS: [&str; 5] = ["safe", "escape", "e", "pprint", "attr"];
/// Functions that they do not have.
const NO_FUNCTIONS: [&str; 2] = ["debug", "namespace"];

/// Filters that templates have.
pub(crate) const FILTERS: [&str; 43] = [
    "abs",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
];

/// Tests that templates have, beside the operators.
pub(crate) const TESTS: [&str; 26] = [
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "true",
];

/// Functions that templates have.
pub(crate) const FUNCTIONS: [&str; 2] = ["dict", "range"];

/// Renders templates and evaluates expressions.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    environment: Environment<'static>,
}

impl Engine {
    pub(crate) fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_syntax(syntax());
        for filter in NO_FILTERS {
            environment.remove_filter(filter);
        }
        for function in NO_FUNCTIONS {
            environment.remove_global(function);
        }
        Self { environment }
    }

    /// The text that a template makes of these values.
    pub(crate) fn render(&self, template: &str, values: &Value) -> Result<String, String> {
        let text = self.environment.render_str(template, values.clone()).map_err(|error| say_at(&error))?;
        if text.len() > TEXT_BYTES_MAX {
            return Err(format!("the text has {} bytes, at most {TEXT_BYTES_MAX} are allowed", text.len()));
        }
        Ok(text)
    }

    /// The value of an expression.
    pub(crate) fn evaluate(&self, expression: &str, values: &Value) -> Result<Value, String> {
        let compiled =
            self.environment.compile_expression_owned(expression.to_owned()).map_err(|error| say(&error))?;
        let value =
            compiled.eval(values.clone()).map_err(|error| format!("{expression}: {}", say(&error)))?;
        if value.is_undefined() {
            return Err(format!("{expression} is undefined"));
        }
        Ok(value)
    }
}

/// Blocks take their line with them, so that a loop in a prompt leaves no empty lines.
fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().unwrap_or_default()
}

/// The syntax tree of a template.
pub(crate) fn template(text: &str) -> Result<ast::Stmt<'_>, minijinja::Error> {
    parse(text, "template", syntax())
}

/// The syntax tree of an expression.
pub(crate) fn expression(text: &str) -> Result<ast::Expr<'_>, minijinja::Error> {
    parse_expr(text)
}

/// What minijinja says, in one line.
pub(crate) fn say(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// The same, with the template's line.
fn say_at(error: &minijinja::Error) -> String {
    match error.line() {
        Some(line) => format!("{}, in line {line} of the template", say(error)),
        None => say(error),
    }
}

/// The parts of a fork: a list in the fork's order, whose members are also found by their branch.
#[derive(Debug)]
pub(crate) struct Parts(pub(crate) Vec<(String, Value)>);

impl Object for Parts {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let found = match key.as_str() {
            Some(branch) => self.0.iter().find(|(name, _)| name == branch),
            None => self.0.get(key.as_usize()?),
        };
        found.map(|(_, part)| part.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}
