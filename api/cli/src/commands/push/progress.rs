//! How far a file has got: a bar on a terminal, else a line for each quarter. It goes to standard error,
//! so that the report can be saved by itself.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use client::Step;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use super::summaries::grouped;

/// Lines: one for each quarter.
const LINES: u64 = 4;

#[derive(Clone)]
pub(super) enum Shown {
    Bar(ProgressBar),
    Lines(Arc<Quarters>),
}

pub(super) struct Quarters {
    size: u64,
    sent: AtomicU64,
    read: AtomicU64,
}

/// Begins to show how much of a file of `size` bytes is sent.
pub(super) fn show(size: u64) -> Shown {
    if !std::io::stderr().is_terminal() {
        return Shown::Lines(Arc::new(Quarters { size, sent: AtomicU64::new(0), read: AtomicU64::new(0) }));
    }
    let bar = ProgressBar::new(size);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {msg}") {
        bar.set_style(style);
    }
    Shown::Bar(bar)
}

impl Shown {
    pub(super) fn callback(&self) -> client::Progress {
        match self.clone() {
            Self::Bar(bar) => Arc::new(move |step| show_on(&bar, step)),
            Self::Lines(quarters) => Arc::new(move |step| {
                if let Some(line) = quarters.line(step) {
                    let _ = writeln!(std::io::stderr().lock(), "{line}");
                }
            }),
        }
    }

    pub(super) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn show_on(bar: &ProgressBar, step: Step) {
    match step {
        Step::Sent(sent) => {
            bar.set_position(sent);
            if bar.length() == Some(sent) {
                bar.set_message("waiting for the gateway's report");
            }
        }
        Step::Begun(_) => bar.set_message("the gateway is at work"),
        Step::Read { bytes, of, records } => {
            bar.set_length(of);
            bar.set_position(bytes);
            bar.set_message(format!("read by the gateway, {} rows", grouped(records)));
        }
    }
}

impl Quarters {
    /// The line for a step, if it has one. A retry starts again from zero, but no line is printed twice.
    fn line(&self, step: Step) -> Option<String> {
        let newly = |said: &AtomicU64, part, whole| {
            let reached = reached(part, whole)?;
            (said.fetch_max(reached, Ordering::Relaxed) < reached).then_some(())
        };
        match step {
            Step::Sent(sent) => {
                newly(&self.sent, sent, self.size).map(|()| format!("sent {} of {}", HumanBytes(sent), HumanBytes(self.size)))
            }
            Step::Begun(id) => Some(format!("the gateway is at work, as submission {id}")),
            Step::Read { bytes, of, records } => newly(&self.read, bytes, of)
                .map(|()| format!("the gateway has read {} of {}, {} rows", HumanBytes(bytes), HumanBytes(of), grouped(records))),
        }
    }
}

fn reached(part: u64, whole: u64) -> Option<u64> {
    part.saturating_mul(LINES).checked_div(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quarter_is_reached_once_and_an_empty_file_reaches_none() {
        assert_eq!([0, 24, 25, 99, 100].map(|sent| reached(sent, 100)), [0, 0, 1, 3, 4].map(Some));
        assert_eq!(reached(0, 0), None);
    }

    #[test]
    fn each_quarter_is_said_once_however_often_it_is_reached() {
        let quarters = Quarters { size: 100, sent: AtomicU64::new(0), read: AtomicU64::new(0) };
        let said = |step| quarters.line(step);
        assert_eq!(said(Step::Sent(10)), None);
        assert_eq!(said(Step::Sent(30)).as_deref(), Some("sent 30 B of 100 B"));
        assert_eq!((said(Step::Sent(40)), said(Step::Sent(0)), said(Step::Sent(30))), (None, None, None));
        let read = Step::Read { bytes: 500, of: 1000, records: 4_120 };
        assert_eq!(said(read).as_deref(), Some("the gateway has read 500 B of 1000 B, 4,120 rows"));
        assert_eq!(said(read), None);
    }
}
