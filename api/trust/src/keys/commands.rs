//! Keys from a command, such as a key management service's own. It runs without a shell, and its time and output are
//! limited.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

/// The most that a command may write, in bytes.
pub(super) const LIMIT: u64 = 64 * 1024;
/// How often to check whether a command has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Why a command gave no keys. Its output is not repeated, because it may be a key.
#[derive(Debug, thiserror::Error)]
pub enum CommandFault {
    #[error("the command cannot be run: {0}")]
    NotRun(std::io::Error),
    #[error("the command failed ({0})")]
    Failed(ExitStatus),
    #[error("the command did not end within {} seconds, and was stopped", .0.as_secs())]
    TimedOut(Duration),
    #[error("the command wrote more than {LIMIT} bytes")]
    TooLong,
}

/// Runs a command with a text on its standard input, and returns its standard output. Its standard error is thrown away.
/// Blocks for at most the timeout.
pub(super) fn run(argv: &[String], input: Option<Zeroizing<Vec<u8>>>, timeout: Duration) -> Result<Zeroizing<Vec<u8>>, CommandFault> {
    let began = Instant::now();
    let (program, arguments) = argv.split_first().ok_or_else(|| CommandFault::NotRun(std::io::ErrorKind::InvalidInput.into()))?;
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut command = Command::new(program);
    command.args(arguments).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Ended(command.spawn().map_err(CommandFault::NotRun)?);
    let (stdin, stdout) = (child.0.stdin.take(), child.0.stdout.take());

    // Each pipe has a thread, because it may block for ever. The threads end with the command. If the command leaves a
    // child process that holds its pipes, it is not waited for.
    if let (Some(mut stdin), Some(input)) = (stdin, input) {
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        // Room for everything from the start: a buffer that grows leaves copies of a key in memory.
        let mut output = Zeroizing::new(Vec::with_capacity(usize::try_from(LIMIT).unwrap_or(0) + 64));
        let read = stdout.map_or(Ok(0), |stdout| stdout.take(LIMIT + 1).read_to_end(&mut output));
        let _ = tell.send(read.map(|_| output));
    });
    let left = || timeout.saturating_sub(began.elapsed());
    let output = told.recv_timeout(left()).map_err(|_| CommandFault::TimedOut(timeout))?.map_err(CommandFault::NotRun)?;
    if output.len() as u64 > LIMIT {
        return Err(CommandFault::TooLong);
    }
    loop {
        match child.0.try_wait().map_err(CommandFault::NotRun)? {
            Some(status) if status.success() => return Ok(output),
            Some(status) => return Err(CommandFault::Failed(status)),
            None if left().is_zero() => return Err(CommandFault::TimedOut(timeout)),
            None => std::thread::sleep(LOOK),
        }
    }
}

/// A command that is stopped, and waited for, when this is dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    /// Long enough for any command that ends, on any machine.
    const LONG: Duration = Duration::from_secs(600);

    fn argv(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).into()
    }

    #[test]
    fn what_a_command_writes_is_taken_and_what_it_is_given_comes_on_its_input() {
        assert_eq!(run(&argv("printf abc; echo no >&2"), None, LONG).unwrap().as_slice(), b"abc");
        let input = Some(Zeroizing::new(b"wrapped".to_vec()));
        assert_eq!(run(&argv("tr a-z A-Z"), input, LONG).unwrap().as_slice(), b"WRAPPED");
        let much = Some(Zeroizing::new(vec![b'x'; 1 << 20]));
        assert_eq!(run(&argv("printf unread"), much, LONG).unwrap().as_slice(), b"unread");
    }

    #[test]
    fn no_argument_is_read_by_a_shell() {
        let argv = ["printf", "%s", "$HOME;`id`"].map(str::to_owned);
        assert_eq!(run(&argv, None, LONG).unwrap().as_slice(), b"$HOME;`id`");
    }

    #[test]
    fn a_command_that_hangs_fails_talks_without_end_or_is_not_there_is_named() {
        let began = Instant::now();
        assert!(matches!(run(&argv("sleep 300"), None, SECOND), Err(CommandFault::TimedOut(_))));
        assert!(matches!(run(&argv("sleep 300 & sleep 300"), None, SECOND), Err(CommandFault::TimedOut(_))));
        assert!(matches!(run(&argv("exec >&-; sleep 300"), None, SECOND), Err(CommandFault::TimedOut(_))));
        assert!(matches!(run(&argv("yes"), None, LONG), Err(CommandFault::TooLong)));
        assert!(matches!(run(&argv("echo 1:secret; exit 3"), None, LONG), Err(CommandFault::Failed(_))));
        assert!(matches!(run(&["/nonexistent".into()], None, SECOND), Err(CommandFault::NotRun(_))));
        assert!(matches!(run(&[], None, SECOND), Err(CommandFault::NotRun(_))));
        assert!(began.elapsed() < 300 * SECOND);
    }
}
