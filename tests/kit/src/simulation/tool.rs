//! A tool of a simulation: another tool's answers, without a thread that the seed does not know; and by each
//! call's id, breakings and waits.
//!
//! A real tool may use threads. Whoever waits for one in virtual time waits for real time, and the seed no
//! longer decides what comes first. Here the inner tool is asked on the spot, to its end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use agents_tools::{Declaration, Error, Tool};
use async_trait::async_trait;
use bytes::Bytes;
use schemas_records::CallId;

use super::chance::Chance;

/// Calls of a thousand that break before they are answered.
const BREAKS_PER_MILLE: usize = 100;

/// Longest that a call takes, far below what the gateway waits.
const SLOW_MAX_MILLIS: usize = 2_000;

/// The tool.
pub struct Simulated {
    inner: Arc<dyn Tool>,
    /// How often each call was made; of a call that breaks, the second goes well.
    made: Mutex<BTreeMap<CallId, u32>>,
}

impl Simulated {
    /// A tool that answers as another does.
    #[must_use]
    pub fn over(inner: Arc<dyn Tool>) -> Self {
        Self { inner, made: Mutex::default() }
    }

    /// Whether this is the first time that a call is made.
    fn is_first(&self, call: CallId) -> bool {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let count = made.entry(call).or_default();
        *count += 1;
        *count == 1
    }
}

#[async_trait]
impl Tool for Simulated {
    fn declaration(&self) -> &Declaration {
        self.inner.declaration()
    }

    async fn call(&self, call: CallId, arguments: Bytes) -> Result<Bytes, Error> {
        // A call's id is a hash of where in the log it was made, so it differs by seed.
        let mut chance = Chance::new(0).of(&call.to_string());
        tokio::time::sleep(chance.millis(1, SLOW_MAX_MILLIS)).await; // virtual clock
        if chance.happens(BREAKS_PER_MILLE) && self.is_first(call) {
            return Err(Error::transient("simulated: the connection broke"));
        }
        on_the_spot(&self.inner, call, arguments)
    }
}

/// Asks a tool on a thread and in a time of its own, and stands still until it has answered.
fn on_the_spot(tool: &Arc<dyn Tool>, call: CallId, arguments: Bytes) -> Result<Bytes, Error> {
    let ask = || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(Error::failed)?;
        runtime.block_on(tool.call(call, arguments))
    };
    std::thread::scope(|scope| {
        scope.spawn(ask).join().unwrap_or_else(|_| Err(Error::failed("the tool panicked")))
    })
}
