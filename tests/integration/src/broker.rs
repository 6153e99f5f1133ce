//! A broker of a test's own, to be stopped and killed without disturbing other tests.

use std::sync::Arc;

use tests_stack::Stack;

/// A broker in a folder of its own, stopped when the test ends, however it ends.
pub struct Broker {
    stack: Arc<Stack>,
    /// Its address, the same for its whole life.
    pub address: String,
}

impl Broker {
    /// Starts one.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start() -> Self {
        let stack = tokio::task::spawn_blocking(|| Stack::up(&["kafka"])).await.expect("a thread");
        Self { address: stack.line("brokers").to_owned(), stack: Arc::new(stack) }
    }

    /// Ends it as a crash would.
    pub async fn kill(&self) {
        run(&self.stack, "kill", "kafka").await;
    }

    /// Stops it politely.
    pub async fn down(&self) {
        run(&self.stack, "down", "kafka").await;
    }

    /// Starts it again, with the same data.
    ///
    /// # Panics
    /// If it comes back elsewhere.
    pub async fn up(&self) {
        let line = run(&self.stack, "up", "kafka").await;
        assert_eq!(line.trim(), format!("brokers={}", self.address), "it came back elsewhere");
    }
}

/// Runs a command of `scripts/stack` on one server of a stack, off the async runtime; what it printed.
///
/// # Panics
/// If it fails.
pub async fn run(stack: &Arc<Stack>, command: &'static str, server: &'static str) -> String {
    let stack = Arc::clone(stack);
    tokio::task::spawn_blocking(move || stack.run(command, &[server])).await.expect("a thread")
}
