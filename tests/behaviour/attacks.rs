//! Every operation of the committed document, attacked: nothing is answered that should not be, and
//! each refusal is told in one shape.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use integration_tests::records::{advice_request, child, list, number, permission, row};
use integration_tests::{ACTOR, Answer, Database, Persona, World, on_both, today, within_seconds};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use reqwest::Method;
use sendbridge::demonstration::{CLIENTS, revoke};
use serde_json::{Value, json};

const CONTRACT: &str = include_str!("../../openapi/sendbridge.v1.json");

/// The operations that take a certificate and no token. Any other takes both.
const PUBLIC: [&str; 5] = ["issue_token", "describe_authorization_server", "list_keys", "get_document", "get_page"];

/// The operations that do not name the person behind the call: they are about no single child.
const IMPERSONAL: [&str; 13] = [
    "get_release",
    "get_submission",
    "get_table",
    "list_advice_requests",
    "list_audit_events",
    "list_cases",
    "list_entries",
    "list_issues",
    "list_releases",
    "list_submissions",
    "submit_ehcp",
    "submit_waiting_list",
    "issue_token",
];

/// An operation, and a request that is right in every way.
#[derive(Clone)]
struct Operation {
    id: String,
    method: Method,
    template: String,
    path: String,
    /// A client that may call it, and the scopes of which one is enough; none where any token is.
    client: &'static str,
    scopes: Vec<String>,
    takes_query: bool,
    actor: Option<String>,
    media: Option<String>,
    body: Vec<u8>,
}

impl Operation {
    fn read(template: &str, method: &str, described: &Value) -> Self {
        let id = described["operationId"].as_str().unwrap().to_owned();
        let parameters: Vec<_> = described["parameters"].as_array().into_iter().flatten().collect();
        let place = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
        let names_actor = parameters.iter().any(|parameter| parameter["name"] == "Sendbridge-Actor" && parameter["required"] == true);
        let is_public = PUBLIC.contains(&id.as_str());
        assert_ne!(names_actor, IMPERSONAL.contains(&id.as_str()) || is_public, "{id}: does it name the person behind the call?");
        let security = described["security"].as_array().unwrap();
        assert!(security.iter().all(|need| need["mutual_tls"].is_array()), "{id}: every operation takes a certificate");
        let takes_token = security.iter().all(|need| need["oauth2"].is_array());
        assert_ne!(takes_token, is_public, "{id}: neither public nor behind a token");
        let scopes: Vec<_> = security.iter().flat_map(|need| need["oauth2"].as_array().into_iter().flatten()).collect();
        let media = described["requestBody"]["content"].as_object().map(|content| content.keys().next().unwrap().clone());
        let scopes: Vec<_> = scopes.into_iter().map(|scope| scope.as_str().unwrap().to_owned()).collect();
        Self {
            method: method.to_uppercase().parse().unwrap(),
            template: template.to_owned(),
            path: template
                .replace("{id}", "0197f000-0000-7000-8000-000000000000")
                .replace("{child_id}", "nobody")
                .replace("{table}", "waits")
                + if id == "list_consents" { "?child_id=nobody" } else { "" },
            client: holder(scopes.first().map(String::as_str)),
            takes_query: place("query"),
            actor: names_actor.then(|| ACTOR.to_owned()),
            body: if media.is_some() { body(&id) } else { Vec::new() },
            scopes,
            media,
            id,
        }
    }

    fn all() -> Vec<Self> {
        let document: Value = serde_json::from_str(CONTRACT).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let each = |(path, item): (&String, &Value)| -> Vec<Self> {
            item.as_object().unwrap().iter().map(|(method, described)| Self::read(path, method, described)).collect()
        };
        let all: Vec<_> = paths.iter().flat_map(each).collect();
        let ids: BTreeSet<_> = all.iter().map(|operation| operation.id.as_str()).collect();
        assert!(PUBLIC.iter().chain(&IMPERSONAL).all(|id| ids.contains(id)), "a list names an operation that is not there");
        all
    }

    fn behind_a_token() -> Vec<Self> {
        Self::all().into_iter().filter(|operation| !PUBLIC.contains(&operation.id.as_str())).collect()
    }

    fn with_json() -> Vec<Self> {
        Self::all().into_iter().filter(|operation| operation.media.as_deref() == Some("application/json")).collect()
    }

    fn call(&self, persona: &Persona) -> integration_tests::Call {
        let mut call = persona.call(self.method.clone(), &self.path);
        if let Some(actor) = &self.actor {
            call = call.actor(actor);
        }
        if let Some(media) = &self.media {
            call = call.header("content-type", media).body(self.body.clone());
        }
        call
    }

    async fn send(&self, persona: &Persona) -> Answer {
        self.call(persona).send().await
    }

    fn with_body(&self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self.clone() }
    }
}

/// A client of the demonstration that holds a scope.
fn holder(scope: Option<&str>) -> &'static str {
    match scope {
        None => "stranger",
        Some("waiting-list:write" | "advice:respond") => "provider-hct",
        Some("dashboard:read") => "dashboard-herts",
        Some("audit:read") => "auditor-herts",
        Some(_) => "council-herts",
    }
}

