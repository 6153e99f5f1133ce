//! One request over HTTP, within its time and size, and what its answer means. What is done with answers
//! is decided elsewhere; nothing is sent twice from here.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Certificate, Method, RequestBuilder, Response, StatusCode, Url};
use schemas_codec::SchemaId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::causes::{causes, certificate};
use crate::error::Error;
use crate::inline;
use crate::settings::{Credentials, Settings};
use crate::wire;

/// Longest answer that is read. A schema has some kilobytes, the largest known ones a few hundred; a list
/// of all versions less.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most of an answer that is shown, if it is none that was expected.
const SHOWN_CHARS_MAX: usize = 200;

/// Most schemas that one may refer to, all told: each costs a request.
const REFERENCES_MAX: usize = 64;

/// A registry's address, and who asks.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    credentials: Credentials,
    bearer: Option<HeaderValue>,
}

/// What an answer is, if it is a registry's.
pub(crate) enum Answer<T> {
    /// What was asked for.
    Found(T),
    /// There is no such thing.
    Missing,
    /// It is not allowed by the registry's rules, in its words.
    Rejected(String),
}

impl Client {
    /// # Errors
    /// [`Error::Settings`].
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let wrong = |problem: String| Error::Settings { problem };
        let base = base(&settings.url)?;
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("tributary/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.request_max)
            .timeout(settings.request_max)
            // A redirected request would take the password elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        if let Some(path) = &settings.ca_file {
            let unusable = |problem: String| wrong(format!("trust {}: {problem}", path.display()));
            let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
            let found = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(causes(&error)))?;
            if found.is_empty() {
                return Err(unusable(
                    "it holds no certificate; put the authority's there, as PEM".to_owned(),
                ));
            }
            http = http.tls_certs_merge(found);
        }
        let http = http.build().map_err(|error| wrong(causes(&error)))?;
        let bearer = match &settings.credentials {
            Credentials::Bearer(token) => Some(bearer(token.shown_to_the_registry()).map_err(wrong)?),
            _ => None,
        };
        Ok(Self { http, base, credentials: settings.credentials.clone(), bearer })
    }

    /// Where it is, for people.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The error of an answer that no registry gives.
    pub fn strange(&self, attempted: &str, found: &str) -> Error {
        Error::Strange {
            attempted: attempted.to_owned(),
            url: self.url().to_owned(),
            found: found.to_owned(),
        }
    }

    /// The error of a registry that does not answer.
    pub fn away(&self, attempted: &str, cause: String) -> Error {
        Error::Away { attempted: attempted.to_owned(), url: self.url().to_owned(), cause }
    }

    /// Asks for something.
    pub async fn get<T: DeserializeOwned>(&self, attempted: &str, path: &[&str]) -> Result<Answer<T>, Error> {
        self.send(attempted, self.request(Method::GET, path)?).await
    }

    /// Sends something.
    pub async fn send_body<T: DeserializeOwned>(
        &self,
        attempted: &str,
        method: Method,
        path: &[&str],
        body: &(impl Serialize + Sync),
    ) -> Result<Answer<T>, Error> {
        let body =
            serde_json::to_vec(body).map_err(|error| Error::Settings { problem: error.to_string() })?;
        let request = self.request(method, path)?.header(CONTENT_TYPE, wire::CONTENT_TYPE).body(body);
        self.send(attempted, request).await
    }

    /// A schema by its id, with all it refers to written out.
    pub async fn text_of(&self, id: SchemaId) -> Result<String, Error> {
        let attempted = format!("ask for schema {id}");
        let unusable = |problem: String| Error::Unusable { id, url: self.url().to_owned(), problem };
        let kept: wire::Kept = match self.get(&attempted, &["schemas", "ids", &id.to_string()]).await? {
            Answer::Found(kept) => kept,
            Answer::Missing => return Err(Error::NoSuchId { id, url: self.url().to_owned() }),
            Answer::Rejected(message) => return Err(unusable(message)),
        };
        self.whole(&attempted, kept).await?.map_err(unusable)
    }

    /// A schema's text with all it refers to written out; or why that cannot be.
    pub async fn whole(&self, attempted: &str, kept: wire::Kept) -> Result<Result<String, String>, Error> {
        if let Some(other) = kept.schema_type.as_deref().filter(|kind| *kind != "AVRO") {
            return Ok(Err(format!("it is {other}; send avro")));
        }
        if kept.references.is_empty() {
            return Ok(Ok(kept.schema));
        }
        let (mut wanted, mut found) = (kept.references, Vec::new());
        let mut seen: Vec<(String, i64)> = Vec::new();
        while let Some(reference) = wanted.pop() {
            let place = (reference.subject.clone(), reference.version);
            if seen.contains(&place) {
                continue;
            }
            if seen.len() >= REFERENCES_MAX {
                return Ok(Err(format!("it refers to more than {REFERENCES_MAX} other schemas")));
            }
            seen.push(place);
            let version = reference.version.to_string();
            let path = ["subjects", &reference.subject, "versions", &version];
            let Answer::Found(kept) = self.get::<wire::Kept>(attempted, &path).await? else {
                let problem = format!(
                    "it refers to version {version} of {}, which is not there; register that first",
                    reference.subject
                );
                return Ok(Err(problem));
            };
            wanted.extend(kept.references);
            found.push((reference.name, kept.schema));
        }
        Ok(inline::inline(&kept.schema, &found))
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Error> {
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().extend(path),
            Err(()) => return Err(Error::Settings { problem: format!("{} cannot be a base", self.url()) }),
        };
        let request = self.http.request(method, url);
        let request = request.header(ACCEPT, "application/vnd.schemaregistry.v1+json, application/json");
        Ok(match (&self.credentials, &self.bearer) {
            (Credentials::Basic { user, password }, _) => {
                request.basic_auth(user, Some(password.shown_to_the_registry()))
            }
            (_, Some(token)) => request.header(AUTHORIZATION, token.clone()),
            _ => request,
        })
    }

    async fn send<T: DeserializeOwned>(
        &self,
        attempted: &str,
        request: RequestBuilder,
    ) -> Result<Answer<T>, Error> {
        let away = |error: &reqwest::Error| match certificate(error) {
            Some(cause) => {
                Error::Untrusted { attempted: attempted.to_owned(), url: self.url().to_owned(), cause }
            }
            None => self.away(attempted, causes(error)),
        };
        let response = request.send().await.map_err(|error| away(&error))?;
        let status = response.status();
        let body = read(response).await.map_err(|error| away(&error))?;
        let Some(body) = body else {
            return Err(
                self.strange(attempted, &format!("its answer is longer than {ANSWER_BYTES_MAX} bytes"))
            );
        };
        let complaint: wire::Complaint = serde_json::from_slice(&body).unwrap_or_default();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Error::Denied {
                attempted: attempted.to_owned(),
                url: self.url().to_owned(),
                status: status.as_u16(),
                message: said(&complaint, &body),
            }),
            // Every registry's own 404 says by five digits what is missing; others' are of a wrong path.
            StatusCode::NOT_FOUND if complaint.error_code / 100 == 404 => Ok(Answer::Missing),
            StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
                Ok(Answer::Rejected(said(&complaint, &body)))
            }
            _ if status.is_success() => match serde_json::from_slice(&body) {
                Ok(found) => Ok(Answer::Found(found)),
                Err(_) => Err(self.strange(attempted, &format!("its answer is {}", shown(&body)))),
            },
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                Err(self.away(attempted, format!("it answered {status}")))
            }
            _ if status.is_server_error() => {
                Err(self.away(attempted, format!("it answered {status}: {}", said(&complaint, &body))))
            }
            _ => Err(self.strange(attempted, &format!("it answered {status}: {}", said(&complaint, &body)))),
        }
    }
}

