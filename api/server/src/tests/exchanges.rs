use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::worlds::World;

/// All that this process's gateways log, at the most talkative level of their own code.
static LOG: LazyLock<Arc<Mutex<Vec<u8>>>> = LazyLock::new(|| {
    let log = Arc::new(Mutex::new(Vec::new()));
    let writer = Writer(log.clone());
    let layer = crate::telemetry::logs("info,server=trace", move || writer.clone()).unwrap();
    tracing_subscriber::registry().with(vec![layer]).init();
    log
});

#[derive(Clone)]
struct Writer(Arc<Mutex<Vec<u8>>>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn every_answer_has_its_headers_and_head_answers_where_get_does() {
    let world = World::new().await;
    let council = world.council();
    for request in
        [council.get(world.url("/v1/openapi.json")), council.head(world.url("/v1/openapi.json")), council.get(world.url("/none"))]
    {
        let response = request.header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(uuid::Uuid::parse_str(&header("x-request-id")).unwrap().get_version_num(), 7);
        let trace = header("traceparent");
        assert!(trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && !trace.contains("b7ad6b7169203331"), "{trace}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let documentation = response.status().as_u16() == 200;
        assert_eq!(header("cache-control"), if documentation { "private, max-age=300" } else { "no-store" });
    }
    let head = council.head(world.url("/v1/openapi.json")).send().await.unwrap();
    assert!(head.headers()["content-length"].to_str().unwrap().parse::<u64>().unwrap() > 1000);
    assert!(head.text().await.unwrap().is_empty());
}

#[actix_web::test]
async fn a_problem_has_one_shape_whoever_made_it() {
    let world = World::new().await;
    let council = world.council();
    let token = world.token(&council, "council-herts").await;
    let echo = || council.post(world.url("/test/echo")).bearer_auth(&token);
    let child = || council.get(world.url("/test/children/0197")).bearer_auth(&token);
    for (request, status, code) in [
        (council.get(world.url("/v1/nothing")), 404, "not-found"),
        (council.get(world.url("/oauth2/token")), 405, "method-not-allowed"),
        (council.delete(world.url("/v1/docs")), 405, "method-not-allowed"),
        (council.get(world.url("/test/failures/1")), 500, "internal"),
        (council.get(world.url("/test/failures/9990000018")), 404, "not-found"),
        (child(), 400, "actor-missing"),
        (child().header("sendbridge-actor", "x"), 400, "actor-malformed"),
        (child().header("sendbridge-actor", r#"id="a", role="b", reason="c""#).query(&[("x", "1")]), 400, "malformed"),
        (echo().body("{}"), 415, "unsupported-media-type"),
        (echo().header("content-type", "text/csv").body("{}"), 415, "unsupported-media-type"),
        (echo().json(&json!({ "colour": 1 })), 400, "malformed"),
        (echo().json(&"x".repeat(70_000)), 413, "body-too-large"),
        (
            echo()
                .header("content-type", "application/json")
                .body(reqwest::Body::wrap_stream(futures_util::stream::iter((0..70).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1000]))))),
            413,
            "body-too-large",
        ),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
            (status, "application/problem+json"),
            "{code}"
        );
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["type"], format!("/problems/{code}"));
        assert_eq!(
            (&problem["status"], &problem["request_id"], &problem["instance"]),
            (&json!(status), &json!(id), &json!(format!("urn:uuid:{id}")))
        );
        assert!(!problem.to_string().contains("the cause") && !problem.to_string().contains("9990000018"), "{problem}");
    }
    let allow = council.delete(world.url("/v1/docs")).send().await.unwrap().headers()["allow"].clone();
    assert_eq!(allow, "GET, HEAD");
    assert_eq!(echo().json(&json!({})).send().await.unwrap().status().as_u16(), 200);
}

#[actix_web::test]
async fn the_log_and_the_metrics_name_the_client_and_the_route_and_no_path() {
    LazyLock::force(&LOG);
    let world = World::new().await;
    let council = world.council();
    let token = world.token(&council, "council-herts").await;
    let secret = "0197aaaa-canary-in-the-path";
    for (path, actor) in [
        (format!("/test/children/{secret}"), true),
        (format!("/test/children/{secret}?secret={secret}"), true),
        (format!("/{secret}"), false),
        (format!("/test/failures/{secret}"), false),
    ] {
        let mut request = council.get(world.url(&path)).bearer_auth(&token);
        if actor {
            request = request.header("sendbridge-actor", r#"id="a", role="b", reason="canary-in-the-reason""#);
        }
        request.send().await.unwrap();
    }
    council.get(world.url("/test/failures/1")).send().await.unwrap();
    let (_, metrics) = world.operations("/metrics").await;
    assert!(
        metrics.contains("sendbridge_http_requests_total{method=\"GET\",route=\"/test/children/{child_id}\",status=\"200\"} 1"),
        "{metrics}"
    );
    assert!(
        metrics.contains("route=\"unmatched\",status=\"404\"") && metrics.contains("sendbridge_token_requests_total{outcome=\"issued\"} 1")
    );
    assert!(metrics.contains("sendbridge_http_requests_in_flight 0"), "{metrics}");
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    let children = log.lines().find(|line| line.contains("\"/test/children/{child_id}\"") && line.contains("answered")).unwrap();
    assert!(children.contains("\"client_id\":\"council-herts\"") && children.contains("\"request_id\":\""), "{children}");
    let failure = log.lines().filter(|line| line.contains("the cause")).count();
    assert!(failure >= 1);
    for canary in [secret, "canary-in-the-reason", token.as_str()] {
        assert!(!log.contains(canary) && !metrics.contains(canary));
    }
}

#[actix_web::test]
async fn the_operations_listener_answers_in_the_clear() {
    let world = World::new().await;
    for path in ["/health/live", "/health/ready", "/metrics"] {
        assert_eq!(world.operations(path).await.0, 200, "{path}");
    }
    assert_eq!(world.operations("/v1/docs").await.0, 404);
}
