//! What the gateway is told. Every bound stands here with its reason; each tool declares its own besides.

use std::time::Duration;

/// The gateway's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Prefixes the store's spaces, so that namespaces share a store.
    pub namespace: String,
    /// What made the answers, for their `agent-version` header.
    pub version: String,
    /// Calls that may fail for now before there is a failure. Four bridge a service's restart. Never more
    /// than one of a tool that acts at most once.
    pub failures_max: u32,
    /// The pause after the first such failure; see [`agents_journal::Pauses`].
    pub pause_first: Duration,
    /// The longest such pause, also if the tool asks for more.
    pub pause_max: Duration,
    /// How long journal, attempts and intents are kept: as long as a duplicate may come, which is as long
    /// as the request topic keeps records (7 days in the catalog).
    pub journal_life: Duration,
    /// The pause before a row that could not be written is written again, and between two looks for another
    /// owner's answer.
    pub store_pause: Duration,
}

/// Most requests that the gateway's loop should hold in flight, those included that wait for a place of
/// their tool. Those of one tool hold back others only when they are more than this; what is behind them
/// then waits in the log. Each takes some kilobytes of memory, and a look into the journal.
pub const PLACES: usize = 1_024;

impl Settings {
    /// The starting values, in a namespace.
    #[must_use]
    pub fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            version: concat!("tool-gateway/", env!("CARGO_PKG_VERSION")).to_owned(),
            failures_max: 4,
            pause_first: Duration::from_millis(250),
            pause_max: Duration::from_secs(10),
            journal_life: Duration::from_secs(7 * 24 * 3600),
            store_pause: Duration::from_millis(200),
        }
    }
}
