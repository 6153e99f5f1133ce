//! The walk through the syntax of a template or expression: every variable, field, filter and loop against
//! what is known of the values.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::machinery::ast::{
    BinOp, BinOpKind, Call, CallArg, Expr, Filter, ForLoop, Map, Spanned, Stmt, Test, UnaryOpKind,
};
use serde_json::Value;

use crate::engine::{self, FILTERS, FUNCTIONS, TESTS};
use crate::problem::{Place, hint};
use crate::shape::Shape;

/// The variables that a template sees.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// There on every path.
    pub(crate) sure: BTreeMap<String, Shape>,
    /// There on some path only.
    pub(crate) maybe: BTreeMap<String, Shape>,
    /// Steps that have no result.
    pub(crate) without: BTreeSet<String>,
    /// What is there too where one of these is: steps that ran before it on every path.
    pub(crate) before: BTreeMap<String, BTreeSet<String>>,
}

/// What the walk found wrong.
#[derive(Debug)]
pub(crate) struct Finding {
    /// Where in the template.
    pub(crate) place: Place,
    pub(crate) found: String,
    pub(crate) allowed: String,
}

/// Walks a template.
pub(crate) fn template(text: &str, scope: &Scope) -> Vec<Finding> {
    match engine::template(text) {
        Ok(tree) => {
            let mut walk = Walk { text, scope: scope.clone(), findings: Vec::new() };
            walk.statement(&tree);
            walk.findings
        }
        Err(error) => vec![syntax_error(&error)],
    }
}

/// Walks an expression; also what it yields.
pub(crate) fn expression(text: &str, scope: &Scope) -> (Shape, Vec<Finding>) {
    match engine::expression(text) {
        Ok(tree) => {
            let mut walk = Walk { text, scope: scope.clone(), findings: Vec::new() };
            let shape = walk.value(&tree);
            (shape, walk.findings)
        }
        Err(error) => {
            let mut finding = syntax_error(&error);
            finding.allowed = format!("write an expression; text as it stands is quoted twice: \"'{text}'\"");
            (Shape::Any, vec![finding])
        }
    }
}

fn syntax_error(error: &minijinja::Error) -> Finding {
    let place = Place { line: error.line().unwrap_or(1), column: 1 };
    let found = format!("it cannot be read: {}", engine::say(error));
    Finding { place, found, allowed: "write it as minijinja (Jinja2) has it".to_owned() }
}

