//! What all answers have in common, and what the log and the metrics say about them.

use integration_tests::records::{BORN, list, number, row};
use integration_tests::{ACTOR, Call, Persona, World, on_both};
use reqwest::{Body, Method};
use serde_json::json;

use crate::matrix::logs;

/// Makes a call fail inside the gateway: a sealed value that was moved to another row does not open.
async fn broken(world: &World) -> (Persona, &'static str) {
    let trust = world.persona("provider-hct").signed_in().await;
    let rows = ["B-1", "B-2"].into_iter().zip(0..).map(|(id, nth)| row(id, &number(nth), "01", "autism"));
    trust.push_csv("list=before", list(rows)).await.expect_status(201);
    world.meddle("UPDATE record SET sealed_record = (SELECT sealed_record FROM record WHERE record_key = 'B-1') WHERE record_key = 'B-2'");
    (trust, "/v1/waiting-list/entries?list=before")
}

on_both! {
    async fn every_answer_has_its_headers_and_head_answers_where_get_does(world: World) {
        let council = world.persona("council-herts");
        for (method, path) in [(Method::GET, "/v1/openapi.json"), (Method::HEAD, "/v1/openapi.json"), (Method::GET, "/none")] {
            let call = council.call(method, path).header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            let answer = call.send().await;
            assert_eq!(uuid::Uuid::parse_str(answer.header("x-request-id").unwrap()).unwrap().get_version_num(), 7);
            let trace = answer.header("traceparent").unwrap();
            assert!(trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && !trace.contains("b7ad6b7169203331"), "{trace}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("cache-control"), Some(if answer.status == 200 { "private, max-age=300" } else { "no-store" }));
        }
        let head = council.call(Method::HEAD, "/v1/openapi.json").send().await;
        assert!(head.header("content-length").unwrap().parse::<u64>().unwrap() > 1000);
        assert!(head.text.is_empty());
    }

    async fn a_problem_has_one_shape_whoever_made_it(world: World) {
        let (trust, breaks) = broken(&world).await;
        let council = world.persona("council-herts").signed_in().await;
        let call = |method: Method, path: &str| council.call(method, path);
        let search = || call(Method::POST, "/v1/children/search").actor(ACTOR);
        let waits = || call(Method::GET, "/v1/children/0197/waits");
        let spaces = (0..70).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1000]));
        let calls: Vec<(Call, u16, &str)> = vec![
            (call(Method::GET, "/v1/nothing"), 404, "not-found"),
            (call(Method::GET, "/oauth2/token"), 405, "method-not-allowed"),
            (call(Method::DELETE, "/v1/docs"), 405, "method-not-allowed"),
            (trust.call(Method::GET, breaks), 500, "internal"),
            (call(Method::GET, "/v1/submissions/9990000018"), 404, "not-found"),
            (waits(), 400, "actor-missing"),
            (waits().actor("x"), 400, "actor-malformed"),
            (call(Method::GET, "/v1/ehcp/cases?x=1"), 400, "malformed"),
            (search().body("{}"), 415, "unsupported-media-type"),
            (search().header("content-type", "text/csv").body("{}"), 415, "unsupported-media-type"),
            (search().json(&json!({ "colour": 1 })), 400, "malformed"),
            (search().json(&json!("x".repeat(70_000))), 413, "body-too-large"),
            (search().header("content-type", "application/json").body(Body::wrap_stream(futures_util::stream::iter(spaces))), 413, "body-too-large"),
        ];
        for (call, status, code) in calls {
            let answer = call.send().await;
            let problem = answer.expect_problem(status, code);
            let id = answer.header("x-request-id").unwrap();
            assert_eq!(
                (&problem["status"], &problem["request_id"], &problem["instance"]),
                (&json!(status), &json!(id), &json!(format!("urn:uuid:{id}")))
            );
            assert!(!problem.to_string().contains("9990000018") && !problem.to_string().contains("sealed"), "{problem}");
        }
        assert_eq!(call(Method::DELETE, "/v1/docs").send().await.header("allow"), Some("GET, HEAD"));
        let body = json!({ "nhs_number": number(0), "date_of_birth": BORN });
        search().json(&body).send().await.expect_status(200);
    }

    async fn the_log_and_the_metrics_name_the_client_and_the_route_and_no_path(world: World) {
        logs::listen();
        let (trust, breaks) = broken(&world).await;
        let council = world.persona("council-herts").signed_in().await;
        let secret = "0197aaaa-canary-in-the-path";
        let actor = r#"id="a", role="b", reason="canary-in-the-reason""#;
        let mut answered = Vec::new();
        for (path, acts) in [
            (format!("/v1/children/{secret}/waits"), true),
            (format!("/v1/consents?child_id={secret}&secret={secret}"), true),
            (format!("/{secret}"), false),
            (format!("/v1/submissions/{secret}"), false),
        ] {
            let call = council.call(Method::GET, &path);
            let call = if acts { call.actor(actor) } else { call };
            answered.push(call.send().await.header("x-request-id").unwrap().to_owned());
        }
        let failed = trust.call(Method::GET, breaks).send().await;
        failed.expect_problem(500, "internal");
        let (_, metrics) = world.operations("/metrics").await;
        let route = "method=\"GET\",route=\"/v1/children/{child_id}/waits\"";
        assert!(metrics.contains(&format!("sendbridge_http_requests_total{{{route},status=\"404\"}} 1")), "{metrics}");
        assert!(metrics.contains("route=\"unmatched\",status=\"404\""), "{metrics}");
        assert!(metrics.contains("sendbridge_token_requests_total{outcome=\"issued\"} 2"), "{metrics}");
        assert!(metrics.contains("sendbridge_http_requests_in_flight 0"), "{metrics}");
        let log = logs::heard();
        let about = |id: &str| log.lines().filter(|line| line.contains(id)).collect::<Vec<_>>().join("\n");
        let children = about(&answered[0]);
        assert!(children.contains("/v1/children/{child_id}/waits") && children.contains("council-herts") && children.contains("answered"), "{children}");
        // Operators are told the cause of a failure.
        let cause = about(failed.header("x-request-id").unwrap());
        assert!(cause.contains("\"level\":\"ERROR\""), "{cause}");
        for canary in [secret, "canary-in-the-reason", &council.token().unwrap()] {
            assert!(!log.contains(canary) && !metrics.contains(canary));
        }
    }

    async fn the_operations_listener_answers_in_the_clear(world: World) {
        for path in ["/health/live", "/health/ready", "/metrics"] {
            assert_eq!(world.operations(path).await.0, 200, "{path}");
        }
        assert_eq!(world.operations("/v1/docs").await.0, 404);
    }
}
