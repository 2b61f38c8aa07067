//! One call: its token, its headers, its tries and its answer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{Actor, ScopeSet};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::assertions::Signer;
use crate::bodies::Body;
use crate::tokens::{MetadataWire, Token, TokenWire, Tokens};
use crate::{ClientError, Configuration, Problem, Retries, assertions, connections, retries, tokens};

const ACTOR: HeaderName = HeaderName::from_static("sendbridge-actor");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The problem of a key whose first call is not answered yet.
pub(crate) const IN_FLIGHT: &str = "idempotency-in-flight";
/// For calls that carry no file. A call that carries a file has no limit.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// The gateway's client in a partner's system. Cheap to clone; clones share the token.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    actor: Option<HeaderValue>,
}

struct Inner {
    http: reqwest::Client,
    gateway: Url,
    client_id: String,
    signer: Option<Signer>,
    issuer: OnceCell<String>,
    tokens: Tokens,
    retries: Retries,
    random: &'static dyn rustls::crypto::SecureRandom,
}

/// A call, which can be sent again.
pub(crate) struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Body,
}

impl Call {
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Result<Self, ClientError> {
        let value = HeaderValue::try_from(value).map_err(|_| ClientError::Value("a header's value is printable ASCII"))?;
        self.headers.insert(name, value);
        Ok(self)
    }
}

impl Client {
    /// Opens the client that a `client.toml` describes. Nothing is sent yet.
    pub fn open(path: &Path) -> Result<Self, ClientError> {
        Self::new(&Configuration::read(path)?, Retries::default())
    }

