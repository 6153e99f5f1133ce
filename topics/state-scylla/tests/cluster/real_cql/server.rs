//! A CQL server in a folder of its own, for tests that kill or stop it.

use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use topics_state_scylla::Settings;

use super::ground::settings;

/// The server, stopped when the test ends, however it ends.
pub struct Server {
    folder: PathBuf,
    /// How to reach it.
    pub settings: Settings,
}

impl Server {
    /// Starts one.
    pub fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tributary-cql-{name}-{}", std::process::id()));
        let mut server = Self { folder, settings: settings() };
        let line = server.stack("up");
        let node = line.trim().strip_prefix("cql=").expect("the stack's answer").to_owned();
        server.settings.nodes = vec![node];
        server
    }

    /// Runs a command of the stack.
    pub fn stack(&self, command: &str) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/stack");
        let mut call = Command::new(script);
        let output = call.args([command, "cql"]).env("TRIBUTARY_STACK_DIR", &self.folder).output();
        let output = output.expect("run scripts/stack");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "scripts/stack {command}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Stops its process in the middle of whatever it does.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = std::fs::read_to_string(self.folder.join("cql/pid")).expect("its pid");
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw).expect("a pid");
        kill_process(pid, signal).expect("a signal");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stack("down");
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
