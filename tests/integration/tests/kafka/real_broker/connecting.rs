//! Reaching a broker, or not.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use tests_integration::settings;
use topics_log::Remedy;
use topics_log_kafka::{KafkaLog, Settings};

/// Where nobody listens, and where somebody listens and never answers, connecting ends within its bound
/// and says where it tried and what to look at.
#[tokio::test(flavor = "multi_thread")]
async fn says_where_no_broker_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("its address")
    };
    let bound = Duration::from_secs(2);
    for address in [closed, silent.local_addr().expect("its address")] {
        let since = Instant::now();
        let settings = Settings { brokers: address.to_string(), connect_timeout: bound, ..settings() };
        let error = KafkaLog::connect(settings).await.expect_err("nobody answers");
        assert!(since.elapsed() < bound * 2, "took {:?}", since.elapsed());
        assert_eq!(error.remedy, Remedy::Retry, "{error}");
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        assert!(error.to_string().contains("is a broker running at this address"), "{error}");
    }
}

/// What the runtime's guarantees rest on cannot be configured away, and the error says why.
#[tokio::test(flavor = "multi_thread")]
async fn refuses_what_would_break_its_promises() {
    let properties = BTreeMap::from([("isolation.level".to_owned(), "read_uncommitted".to_owned())]);
    let error = KafkaLog::connect(Settings { properties, ..settings() }).await.expect_err("a refusal");
    assert_eq!(error.remedy, Remedy::Stop, "{error}");
    assert!(error.to_string().contains("aborted records"), "{error}");
}