/// A body that is right, for each operation that takes one. A new one has to stand here.
fn body(id: &str) -> Vec<u8> {
    let json = match id {
        "issue_token" => return b"grant_type=client_credentials&client_id=stranger".into(),
        "submit_waiting_list" => return list([row("A-1", &number(0), "01", "autism")]).into(),
        "submit_ehcp" => return include_bytes!("../../adapters/src/sen2_xml/samples/every-element.xml").into(),
        "search_child" => child(&number(0)),
        "record_consent" => permission(&number(0), &["autism"]),
        "withdraw_consent" => json!({ "reason": "changed her mind" }),
        "create_advice_request" => advice_request(&number(0), "RY4"),
        "submit_advice" => json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "therapist" }),
        _ => panic!("{id} takes a body: say here what a right one is"),
    };
    json.to_string().into()
}

/// Each of the clients, signed in.
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
    assert_eq!((&body["status"], body["request_id"].as_str()), (&json!(status), answer.header("x-request-id")), "{about}");
    assert_eq!(answer.header("www-authenticate").is_some_and(|it| it.starts_with("Bearer")), status == 401 || code == "scope-missing");
}

async fn is_up(world: &World) {
    assert_eq!(world.operations("/health/live").await.0, 200);
    world.persona("stranger").signed_in().await;
}

on_both! {
    /// The control: it is for what is wrong with them, and nothing else, that the others are refused.
    async fn a_right_request_is_answered(world: World) {
        let everybody = everybody(&world).await;
        for operation in Operation::all() {
            let answer = operation.send(&everybody[operation.client]).await;
            let expected: &[u16] = if operation.template.contains('{') { &[404] } else { &[200, 201] };
            assert!(expected.contains(&answer.status), "{}: {} {}", operation.id, answer.status, answer.text);
        }
    }

    async fn nothing_is_answered_without_a_token_of_the_connection_s_own(world: World) {
        let everybody = everybody(&world).await;
        for operation in Operation::behind_a_token() {
            let caller = &everybody[operation.client];
            let other = if operation.client == "council-herts" { "provider-hct" } else { "council-herts" };
            let own = caller.token().unwrap();
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
        let everybody = everybody(&world).await;
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
            // The client holds the right scope, and asked for a token without it.
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
        large.resize(64 * 1024 + 1, b' ');
        if operation.id == "submit_ehcp" {
            // Of an XML document no more is read than the document.
            let end = String::from_utf8(operation.body.clone()).unwrap();
            large = end.replace("<Persons>", &format!("<Persons>{}", "<!-- -->".repeat(10_000))).into();
        }
        refused(&operation, "64 KiB and one byte", &operation.with_body(large).send(caller).await, status, code);
    }
    // The control: to the byte, it is read.
    let search = Operation::with_json().into_iter().find(|operation| operation.id == "search_child").unwrap();
    let mut full = search.body.clone();
    full.resize(64 * 1024, b' ');
    search.with_body(full).send(&everybody[search.client]).await.expect(200);
    is_up(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_certificate_of_the_partnership_there_is_no_handshake() {
    let world = World::start(Database::Sqlite).await;
    let everybody = everybody(&world).await;
    for operation in Operation::all() {
        let token = everybody[operation.client].token();
        let foreign = foreign_identity(operation.client, true);
        let self_made = foreign_identity(operation.client, false);
        for persona in [world.nobody(), world.bearer_of(&foreign), world.bearer_of(&self_made)] {
            let answer = operation.call(&persona.with_token(token)).try_send().await;
            assert!(answer.is_err(), "{}: {answer:?}", operation.id);
        }
    }
    is_up(&world).await;
}

/// A certificate that says what the client's own says, by an authority of the same name or by itself.
fn foreign_identity(client: &str, by_an_authority: bool) -> String {
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.distinguished_name.push(DnType::CommonName, server::DEMONSTRATION_AUTHORITY);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![format!("{client}.clients.sendbridge.example")]).unwrap();
    params.distinguished_name.push(DnType::CommonName, client);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = if by_an_authority { params.signed_by(&key, &authority) } else { params.self_signed(&key) };
    format!("{}{}", certificate.unwrap().pem(), key.serialize_pem())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_certificate_is_of_no_use_on_connections_old_or_new() {
    let world = World::start(Database::Sqlite).await;
    let mut everybody = everybody(&world).await;
    // A connection of its own for each operation, open since before.
    let mut open = Vec::new();
    for operation in Operation::all() {
        let persona = world.persona(operation.client).with_token(everybody[operation.client].token());
        persona.call(Method::GET, "/v1/docs").send().await.expect_status(200);
        open.push((operation, persona));
    }
    for client in CLIENTS {
        revoke(&world.dir(), client, today()).unwrap();
    }
    let watched = everybody.remove("stranger").unwrap();
    within_seconds(
        3,
        "the list is read anew",
        async || !matches!(watched.call(Method::GET, "/v1/docs").try_send().await, Ok(answer) if answer.status == 200),
    )
    .await;
    for (operation, old) in open {
        let answer = operation.call(&old).try_send().await;
        if let Ok(answer) = answer {
            let code = if operation.id == "issue_token" { "invalid_client" } else { "unauthorised" };
            refused(&operation, "on an old connection", &answer, 401, code);
        }
        let new = world.persona(operation.client).with_token(old.token());
        let answer = operation.call(&new).try_send().await;
        assert!(answer.is_err(), "{} on a new connection: {answer:?}", operation.id);
    }
    assert_eq!(world.operations("/health/live").await.0, 200);
}
