//! Disclosure control: from counts of children to tables that may be published.
//!
//! Everything the dashboard shows is made by [`build`], from facts about records that may count, and
//! is a multiple of 5, worked out from multiples of 5, or a marker. A [`Cell`] has no other maker, so
//! that an exact count cannot reach a table. Nothing here reads a store or a clock.

mod cells;
mod exports;
mod facts;
mod keys;
mod tables;

pub use cells::{Cell, Marker, Tally, Unit};
pub use facts::{Coverage, ExpectedList, PlanFact, ReleaseInput, WaitFact};
pub use keys::{RecordKey, ReleaseSecret};
pub use tables::{Geography, Row, TABLES, Table, TableDefinition, build};
