use std::path::PathBuf;
use std::process::Command;

use domain::KeyPurpose;
use integration_tests::{Database, Process, World, until};
use trust::{Clock, KeySource};

use super::{key_file, write_keys};

fn command(argv: &[&str], wrapped: Option<PathBuf>) -> KeySource {
    KeySource::Command { argv: argv.iter().map(|&part| part.to_owned()).collect(), wrapped }
}

/// Why a gateway does not start with its envelope keys from a source.
async fn refusal(world: &World, source: KeySource) -> String {
    let mut configuration = world.configuration.clone();
    configuration.keys.sources.insert(KeyPurpose::Envelope, source);
    let started = server::start(configuration, Clock::system()).await;
    started.err().expect("the gateway must not start").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_cannot_be_had_is_named_and_not_repeated() {
    let world = World::start(Database::Sqlite).await;
    let keys = std::fs::read_to_string(key_file(&world, "envelope.key")).unwrap();
    let secret = keys.trim().trim_start_matches("1:");
    write_keys(&world, "other.key", &keys);
    let open = key_file(&world, "other.key");
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o604)).unwrap();
    let path = key_file(&world, "envelope.key");
    let echo = format!("echo {secret}");
    for (source, said) in [
        (KeySource::File(key_file(&world, "none.key")), "none.key: No such file"),
        (KeySource::File(world.dir().join("gateway.toml")), "gateway.toml: keys are lines"),
        (
            KeySource::Environment("SENDBRIDGE_NO_SUCH_VARIABLE".into()),
            "$SENDBRIDGE_NO_SUCH_VARIABLE: the environment has no such variable",
        ),
        (KeySource::Environment("PATH".into()), "$PATH: keys are lines"),
        (command(&["/nonexistent/kms"], None), "the command /nonexistent/kms: the command cannot be run"),
        (command(&["sh", "-c", &format!("{echo}; exit 3")], None), "the command sh: the command failed (exit status: 3)"),
        (command(&["sh", "-c", &echo], None), "the command sh: keys are lines"),
        (command(&["yes", secret], None), "the command yes: the command wrote more than 65536 bytes"),
        (command(&["sleep", "60"], None), "the command sleep: the command did not end within 10 seconds"),
        (command(&["base64", "--decode"], Some(path.clone())), "the command base64: "),
        (command(&["cat"], Some(key_file(&world, "none.key"))), "none.key: No such file"),
    ] {
        // Otherwise the check of the folder would fail first.
        std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let refusal = refusal(&world, source).await;
        assert!(refusal.contains(said), "{said}: {refusal}");
        assert!(!refusal.contains(secret), "{said}");
    }
    let outside = world.dir().join("outside.key");
    std::fs::write(&outside, &keys).unwrap();
    std::fs::set_permissions(&outside, std::os::unix::fs::PermissionsExt::from_mode(0o604)).unwrap();
    for source in [KeySource::File(outside.clone()), command(&["cat"], Some(outside))] {
        assert!(refusal(&world, source).await.contains("outside.key: open to others than its owner"));
    }
    // The control: the same gateway starts if it can get the keys.
    let mut configuration = world.configuration.clone();
    configuration.keys.sources.insert(KeyPurpose::Envelope, command(&["cat"], Some(path)));
    server::start(configuration, Clock::system()).await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_come_from_commands_and_a_wrapped_file_and_change_there() {
    let world = World::start_with(Database::Sqlite, |configuration| {
        let path = |name: &str| configuration.keys.directory.join(name);
        let read = command(&["cat", path("look-up.key").to_str().unwrap()], None);
        let unwrap = command(&["cat"], Some(path("envelope.key")));
        configuration.keys.sources.extend([(KeyPurpose::LookUp, read), (KeyPurpose::Envelope, unwrap)]);
    })
    .await;
    super::traffic::lay_out(&world, 3).await;
    // If the gateway may not write a key, it tells the operator to.
    let before = std::fs::read_to_string(key_file(&world, "look-up.key")).unwrap();
    let told = world.rotate(Some(KeyPurpose::LookUp), false).await.unwrap();
    assert!(told[0].starts_with("look-up: nothing was changed, because the command cat is not the gateway's to write"), "{told:?}");
    assert!(told[0].contains("a line `2:BASE64 @20"), "{told:?}");
    assert_eq!(std::fs::read_to_string(key_file(&world, "look-up.key")).unwrap(), before);
    let another = std::fs::read_to_string(key_file(&world, "release.key")).unwrap().replacen("1:", "2:", 1);
    write_keys(&world, "look-up.key", &format!("{before}{another}"));
    until("the command is asked again", async || {
        world.values_under_older_keys(1, 2) == 0 && {
            world.ask_database("SELECT count(*) FROM child_identifier WHERE substr(look_up, 1, 4) = X'00000002'") == 3
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_says_what_it_did_and_what_is_to_be_done() {
    let mut process = Process::start(Database::Sqlite).await;
    process.kill();
    let keys = process.dir().join("keys");
    let run = |arguments: &[&str], variable: Option<&str>| {
        let mut command = Command::new(process.binary());
        command.args(["keys", "rotate", "--config"]).arg(process.dir().join("gateway.toml")).args(arguments);
        if let Some(value) = variable {
            command.env("ENVELOPE_KEYS", value);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    };
    let (code, told) = run(&["--retire"], None);
    assert!(code == Some(0) && told.contains("envelope: there is no old key."), "{told}");
    let (code, told) = run(&["--key", "release"], None);
    assert!(code == Some(1) && told.contains("--confirm-fresh-noise"), "{told}");
    let (code, told) = run(&["--delay", "1"], None);
    assert!(code == Some(1) && told.contains("5 seconds at the least"), "{told}");
    let (code, told) = run(&[], None);
    assert!(code == Some(0) && told.contains("token: key 2 added to ") && told.contains("keys rotate --key look-up --retire"), "{told}");
    for entry in std::fs::read_dir(&keys).unwrap().flatten() {
        let mode = std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
        assert!(!entry.path().to_string_lossy().ends_with(".new"));
    }
    let (code, told) = run(&["--key", "envelope"], None);
    assert!(code == Some(1) && told.contains("key 2 is not in force before"), "{told}");

    // Keys from the environment: the gateway reads them, and may not write them.
    let text = std::fs::read_to_string(keys.join("envelope.key")).unwrap();
    let configuration = process.dir().join("gateway.toml");
    let file = std::fs::read_to_string(&configuration).unwrap();
    std::fs::write(&configuration, file.replace("directory = \"keys\"", "directory = \"keys\"\nenvelope = { env = \"ENVELOPE_KEYS\" }"))
        .unwrap();
    let one = text.lines().next().unwrap();
    let (code, told) = run(&["--key", "envelope"], Some(one));
    assert!(code == Some(0) && told.contains("because $ENVELOPE_KEYS is not the gateway's to write"), "{told}");
    assert!(told.contains("Then restart the gateways one after another"), "{told}");
    let (code, told) = run(&["--key", "envelope"], None);
    assert!(code == Some(1) && told.contains("$ENVELOPE_KEYS: the environment has no such variable"), "{told}");
}
