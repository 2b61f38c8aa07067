//! Clients in other languages, generated from the committed document and left as they come out, tell
//! the main story. `tests/clients/install`, which `tests/run` calls, brings what they need.

use std::path::{Path, PathBuf};
use std::process::Command;

use integration_tests::on_both;
use tempfile::TempDir;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/sendbridge.v1.json");
const STORIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients");

/// What was installed, beside the tests' own build.
fn installed(language: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.ancestors().map(|folder| folder.join("clients").join(language)).find(|folder| folder.is_dir());
    folder.expect("the clients are not installed: run tests/run, or tests/clients/install target/clients")
}

async fn run(mut command: Command) {
    let described = format!("{command:?}");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{described}\n{}", String::from_utf8_lossy(&said));
}

fn copy(from: &Path, files: &[&str], to: &Path) {
    for file in files {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

on_both! {
    async fn a_generated_python_client_tells_the_story(world: World) {
        let programs = installed("python").join("environment/bin");
        let folder = TempDir::new().unwrap();
        let mut generate = Command::new(programs.join("openapi-python-client"));
        generate.args(["generate", "--meta", "none", "--path", DOCUMENT, "--output-path"]).arg(folder.path().join("partner_api"));
        generate.env("PATH", &programs);
        run(generate).await;
        let mut story = Command::new(programs.join("python"));
        story.arg(Path::new(STORIES).join("python/story.py")).arg(folder.path());
        story.arg(format!("https://{}", world.gateway.api_address())).arg(world.dir());
        run(story).await;
    }

    async fn a_generated_typescript_client_tells_the_story(world: World) {
        let installed = installed("typescript");
        let folder = TempDir::new_in(&installed).unwrap();
        copy(&Path::new(STORIES).join("typescript"), &["story.ts", "tsconfig.json", "package.json", "openapi-ts.config.js"], folder.path());
        let program = |name: &str| {
            let mut command = Command::new(installed.join("node_modules/.bin").join(name));
            command.current_dir(folder.path());
            command
        };
        let mut generate = program("openapi-ts");
        generate.args(["--input", DOCUMENT]);
        run(generate).await;
        run(program("tsc")).await;
        let mut story = Command::new("node");
        story.current_dir(folder.path()).arg("built/story.js");
        story.arg(format!("https://{}", world.gateway.api_address())).arg(world.dir());
        run(story).await;
    }
}
