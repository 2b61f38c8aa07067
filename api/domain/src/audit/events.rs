//! The catalogue of what the audit log records, for people to read.

use std::fmt::Write;

use crate::operations::Event;

/// The catalogue as it is committed in `deploy/assurance/audit-events.md`.
pub fn event_catalogue() -> String {
    let mut text = include_str!("events.md").to_owned();
    for event in Event::ALL {
        // Writing to a string does not fail.
        let _ = writeln!(text, "| `{event}` | `{}` | {} |", event.operation(), event.meaning());
    }
    text
}
