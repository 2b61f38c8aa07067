//! Agreements that are about to end: said in the log at the start and each day, and counted for the operators.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use domain::agreements::AgreementStanding;
use domain::dates::london_day;
use domain::partnerships::Partnership;
use tokio::time::{MissedTickBehavior, interval};
use trust::{Clock, Live};

use crate::telemetry::metrics::Metrics;

/// How soon a changed file shows in the figures.
const PERIOD: Duration = Duration::from_secs(5);

/// Looks at the agreements for ever. It speaks where the day or the partnership is a new one.
pub async fn watch(live: Live<Partnership>, clock: Clock, metrics: Metrics) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told: Option<(NaiveDate, Arc<Partnership>)> = None;
    loop {
        ticks.tick().await;
        let (today, partnership) = (london_day(clock.now()), live.load_full());
        if told.as_ref().is_some_and(|(day, known)| *day == today && Arc::ptr_eq(known, &partnership)) {
            continue;
        }
        let days_left = partnership.agreements().iter().map(|agreement| (agreement.id.clone(), agreement.days_left(today)));
        metrics.agreements(days_left);
        for (agreement, days_left, warning) in warnings(&partnership, today) {
            tracing::warn!(agreement, days_left, "{warning}");
        }
        told = Some((today, partnership));
    }
}

/// What somebody has to be told on a day: which agreement, its days left, and what about it.
pub fn warnings(partnership: &Partnership, today: NaiveDate) -> Vec<(&str, i64, &'static str)> {
    let mut warnings = Vec::new();
    for agreement in partnership.agreements() {
        let days_left = agreement.days_left(today);
        let standing = match agreement.standing(today, partnership.warn_days()) {
            AgreementStanding::Ended => Some("the agreement has ended: nothing flows under it"),
            AgreementStanding::Expiring => Some("the agreement is about to end"),
            AgreementStanding::NotStarted | AgreementStanding::InDate => None,
        };
        let lawless = (!partnership.is_law(agreement, today)).then_some("the agreement rests on a provision that is not in force today");
        warnings.extend(standing.into_iter().chain(lawless).map(|warning| (agreement.id.as_str(), days_left, warning)));
    }
    warnings
}
