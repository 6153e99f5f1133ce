//! What the gateway is told. Every bound stands here with its reason.

use std::time::Duration;

/// The gateway's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Prefixes the store's spaces, so that namespaces share a store.
    pub namespace: String,
    /// What made the answers, for their `agent-version` header.
    pub version: String,
    /// How long one attempt may take, whatever the model's own time-outs: the longest useful completions
    /// take a minute; twice that is a connection that died without a word.
    pub attempt_time_max: Duration,
    /// Attempts that may fail with no answer (5xx, broken connections, time-outs) before the call fails.
    /// Four bridge a provider's restart; a longer outage is better told to who asked than paid for.
    /// A 429 does not count: waiting is all it asks for.
    pub failures_max: u32,
    /// The pause after the first such failure; each further one is four times as long, plus up to half of
    /// it by the call's id, so that calls that failed together do not return together.
    pub pause_first: Duration,
    /// The longest such pause, also if a 503 asks for more.
    pub pause_max: Duration,
    /// Longest answer kept. It rides in a record (a megabyte with its headers) and then in its asker's
    /// row, which is written at every step; 256 KiB are some 60,000 tokens.
    pub answer_bytes_max: usize,
    /// How long journal and attempts are kept: as long as a duplicate may come, which is as long as the
    /// request topic keeps records (7 days in the catalog).
    pub journal_life: Duration,
    /// The pause before a row that could not be written is written again. An answer that is paid for is
    /// never dropped because the store is away, unless its deadline passes meanwhile.
    pub store_pause: Duration,
}

impl Settings {
    /// The starting values, in a namespace.
    #[must_use]
    pub fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            version: concat!("model-gateway/", env!("CARGO_PKG_VERSION")).to_owned(),
            attempt_time_max: Duration::from_secs(120),
            failures_max: 4,
            pause_first: Duration::from_millis(250),
            pause_max: Duration::from_secs(10),
            answer_bytes_max: 256 * 1024,
            journal_life: Duration::from_secs(7 * 24 * 3600),
            store_pause: Duration::from_millis(200),
        }
    }
}
