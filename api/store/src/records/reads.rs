//! Whose a referral is, by where it stands: facts for `decide`, and nothing of the record.

use diesel::prelude::*;
use domain::{ChildId, OrganisationCode, PathwaySet};

use super::referrals;
use crate::StoreError;
use crate::rows::read;
use crate::schema::record;
use crate::transactions::{Tx, on};

/// Whose referral stands in a place.
#[derive(Debug, Clone, Copy)]
pub struct ReferralPlace {
    pub child: ChildId,
    pub holder: OrganisationCode,
    pub pathways: PathwaySet,
}

impl Tx<'_> {
    /// Whose referral stands in the place of a cursor.
    pub fn referral_place(&mut self, cursor: i64) -> Result<Option<ReferralPlace>, StoreError> {
        let row: Option<(i64, String, i16)> = on!(self, c => referrals()
            .filter(record::id.eq(cursor))
            .select((record::child_id, record::organisation, record::pathways))
            .first(*c)
            .optional())?;
        let place = |(child, holder, pathways): (i64, String, i16)| -> Result<_, StoreError> {
            Ok(ReferralPlace { child: ChildId(child), holder: read(&holder, "a provider")?, pathways: PathwaySet::from_bits(pathways) })
        };
        row.map(place).transpose()
    }

    /// Where a provider's own referral stands, by the id that it gave it.
    pub fn place_of_referral(&mut self, provider: OrganisationCode, referral_id: &str) -> Result<Option<i64>, StoreError> {
        Ok(on!(self, c => referrals()
            .filter(record::organisation.eq(provider.as_str()).and(record::record_key.eq(referral_id)))
            .select(record::id)
            .first(*c)
            .optional())?)
    }
}
