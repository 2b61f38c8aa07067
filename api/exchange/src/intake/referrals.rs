//! The referrals that a body names, and their places in the store, to answer a FHIR transaction entry by entry.

use adapters::{Context, Format};
use bytes::Bytes;
use chrono::NaiveDate;
use domain::OrganisationCode;

use super::Intake;
use super::sinks::Names;
use super::threads::blocking;
use crate::troubles::Trouble;

impl Intake {
    /// The referrals that a body names, each with its row.
    pub async fn named_referrals(
        &self,
        format: Format,
        organisation: OrganisationCode,
        today: NaiveDate,
        body: Bytes,
    ) -> Result<Vec<(u64, String)>, Trouble> {
        let intake = self.clone();
        blocking(move || {
            let mut names = Names::default();
            let context = Context { organisation, today, rules: &intake.rules };
            // A body that cannot be read is refused when it is taken in.
            let _ = adapters::read(format, &mut std::io::Cursor::new(body), &intake.spools, &context, &mut names);
            Ok(names.0)
        })
        .await
    }

    /// The place of each of an organisation's own referrals in the store; `None` if it is not held.
    pub async fn places_of(&self, organisation: OrganisationCode, ids: Vec<String>) -> Result<Vec<Option<i64>>, Trouble> {
        let places = self.store.read(move |tx| ids.iter().map(|id| tx.place_of_referral(organisation, id)).collect());
        Ok(places.await?)
    }
}
