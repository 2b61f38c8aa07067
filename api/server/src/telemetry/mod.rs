//! Logs, traces and metrics. None of them ever holds a path, a query or a body.

pub(crate) mod metrics;
pub(crate) mod spans;
#[cfg(test)]
mod tests;
pub(crate) mod traces;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::configuration::Configuration;

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("[telemetry] log: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("[telemetry] otlp_endpoint: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("telemetry has already started: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// The telemetry of the process. Dropping it sends what has not been sent.
pub struct Telemetry {
    tracers: Option<SdkTracerProvider>,
    meters: Option<SdkMeterProvider>,
}

/// Starts logs (JSON lines on standard error) and, if a collector is configured, OTLP. Once in a process, before the
/// asynchronous runtime, because the exporters block.
pub fn init(configuration: &Configuration) -> Result<Telemetry, TelemetryError> {
    let telemetry = &configuration.telemetry;
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = Vec::new();
    layers.push(logs(&telemetry.log, std::io::stderr)?);

    let mut started = Telemetry { tracers: None, meters: None };
    if let Some(endpoint) = telemetry.otlp_endpoint.as_deref().map(|endpoint| endpoint.trim_end_matches('/')) {
        // The exporters' client uses the process's cryptography. Another part may have set the same already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let resource = Resource::builder().with_service_name("sendbridge").build();
        let spans = SpanExporter::builder().with_http().with_endpoint(format!("{endpoint}/v1/traces")).build()?;
        let tracers = SdkTracerProvider::builder().with_batch_exporter(spans).with_resource(resource.clone()).build();
        let metrics = MetricExporter::builder().with_http().with_endpoint(format!("{endpoint}/v1/metrics")).build()?;
        let meters = SdkMeterProvider::builder().with_periodic_exporter(metrics).with_resource(resource).build();
        opentelemetry::global::set_meter_provider(meters.clone());
        // The exporters' own client must not be traced, or each export would cause another.
        let filter = EnvFilter::builder().parse("info,hyper=off,reqwest=off,opentelemetry=off")?;
        layers.push(tracing_opentelemetry::layer().with_tracer(tracers.tracer("sendbridge")).with_filter(filter).boxed());
        started = Telemetry { tracers: Some(tracers), meters: Some(meters) };
    }
    tracing_subscriber::registry().with(layers).try_init()?;
    Ok(started)
}

/// Logs as JSON lines, each with the span of its request.
pub(crate) fn logs<W>(filter: &str, writer: W) -> Result<Box<dyn Layer<Registry> + Send + Sync>, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let logs = fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(writer);
    Ok(logs.with_filter(EnvFilter::builder().parse(filter)?).boxed())
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        let tracers = self.tracers.take().map(|tracers| tracers.shutdown());
        let meters = self.meters.take().map(|meters| meters.shutdown());
        for error in [tracers, meters].into_iter().flatten().filter_map(Result::err) {
            tracing::warn!(%error, "telemetry was not sent whole");
        }
    }
}
