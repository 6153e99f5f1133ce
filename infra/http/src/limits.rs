//! The bounds of a door, each with its reason.

use std::time::Duration;

/// What a door takes.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest body, in bytes. 256 KiB: four times what a task may have, since JSON is longer than Avro.
    pub body_bytes_max: usize,
    /// How long a request's head may take. 5 s: a head is one packet, and whoever sends it byte by byte
    /// holds a connection for nothing.
    pub head_time_max: Duration,
    /// How long a body may take from its first byte to its last. 10 s: 256 KiB on a poor line.
    pub body_time_max: Duration,
    /// Most connections at once: further ones wait to be accepted. 512, well below the usual 1,024 files.
    pub connections_max: usize,
    /// Most requests at once, those that wait for a result included. 256: half the connections, so that
    /// refusals find one.
    pub requests_max: usize,
    /// Requests a minute for one token, on average. 600: ten a second are a busy producer; more than that
    /// should use Kafka.
    pub rate_per_minute: u32,
    /// Requests that may come at once after a pause.
    pub burst: u32,
    /// Longest wait for a result. 60 s: what proxies and clients commonly bear.
    pub wait_max: Duration,
    /// How long requests may go on after a shutdown was asked for. 3 s: less than a node drains.
    pub drain_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 256 * 1024,
            head_time_max: Duration::from_secs(5),
            body_time_max: Duration::from_secs(10),
            connections_max: 512,
            requests_max: 256,
            rate_per_minute: 600,
            burst: 60,
            wait_max: Duration::from_secs(60),
            drain_max: Duration::from_secs(3),
        }
    }
}
