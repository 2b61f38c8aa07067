//! The one binary, `sendbridge`.

fn main() -> std::process::ExitCode {
    sendbridge::run()
}
