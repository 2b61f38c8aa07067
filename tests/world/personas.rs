//! A client of the contract, with a certificate, a token and calls.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Body, Certificate, Client, Identity, Method};
use serde_json::{Value, json};

use crate::HANG;

/// The person behind a persona's calls.
pub const ACTOR: &str = r#"id="kt-204", role="ehc-coordinator", reason="assessment C-1""#;

/// A trust's Caldicott guardian.
pub const GUARDIAN: &str = r#"id="cg-1", role="caldicott-guardian", reason="a child at risk""#;

/// A partner's system.
#[derive(Clone)]
pub struct Persona {
    pub client_id: String,
    base: String,
    http: Client,
    token: Token,
}

pub struct Call {
    request: reqwest::RequestBuilder,
    token: Token,
}

/// What a persona shows with its calls.
#[derive(Clone)]
enum Token {
    None,
    /// A token that the test chose. It is not renewed.
    Given(String),
    /// The persona's own token, which is renewed in time.
    Own(Arc<Own>),
}

/// A token that is renewed, so that no test depends on how fast the machine is.
struct Own {
    /// Who asks for the token.
    persona: Persona,
    scope: Option<String>,
    held: Mutex<Held>,
}

struct Held {
    token: String,
    since: Instant,
}

/// A token is renewed after this time: half of its life.
const RENEWED_AFTER: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Persona {
    /// A client of the demonstration in a folder, at a gateway.
    pub(crate) fn of(dir: &Path, client_id: &str, address: SocketAddr) -> Self {
        let folder = dir.join("clients").join(client_id);
        let read = |path: &Path| std::fs::read(path).expect("a file of the demonstration");
        let identity = [read(&folder.join("cert.pem")), read(&folder.join("key.pem"))].concat();
        Self::new(client_id, address, &read(&dir.join("pki").join("ca.pem")), Some(&identity))
    }

    pub(crate) fn new(client_id: &str, address: SocketAddr, authority: &[u8], identity: Option<&[u8]>) -> Self {
        // Tests share the process: only the first one installs it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut http =
            Client::builder().tls_certs_only([Certificate::from_pem(authority).expect("the authority's certificate")]).timeout(HANG);
        if let Some(identity) = identity {
            http = http.identity(Identity::from_pem(identity).expect("a certificate and its key"));
        }
        let http = http.build().expect("an HTTP client");
        Self { client_id: client_id.to_owned(), base: format!("https://{address}"), http, token: Token::None }
    }

    /// The persona with a token for all its scopes.
    pub async fn signed_in(self) -> Self {
        self.signed_in_for(None).await
    }

    /// The persona with a token for some of its scopes, separated by spaces, or for all.
    pub async fn signed_in_for(mut self, scope: Option<&str>) -> Self {
        self.token = Token::None;
        let answer = self.ask_for_token_of(scope).await.expect("an answer").expect(200);
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        let held = Mutex::new(Held { token, since: Instant::now() });
        self.token = Token::Own(Arc::new(Own { persona: self.clone(), scope: scope.map(str::to_owned), held }));
        self
    }

    /// The persona with a given token, which is not renewed, or none.
    #[must_use]
    pub fn with_token(mut self, token: Option<&str>) -> Self {
        self.token = token.map_or(Token::None, |token| Token::Given(token.to_owned()));
        self
    }

    pub fn token(&self) -> Option<String> {
        match &self.token {
            Token::None => None,
            Token::Given(token) => Some(token.clone()),
            Token::Own(own) => Some(own.held.lock().expect("the token").token.clone()),
        }
    }

    pub async fn ask_for_token(&self, form: &[(&str, &str)]) -> Answer {
        self.token_request(form).send().await
    }

    fn token_request(&self, form: &[(&str, &str)]) -> Call {
        Call { request: self.http.post(format!("{}/oauth2/token", self.base)).form(form), token: Token::None }
    }

    async fn ask_for_token_of(&self, scope: Option<&str>) -> reqwest::Result<Answer> {
        let mut form = vec![("grant_type", "client_credentials"), ("client_id", self.client_id.as_str())];
        form.extend(scope.map(|scope| ("scope", scope)));
        self.token_request(&form).send_as_it_is().await
    }

    /// A call with the persona's token and nothing else.
    pub fn call(&self, method: Method, path: &str) -> Call {
        Call { request: self.http.request(method, format!("{}{path}", self.base)), token: self.token.clone() }
    }

    /// GET, as [`ACTOR`].
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).actor(ACTOR).send().await
    }

    /// POST of JSON, as [`ACTOR`].
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path).actor(ACTOR).json(body).send().await
    }

    /// PUT of JSON, as [`ACTOR`].
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path).actor(ACTOR).json(body).send().await
    }

    /// Sends a waiting list in CSV; `query` is added to the address.
    pub async fn push_csv(&self, query: &str, csv: impl Into<Body>) -> Answer {
        let path = format!("/v1/waiting-list/submissions?format=csv&{query}");
        self.call(Method::POST, &path).header("content-type", "text/csv").body(csv).send().await
    }

    /// The caller's own id for a child.
    pub async fn child_id(&self, nhs_number: &str, date_of_birth: &str) -> String {
        let body = json!({ "nhs_number": nhs_number, "date_of_birth": date_of_birth });
        let answer = self.post("/v1/children/search", &body).await;
        answer.expect(200)["child_id"].as_str().expect("an id").to_owned()
    }
}

