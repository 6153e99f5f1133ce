//! Keeps spans while they last, and puts those that count into the exporter's queue. Never waits.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::Sender;
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::span::Span;
use crate::names;

/// The flag of a trace that somebody keeps.
const SAMPLED: u8 = 1;

/// A layer for the spans that are to be exported, and blind to all others.
pub(super) fn layer<S>(queue: Sender<Span>) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let is_ours = |metadata: &Metadata<'_>| {
        let fields = metadata.fields();
        metadata.is_span() && fields.field("traceparent").is_some() && fields.field("counts").is_some()
    };
    // Asked once for each place in the code, not for each span.
    Keeper { queue }.with_filter(filter_fn(is_ours).with_max_level_hint(LevelFilter::TRACE))
}

struct Keeper {
    queue: Sender<Span>,
}

/// A span that has not ended.
struct Open {
    span: Span,
    began: Instant,
}

impl<S> Layer<S> for Keeper
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(place) = context.span(id) else { return };
        let name = attributes.metadata().name().to_owned();
        let mut span = Span { name, begin_nanos: now_nanos(), ..Span::default() };
        attributes.record(&mut span);
        if !span.traceparent.is_empty() {
            place.extensions_mut().insert(Open { span, began: Instant::now() });
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(place) = context.span(id) else { return };
        if let Some(open) = place.extensions_mut().get_mut::<Open>() {
            values.record(&mut open.span);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(place) = context.span(&id) else { return };
        let Some(Open { mut span, began }) = place.extensions_mut().remove::<Open>() else { return };
        let is_sampled = span.ids().is_some_and(|(.., flags)| flags & SAMPLED != 0);
        if !span.counts || !is_sampled {
            return;
        }
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        span.end_nanos = span.begin_nanos.saturating_add(took);
        if let Err(error) = self.queue.try_send(span) {
            use tokio::sync::mpsc::error::TrySendError::{Closed, Full};
            let reason = match error {
                Full(_) => "queue-full",
                Closed(_) => "closed",
            };
            metrics::counter!(names::SPANS_DROPPED, "reason" => reason).increment(1);
        }
    }
}

/// A door for time: what a collector shows is the wall clock, and nothing here is decided by it.
#[allow(clippy::disallowed_methods)]
fn now_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
