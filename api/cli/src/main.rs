//! The one binary.

fn main() -> std::process::ExitCode {
    sendbridge::run()
}
