//! Sends spans in batches, from a thread of its own. What cannot be sent is dropped and counted.

use std::sync::mpsc as channel;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::span::Span;
use super::{
    ANSWER_BYTES_MAX, BATCH_SPANS_MAX, BATCH_WAIT, FLUSH_TIME_MAX, PAUSE_FIRST, POST_TIME_MAX, Settings,
    TRIES_MAX, json,
};
use crate::{Error, names};

/// The thread that sends spans.
pub struct Exporter {
    closing: CancellationToken,
    /// Hears nothing, and ends with the thread.
    ended: channel::Receiver<()>,
}

impl Exporter {
    /// Begins to send what comes through the queue.
    pub(super) fn begin(settings: Settings, queue: Receiver<Span>) -> Result<Self, Error> {
        let endpoint = settings.endpoint.traces();
        let wrong = |cause: String| Error::Otlp { endpoint: endpoint.clone(), cause };
        let client = Client::builder()
            .user_agent(concat!("tributary/", env!("CARGO_PKG_VERSION")))
            .timeout(POST_TIME_MAX)
            // A redirected POST would send spans elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let (closing, (alive, ended)) = (CancellationToken::new(), channel::channel());
        let mut sender = Sender {
            client,
            url: endpoint.clone(),
            settings,
            queue,
            closing: closing.clone(),
            is_failing: false,
            in_hand: 0,
        };
        let send = move || {
            runtime.block_on(sender.run());
            drop(alive);
        };
        std::thread::Builder::new()
            .name("tributary-otlp".into())
            .spawn(send)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self { closing, ended })
    }

    /// Sends what is there, for [`FLUSH_TIME_MAX`] at most, and drops the rest. Blocks the thread that calls it:
    /// the last thing a process does.
    pub fn close(self) {
        self.closing.cancel();
        // A little longer than the thread gives itself, so that it can count what it drops.
        let _ = self.ended.recv_timeout(FLUSH_TIME_MAX + Duration::from_millis(500));
    }
}

struct Sender {
    client: Client,
    url: String,
    settings: Settings,
    queue: Receiver<Span>,
    closing: CancellationToken,
    /// Whether the last request failed: the log is told when that changes.
    is_failing: bool,
    /// Spans that are on their way.
    in_hand: usize,
}

/// Why a collector did not take a request.
struct Refusal {
    message: String,
    may_pass: bool,
}

impl Sender {
    /// Sends until it is told to close, and then what is left, within the bound.
    async fn run(&mut self) {
        let closing = self.closing.clone();
        let closed = async {
            closing.cancelled().await;
            tokio::time::sleep(FLUSH_TIME_MAX).await;
        };
        tokio::select! {
            () = self.send_all() => {}
            () = closed => {}
        }
        self.queue.close();
        let mut left = self.in_hand;
        while self.queue.try_recv().is_ok() {
            left += 1;
        }
        drop_spans(left, "closed");
    }

    async fn send_all(&mut self) {
        loop {
            let spans = self.gather().await;
            if spans.is_empty() {
                return;
            }
            self.in_hand = spans.len();
            self.send(&spans).await;
            self.in_hand = 0;
        }
    }

    /// The next batch; empty if there is none and will be none.
    async fn gather(&mut self) -> Vec<Span> {
        let mut spans = Vec::new();
        tokio::select! {
            biased;
            _ = self.queue.recv_many(&mut spans, BATCH_SPANS_MAX) => {}
            () = self.closing.cancelled() => return spans,
        }
        let wait = tokio::time::sleep(BATCH_WAIT);
        tokio::pin!(wait);
        while spans.len() < BATCH_SPANS_MAX {
            let room = BATCH_SPANS_MAX - spans.len();
            tokio::select! {
                biased;
                more = self.queue.recv_many(&mut spans, room) => if more == 0 { break },
                () = self.closing.cancelled() => break,
                () = &mut wait => break,
            }
        }
        spans
    }

    async fn send(&mut self, spans: &[Span]) {
        let body = json::request(&self.settings, spans).to_string();
        let count = u64::try_from(spans.len()).unwrap_or(u64::MAX);
        let mut pause = PAUSE_FIRST;
        for tried in 1..=TRIES_MAX {
            match self.post(body.clone()).await {
                Ok(rejected) => {
                    self.tell(None);
                    let rejected = rejected.min(count);
                    metrics::counter!(names::SPANS_EXPORTED).increment(count - rejected);
                    metrics::counter!(names::SPANS_DROPPED, "reason" => "rejected").increment(rejected);
                    return;
                }
                Err(refusal) => {
                    let is_last = !refusal.may_pass || tried == TRIES_MAX || self.closing.is_cancelled();
                    self.tell(Some(&refusal.message));
                    if is_last {
                        break;
                    }
                }
            }
            tokio::select! {
                () = self.closing.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
            pause *= 2;
        }
        drop_spans(spans.len(), "collector");
    }

    /// One request. How many of its spans were not taken.
    async fn post(&self, body: String) -> Result<u64, Refusal> {
        let post = self.client.post(&self.url).header("content-type", "application/json").body(body);
        let sent = post.send().await;
        let mut response = sent.map_err(|error| Refusal { message: causes(&error), may_pass: true })?;
        let status = response.status();
        if !status.is_success() {
            // The codes that the protocol calls retryable.
            let may_pass = [
                StatusCode::TOO_MANY_REQUESTS,
                StatusCode::BAD_GATEWAY,
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::GATEWAY_TIMEOUT,
            ]
            .contains(&status);
            return Err(Refusal { message: format!("it answered {status}"), may_pass });
        }
        let mut answer = Vec::new();
        // Its answer is a courtesy: one that breaks off changes nothing.
        while let Ok(Some(piece)) = response.chunk().await
            && answer.len() + piece.len() <= ANSWER_BYTES_MAX
        {
            answer.extend_from_slice(&piece);
        }
        Ok(json::rejected(&answer))
    }

    /// Says once that the collector fails, and once that it is back.
    fn tell(&mut self, failure: Option<&str>) {
        match (failure, self.is_failing) {
            (Some(message), false) => {
                tracing::warn!(collector = %self.url, message, "spans are not taken; what does not fit is dropped");
            }
            (None, true) => tracing::info!(collector = %self.url, "spans are taken again"),
            _ => {}
        }
        self.is_failing = failure.is_some();
    }
}

fn drop_spans(count: usize, reason: &'static str) {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    metrics::counter!(names::SPANS_DROPPED, "reason" => reason).increment(count);
}

/// An error with what it came of: the outermost alone says next to nothing.
fn causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message
}
