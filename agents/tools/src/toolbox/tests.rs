//! What a toolbox takes, and whom it lets at what.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use schemas_records::{CallId, Text};
use topics_catalog::Names;

use super::{Problem, Toolbox};
use crate::tool::{Bounds, Declaration, Effects, Error, Schema, Tool};

struct Idle(Declaration);

#[async_trait::async_trait]
impl Tool for Idle {
    fn declaration(&self) -> &Declaration {
        &self.0
    }

    async fn call(&self, _: CallId, arguments: Bytes) -> Result<Bytes, Error> {
        Ok(arguments)
    }
}

fn idle(name: &str, bounds: Bounds) -> Arc<dyn Tool> {
    let (arguments, answer) = (Schema::of::<Text>(), Schema::of::<Text>());
    Arc::new(Idle(Declaration { name: name.into(), effects: Effects::Idempotent, arguments, answer, bounds }))
}

fn toolbox() -> Toolbox {
    Toolbox::new(Names::new("test", "team").unwrap())
}

/// Names are names and unique; bounds are something, and not more than is allowed.
#[test]
fn what_is_declared_is_checked() {
    let check = |name: &str, change: fn(&mut Bounds), says: &str| {
        let mut toolbox = toolbox();
        toolbox.add(idle("first", Bounds::default())).unwrap();
        let mut bounds = Bounds::default();
        change(&mut bounds);
        let problem = toolbox.add(idle(name, bounds)).unwrap_err().to_string();
        assert!(problem.contains(says), "{problem:?} does not say {says:?}");
    };
    check("", |_| (), "has no name");
    check("Sql", |_| (), "has no name");
    check("my tool", |_| (), "has no name");
    check("first", |_| (), "is there twice");
    check("second", |bounds| bounds.time = Duration::ZERO, "a time of 0ns");
    check("second", |bounds| bounds.time = Duration::from_secs(601), "a time of 601s, 1 ns to 600s");
    check("second", |bounds| bounds.answer_bytes = 0, "bytes of its answer of 0");
    check("second", |bounds| bounds.answer_bytes = 5 << 20, "1 to 262144 are allowed");
    check("second", |bounds| bounds.in_flight = 0, "calls in flight of 0");
    check("second", |bounds| bounds.in_flight = 257, "1 to 256 are allowed");
}

/// An agent is only allowed what there is.
#[test]
fn what_is_allowed_is_there() {
    let mut toolbox = toolbox();
    toolbox.add(idle("tables", Bounds::default())).unwrap();
    toolbox.allow("analyst", "tables").unwrap();
    let hint = "did you mean tables? there are: tables".to_owned();
    let unknown = Problem::Unknown { agent: "analyst".into(), tool: "table".into(), hint };
    assert_eq!(toolbox.allow("analyst", "table"), Err(unknown));
}
