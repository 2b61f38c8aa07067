//! Disclosure control: from counts of children to tables that may be published.
//!
//! [`build`] makes every figure on the dashboard, from facts about records that may be counted. Each is
//! a multiple of 5, calculated from multiples of 5, or a marker. A [`Cell`] can be made in no other way,
//! so an exact count cannot reach a table. Nothing here reads a store or a clock.

mod cells;
mod exports;
mod facts;
mod record_keys;
mod tables;

pub use cells::{Cell, Marker, Tally, Unit};
pub use facts::{Area, Coverage, ExpectedList, PlanFact, ReleaseInput, WaitFact};
pub use record_keys::{RecordKey, ReleaseSecret};
pub use tables::{Geography, Row, TABLES, Table, TableDefinition, build};