/// An id as it may stand in a frame.
pub(crate) fn id_of(client: &Client, attempted: &str, id: i64) -> Result<SchemaId, Error> {
    // Most clients read a signed number of 32 bits.
    match i32::try_from(id).ok().and_then(|id| u32::try_from(id).ok()) {
        Some(id) => Ok(SchemaId(id)),
        None => Err(client.strange(attempted, &format!("it gave the id {id}, which does not fit a frame"))),
    }
}

/// The body, unless it is too long.
async fn read(mut response: Response) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// What the registry said, or the beginning of what came instead.
fn said(complaint: &wire::Complaint, body: &[u8]) -> String {
    if complaint.message.is_empty() { shown(body) } else { cut(&complaint.message) }
}

fn shown(body: &[u8]) -> String {
    if body.is_empty() { "empty".to_owned() } else { format!("{:?}", cut(&String::from_utf8_lossy(body))) }
}

/// On one line, within [`SHOWN_CHARS_MAX`].
fn cut(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn base(text: &str) -> Result<Url, Error> {
    let shown = text.rsplit_once('@').map_or(text, |(_, behind)| behind);
    let wrong = |problem: &str| Error::Settings {
        problem: format!("{shown:?} {problem}; write its url like http://registry.example.com:8081"),
    };
    let url = Url::parse(text.trim()).map_err(|error| wrong(&format!("is no url: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user or password; name them in registry_user and registry_password_file"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds a query or fragment"));
    }
    Ok(url)
}

/// The error of a bad header does not show the value.
fn bearer(token: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
        "the token holds characters that none has; put the bare token there, on one line".to_owned()
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// How long all that one question takes may take.
pub(crate) async fn within<T>(
    client: &Client,
    attempted: &str,
    max: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(max, work).await {
        Ok(done) => done,
        Err(_) => Err(client.away(attempted, format!("it did not answer within {max:?}"))),
    }
}