impl Call {
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        self.header_bytes(name, value.as_bytes())
    }

    /// A header whose value need not be text.
    #[must_use]
    pub fn header_bytes(self, name: &str, value: &[u8]) -> Self {
        Self { request: self.request.header(name, value), token: self.token }
    }

    #[must_use]
    pub fn actor(self, actor: &str) -> Self {
        self.header("sendbridge-actor", actor)
    }

    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        Self { request: self.request.json(body), token: self.token }
    }

    #[must_use]
    pub fn body(self, body: impl Into<Body>) -> Self {
        Self { request: self.request.body(body), token: self.token }
    }

    /// The answer, or why there is none.
    pub async fn try_send(self) -> reqwest::Result<Answer> {
        let request = match &self.token {
            Token::None => self.request,
            Token::Given(token) => self.request.bearer_auth(token),
            Token::Own(own) => self.request.bearer_auth(own.in_date().await),
        };
        Self { request, token: Token::None }.send_as_it_is().await
    }

    async fn send_as_it_is(self) -> reqwest::Result<Answer> {
        let response = self.request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    pub async fn send(self) -> Answer {
        self.try_send().await.expect("an answer")
    }
}

impl Own {
    /// The token, renewed if it is old. If the gateway issues no new token, the old one is used, and the test
    /// sees what the gateway says to it.
    async fn in_date(&self) -> String {
        let is_old = self.held.lock().expect("the token").since.elapsed() > RENEWED_AFTER;
        let renewed = if is_old { self.persona.ask_for_token_of(self.scope.as_deref()).await.ok() } else { None };
        let renewed = renewed.filter(|answer| answer.status == 200).map(|answer| answer.json());
        let mut held = self.held.lock().expect("the token");
        if let Some(token) = renewed.as_ref().and_then(|answer| answer["access_token"].as_str()) {
            *held = Held { token: token.to_owned(), since: Instant::now() };
        }
        held.token.clone()
    }
}

impl Answer {
    /// Checks the status; answers the body as JSON.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    #[track_caller]
    pub fn expect_status(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text);
    }

    /// Checks the status, the problem's code and its form; answers the body.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        if body["resourceType"] == "OperationOutcome" {
            assert_eq!(self.header("content-type"), Some("application/fhir+json"), "{}", self.text);
            assert_eq!(self.problem().as_deref(), Some(code), "{}", self.text);
            assert!(body["id"].is_string(), "{}", self.text);
            return body;
        }
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        assert_eq!(body["type"], format!("/problems/{code}"), "{}", self.text);
        assert!(body["request_id"].is_string(), "{}", self.text);
        body
    }

    /// The problem code of a refusal, in any of its forms.
    pub fn problem(&self) -> Option<String> {
        if self.header("content-type") == Some("application/fhir+xml") {
            let (_, code) = self.text.split_once(r#"CodeSystem/problem"/><code value=""#)?;
            return Some(code.split_once('"')?.0.to_owned());
        }
        let body = self.json();
        let coding = body["issue"][0]["details"]["coding"][1]["code"].as_str().map(str::to_owned);
        coding.or_else(|| body["type"].as_str().map(|kind| kind.replace("/problems/", "")))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
