//! The referrals that a body names, and where they stand: what answers a FHIR transaction entry by entry.

use adapters::{Context, Format};
use bytes::Bytes;
use chrono::NaiveDate;
use domain::OrganisationCode;

use super::Intake;
use super::sinks::Names;
use super::threads::blocking;
use crate::troubles::Trouble;

impl Intake {
    /// The referrals that a body names, by the row that each stands in.
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
            // What cannot be read is refused where it is taken in.
            let _ = adapters::read(format, &mut std::io::Cursor::new(body), &intake.spools, &context, &mut names);
            Ok(names.0)
        })
        .await
    }

    /// Where each of an organisation's own referrals stands, if it is held.
    pub async fn places_of(&self, organisation: OrganisationCode, ids: Vec<String>) -> Result<Vec<Option<i64>>, Trouble> {
        let places = self.store.read(move |tx| ids.iter().map(|id| tx.place_of_referral(organisation, id)).collect());
        Ok(places.await?)
    }
}
