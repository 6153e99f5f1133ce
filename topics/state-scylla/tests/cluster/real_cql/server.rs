//! A CQL server in a folder of its own, for tests that kill or stop it.

use tests_stack::Stack;
use topics_state_scylla::Settings;

use super::ground::settings;

/// The server, stopped when the test ends, however it ends.
pub struct Server {
    stack: Stack,
    /// How to reach it.
    pub settings: Settings,
}

impl Server {
    /// Starts one.
    pub fn start() -> Self {
        let stack = Stack::up(&["cql"]);
        let settings = Settings { nodes: vec![stack.line("cql").to_owned()], ..settings() };
        Self { stack, settings }
    }

    /// Runs a command of the stack.
    pub fn stack(&self, command: &str) -> String {
        self.stack.run(command, &["cql"])
    }

    /// Stops its process in the middle of whatever it does.
    pub fn freeze(&self) {
        self.stack.freeze("cql");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.stack.thaw("cql");
    }
}
