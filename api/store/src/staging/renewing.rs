//! For a submission that came in while keys changed: its rows are re-sealed under the keys in force when it is
//! published, so that none is left under a retired key.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use domain::{Case, ChildReference, Referral};

use super::{BATCH, StagedRow, Staging, staged};
use crate::StoreError;
use crate::records::record_row;
use crate::rows::from_json;
use crate::transactions::on;
use crate::vault::Column;

impl Staging {
    pub(super) fn renew(&mut self) -> Result<(), StoreError> {
        let now = self.store.vault();
        if now.agrees_with(&self.vault) {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.vault, now);
        self.renew_merges(&before)?;
        let mut tx = self.tx()?;
        on!(tx, c => c.batch_execute("CREATE INDEX staged_by_row ON staged (row_number)"))?;
        let mut after = i64::MIN;
        loop {
            let mut tx = self.tx()?;
            let later = staged::table.filter(staged::row_number.gt(after)).order(staged::row_number);
            let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
            let rows: Vec<StagedRow> = on!(tx, c => later.limit(limit).select(StagedRow::as_select()).load(*c))?;
            let Some(last) = rows.last().map(|row| row.row_number) else { return Ok(()) };
            on!(tx, c => diesel::delete(staged::table.filter(staged::row_number.gt(after).and(staged::row_number.le(last)))).execute(*c))?;
            after = last;
            for row in rows {
                let child: ChildReference =
                    from_json(&before.open(Column::ChildReference, &row.look_up, &row.sealed_reference)?, "a child's reference")?;
                let place = record_row(self.organisation.as_str(), &row.record_key);
                let plain = before.open(Column::Record, &place, &row.sealed_record)?;
                let (index, also) = match row.case_index {
                    None => {
                        let referral: Referral = from_json(&plain, "a referral")?;
                        (None, referral.also_names(&child, self.organisation))
                    }
                    Some(_) => {
                        let case: Case = from_json(&plain, "a case")?;
                        (Some(self.case_indexes(&child, case.request.received_on)?[0]), case.also_names(&child, self.organisation))
                    }
                };
                let shown = (row.pathways, row.is_open, row.retain_from);
                let renewed = self.seal(row.row_number, row.record_key, &child, &plain, shown, index)?;
                self.rows.push(renewed.also_naming(&self.vault, also.as_ref()));
            }
            self.write_rows()?;
        }
    }
}
