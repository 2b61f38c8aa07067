//! Who a referral belongs to, found by its row: facts for `decide`. Nothing of the record itself is read.

use diesel::prelude::*;
use domain::{ChildId, OrganisationCode, PathwaySet};

use super::referrals;
use crate::StoreError;
use crate::rows::read;
use crate::schema::record;
use crate::transactions::{Tx, on};

/// The child and the holder of the referral in one row.
#[derive(Debug, Clone, Copy)]
pub struct ReferralPlace {
    pub child: ChildId,
    pub holder: OrganisationCode,
    pub pathways: PathwaySet,
}

impl Tx<'_> {
    /// Who the referral in a cursor's row belongs to.
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

    /// The row of a provider's own referral, found by the provider's id for it.
    pub fn place_of_referral(&mut self, provider: OrganisationCode, referral_id: &str) -> Result<Option<i64>, StoreError> {
        Ok(on!(self, c => referrals()
            .filter(record::organisation.eq(provider.as_str()).and(record::record_key.eq(referral_id)))
            .select(record::id)
            .first(*c)
            .optional())?)
    }
}
