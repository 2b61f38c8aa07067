//! What every request can use.

use std::sync::Arc;

use chrono::NaiveDate;
use domain::{Partnership, london_day};
use exchange::{Intake, Releases};
use exchange::{Journal, Store};
use trust::{Checkpoints, ChildIds, Clock, Ids, Live, Tokens, Trust};

use crate::configuration::Configuration;
use crate::documentation::Documentation;
use crate::telemetry::metrics::Metrics;

/// The gateway's parts, one of each. Handlers take it as `web::Data<State>`.
pub(crate) struct State {
    pub clock: Clock,
    pub ids: Ids,
    pub configuration: Configuration,
    pub live_partnership: Live<Partnership>,
    pub trust: Trust,
    pub tokens: Tokens,
    pub store: Store,
    pub child_ids: ChildIds,
    pub checkpoints: Arc<Checkpoints>,
    pub intake: Intake,
    pub releases: Releases,
    /// The journal of what was erased.
    pub journal: Journal,
    pub metrics: Metrics,
    pub documentation: Documentation,
}

impl State {
    /// The partnership in force.
    pub(crate) fn partnership(&self) -> Arc<Partnership> {
        self.live_partnership.load_full()
    }

    /// Today, in Europe/London.
    pub(crate) fn today(&self) -> NaiveDate {
        london_day(self.clock.now())
    }
}
