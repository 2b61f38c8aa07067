//! Attacks on every operation of the committed contract: nothing is answered that should not be, and
//! every refusal has the same shape.

mod certificates;
pub(crate) mod operations;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use domain::Scope;
use integration_tests::records::number;
use integration_tests::{Answer, Database, Persona, World, on_both, today, until};
use reqwest::Method;
use sendbridge::demonstration::CLIENTS;
use serde_json::json;

use operations::Operation;

/// All clients, signed in.
async fn everybody(world: &World) -> BTreeMap<&'static str, Persona> {
    let mut all = BTreeMap::new();
    for id in CLIENTS {
        all.insert(id, world.persona(id).signed_in().await);
    }
    all
}

#[track_caller]
fn refused(operation: &Operation, attack: &str, answer: &Answer, status: u16, code: &str) {
    let about = format!("{} {attack}: {} {}", operation.id, answer.status, answer.text);
    assert_eq!(answer.status, status, "{about}");
    let body = answer.json();
    if operation.id == "issue_token" {
        assert_eq!((answer.header("content-type"), &body["error"]), (Some("application/json"), &json!(code)), "{about}");
        return;
    }
    answer.expect_problem(status, code);
    if operation.template.starts_with("/fhir/") {
        assert_eq!((&body["resourceType"], body["id"].as_str()), (&json!("OperationOutcome"), answer.header("x-request-id")), "{about}");
    } else {
        assert_eq!((&body["status"], body["request_id"].as_str()), (&json!(status), answer.header("x-request-id")), "{about}");
    }
    assert_eq!(answer.header("www-authenticate").is_some_and(|it| it.starts_with("Bearer")), status == 401 || code == "scope-missing");
}

async fn is_up(world: &World) {
    assert_eq!(world.operations("/health/live").await.0, 200);
    world.persona("stranger").signed_in().await;
}