    /// Opens a client. Nothing is sent yet.
    pub fn new(configuration: &Configuration, retries: Retries) -> Result<Self, ClientError> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let random = provider.secure_random;
        let http = connections::open(configuration, Arc::new(provider))?;
        let gateway = Url::parse(&configuration.gateway).map_err(|_| ClientError::Value("the gateway's address is https://host:port"))?;
        let client_id = configuration.client_id.clone();
        let signer = Signer::open(configuration)?;
        let issuer = OnceCell::new_with(configuration.issuer.clone());
        Ok(Self {
            inner: Arc::new(Inner { http, gateway, client_id, signer, issuer, tokens: Tokens::default(), retries, random }),
            actor: None,
        })
    }

    /// A client that calls for a person. Operations on one child's record need to name a person.
    pub fn acting_for(&self, actor: &Actor) -> Result<Self, ClientError> {
        let value = write_actor(actor).ok_or(ClientError::Value("an actor is named in printable ASCII"))?;
        Ok(Self { inner: Arc::clone(&self.inner), actor: Some(value) })
    }

    /// A new access token for the scopes, for use outside this client. Without scopes it is for all that
    /// the client holds.
    pub async fn token(&self, scopes: &ScopeSet) -> Result<SecretString, ClientError> {
        Ok(self.fetch_token(scopes).await?.value)
    }

    /// Reads JSON from a path such as `/v1/formats`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, ClientError> {
        let url = self.url(path)?;
        self.send_for_json(self.call(Method::GET, url, query, Body::Empty)).await
    }

    /// Sends JSON to a path under a new idempotency key, and reads the answer's JSON.
    pub async fn post<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, ClientError> {
        let call = self.call(Method::POST, self.url(path)?, &[], json(body)?);
        self.send_for_json(self.keyed(call, None)?).await
    }

    pub(crate) async fn put<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, ClientError> {
        self.send_for_json(self.call(Method::PUT, self.url(path)?, &[], json(body)?)).await
    }

    pub(crate) fn url(&self, path: &str) -> Result<Url, ClientError> {
        self.inner.gateway.join(path).map_err(|_| ClientError::Value("the path is no path"))
    }

    pub(crate) fn call(&self, method: Method, mut url: Url, query: &[(&str, &str)], body: Body) -> Call {
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Call { method, url, headers: HeaderMap::new(), body }
    }

    /// Gives a call an idempotency key: the gateway does the work once, however often the call is sent.
    pub(crate) fn keyed(&self, call: Call, key: Option<&str>) -> Result<Call, ClientError> {
        match key {
            Some(key) => call.header(IDEMPOTENCY_KEY, key),
            None => call.header(IDEMPOTENCY_KEY, &self.new_key()?),
        }
    }

    pub(crate) async fn send_for_json<T: DeserializeOwned>(&self, call: Call) -> Result<T, ClientError> {
        let bytes = body_of(self.send(&call).await?).await?;
        serde_json::from_slice(&bytes).map_err(|error| ClientError::Unreadable(error.to_string()))
    }

    /// Sends a call until there is a final answer. 2xx and 304 are answers; 429, 503 and a broken
    /// connection are tried again; a token that is no longer accepted is replaced once.
    pub(crate) async fn send(&self, call: &Call) -> Result<Response, ClientError> {
        let mut renewed = false;
        let mut tried = 0;
        loop {
            let token = self.inner.tokens.current(async || self.fetch_token(&ScopeSet::new()).await).await?;
            let mut request = self.inner.http.request(call.method.clone(), call.url.clone()).headers(call.headers.clone());
            request = request.bearer_auth(token.value.expose_secret());
            if let Some(actor) = &self.actor {
                request = request.header(ACTOR, actor);
            }
            if !matches!(call.body, Body::Stream { .. } | Body::Encoded { .. }) {
                request = request.timeout(CALL_TIMEOUT);
            }
            tried += 1;
            let answer = self.answer(call.body.attach(request).await?, tried).await;
            match answer {
                Try::Answered(response) if response.status() == StatusCode::UNAUTHORIZED && !renewed => {
                    self.inner.tokens.forget().await;
                    renewed = true;
                }
                Try::Answered(response) => match (accept(response).await, self.wait(tried, None)) {
                    // The gateway is still working on an earlier try, whose answer was lost.
                    // If it says where the report will be, the caller asks there.
                    (Err(ClientError::Refused(problem)), Some(wait)) if problem.code == IN_FLIGHT && problem.location.is_none() => {
                        tokio::time::sleep(wait).await
                    }
                    (done, _) => return done,
                },
                Try::Failed(error) => return Err(error),
                Try::Again(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    async fn fetch_token(&self, scopes: &ScopeSet) -> Result<Token, ClientError> {
        let url = self.url("/oauth2/token")?;
        let signer = match &self.inner.signer {
            Some(signer) => Some((signer, self.issuer().await?)),
            None => None,
        };
        let wire: TokenWire = self
            .fetch(|| {
                // A new one for each try: the gateway may have accepted the last one, though its answer was lost.
                let assertion = signer.map(|(signer, issuer)| signer.assertion(issuer, &self.new_key()?, assertions::now())).transpose()?;
                Ok(self.inner.http.post(url.clone()).form(&tokens::form(&self.inner.client_id, scopes, assertion)))
            })
            .await?;
        Ok(wire.into())
    }

    /// The gateway's issuer name, from the configuration or else from its metadata (RFC 8414). The
    /// metadata can be trusted: the connection has checked the gateway's certificate.
    async fn issuer(&self) -> Result<&str, ClientError> {
        let ask = async || {
            let url = self.url("/.well-known/oauth-authorization-server")?;
            let metadata: MetadataWire = self.fetch(|| Ok(self.inner.http.get(url.clone()))).await?;
            Ok(metadata.issuer)
        };
        self.inner.issuer.get_or_try_init(ask).await.map(String::as_str)
    }

    /// Sends a request that needs no token until there is a final answer.
    async fn fetch<T: DeserializeOwned>(&self, request: impl Fn() -> Result<RequestBuilder, ClientError>) -> Result<T, ClientError> {
        let mut tried = 0;
        loop {
            tried += 1;
            match self.answer(request()?.timeout(CALL_TIMEOUT), tried).await {
                Try::Answered(response) => {
                    let bytes = body_of(accept(response).await?).await?;
                    return serde_json::from_slice(&bytes).map_err(|error| ClientError::Unreadable(error.to_string()));
                }
                Try::Failed(error) => return Err(error),
                Try::Again(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// One try. A failure that may pass with time is tried again, while tries are left.
    async fn answer(&self, request: RequestBuilder, tried: u32) -> Try {
        match request.send().await {
            Ok(response) if matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => {
                match self.wait(tried, retries::retry_after(response.headers())) {
                    Some(wait) => Try::Again(wait),
                    None => Try::Answered(response),
                }
            }
            Ok(response) => Try::Answered(response),
            Err(error) => match (ClientError::of_transport(&error), self.wait(tried, None)) {
                (ClientError::Unreachable(_), Some(wait)) => Try::Again(wait),
                (error, _) => Try::Failed(error),
            },
        }
    }

    pub(crate) fn wait(&self, tried: u32, retry_after: Option<Duration>) -> Option<Duration> {
        self.inner.retries.wait(tried, retry_after, self.random_bytes().map_or(0, |[byte]| byte))
    }

    /// A new random idempotency key.
    pub fn new_key(&self) -> Result<String, ClientError> {
        let bytes: [u8; 16] = self.random_bytes().ok_or(ClientError::Value("the system gives no random numbers"))?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn random_bytes<const N: usize>(&self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.inner.random.fill(&mut bytes).ok()?;
        Some(bytes)
    }
}

enum Try {
    Answered(Response),
    Again(Duration),
    Failed(ClientError),
}

async fn accept(response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let location = response.headers().get(LOCATION).and_then(|place| place.to_str().ok()).map(str::to_owned);
    // A refusal is still a refusal if its body is lost on the way.
    let body = response.bytes().await.unwrap_or_default();
    Err(ClientError::Refused(Box::new(Problem { location, ..Problem::read(status.as_u16(), &body) })))
}

pub(crate) async fn body_of(response: Response) -> Result<Bytes, ClientError> {
    response.bytes().await.map_err(|error| ClientError::of_transport(&error))
}

fn json(body: &impl Serialize) -> Result<Body, ClientError> {
    let bytes = serde_json::to_vec(body).map_err(|_| ClientError::Value("the body cannot be written as JSON"))?;
    Ok(Body::Bytes { content_type: "application/json", bytes: bytes.into() })
}

/// A structured field (RFC 9651): a dictionary of three strings.
fn write_actor(actor: &Actor) -> Option<HeaderValue> {
    let mut text = String::new();
    for (name, value) in [("id", &actor.id), ("role", &actor.role), ("reason", &actor.reason)] {
        if !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return None;
        }
        let separator = if text.is_empty() { "" } else { ", " };
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        text.push_str(&format!("{separator}{name}=\"{escaped}\""));
    }
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests;
