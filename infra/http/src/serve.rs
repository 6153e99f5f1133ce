//! A listener within limits: connections, heads and bodies, each for so long and so much and no more. What
//! a request means is the door's.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{StatusCode, body::Body as _};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::limits::Limits;
use crate::problem::{Answer, problem};

/// Bytes a request's head may have: a token, an id of 256 bytes and what clients add are a tenth of it.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// The pause after a connection that could not be accepted: the process has no files left, and asking faster
/// frees none.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What stands behind a listener.
pub(crate) trait Door: Send + Sync + 'static {
    /// Answers one request. The body is not read yet, so that a request can be refused before it is.
    fn answer(&self, head: Parts, body: Body) -> impl Future<Output = Answer> + Send;
}

/// A request's body, unread.
pub(crate) struct Body {
    incoming: Incoming,
    bytes_max: usize,
    time_max: Duration,
}

impl Body {
    /// All of it.
    ///
    /// # Errors
    /// What is to be answered: it is too large, too slow, or broke off.
    pub async fn read(self) -> Result<Bytes, Box<Answer>> {
        let Self { incoming, bytes_max, time_max } = self;
        let too_large = || {
            let detail = format!("the body is larger than {bytes_max} bytes");
            let remedy = "put what is large into a store and send where it is";
            Box::new(problem(StatusCode::PAYLOAD_TOO_LARGE, detail, remedy))
        };
        if incoming.size_hint().lower() > bytes_max as u64 {
            return Err(too_large());
        }
        let read = Limited::new(incoming, bytes_max).collect();
        match tokio::time::timeout(time_max, read).await {
            Ok(Ok(whole)) => Ok(whole.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(error)) => {
                let detail = format!("the body broke off: {error}");
                Err(Box::new(problem(StatusCode::BAD_REQUEST, detail, "send it again")))
            }
            Err(_) => {
                let detail = format!("the body took longer than {} s", time_max.as_secs_f32());
                Err(Box::new(problem(StatusCode::REQUEST_TIMEOUT, detail, "send it in one go")))
            }
        }
    }
}

/// Answers requests until `shutdown` is cancelled and those under way have ended, or have had their time.
pub(crate) async fn serve<D: Door>(
    listener: TcpListener,
    limits: Limits,
    door: Arc<D>,
    shutdown: CancellationToken,
) {
    let connections = Arc::new(Semaphore::new(limits.connections_max));
    let mut running = JoinSet::new();
    loop {
        let accepted = async {
            let permit = Arc::clone(&connections).acquire_owned().await.ok()?;
            match listener.accept().await {
                Ok((stream, _)) => Some((permit, stream)),
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    None
                }
            }
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(_) = running.join_next() => {}
            accepted = accepted => {
                let Some((permit, stream)) = accepted else { continue };
                let (limits, door, shutdown) = (limits.clone(), Arc::clone(&door), shutdown.clone());
                running.spawn(async move {
                    converse(stream, limits, door, shutdown).await;
                    drop(permit);
                });
            }
        }
    }
    drop(listener);
    let drained = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain_max, drained).await.is_err() {
        tracing::info!("requests were cut off by the shutdown");
    }
}

/// One connection, from its first byte to its last.
pub(crate) async fn converse<D: Door>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    limits: Limits,
    door: Arc<D>,
    shutdown: CancellationToken,
) {
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let door = Arc::clone(&door);
        let (head, incoming) = request.into_parts();
        let has_body = !incoming.is_end_stream();
        let body = Body { incoming, bytes_max: limits.body_bytes_max, time_max: limits.body_time_max };
        async move {
            let mut answer = door.answer(head, body).await;
            if has_body && !answer.status().is_success() {
                // What was refused may still be on its way: nobody reads it.
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time_max)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}
