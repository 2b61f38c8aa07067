//! Telemetry belongs to the process, so only one test here starts it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use super::init;
use super::metrics::Metrics;
use crate::configuration::{Configuration, Telemetry};

const GATEWAY: &str = r#"partnership = "partnership.toml"
[api]
certificate = "server.pem"
key = "server-key.pem"
[[authority]]
name = "one"
certificates = "ca.pem"
crl = "crl.pem"
[database]
url = "sendbridge.db"
[keys]
directory = "keys"
"#;

#[tokio::test]
async fn traces_and_metrics_reach_a_collector_even_when_started_within_a_runtime() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = collector.local_addr().unwrap();
    let (heard, hear) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in collector.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let length = stream.read(&mut head).unwrap();
            let line = String::from_utf8_lossy(&head[..length]).lines().next().unwrap_or_default().to_owned();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            heard.send(line).unwrap();
        }
    });

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    std::fs::write(&path, GATEWAY).unwrap();
    let mut configuration = Configuration::read(&path).unwrap();
    configuration.telemetry = Telemetry { log: "info".into(), otlp_endpoint: Some(format!("http://{address}/")) };
    let telemetry = init(&configuration).unwrap();

    let metrics = Metrics::new();
    tracing::info_span!("request").in_scope(|| {
        metrics.answered(&actix_web::http::Method::GET, "/v1/docs", actix_web::http::StatusCode::OK, Duration::from_millis(1));
    });
    tokio::task::spawn_blocking(move || drop(telemetry)).await.unwrap();

    let mut lines: Vec<_> = (0..2).map(|_| hear.recv_timeout(Duration::from_secs(600)).unwrap()).collect();
    lines.sort();
    assert_eq!(lines, ["POST /v1/metrics HTTP/1.1", "POST /v1/traces HTTP/1.1"]);
    assert!(init(&configuration).is_err(), "once in a process");
}
