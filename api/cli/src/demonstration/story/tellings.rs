//! How the story is told: a title for each step, what was done, and what it proved.

use std::io::{self, Write};

use client::{ClientError, Problem};

use crate::failures::Failure;

pub(super) struct Telling<'a> {
    out: &'a mut dyn Write,
    steps: u32,
    proved: u32,
    failed: u32,
}

impl<'a> Telling<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, steps: 0, proved: 0, failed: 0 }
    }

    /// Plays a step. A step that breaks off is a failed check, and the story goes on: later steps may hold.
    pub(super) async fn step(&mut self, title: &str, play: impl AsyncFnOnce(&mut Self) -> Result<(), Failure>) -> io::Result<()> {
        self.steps += 1;
        writeln!(self.out, "\n{}. {title}", self.steps)?;
        match play(self).await {
            Ok(()) => Ok(()),
            Err(failure) => self.check(false, &format!("the step broke off: {failure}")),
        }
    }

    pub(super) fn did(&mut self, what: &str) -> io::Result<()> {
        for line in what.lines() {
            writeln!(self.out, "   {line}")?;
        }
        self.out.flush()
    }

    /// Says what should hold now, and whether it does.
    pub(super) fn check(&mut self, holds: bool, what: &str) -> io::Result<()> {
        *(if holds { &mut self.proved } else { &mut self.failed }) += 1;
        writeln!(self.out, "   {} {what}", if holds { '✓' } else { '✗' })?;
        self.out.flush()
    }

    /// Checks that the gateway refused with this status and, if a code is given, this problem.
    pub(super) fn check_refused<T>(
        &mut self,
        tried: &Result<T, ClientError>,
        (status, code): (u16, Option<&str>),
        what: &str,
    ) -> io::Result<()> {
        let is_it = |problem: &Problem| problem.status == status && code.is_none_or(|code| problem.code == code);
        match tried {
            Err(ClientError::Refused(problem)) if is_it(problem) => {
                self.check(true, &format!("refused, {} {}: {what}", problem.status, problem.code))
            }
            Err(error) => self.check(false, &format!("expected a refusal with {status}, found: {error}")),
            Ok(_) => self.check(false, &format!("expected a refusal with {status}, and it was let through")),
        }
    }

    /// Ends the story. True if everything held.
    pub(super) fn finish(self) -> io::Result<bool> {
        let Self { out, steps, proved, failed } = self;
        let rest = if failed == 0 { "every one held".to_owned() } else { format!("{failed} did not hold") };
        writeln!(out, "\n{steps} steps, {} checks: {rest}.", proved + failed)?;
        Ok(failed == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn tell(play: impl AsyncFnOnce(&mut Telling<'_>) -> Result<(), Failure>) -> (bool, String) {
        let mut out = Vec::new();
        let mut telling = Telling::new(&mut out);
        telling.step("A step", play).await.unwrap();
        let held = telling.finish().unwrap();
        (held, String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn a_story_holds_if_all_its_checks_do() {
        let (held, text) = tell(async |telling| Ok(telling.check(true, "it is so")?)).await;
        assert!(held);
        assert_eq!(text, "\n1. A step\n   ✓ it is so\n\n1 steps, 1 checks: every one held.\n");
    }

    #[tokio::test]
    async fn a_step_that_breaks_off_fails_the_story() {
        let (held, text) = tell(async |_| Err(Failure::Other("no answer".into()))).await;
        assert!(!held && text.contains("✗ the step broke off: no answer"));
    }

    #[tokio::test]
    async fn what_should_be_refused_and_is_not_fails_the_story() {
        let (held, _) = tell(async |telling| Ok(telling.check_refused(&Ok(()), (403, None), "no")?)).await;
        assert!(!held);
    }
}
