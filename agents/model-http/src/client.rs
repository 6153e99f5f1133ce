//! The client: one request over HTTP, within its times and sizes.

use std::error::Error as _;
use std::time::Duration;

use agents_model::Model;
use agents_model::model::{Completion, Error};
use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Response, StatusCode, Url};
use schemas_records::model::ModelRequest;
use tokio::time::{Instant, timeout_at};

use crate::assembly::{self, Progress};
use crate::key::ApiKey;
use crate::reading::{self, Reading};
use crate::refusal;
use crate::settings::{BuildError, Settings};
use crate::wire::ChatRequest;

/// How much of an error's body is read: its message stands at the beginning.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// A model on a server that speaks OpenAI's chat completions.
#[derive(Clone, Debug)]
pub struct HttpModel {
    client: Client,
    url: Url,
    key: Option<ApiKey>,
    settings: Settings,
}

impl HttpModel {
    /// A client over its settings; the key is read here, and nothing is sent.
    ///
    /// # Errors
    /// [`BuildError`], if the base URL is none or the key is not there.
    pub fn new(settings: Settings) -> Result<Self, BuildError> {
        let url = completions_url(&settings.base_url)?;
        let key = settings.key.as_ref().map(ApiKey::read).transpose()?;
        let client = Client::builder()
            .user_agent(concat!("tributary/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_max)
            // A redirected POST would send the prompt, and the key, elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            // Each sending is written down before it leaves; only the gateway sends again.
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| BuildError::Client(causes(&error)))?;
        Ok(Self { client, url, key, settings })
    }

    async fn send(&self, request: &ModelRequest, until: Deadline) -> Result<Response, Error> {
        let body = ChatRequest::new(request, &self.settings.model, self.settings.streaming);
        let body = serde_json::to_vec(&body)
            .map_err(|error| Error::Refused { message: format!("the request cannot be written: {error}") })?;
        let mut post = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        if let Some(key) = &self.key {
            post = post.header(AUTHORIZATION, key.header());
        }
        until.wait(post.send()).await
    }

    /// Assembles a streamed answer.
    async fn stream(&self, mut response: Response, begin: Instant) -> Result<Completion, Error> {
        let total = Deadline::new(begin, self.settings.total_max, "an answer");
        let mut next = Deadline::new(begin, self.settings.first_token_max, "a first word").or(total);
        let mut reading = Reading::new(&self.settings);
        loop {
            let chunk = match next.wait(response.chunk()).await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                // Only the usage, or the word that all is done, is missing.
                Err(_) if reading.is_whole() => break,
                Err(error) => return Err(error),
            };
            match reading.take(&chunk)? {
                Progress::Wrote => {
                    let between = self.settings.between_tokens_max;
                    next = Deadline::new(Instant::now(), between, "a further word").or(total);
                }
                Progress::None => {}
                Progress::Done => return reading.finish(true),
            }
        }
        reading.finish(false)
    }
}

#[async_trait]
impl Model for HttpModel {
    async fn complete(&self, request: &ModelRequest) -> Result<Completion, Error> {
        let begin = Instant::now();
        let total = Deadline::new(begin, self.settings.total_max, "an answer");
        let first = if self.settings.streaming {
            Deadline::new(begin, self.settings.first_token_max, "a first word").or(total)
        } else {
            total
        };
        let mut response = self.send(request, first).await?;
        if response.status() != StatusCode::OK {
            let (status, headers) = (response.status(), response.headers().clone());
            // What cannot be read of the message leaves the status.
            let body = read(&mut response, total, ERROR_BYTES_MAX).await.unwrap_or_else(|stopped| stopped.0);
            return Err(refusal::of_status(status, &headers, &body));
        }
        let mut completion = if reading::is_stream(response.headers()) {
            self.stream(response, begin).await?
        } else {
            let max = self.settings.body_bytes_max;
            let body = read(&mut response, total, max).await.map_err(|stopped| stopped.1)?;
            assembly::plain(&body, self.settings.answer_bytes_max)?
        };
        if completion.model.is_empty() {
            completion.model.clone_from(if request.model.is_empty() {
                &self.settings.model
            } else {
                &request.model
            });
        }
        Ok(completion)
    }
}

/// Until when, and for what.
#[derive(Clone, Copy)]
struct Deadline {
    at: Instant,
    wait: Duration,
    what: &'static str,
}

impl Deadline {
    fn new(begin: Instant, wait: Duration, what: &'static str) -> Self {
        Self { at: begin + wait, wait, what }
    }

    /// The earlier one.
    fn or(self, other: Self) -> Self {
        if other.at < self.at { other } else { self }
    }

    async fn wait<T>(self, work: impl Future<Output = reqwest::Result<T>>) -> Result<T, Error> {
        match timeout_at(self.at, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) if error.is_builder() => Err(Error::Refused { message: causes(&error) }),
            Ok(Err(error)) => Err(Error::Transient { after: None, message: causes(&error) }),
            Err(_) => {
                let message = format!("the server did not send {} within {:?}", self.what, self.wait);
                Err(Error::Transient { after: None, message })
            }
        }
    }
}

/// What was read of a body before it stopped, and why.
struct Stopped(Vec<u8>, Error);

/// Reads a body whole, at most `bytes_max` of it.
async fn read(response: &mut Response, until: Deadline, bytes_max: usize) -> Result<Vec<u8>, Stopped> {
    let mut body = Vec::new();
    loop {
        match until.wait(response.chunk()).await {
            Ok(Some(chunk)) if body.len() + chunk.len() > bytes_max => {
                return Err(Stopped(body, assembly::too_large(bytes_max)));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(Stopped(body, error)),
        }
    }
}

fn completions_url(base: &str) -> Result<Url, BuildError> {
    let shown = || base.rsplit_once('@').map_or(base, |(_, behind)| behind).to_owned();
    let wrong = |problem: &str| BuildError::BaseUrl { url: shown(), problem: problem.to_owned() };
    let url = format!("{}/chat/completions", base.trim().trim_end_matches('/'));
    let url = Url::parse(&url).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it holds a user or password; use a key"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it holds a query or fragment"));
    }
    Ok(url)
}

/// An error of reqwest with its causes, which say what happened; without the URL, which may be long.
fn causes(error: &reqwest::Error) -> String {
    let mut text =
        if error.is_connect() { "connect to the server".to_owned() } else { "ask the server".to_owned() };
    let mut cause = error.source();
    if cause.is_none() {
        text = format!("{text}: {error}");
    }
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