on_both! {
    /// The control: the other requests here are refused only for the one thing that is wrong with them.
    async fn a_right_request_is_answered(world: World) {
        let everybody = everybody(&world).await;
        for operation in Operation::all() {
            let answer = operation.send(&everybody[operation.client]).await;
            // Formats exist for everybody; every other path with a variable names something that does not exist.
            let names_nothing = operation.template.contains('{') && !operation.template.starts_with("/v1/formats/");
            let expected: &[u16] = if names_nothing { &[404] } else { &[200, 201] };
            assert!(expected.contains(&answer.status), "{}: {} {}", operation.id, answer.status, answer.text);
        }
    }

    async fn nothing_is_answered_without_a_token_of_the_connection_s_own(world: World) {
        let everybody = everybody(&world).await;
        for operation in Operation::behind_a_token() {
            let caller = &everybody[operation.client];
            let other = if operation.client == "council-herts" { "provider-hct" } else { "council-herts" };
            let own = caller.token().unwrap();
            let own = own.as_str();
            let (head, signature) = own.rsplit_once('.').unwrap();
            let turned: String = signature.chars().rev().collect();
            for (attack, authorization) in [
                ("no scheme", own.to_owned()),
                ("another scheme", format!("Basic {own}")),
                ("an empty token", "Bearer ".into()),
                ("no token at all", "Bearer nothing".into()),
                ("another client's token", format!("Bearer {}", everybody[other].token().unwrap())),
                ("a token without its signature", format!("Bearer {head}.")),
                ("a token with another signature", format!("Bearer {head}.{turned}")),
                ("two tokens in one", format!("Bearer {own}, Bearer {own}")),
            ] {
                let answer = operation.call(&caller.clone().with_token(None)).header("authorization", &authorization).send().await;
                refused(&operation, attack, &answer, 401, "unauthorised");
            }
            let answer = operation.call(caller).header("authorization", &format!("Bearer {own}")).send().await;
            refused(&operation, "two lines", &answer, 401, "unauthorised");
            let answer = operation.send(&caller.clone().with_token(None)).await;
            refused(&operation, "no token", &answer, 401, "unauthorised");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            let answer = operation.send(&everybody[other].clone().with_token(Some(own))).await;
            refused(&operation, "a token on another's connection", &answer, 401, "unauthorised");
        }
        is_up(&world).await;
    }

    async fn a_token_ends_after_ten_minutes(world: World) {
        world.stop_clock();
        // With fixed tokens: a persona that renews its token would have a new one by then.
        let everybody = everybody(&world).await.into_iter().map(|(client, persona)| (client, persona.clone().with_token(persona.token().as_deref())));
        let everybody: BTreeMap<_, _> = everybody.collect();
        world.pass(Duration::seconds(590));
        let controls = Operation::all().into_iter().filter(|operation| operation.method == Method::GET && !operation.template.contains('{'));
        for operation in controls {
            operation.send(&everybody[operation.client]).await.expect_status(200);
        }
        world.pass(Duration::seconds(11));
        for operation in Operation::behind_a_token() {
            refused(&operation, "an old token", &operation.send(&everybody[operation.client]).await, 401, "unauthorised");
        }
        is_up(&world).await;
    }

    async fn a_scope_that_the_token_lacks_is_missing(world: World) {
        let stranger = world.persona("stranger").signed_in().await;
        let everybody = everybody(&world).await;
        for operation in Operation::behind_a_token().iter().filter(|operation| !operation.scopes.is_empty()) {
            refused(operation, "a client without scopes", &operation.send(&stranger).await, 403, "scope-missing");
            // The client holds the right scope, but asked for a token without it.
            let caller = &everybody[operation.client];
            let held = caller.ask_for_token(&[("grant_type", "client_credentials"), ("client_id", &caller.client_id)]).await.expect(200);
            let others = held["scope"].as_str().unwrap().split(' ').filter(|scope| !operation.scopes.iter().any(|needed| needed == scope));
            let others = others.collect::<Vec<_>>().join(" ");
            if others.is_empty() {
                continue;
            }
            let form = [("grant_type", "client_credentials"), ("client_id", caller.client_id.as_str()), ("scope", others.as_str())];
            let narrow = caller.ask_for_token(&form).await.expect(200);
            let narrow = caller.clone().with_token(narrow["access_token"].as_str());
            refused(operation, "a token for other things", &operation.send(&narrow).await, 403, "scope-missing");
        }
        is_up(&world).await;
    }

    async fn each_scope_alone_opens_the_operations_that_name_it_and_no_other(world: World) {
        let everybody = everybody(&world).await;
        for scope in Scope::ALL {
            let mut narrow = None;
            for caller in everybody.values() {
                let form = [("grant_type", "client_credentials"), ("client_id", caller.client_id.as_str()), ("scope", scope.as_str())];
                let token = caller.ask_for_token(&form).await;
                if token.status == 200 {
                    narrow = Some(caller.clone().with_token(token.json()["access_token"].as_str()));
                }
            }
            let narrow = narrow.unwrap_or_else(|| panic!("a client holds {scope}"));
            for operation in Operation::behind_a_token().iter().filter(|operation| !operation.scopes.is_empty()) {
                let answer = operation.send(&narrow).await;
                let is_closed = answer.status == 403 && answer.problem().as_deref() == Some("scope-missing");
                let opens = operation.scopes.iter().any(|named| named == scope.as_str());
                // Each entry of a bundle needs its own scopes too.
                if !(opens && operation.id == "fhir_transact") {
                    assert_eq!(!is_closed, opens, "{} under {scope} alone: {} {}", operation.id, answer.status, answer.text);
                }
            }
        }
        is_up(&world).await;
    }

    async fn the_person_behind_the_call_is_named_or_nothing_is_done(world: World) {
        let everybody = everybody(&world).await;
        for operation in Operation::all().into_iter().filter(|operation| operation.actor.is_some()) {
            let caller = &everybody[operation.client];
            let nobody = Operation { actor: None, ..operation.clone() };
            refused(&nobody, "nobody", &nobody.send(caller).await, 400, "actor-missing");
            let with_a_number = format!(r#"id="kt-204", role="ehc-coordinator", reason="{}""#, number(0));
            for malformed in ["", "kt-204", r#"id="kt-204", role="ehc-coordinator""#, r#"id="", role="", reason="""#, &with_a_number] {
                let wrong = Operation { actor: Some(malformed.into()), ..operation.clone() };
                refused(&wrong, malformed, &wrong.send(caller).await, 400, "actor-malformed");
            }
        }
        is_up(&world).await;
    }

    async fn what_is_not_there_is_not_found_whatever_it_is_called(world: World) {
        let everybody = everybody(&world).await;
        for operation in Operation::all().iter().filter(|operation| operation.template.contains('{')) {
            let long = "a".repeat(4_000);
            for name in ["0197f000-0000-7000-8000-000000000001", "9990000018", "-1", "%00", "%2e%2e", "%c0%af", "'%20OR%201=1--", "latest%2F", &long] {
                let parts = operation.template.split('/').map(|part| if part.starts_with('{') { name } else { part });
                let path = parts.collect::<Vec<_>>().join("/");
                // The HTTP client turns this into /v1/issues, which exists.
                if path == "/v1/submissions/%2e%2e/issues" {
                    continue;
                }
                let asked = Operation { path, ..operation.clone() };
                refused(&asked, name, &asked.send(&everybody[operation.client]).await, 404, "not-found");
            }
        }
        for path in ["/", "/v1", "/v1/children", "/v2/submissions", "/v1/submissions/", "//v1/submissions", "/v1/../v1/docs/x", "/metrics", "/health/live"] {
            everybody["council-herts"].get(path).await.expect_problem(404, "not-found");
        }
        is_up(&world).await;
    }

    async fn a_body_is_read_strictly_or_not_at_all(world: World) {
        let everybody = everybody(&world).await;
        let operations = Operation::with_json();
        assert!(operations.len() >= 5);
        for operation in operations {
            let caller = &everybody[operation.client];
            let right = String::from_utf8(operation.body.clone()).unwrap();
            let (first, _) = right[1..].split_once(',').unwrap_or((right[1..].trim_end_matches('}'), ""));
            let first = if first.contains('{') { format!("{first}}}") } else { first.to_owned() };
            let nested = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
            for (attack, body) in [
                ("nothing", String::new()),
                ("half of it", right[..right.len() / 2].to_owned()),
                ("more after it", format!("{right}x")),
                ("two of it", format!("{right}{right}")),
                ("a list", format!("[{right}]")),
                ("null", "null".into()),
                ("a number", "1e999".into()),
                ("an empty object", "{}".into()),
                ("a key twice", format!("{{{first},{}", &right[1..])),
                ("an unknown field", format!("{{\"colour\":1,{}", &right[1..])),
                ("depth", nested),
                ("a NUL", right.replace(':', ":\u{0}")),
            ] {
                let wrong = operation.with_body(body);
                refused(&wrong, attack, &wrong.send(caller).await, 400, "malformed");
            }
            let wrong = operation.with_body([b"\xff\xfe".as_slice(), right.as_bytes()].concat());
            refused(&wrong, "no UTF-8", &wrong.send(caller).await, 400, "malformed");
            let doubled = operation.with_body(format!("{{{first},{}", &right[1..])).send(caller).await.json();
            assert_eq!(doubled["errors"][0]["code"], "duplicate-key", "{doubled}");
            let unknown = operation.with_body(format!("{{\"colour\":1,{}", &right[1..])).send(caller).await.json();
            assert_eq!((&unknown["errors"][0]["code"], &unknown["errors"][0]["field"]), (&json!("unknown-field"), &json!("colour")));
        }
        is_up(&world).await;
    }

    async fn a_body_of_another_type_is_not_read(world: World) {
        let everybody = everybody(&world).await;
        for operation in Operation::all().into_iter().filter(|operation| operation.media.is_some()) {
            let (status, code) = if operation.id == "issue_token" { (400, "invalid_request") } else { (415, "unsupported-media-type") };
            for media in ["text/html", "application/pdf", "multipart/form-data; boundary=x", "nonsense"] {
                let wrong = Operation { media: Some(media.into()), ..operation.clone() };
                refused(&wrong, media, &wrong.send(&everybody[operation.client]).await, status, code);
            }
        }
        is_up(&world).await;
    }

    async fn a_query_that_is_not_documented_is_refused(world: World) {
        let everybody = everybody(&world).await;
        for operation in Operation::all().into_iter().filter(|operation| operation.takes_query) {
            let joint = if operation.path.contains('?') { '&' } else { '?' };
            for query in ["colour=red", "limit=many&after=%00%ff", "validate=perhaps&limit=", "limit=1&limit=1&validate=true&validate=true&child_id=a&child_id=b"] {
                let asked = Operation { path: format!("{}{joint}{query}", operation.path), ..operation.clone() };
                let answer = asked.send(&everybody[operation.client]).await;
                refused(&asked, query, &answer, 400, "malformed");
            }
        }
        is_up(&world).await;
    }

    async fn another_method_is_not_allowed_and_the_right_ones_are_named(world: World) {
        let persona = world.persona("council-herts").signed_in().await;
        let mut paths: BTreeMap<String, Vec<Method>> = BTreeMap::new();
        for operation in Operation::all() {
            let path = operation.path.split('?').next().unwrap().to_owned();
            paths.entry(path).or_default().push(operation.method);
        }
        for (path, allowed) in paths {
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
                if allowed.contains(&method) {
                    continue;
                }
                let answer = persona.call(method, &path).send().await;
                answer.expect_problem(405, "method-not-allowed");
                let named: BTreeSet<_> = answer.header("allow").unwrap().split(", ").filter(|method| *method != "HEAD").collect();
                assert_eq!(named, allowed.iter().map(Method::as_str).collect(), "{path}");
            }
        }
        is_up(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_its_size_is_not_read() {
    let world = World::start_with(Database::Sqlite, |configuration| configuration.api.maximum_body_bytes = 64 * 1024).await;
    let everybody = everybody(&world).await;
    for operation in Operation::all().into_iter().filter(|operation| operation.media.is_some()) {
        let caller = &everybody[operation.client];
        let (status, code) = if operation.id == "issue_token" { (400, "invalid_request") } else { (413, "body-too-large") };
        let mut large = operation.body.clone();
        let is_text = ["load_opt_outs", "put_identifiers"].contains(&operation.id.as_str());
        large.resize(if is_text { 4 * 1024 * 1024 } else { 64 * 1024 } + 1, b' ');
        if operation.id == "submit_ehcp" {
            // Nothing after the end of an XML document is read.
            let end = String::from_utf8(operation.body.clone()).unwrap();
            large = end.replace("<Persons>", &format!("<Persons>{}", "<!-- -->".repeat(10_000))).into();
        }
        refused(&operation, "64 KiB and one byte", &operation.with_body(large).send(caller).await, status, code);
    }
    // The control: a body of exactly the limit is read.
    let search = Operation::with_json().into_iter().find(|operation| operation.id == "search_child").unwrap();
    let mut full = search.body.clone();
    full.resize(64 * 1024, b' ');
    search.with_body(full).send(&everybody[search.client]).await.expect(200);
    is_up(&world).await;
}
