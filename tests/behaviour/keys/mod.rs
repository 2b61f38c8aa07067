//! Keys: where they come from, and what happens when they change while the gateway serves.

mod faults;
mod races;
mod releases;
mod rights;
mod rotations;
mod sources;
mod traffic;

use std::path::PathBuf;

use integration_tests::World;

fn key_file(world: &World, name: &str) -> PathBuf {
    world.configuration.keys.directory.join(name)
}

/// Replaces a key file. Only its owner can read it.
fn write_keys(world: &World, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = key_file(world, name);
    let beside = path.with_extension("beside");
    std::fs::write(&beside, text).unwrap();
    std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(beside, path).unwrap();
}
