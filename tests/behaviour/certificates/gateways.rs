//! The real binary with the suite's own authorities as well as the demonstration's.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use integration_tests::{Database, Process, World};
use server::Configuration;

use super::authorities::{ALPHA, BETA};
use super::clients::Way;

/// A gateway that lists `alpha` and `beta` under the authority `suite`.
pub(super) struct Gateway {
    pub(super) process: Process,
    pub(super) way: Way,
}

/// An authority's name, its roots and its revocation lists.
pub(super) struct Files<'a> {
    pub(super) name: &'a str,
    pub(super) roots: &'a str,
    pub(super) lists: &'a str,
}

impl Gateway {
    pub(super) async fn start(authorities: &[Files<'_>], change: impl FnOnce(&Path)) -> Self {
        let process = Process::start_with(Database::Sqlite, |dir| {
            add(dir, authorities);
            change(dir);
        })
        .await;
        let way = Way::new(process.api_address(), &std::fs::read(process.dir().join("pki/ca.pem")).unwrap());
        Self { process, way }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.process.dir().join(name)
    }

    /// Replaces a file in one step. Only the owner can read it.
    pub(super) fn write(&self, name: &str, content: &str) {
        let (path, new) = (self.path(name), self.path("new"));
        std::fs::write(&new, content).unwrap();
        std::fs::set_permissions(&new, Permissions::from_mode(0o600)).and_then(|()| std::fs::rename(&new, path)).unwrap();
    }

    /// What the gateway logged while something was done.
    pub(super) fn heard<T>(&self, act: impl FnOnce() -> T) -> (T, String) {
        let before = self.process.log().len();
        let done = act();
        (done, self.process.log().split_off(before))
    }
}

/// Adds authorities to a demonstration, each with its clients.
fn add(dir: &Path, authorities: &[Files<'_>]) {
    for Files { name, roots, lists } in authorities {
        std::fs::write(dir.join(format!("pki/{name}.pem")), roots).unwrap();
        std::fs::write(dir.join(format!("pki/{name}-crl.pem")), lists).unwrap();
        append(
            &dir.join("gateway.toml"),
            &format!("[[authority]]\nname = \"{name}\"\ncertificates = \"pki/{name}.pem\"\ncrl = \"pki/{name}-crl.pem\"\n"),
        );
        // Each authority has alpha and beta; only `suite` has the plain ids.
        for (id, certificate_name, organisation) in [("alpha", ALPHA, "E10000015"), ("beta", BETA, "R1L")] {
            let id = if *name == "suite" { id.to_owned() } else { format!("{id}-{name}") };
            append(
                &dir.join("partnership.toml"),
                &format!(
                    "[[client]]\nid = \"{id}\"\norganisation = \"{organisation}\"\nauthority = \"{name}\"\ncertificate_name = \"{certificate_name}\"\nscopes = [\"dashboard:read\"]\n"
                ),
            );
        }
    }
}

/// A gateway in this process, whose clock can be moved, and the way to it.
pub(super) async fn world(authorities: &[Files<'_>]) -> (World, Way) {
    let world = World::start_with(Database::Sqlite, |configuration| {
        let dir = configuration.partnership.parent().unwrap().to_owned();
        add(&dir, authorities);
        configuration.authority = Configuration::read(&dir.join("gateway.toml")).unwrap().authority;
    })
    .await;
    let way = Way::new(world.gateway.api_address(), &std::fs::read(world.dir().join("pki/ca.pem")).unwrap());
    (world, way)
}

/// Changes the configuration to allow TLS 1.2 too.
pub(super) fn with_tls12(dir: &Path) {
    let path = dir.join("gateway.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text.replace("[api]\n", "[api]\ntls12 = true\n")).unwrap();
}

fn append(path: &Path, text: &str) {
    let before = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, format!("{before}\n{text}")).unwrap();
}
