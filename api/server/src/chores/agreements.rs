//! Agreements that are about to end: logged at the start and each day, and counted for the operators.

use std::sync::Arc;

use chrono::NaiveDate;
use domain::{Agreement, Partnership};

use super::runner::Failure;
use crate::state::State;

pub(super) struct AgreementWarnings {
    state: Arc<State>,
    /// The day and the partnership of the last report.
    told: Option<(NaiveDate, Arc<Partnership>)>,
}

impl AgreementWarnings {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state, told: None }
    }

    /// Reports on every agreement, if the day or the partnership is new.
    pub(super) async fn tell(&mut self) -> Result<(), Failure> {
        let (today, partnership) = (self.state.today(), self.state.partnership());
        if self.told.as_ref().is_some_and(|(day, known)| *day == today && Arc::ptr_eq(known, &partnership)) {
            return Ok(());
        }
        let days_left = |agreement: &Agreement| (agreement.id.clone(), agreement.days_left(today));
        self.state.metrics.agreements(partnership.agreements().iter().map(days_left));
        for agreement in partnership.agreements() {
            for warning in partnership.warnings(agreement, today) {
                tracing::warn!(agreement = agreement.id, days_left = agreement.days_left(today), "{warning}");
            }
        }
        self.told = Some((today, partnership));
        Ok(())
    }
}
