//! National Data Opt-outs, as partners load them from the Spine's answer. A number on any partner's list is opted out
//! for all of them.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use domain::{Act, Attribution, ChildId, DataClass, NhsNumber, OptOutList, Permit, Refusal, RefusalReason};

use crate::StoreError;
use crate::rows::read;
use crate::schema::{opt_out, opt_out_list};
use crate::terms::Terms;
use crate::transactions::{Handle, Tx, on};
use crate::vault::{Column, LookUp};

/// Numbers that are written or asked for in one statement.
const BATCH: usize = 1_000;

/// The class of the advisory locks that keep one organisation's loads apart.
const LOADING: i32 = 7_364_661;

impl Tx<'_> {
    /// Replaces an organisation's list and writes an audit entry. `numbers` may hold no number twice. If a later list
    /// is held, nothing is replaced: the answer is `false`, and a refusal is audited.
    pub fn replace_opt_outs(
        &mut self,
        permit: &Permit,
        list: &OptOutList,
        numbers: &[NhsNumber],
        by: &Attribution,
    ) -> Result<bool, StoreError> {
        Terms::of(Act::LoadOptOuts, DataClass::DashboardAggregate).own().held_by(list.organisation).of_nobody(permit)?;
        let (now, organisation) = (permit.at(), list.organisation.as_str());
        if let Handle::Postgres(connection) = &mut self.handle {
            // One load at a time for each organisation. SQLite's one writer ensures that by itself.
            let lock = diesel::sql_query(format!("SELECT pg_advisory_xact_lock({LOADING}, hashtext($1))"));
            lock.bind::<diesel::sql_types::Text, _>(organisation).execute(*connection)?;
        }
        let held: Option<NaiveDate> =
            on!(self, c => opt_out_list::table.find(organisation).select(opt_out_list::as_of).first(*c).optional())?;
        if held.is_some_and(|held| !list.replaces(held)) {
            self.log_refused(&Refusal::of_record(permit, RefusalReason::OlderAsOf), by, now)?;
            return Ok(false);
        }
        let row = (
            opt_out_list::organisation.eq(organisation),
            opt_out_list::as_of.eq(list.as_of),
            opt_out_list::loaded_at.eq(now.naive_utc()),
            opt_out_list::numbers.eq(list.numbers),
        );
        on!(self, c => diesel::delete(opt_out::table.filter(opt_out::organisation.eq(organisation))).execute(*c))?;
        on!(self, c => diesel::delete(opt_out_list::table.find(organisation)).execute(*c))?;
        on!(self, c => diesel::insert_into(opt_out_list::table).values(row).execute(*c))?;
        for batch in numbers.chunks(BATCH) {
            let rows: Vec<_> = batch
                .iter()
                .map(|number| {
                    let [look_up, _] = self.vault.number_look_ups(number);
                    let sealed = self.vault.seal(Column::OptOutNumber, &look_up, number.as_str().as_bytes())?;
                    Ok((opt_out::organisation.eq(organisation), opt_out::look_up.eq(look_up.to_vec()), opt_out::sealed_number.eq(sealed)))
                })
                .collect::<Result<_, StoreError>>()?;
            on!(self, c => diesel::insert_into(opt_out::table).values(&rows).execute(*c))?;
        }
        self.log_permitted(permit, by)?;
        Ok(true)
    }

    /// The lists that have been loaded.
    pub fn opt_out_lists(&mut self) -> Result<Vec<OptOutList>, StoreError> {
        let query = opt_out_list::table.order(opt_out_list::organisation);
        let rows: Vec<(String, NaiveDate, i64)> =
            on!(self, c => query.select((opt_out_list::organisation, opt_out_list::as_of, opt_out_list::numbers)).load(*c))?;
        rows.into_iter()
            .map(|(organisation, as_of, numbers)| {
                Ok(OptOutList { organisation: read(&organisation, "who loaded opt-outs")?, as_of, numbers })
            })
            .collect()
    }

    /// Which of the children are opted out. It queries even for no children, so that the time it takes reveals nothing.
    pub(crate) fn opted_out(&mut self, numbers: &[(ChildId, NhsNumber)]) -> Result<BTreeSet<ChildId>, StoreError> {
        let nobody: [&[_]; 1] = [&[]];
        let batches = nobody.into_iter().take(usize::from(numbers.is_empty())).chain(numbers.chunks(BATCH));
        let mut found = BTreeSet::new();
        for batch in batches {
            let mut asked: HashMap<LookUp, Vec<ChildId>> = HashMap::new();
            for (child, number) in batch {
                for look_up in self.vault.number_look_ups(number) {
                    asked.entry(look_up).or_default().push(*child);
                }
            }
            let keys: Vec<&[u8]> = asked.keys().map(LookUp::as_slice).collect();
            let query = opt_out::table.filter(opt_out::look_up.eq_any(keys)).select(opt_out::look_up);
            // Also reads the newest index of all: if its key is not known here, opted-out numbers would be missed.
            let newest = opt_out::table.order(opt_out::look_up.desc()).limit(1).select(opt_out::look_up);
            let listed: Vec<Vec<u8>> = on!(self, c => query.union(newest).load(*c))?;
            for key in listed {
                self.vault.check_known(&key)?;
                found.extend(LookUp::try_from(key).ok().and_then(|key| asked.remove(&key)).unwrap_or_default());
            }
        }
        Ok(found)
    }
}
