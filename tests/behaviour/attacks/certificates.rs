//! Callers without a certificate from the partnership, or with a revoked one.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use sendbridge::demonstration::revoke;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_certificate_of_the_partnership_there_is_no_handshake() {
    let world = World::start(Database::Sqlite).await;
    let everybody = everybody(&world).await;
    for operation in Operation::all() {
        let token = everybody[operation.client].token();
        let foreign = foreign_identity(operation.client, true);
        let self_made = foreign_identity(operation.client, false);
        for persona in [world.nobody(), world.bearer_of(&foreign), world.bearer_of(&self_made)] {
            let answer = operation.call(&persona.with_token(token.as_deref())).try_send().await;
            assert!(answer.is_err(), "{}: {answer:?}", operation.id);
        }
    }
    is_up(&world).await;
}

/// A copy of the client's certificate, signed by another authority with the same name or by itself.
fn foreign_identity(client: &str, by_an_authority: bool) -> String {
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.distinguished_name.push(DnType::CommonName, trust::DEMONSTRATION_AUTHORITY);
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
    // A separate connection for each operation, opened before anything is revoked.
    let mut open = Vec::new();
    for operation in Operation::all() {
        let persona = world.persona(operation.client).with_token(everybody[operation.client].token().as_deref());
        persona.call(Method::GET, "/v1/docs").send().await.expect_status(200);
        open.push((operation, persona));
    }
    for client in CLIENTS {
        revoke(&world.dir(), client, today()).unwrap();
    }
    let watched = everybody.remove("stranger").unwrap();
    until(
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
        let new = world.persona(operation.client).with_token(old.token().as_deref());
        let answer = operation.call(&new).try_send().await;
        assert!(answer.is_err(), "{} on a new connection: {answer:?}", operation.id);
    }
    assert_eq!(world.operations("/health/live").await.0, 200);
}
