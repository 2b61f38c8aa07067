//! The load: kept-alive mutual TLS connections of one client.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Body, Certificate, Client, Identity};
use serde_json::Value;

use crate::Result;
use crate::processes::Served;

#[derive(Clone)]
pub(crate) struct Caller {
    http: Client,
    base: String,
    client_id: String,
    token: String,
}

/// What a run of requests measured.
pub(crate) struct Rate {
    pub(crate) rate: f64,
    pub(crate) p99_ms: f64,
}

impl Caller {
    pub(crate) async fn sign_in(served: &Served, client_id: &str) -> Result<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = served.dir().join("clients").join(client_id);
        let identity = [std::fs::read(folder.join("cert.pem"))?, std::fs::read(folder.join("key.pem"))?].concat();
        let http = Client::builder()
            .tls_certs_only([Certificate::from_pem(&std::fs::read(served.dir().join("pki/ca.pem"))?)?])
            .identity(Identity::from_pem(&identity)?)
            .http1_only()
            .build()?;
        let base = format!("https://{}", served.api);
        let mut caller = Self { http, base, client_id: client_id.to_owned(), token: String::new() };
        caller.renew().await?;
        Ok(caller)
    }

    pub(crate) async fn renew(&mut self) -> Result<()> {
        let form = [("grant_type", "client_credentials"), ("client_id", self.client_id.as_str())];
        let sent = self.http.post(format!("{}/oauth2/token", self.base)).form(&form).send().await?;
        let answer: Value = sent.error_for_status()?.json().await?;
        answer["access_token"].as_str().ok_or("no token")?.clone_into(&mut self.token);
        Ok(())
    }

    /// Sends a list, and waits until all of it can be queried.
    pub(crate) async fn push(&self, query: &str, file: &Path) -> Result<()> {
        let file = tokio::fs::File::open(file).await?;
        self.push_body(query, Body::from(file)).await
    }

    pub(crate) async fn push_bytes(&self, query: &str, csv: Vec<u8>) -> Result<()> {
        self.push_body(query, csv.into()).await
    }

    async fn push_body(&self, query: &str, body: Body) -> Result<()> {
        let url = format!("{}/v1/waiting-list/submissions?{query}", self.base);
        let call = self.http.post(url).bearer_auth(&self.token).header("content-type", "application/octet-stream");
        let mut report: Value = call.body(body).send().await?.error_for_status()?.json().await?;
        while report["status"] == "processing" {
            tokio::time::sleep(POLL).await;
            let url = format!("{}/v1/submissions/{}", self.base, report["id"].as_str().ok_or("no id")?);
            report = self.http.get(url).bearer_auth(&self.token).send().await?.error_for_status()?.json().await?;
        }
        if report["records"]["accepted"] == report["records"]["received"] { Ok(()) } else { Err(report.to_string().into()) }
    }

    /// Sends a council's crosswalk.
    pub(crate) async fn put_crosswalk(&self, csv: String) -> Result<()> {
        let url = format!("{}/v1/children/identifiers", self.base);
        let call = self.http.put(url).bearer_auth(&self.token).header("content-type", "text/csv");
        let report: Value = call.body(csv).send().await?.error_for_status()?.json().await?;
        if report["records"]["accepted"] == report["records"]["received"] { Ok(()) } else { Err(report.to_string().into()) }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let call = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token).header("sendbridge-actor", ACTOR);
        Ok(call.json(body).send().await?.error_for_status()?.json().await?)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<()> {
        let call = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token).header("sendbridge-actor", ACTOR);
        call.send().await?.error_for_status()?.bytes().await?;
        Ok(())
    }
}

/// How often the client asks about a large list that is worked on.
const POLL: Duration = Duration::from_millis(100);
const ACTOR: &str = r#"id="load", role="system", reason="benchmark""#;

/// Sends requests over several connections, and measures how fast they are answered.
#[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
pub(crate) async fn hammer(caller: &Caller, path: &str, connections: usize, requests: usize) -> Result<Rate> {
    caller.get(path).await?;
    let left = Arc::new(AtomicUsize::new(requests));
    let began = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let (caller, path, left) = (caller.clone(), path.to_owned(), Arc::clone(&left));
        tasks.push(tokio::spawn(async move {
            let mut times = Vec::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let began = Instant::now();
                caller.get(&path).await?;
                times.push(began.elapsed());
            }
            Result::<Vec<Duration>>::Ok(times)
        }));
    }
    let mut times = Vec::with_capacity(requests);
    for task in tasks {
        times.extend(task.await??);
    }
    let rate = times.len() as f64 / began.elapsed().as_secs_f64();
    times.sort_unstable();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Rate { rate, p99_ms: p99.as_secs_f64() * 1000.0 })
}
