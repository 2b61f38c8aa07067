//! How far a file has got: a bar on a terminal, a line now and then elsewhere. On standard error,
//! so that the report can be kept by itself.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// Lines at each quarter.
const LINES: u64 = 4;

#[derive(Clone)]
pub(super) enum Shown {
    Bar(ProgressBar),
    Lines(Arc<Quarters>),
}

pub(super) struct Quarters {
    size: u64,
    said: AtomicU64,
}

/// Begins to show how much of so many bytes is sent.
pub(super) fn show(size: u64) -> Shown {
    if !std::io::stderr().is_terminal() {
        return Shown::Lines(Arc::new(Quarters { size, said: AtomicU64::new(0) }));
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
            Self::Bar(bar) => Arc::new(move |sent| {
                bar.set_position(sent);
                if bar.length() == Some(sent) {
                    bar.set_message("waiting for the gateway's report");
                }
            }),
            Self::Lines(quarters) => Arc::new(move |sent| quarters.say(sent)),
        }
    }

    pub(super) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

impl Quarters {
    fn say(&self, sent: u64) {
        let Some(reached) = reached(sent, self.size) else { return };
        // A retry starts from nothing again; what was said is not said twice.
        if self.said.fetch_max(reached, Ordering::Relaxed) < reached {
            let _ = writeln!(std::io::stderr().lock(), "sent {} of {}", HumanBytes(sent), HumanBytes(self.size));
        }
    }
}

fn reached(sent: u64, size: u64) -> Option<u64> {
    sent.saturating_mul(LINES).checked_div(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quarter_is_reached_once_and_an_empty_file_reaches_none() {
        assert_eq!([0, 24, 25, 99, 100].map(|sent| reached(sent, 100)), [0, 0, 1, 3, 4].map(Some));
        assert_eq!(reached(0, 0), None);
    }
}
