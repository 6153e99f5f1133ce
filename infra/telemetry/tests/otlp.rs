//! Spans at a collector: which, in what form, and what it costs when the collector is bad.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

mod collector;

use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use collector::{Collector, Manner, attribute};
use infra_telemetry::otlp::{FLUSH_TIME_MAX, QUEUE_SPANS_MAX};
use infra_telemetry::{dispatch, names};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::field::Empty;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// The counters of this process: whoever counts has them alone.
fn counters() -> MutexGuard<'static, PrometheusHandle> {
    static COUNTERS: LazyLock<Mutex<PrometheusHandle>> =
        LazyLock::new(|| Mutex::new(PrometheusBuilder::new().install_recorder().unwrap()));
    COUNTERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What a counter shows, all its labels together or one of them.
fn count(counters: &PrometheusHandle, name: &str, reason: &str) -> u64 {
    let text = counters.render();
    let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(reason));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

fn span(number: u64, flags: &str) -> tracing::Span {
    tracing::trace_span!(
        "step",
        otel.kind = "consumer",
        otel.name = "writer input",
        task = %"t-1",
        parent = "b7ad6b7169203331",
        traceparent = %format_args!("00-{TRACE}-{number:016x}-{flags}"),
        gen_ai.usage.input_tokens = Empty,
        gen_ai.request.temperature = 0.5,
        "error.type" = Empty,
        counts = Empty,
    )
}

/// A span that counts arrives in the protocol's form; one that does not, is not sampled, or is somebody else's,
/// does not.
#[test]
fn what_counts_arrives() {
    let _alone = counters();
    let collector = Collector::start(Manner::Takes);
    let (dispatch, exporter) = dispatch("off", Some(collector.settings())).unwrap();
    tracing::dispatcher::with_default(&dispatch, || {
        let good = span(1, "01");
        good.record("gen_ai.usage.input_tokens", 131_u32);
        good.record("counts", true);
        let failed = span(2, "01");
        failed.record("error.type", "step-panicked");
        failed.record("counts", true);
        drop(span(3, "01"));
        span(4, "00").record("counts", true);
        drop(tracing::error_span!("somebody", traceparent = "00-1-2-01"));
        drop(tracing::info_span!("nobody", traceparent = Empty, counts = true));
    });
    exporter.unwrap().close();
    let spans = collector.spans();
    assert_eq!(spans.len(), 2, "{spans:?}");
    for (span, id) in spans.iter().zip(["0000000000000002", "0000000000000001"]) {
        assert_eq!((&span["traceId"], &span["spanId"]), (&TRACE.into(), &id.into()));
        assert_eq!((&span["parentSpanId"], &span["kind"]), (&"b7ad6b7169203331".into(), &5.into()));
        assert_eq!((&span["name"], &span["flags"]), (&"writer input".into(), &1.into()));
        let nanos = |name: &str| span[name].as_str().unwrap().parse::<u64>().unwrap();
        assert!(nanos("startTimeUnixNano") > 0 && nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"));
        assert_eq!(attribute(span, "tributary.task"), "t-1");
        assert_eq!(attribute(span, "gen_ai.request.temperature"), "0.5");
    }
    assert_eq!(attribute(&spans[1], "gen_ai.usage.input_tokens"), "131");
    assert_eq!(spans[0]["status"], serde_json::json!({"code": 2, "message": "step-panicked"}));
    assert_eq!(spans[1].get("status"), None);
}

/// However bad the collector, ending spans takes no time, closing a bounded one, and each span is either
/// exported or counted as dropped.
#[test]
fn a_bad_collector_holds_nobody_up() {
    let counters = counters();
    let check = |manner: Manner, spans: u64, reason: &str| {
        let before = |name: &str, reason: &str| (count(&counters, name, reason), reason.to_owned());
        let (exported, dropped) = (before(names::SPANS_EXPORTED, ""), before(names::SPANS_DROPPED, ""));
        let of_reason = before(names::SPANS_DROPPED, reason);
        let collector = Collector::start(manner);
        let (dispatch, exporter) = dispatch("off", Some(collector.settings())).unwrap();
        let began = Instant::now();
        tracing::dispatcher::with_default(&dispatch, || {
            for number in 1..=spans {
                span(number, "01").record("counts", true);
            }
        });
        let ended = began.elapsed();
        // Some microseconds each; waiting once for the collector would be seconds.
        assert!(ended < Duration::from_micros(spans * 100), "{manner:?}: {ended:?}");
        let began = Instant::now();
        exporter.unwrap().close();
        let closed = began.elapsed();
        assert!(closed < FLUSH_TIME_MAX + Duration::from_secs(1), "{manner:?}: {closed:?}");
        let exported = count(&counters, names::SPANS_EXPORTED, "") - exported.0;
        let dropped = count(&counters, names::SPANS_DROPPED, "") - dropped.0;
        assert_eq!(exported + dropped, spans, "{manner:?}");
        assert_eq!(exported, u64::try_from(collector.spans().len()).unwrap(), "{manner:?}");
        assert!(count(&counters, names::SPANS_DROPPED, reason) > of_reason.0, "{manner:?}");
    };
    let queue = u64::try_from(QUEUE_SPANS_MAX).unwrap();
    check(Manner::Away, 1_000, "collector");
    check(Manner::Answers(500), 1_000, "collector");
    check(Manner::Answers(503), 1_000, "collector");
    check(Manner::Silent, 1_000, "closed");
    check(Manner::Silent, 3 * queue, "queue-full");
}
