use std::os::unix::fs::PermissionsExt;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateRevocationListDer, PrivateKeyDer};
use x509_parser::prelude::FromDer;

use super::*;

fn options() -> LayOut {
    LayOut::new("2026-11-20".parse().unwrap())
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        visit(&path);
        if path.is_dir() {
            walk(&path, visit);
        }
    }
}

fn revoked(dir: &Path) -> (usize, String) {
    let list = CertificateRevocationListDer::from_pem_file(dir.join("pki/crl.pem")).unwrap();
    let (_, list) = x509_parser::revocation_list::CertificateRevocationList::from_der(&list).unwrap();
    (list.iter_revoked_certificates().count(), list.crl_number().unwrap().to_string())
}

#[test]
fn everything_laid_out_is_only_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(&folder.path().join("demo"), &options()).unwrap();
    let mut seen = 0;
    walk(folder.path(), &mut |path| {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, expected, "{}", path.display());
        seen += 1;
    });
    // The folder; two files; pki and 5; keys and 6; data; clients; a folder and 4 files for each client.
    assert_eq!(seen, 1 + 2 + 6 + 7 + 1 + 1 + CLIENTS.len() * 5);
}

#[test]
fn the_gateway_takes_the_files_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let demonstration = lay_out(&folder.path().join("demo"), &options()).unwrap();
    let gateway = server::Configuration::read(&demonstration.gateway()).unwrap();
    assert!(gateway.demonstration && gateway.api.listen == options().api_listen);
    let text = std::fs::read_to_string(&gateway.partnership).unwrap();
    let partnership = trust::parse_partnership(&text, &gateway.authorities()).unwrap();
    assert!(CLIENTS.iter().all(|id| partnership.client(id).is_some_and(|client| client.keys.len() == 1)));
    assert_eq!((partnership.districts().len(), partnership.agreements().len()), (10, 4));
    assert!(partnership.agreements().iter().all(|agreement| agreement.ends == "2027-11-20".parse().unwrap()));
}

#[test]
fn every_client_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let demonstration = lay_out(&folder.path().join("demo"), &options()).unwrap();
    for id in CLIENTS {
        client::Client::open(&demonstration.client(id).join("client.toml")).unwrap();
    }
}

#[test]
fn keys_are_pkcs8_and_no_two_are_alike() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(&folder.path().join("demo"), &options()).unwrap();
    let mut keys = Vec::new();
    walk(&folder.path().join("demo"), &mut |path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with("key.pem") || name == "token-signing.pem" {
            assert!(matches!(PrivateKeyDer::from_pem_file(path).unwrap(), PrivateKeyDer::Pkcs8(_)), "{name}");
        } else if name.ends_with(".key") {
            let text = std::fs::read_to_string(path).unwrap();
            assert!(text.starts_with("1:") && text.ends_with("=\n") && text.lines().count() == 1);
        } else {
            return;
        }
        keys.push(std::fs::read(path).unwrap());
    });
    assert_eq!(keys.len(), 2 + 2 * CLIENTS.len() + 1 + 5);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 2 + 2 * CLIENTS.len() + 1 + 5);
}

#[test]
fn a_second_call_finds_the_first_ones_demonstration() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    assert!(!lay_out(&dir, &options()).unwrap().reused);
    let before = std::fs::read(dir.join("pki/ca.pem")).unwrap();
    assert!(lay_out(&dir, &options()).unwrap().reused);
    assert_eq!(std::fs::read(dir.join("pki/ca.pem")).unwrap(), before);
}

#[test]
fn a_folder_with_other_files_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("gateway.toml"), "demonstration = false\n").unwrap();
    assert!(matches!(lay_out(folder.path(), &options()), Err(LayOutError::Foreign(_))));
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn each_revocation_keeps_those_before_it() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path(), &options()).unwrap();
    assert_eq!(revoked(folder.path()), (0, "1".into()));
    revoke(folder.path(), "stranger", options().today).unwrap();
    revoke(folder.path(), "provider-hct", options().today).unwrap();
    assert_eq!(revoked(folder.path()), (2, "3".into()));
}

#[test]
fn the_partnership_file_names_the_clients_that_have_certificates() {
    let file: toml::Table = partnership_file(options().today).parse().unwrap();
    let clients: Vec<_> = file["client"].as_array().unwrap().iter().collect();
    let ids: Vec<_> = clients.iter().map(|client| client["id"].as_str().unwrap()).collect();
    assert_eq!(ids, CLIENTS);
    for client in clients {
        assert_eq!(client["certificate_name"].as_str().unwrap(), authorities::certificate_name(client["id"].as_str().unwrap()));
    }
}
