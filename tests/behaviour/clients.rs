//! Clients in other languages play the main story: some are generated from the committed contract and left unchanged,
//! some are published FHIR clients that know nothing of this gateway. `tests/run` installs them with `tests/clients/install`.

use std::path::{Path, PathBuf};
use std::process::Command;

use integration_tests::{World, on_both};
use tempfile::TempDir;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/sendbridge.v1.json");
const STORIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients");

/// The folder of installed clients, beside the tests' own build.
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

/// A folder with one story, from which the installed packages can be found.
struct TypeScript {
    installed: PathBuf,
    folder: TempDir,
    story: &'static str,
}

impl TypeScript {
    fn with(story: &'static str) -> Self {
        let installed = installed("typescript");
        let folder = TempDir::new_in(&installed).unwrap();
        for file in [story, "tsconfig.json", "package.json", "openapi-ts.config.js"] {
            std::fs::copy(Path::new(STORIES).join("typescript").join(file), folder.path().join(file)).unwrap();
        }
        Self { installed, folder, story }
    }

    async fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.installed.join("node_modules/.bin").join(program));
        command.current_dir(self.folder.path()).args(arguments);
        run(command).await;
    }

    async fn tell(self, world: &World) {
        self.run("tsc", &[]).await;
        let mut story = Command::new("node");
        story.current_dir(self.folder.path()).arg(Path::new("built").join(self.story).with_extension("js"));
        story.arg(format!("https://{}", world.gateway.api_address())).arg(world.dir());
        run(story).await;
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
        let installed = TypeScript::with("story.ts");
        installed.run("openapi-ts", &["--input", DOCUMENT]).await;
        installed.tell(&world).await;
    }

    async fn a_published_python_client_of_fhir_tells_the_story(world: World) {
        let mut story = Command::new(installed("python").join("environment/bin/python"));
        story.arg(Path::new(STORIES).join("python/fhir_story.py"));
        story.arg(format!("https://{}", world.gateway.api_address())).arg(world.dir());
        run(story).await;
    }

    async fn a_published_typescript_client_of_fhir_tells_the_story(world: World) {
        TypeScript::with("fhir-story.ts").tell(&world).await;
    }
}