struct Walk<'t> {
    text: &'t str,
    scope: Scope,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn find(&mut self, offset: u32, found: String, allowed: String) {
        let place = Place::of(self.text, usize::try_from(offset).unwrap_or(0));
        self.findings.push(Finding { place, found, allowed });
    }

    fn body(&mut self, body: &[Stmt<'_>]) {
        for statement in body {
            self.statement(statement);
        }
    }

    /// A body with variables of its own.
    fn inside(&mut self, body: &[Stmt<'_>], own: Vec<(String, Shape)>) {
        let kept = self.scope.clone();
        self.scope.sure.extend(own);
        self.body(body);
        self.scope = kept;
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.body(&template.children),
            Stmt::EmitExpr(emit) => {
                self.value(&emit.expr);
            }
            Stmt::EmitRaw(_) => {}
            Stmt::ForLoop(a_loop) => self.for_loop(a_loop),
            Stmt::IfCond(condition) => {
                self.value(&condition.expr);
                let known = self.guarded(&condition.expr, true);
                self.inside(&condition.true_body, known);
                let known = self.guarded(&condition.expr, false);
                self.inside(&condition.false_body, known);
            }
            Stmt::WithBlock(with) => {
                let mut own = Vec::new();
                for (target, value) in &with.assignments {
                    let shape = self.value(value);
                    own.extend(targets(target, &shape));
                }
                self.inside(&with.body, own);
            }
            Stmt::Set(set) => {
                let shape = self.value(&set.expr);
                self.scope.sure.extend(targets(&set.target, &shape));
            }
            Stmt::SetBlock(set) => {
                self.inside(&set.body, Vec::new());
                self.scope.sure.extend(targets(&set.target, &Shape::Text));
            }
            Stmt::AutoEscape(escape) => self.inside(&escape.body, Vec::new()),
            Stmt::FilterBlock(filter) => self.inside(&filter.body, Vec::new()),
            Stmt::Do(call) => {
                self.arguments(&call.call.args);
            }
        }
    }

    fn for_loop(&mut self, a_loop: &Spanned<ForLoop<'_>>) {
        let list = self.value(&a_loop.iter);
        let item = list.item().unwrap_or_else(|| {
            let offset = a_loop.iter.span().start_offset;
            let allowed = "loop over a list".to_owned();
            self.find(offset, format!("{} cannot be looped over", list.describe()), allowed);
            Shape::Any
        });
        let mut own = targets(&a_loop.target, &item);
        own.push(("loop".to_owned(), Shape::Any));
        if let Some(filter) = &a_loop.filter_expr {
            let kept = self.scope.clone();
            self.scope.sure.extend(own.clone());
            self.value(filter);
            self.scope = kept;
        }
        self.inside(&a_loop.body, own);
        self.inside(&a_loop.else_body, Vec::new());
    }

    /// The variables that a condition makes sure of where it holds, or where it does not:
    /// `draft is defined and ...`, `not (draft is undefined or ...)`.
    fn guarded(&self, condition: &Expr<'_>, holds: bool) -> Vec<(String, Shape)> {
        match condition {
            Expr::Test(test) => match (&test.expr, test.name, holds) {
                (Expr::Var(variable), "defined", true) | (Expr::Var(variable), "undefined", false) => {
                    self.there_with(variable.id)
                }
                _ => Vec::new(),
            },
            Expr::UnaryOp(operation) if matches!(operation.op, UnaryOpKind::Not) => {
                self.guarded(&operation.expr, !holds)
            }
            Expr::BinOp(both)
                if matches!((both.op, holds), (BinOpKind::ScAnd, true) | (BinOpKind::ScOr, false)) =>
            {
                let mut known = self.guarded(&both.left, holds);
                known.extend(self.guarded(&both.right, holds));
                known
            }
            _ => Vec::new(),
        }
    }

    /// What is there where the result of this step is.
    fn there_with(&self, step: &str) -> Vec<(String, Shape)> {
        let before = self.scope.before.get(step).into_iter().flatten();
        let names = before.map(String::as_str).chain([step]);
        let known = |name: &str| Some((name.to_owned(), self.scope.maybe.get(name)?.clone()));
        names.filter_map(known).collect()
    }

    /// An expression with what a guard before it made sure of.
    fn value_knowing(&mut self, value: &Expr<'_>, known: Vec<(String, Shape)>) -> Shape {
        let kept = self.scope.clone();
        self.scope.sure.extend(known);
        let shape = self.value(value);
        self.scope = kept;
        shape
    }

    fn value(&mut self, value: &Expr<'_>) -> Shape {
        match value {
            Expr::Var(variable) => self.variable(variable.id, variable.span().start_offset),
            Expr::Const(constant) => serde_json::to_value(&constant.value)
                .map_or(Shape::Any, |value: Value| Shape::of_json(&value)),
            Expr::GetAttr(get) => {
                let shape = self.value(&get.expr);
                self.field(&shape, get.name, value)
            }
            Expr::GetItem(get) => {
                let shape = self.value(&get.expr);
                match &get.subscript_expr {
                    Expr::Const(constant) if constant.value.as_str().is_some() => {
                        self.field(&shape, constant.value.as_str().unwrap_or_default(), value)
                    }
                    other => {
                        self.value(other);
                        shape.item().unwrap_or(Shape::Any)
                    }
                }
            }
            Expr::Slice(slice) => {
                for bound in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.value(bound);
                }
                self.value(&slice.expr)
            }
            Expr::UnaryOp(operation) => {
                let shape = self.value(&operation.expr);
                if matches!(operation.op, UnaryOpKind::Not) { Shape::Boolean } else { shape }
            }
            Expr::BinOp(operation) => self.operation(operation),
            Expr::Compare(compare) => {
                self.value(&compare.expr);
                for operation in &compare.ops {
                    self.value(&operation.expr);
                }
                Shape::Boolean
            }
            Expr::IfExpr(choice) => {
                self.value(&choice.test_expr);
                let known = self.guarded(&choice.test_expr, true);
                let mut shapes = vec![self.value_knowing(&choice.true_expr, known)];
                if let Some(value) = &choice.false_expr {
                    let known = self.guarded(&choice.test_expr, false);
                    shapes.push(self.value_knowing(value, known));
                }
                Shape::one_of(shapes)
            }
            Expr::Filter(filter) => self.filter(filter),
            Expr::Test(test) => self.test(test),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.list(&list.items),
            Expr::Tuple(tuple) => self.list(&tuple.items),
            Expr::Map(map) => self.map(map),
        }
    }

    fn operation(&mut self, operation: &Spanned<BinOp<'_>>) -> Shape {
        use BinOpKind::{Add, Concat, Div, FloorDiv, Mul, Pow, Rem, ScAnd, ScOr, Sub};
        let left = self.value(&operation.left);
        let known = match operation.op {
            ScAnd => self.guarded(&operation.left, true),
            ScOr => self.guarded(&operation.left, false),
            _ => Vec::new(),
        };
        let right = self.value_knowing(&operation.right, known);
        match operation.op {
            Concat => Shape::Text,
            Div => Shape::Number { is_double: true },
            Sub | FloorDiv | Rem | Pow | Mul | Add => match (left, right) {
                (Shape::Number { is_double: a }, Shape::Number { is_double: b }) => {
                    Shape::Number { is_double: a || b }
                }
                _ => Shape::Any,
            },
            ScAnd | ScOr => Shape::one_of(vec![left, right]),
            _ => Shape::Boolean,
        }
    }

    fn list(&mut self, items: &[Expr<'_>]) -> Shape {
        let shapes: Vec<Shape> = items.iter().map(|item| self.value(item)).collect();
        Shape::List(Box::new(Shape::one_of(shapes)))
    }

    fn map(&mut self, map: &Spanned<Map<'_>>) -> Shape {
        let mut fields = Vec::new();
        for (key, value) in map.keys.iter().zip(&map.values) {
            let shape = self.value(value);
            match key {
                Expr::Const(constant) => fields.push((constant.value.to_string(), shape)),
                other => {
                    self.value(other);
                    return Shape::Any;
                }
            }
        }
        Shape::Fields(fields)
    }

    fn variable(&mut self, name: &str, offset: u32) -> Shape {
        if let Some(shape) = self.scope.sure.get(name) {
            return shape.clone();
        }
        if let Some(shape) = self.scope.maybe.get(name).cloned() {
            let found = format!("step {name} has not run on every path to here");
            let allowed = format!("guard it: {{% if {name} is defined %}}");
            self.find(offset, found, allowed);
            return shape;
        }
        if self.scope.without.contains(name) {
            let allowed = "use a step that asks a model, a tool, a knowledge base or an agent".to_owned();
            self.find(offset, format!("step {name} has no result"), allowed);
            return Shape::Any;
        }
        let names: Vec<&str> =
            self.scope.sure.keys().chain(self.scope.maybe.keys()).map(String::as_str).collect();
        let allowed = hint(name, &names);
        self.find(offset, format!("there is no variable {name:?}"), allowed);
        Shape::Any
    }

    fn field(&mut self, shape: &Shape, name: &str, whole: &Expr<'_>) -> Shape {
        shape.field(name).unwrap_or_else(|fields| {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            let found = match shape {
                Shape::Parts(..) => format!("no part {name:?} comes here"),
                other => format!("{} has no field {name:?}", other.describe()),
            };
            self.find(whole.span().start_offset, found, hint(name, &fields));
            Shape::Any
        })
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(value)
                | CallArg::Kwarg(_, value)
                | CallArg::PosSplat(value)
                | CallArg::KwargSplat(value) => {
                    self.value(value);
                }
            }
        }
    }

    fn filter(&mut self, filter: &Spanned<Filter<'_>>) -> Shape {
        self.arguments(&filter.args);
        if !FILTERS.contains(&filter.name) {
            let found = format!("there is no filter {:?}", filter.name);
            self.find(filter.span().start_offset, found, hint(filter.name, &FILTERS));
        }
        let is_default = matches!(filter.name, "default" | "d");
        let given = match &filter.expr {
            // What may be missing has its default here.
            Some(Expr::Var(variable)) if is_default => {
                let maybe = self.scope.maybe.get(variable.id).cloned();
                maybe.unwrap_or_else(|| self.variable(variable.id, variable.span().start_offset))
            }
            Some(value) => self.value(value),
            None => Shape::Text,
        };
        filtered(filter.name, given)
    }

    fn test(&mut self, test: &Spanned<Test<'_>>) -> Shape {
        self.arguments(&test.args);
        if !TESTS.contains(&test.name) && test.name != "undefined" {
            let found = format!("there is no test {:?}", test.name);
            self.find(test.span().start_offset, found, hint(test.name, &TESTS));
        }
        match &test.expr {
            // Whether it is there is what is asked.
            Expr::Var(variable)
                if matches!(test.name, "defined" | "undefined")
                    && self.scope.maybe.contains_key(variable.id) => {}
            value => {
                self.value(value);
            }
        }
        Shape::Boolean
    }

    fn call(&mut self, call: &Spanned<Call<'_>>) -> Shape {
        self.arguments(&call.args);
        match &call.expr {
            Expr::Var(function) if FUNCTIONS.contains(&function.id) => match function.id {
                "range" => Shape::List(Box::new(Shape::Number { is_double: false })),
                _ => Shape::Any,
            },
            // `loop.cycle(...)` and its like.
            Expr::GetAttr(get) if matches!(&get.expr, Expr::Var(variable) if variable.id == "loop") => {
                Shape::Any
            }
            Expr::Var(function) => {
                let found = format!("there is no function {:?}", function.id);
                self.find(call.span().start_offset, found, hint(function.id, &FUNCTIONS));
                Shape::Any
            }
            _ => {
                let found = "values have no methods".to_owned();
                self.find(call.span().start_offset, found, "use a filter, for example x | upper".to_owned());
                Shape::Any
            }
        }
    }
}

