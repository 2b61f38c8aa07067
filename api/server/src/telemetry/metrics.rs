//! Counts and times, for Prometheus and, if a collector is configured, for OTLP. Labels are from closed lists: methods,
//! route templates, statuses, reasons, chores, the partnership file's agreements.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use domain::KeyPurpose;
use opentelemetry::KeyValue;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds of the latency histogram, in seconds.
const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The metrics of one gateway.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Families>);

struct Families {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Routed, Histogram>,
    in_flight: Gauge,
    tokens: Family<Outcome, Counter>,
    refused_certificates: Family<Outcome, Counter>,
    left_to_reseal: Family<UnderKey, Gauge>,
    agreement_days_left: Family<Agreed, Gauge>,
    chore_failures: Family<Chore, Counter>,
    exported: opentelemetry::metrics::Histogram<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Routed {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnderKey {
    purpose: &'static str,
    key: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Agreed {
    agreement: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Chore {
    chore: String,
}

/// A request that is not answered yet. It counts for as long as this lives.
pub(crate) struct InFlight(Gauge);

impl Metrics {
    /// Each gateway has metrics of its own: several may run in one process.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("sendbridge");
        let requests = Family::default();
        let durations = Family::<Routed, Histogram>::new_with_constructor(|| Histogram::new(BOUNDS));
        let in_flight = Gauge::default();
        let tokens = Family::default();
        let refused_certificates = Family::default();
        let left_to_reseal = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register_with_unit("http_request_duration", "Time to the head of the answer", Unit::Seconds, durations.clone());
        registry.register("http_requests_in_flight", "Requests not answered yet", in_flight.clone());
        registry.register("token_requests", "Access tokens issued and refused", tokens.clone());
        registry.register("client_certificates_refused", "Handshakes refused for the client's certificate", refused_certificates.clone());
        registry.register("values_left_to_reseal", "Stored values under a key that is not in force any more", left_to_reseal.clone());
        let agreement_days_left = Family::<Agreed, Gauge>::default();
        let days_left = "Days to the last day of each agreement of the partnership file: 0 on it, negative after it";
        registry.register("agreement_days_left", days_left, agreement_days_left.clone());
        let chore_failures = Family::<Chore, Counter>::default();
        registry.register("chore_failures", "Turns of a chore in the background that failed", chore_failures.clone());
        let exported = opentelemetry::global::meter("sendbridge").f64_histogram("http.server.request.duration").with_unit("s").build();
        let families = Families {
            registry,
            requests,
            durations,
            in_flight,
            tokens,
            refused_certificates,
            left_to_reseal,
            agreement_days_left,
            chore_failures,
            exported,
        };
        Self(Arc::new(families))
    }

    /// A request came in.
    pub(crate) fn begin(&self) -> InFlight {
        self.0.in_flight.inc();
        InFlight(self.0.in_flight.clone())
    }

    /// How many requests are being answered.
    pub(crate) fn in_flight(&self) -> i64 {
        self.0.in_flight.get()
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let method = name(method);
        let (families, status) = (&self.0, status.as_u16());
        families.requests.get_or_create(&Answered { method, route: route.to_owned(), status }).inc();
        families.durations.get_or_create(&Routed { method, route: route.to_owned() }).observe(took.as_secs_f64());
        let attributes = [
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route.to_owned()),
            KeyValue::new("http.response.status_code", i64::from(status)),
        ];
        families.exported.record(took.as_secs_f64(), &attributes);
    }

    /// A token was issued, or refused with an OAuth error code.
    pub(crate) fn token(&self, outcome: &'static str) {
        self.0.tokens.get_or_create(&Outcome { outcome }).inc();
    }

    /// A handshake failed for the client's certificate.
    pub(crate) fn certificate_refused(&self, outcome: &'static str) {
        self.0.refused_certificates.get_or_create(&Outcome { outcome }).inc();
    }

    /// Sets how many stored values are under each key that is no longer in force.
    pub(crate) fn left_to_reseal(&self, left: &[(KeyPurpose, u32, u64)]) {
        self.0.left_to_reseal.clear();
        for (purpose, key, values) in left {
            let gauge = self.0.left_to_reseal.get_or_create(&UnderKey { purpose: purpose.as_str(), key: *key });
            gauge.set(i64::try_from(*values).unwrap_or(i64::MAX));
        }
    }

    /// Sets the days left of each agreement, and forgets any other.
    pub(crate) fn agreements(&self, days_left: impl Iterator<Item = (String, i64)>) {
        self.0.agreement_days_left.clear();
        for (agreement, days) in days_left {
            self.0.agreement_days_left.get_or_create(&Agreed { agreement }).set(days);
        }
    }

    /// The counter of a chore's failed turns.
    pub(crate) fn chore_failures(&self, chore: &str) -> Counter {
        self.0.chore_failures.get_or_create(&Chore { chore: chore.to_owned() }).clone()
    }

    /// All metrics as OpenMetrics text.
    pub(crate) fn write(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

// Anybody can make up a method, so unknown ones share one label.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}
