//! Reaching a server, or not.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use topics_state::Remedy;
use topics_state_scylla::{ScyllaStore, Settings};

use super::ground::settings;

/// Shows that where nobody listens, where somebody listens and never answers, and where there is no such
/// name, connecting ends within its bound and says where it tried and what to look at.
#[tokio::test(flavor = "multi_thread")]
async fn says_where_no_node_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("its address")
    };
    let silent_at = silent.local_addr().expect("its address");
    let bound = Duration::from_secs(2);
    for node in [closed.to_string(), silent_at.to_string(), "no-such-host.invalid:9042".to_owned()] {
        let since = Instant::now();
        let settings = Settings { nodes: vec![node.clone()], connect_timeout: bound, ..settings() };
        let error = ScyllaStore::connect(&settings).await.map(|_| ()).expect_err("nobody answers");
        assert!(since.elapsed() < bound * 3, "took {:?}", since.elapsed());
        assert_eq!(error.remedy, Remedy::Retry, "{error}");
        assert!(error.attempted.contains(&node), "{error}");
        assert!(error.cause.contains('?'), "a hint: {error}");
    }
}