/// The variables that a loop or assignment makes.
fn targets(target: &Expr<'_>, shape: &Shape) -> Vec<(String, Shape)> {
    match target {
        Expr::Var(variable) => vec![(variable.id.to_owned(), shape.clone())],
        Expr::List(list) => list.items.iter().flat_map(|item| targets(item, &Shape::Any)).collect(),
        Expr::Tuple(tuple) => tuple.items.iter().flat_map(|item| targets(item, &Shape::Any)).collect(),
        _ => Vec::new(),
    }
}

/// What a filter makes of a value.
fn filtered(filter: &str, given: Shape) -> Shape {
    match filter {
        "capitalize" | "format" | "indent" | "join" | "lower" | "replace" | "string" | "title" | "tojson"
        | "trim" | "upper" => Shape::Text,
        "count" | "int" | "length" => Shape::Number { is_double: false },
        "float" => Shape::Number { is_double: true },
        "bool" => Shape::Boolean,
        "lines" | "split" => Shape::List(Box::new(Shape::Text)),
        "first" | "last" | "max" | "min" => given.item().unwrap_or(Shape::Any),
        "list" | "reject" | "rejectattr" | "reverse" | "select" | "selectattr" | "sort" | "unique" => {
            given.item().map_or(Shape::Any, |item| Shape::List(Box::new(item)))
        }
        "default" | "d" => Shape::Any,
        _ => Shape::Any,
    }
}

#[cfg(test)]
mod tests;
