//! Marks that the journal has and the database has not: it was restored from a backup. What they mark is erased or
//! moved again.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use domain::{Act, Actor, Ask, Attribution, CallContext, DataClass, Dataset, OrganisationCode};
use uuid::Uuid;

use super::journal::{Journal, Line, Lines};
use super::{Mark, TombstoneRow, case_indexes, open};
use crate::rows::read;
use crate::schema::{record, tombstone};
use crate::transactions::{Tx, on};
use crate::{Store, StoreError};

/// How many rows a replay erased or moved again, by organisation and class of data.
pub type Replayed = BTreeMap<(OrganisationCode, DataClass), u64>;

impl Store {
    /// Adds to the journal the marks that it does not have.
    pub async fn journal_tombstones(&self, journal: &Journal) -> Result<(), StoreError> {
        let (store, journal) = (self.clone(), journal.clone());
        let task = tokio::task::spawn_blocking(move || {
            let known = journal.read()?;
            let held = store.read_blocking(|tx| tx.tombstone_lines())?;
            journal.append(held.iter().filter(|(key, line)| known.get(*key) != Some(*line)).map(|(_, line)| line))
        });
        task.await.map_err(|_| StoreError::Away("the task was stopped".into()))?
    }

    /// Takes over the marks that the database does not have, and erases or moves again what they mark, on behalf of the
    /// organisations that did so first. Writes an audit entry for each organisation and class. Then updates the
    /// journal.
    pub async fn replay_tombstones(&self, journal: &Journal, cx: CallContext) -> Result<Replayed, StoreError> {
        let file = journal.clone();
        let lines =
            tokio::task::spawn_blocking(move || file.read()).await.map_err(|_| StoreError::Away("the task was stopped".into()))??;
        let lines = Arc::new(lines);
        let replayed = self.transaction(move |tx| tx.replay_tombstones(&lines, &cx)).await?;
        self.journal_tombstones(journal).await?;
        Ok(replayed)
    }
}

impl Tx<'_> {
    fn tombstone_lines(&mut self) -> Result<Lines, StoreError> {
        let rows: Vec<TombstoneRow> = on!(self, c => tombstone::table.select(TombstoneRow::as_select()).load(*c))?;
        Ok(rows.into_iter().map(|row| ((row.cause.clone(), row.position), Line::from(row))).collect())
    }

    fn replay_tombstones(&mut self, lines: &Lines, cx: &CallContext) -> Result<Replayed, StoreError> {
        let held = self.tombstone_lines()?;
        let mut replayed = Replayed::new();
        for (key, line) in lines {
            match held.get(key) {
                None => {
                    let (organisation, mark) = self.take_over(line)?;
                    if line.lifted_at.is_none() {
                        let (data, rows) = self.apply(read(&line.cause, "a cause")?, organisation, &mark, cx.now)?;
                        *replayed.entry((organisation, data)).or_default() += rows;
                    }
                }
                Some(known) if known.lifted_at.is_none() && line.lifted_at.is_some() => {
                    let row = tombstone::table.filter(tombstone::cause.eq(&line.cause).and(tombstone::position.eq(line.position)));
                    on!(self, c => diesel::update(row).set(tombstone::lifted_at.eq(line.lifted_at)).execute(*c))?;
                }
                Some(_) => {}
            }
        }
        replayed.retain(|_, rows| *rows > 0);
        for ((organisation, data), rows) in &replayed {
            let actor = Actor { id: "gateway".into(), role: "system".into(), reason: format!("erased again after a restore: {rows}") };
            let by = Attribution { actor: Some(actor), ..cx.by.clone() };
            let left = self.permitted(Ask::own(Act::Erase, *organisation, *data), cx, |tx, permit| tx.log_permitted(permit, &by))?;
            left.map_err(|_| StoreError::Corrupt("no leave to erase again"))?;
        }
        Ok(replayed)
    }

    fn take_over(&mut self, line: &Line) -> Result<(OrganisationCode, Mark), StoreError> {
        let sealed_mark = line.sealed()?;
        let mark = open(self.vault, &line.cause, line.position, &sealed_mark)?;
        let row = TombstoneRow {
            cause: line.cause.clone(),
            position: line.position,
            organisation: line.organisation.clone(),
            dataset: mark.dataset().map(|dataset| dataset.to_string()),
            made_at: line.made_at,
            lifted_at: line.lifted_at,
            sealed_mark,
        };
        on!(self, c => diesel::insert_into(tombstone::table).values(&row).execute(*c))?;
        Ok((read(&line.organisation, "whose tombstone it is")?, mark))
    }

    /// Erases or moves what a mark marks; answers how many rows that was.
    fn apply(
        &mut self,
        cause: Uuid,
        organisation: OrganisationCode,
        mark: &Mark,
        at: DateTime<Utc>,
    ) -> Result<(DataClass, u64), StoreError> {
        self.hold_publications(organisation)?;
        let waiting_list = DataClass::WaitingListStatus;
        Ok(match mark {
            Mark::Referral { id } => (waiting_list, self.delete_record(Dataset::WaitingList, organisation, id)?),
            Mark::Case { child, received_on } => {
                let indexes = case_indexes(self.vault, child, *received_on)?;
                let held = record::table
                    .filter(record::dataset.eq(Dataset::Ehcp.as_str()).and(record::organisation.eq(organisation.as_str())))
                    .filter(record::case_index.eq_any(indexes.map(|index| index.to_vec())))
                    .select(record::record_key);
                let key: Option<String> = on!(self, c => held.first(*c).optional())?;
                (DataClass::EhcpStatus, key.map_or(Ok(0), |key| self.delete_record(Dataset::Ehcp, organisation, &key))?)
            }
            Mark::Child { dataset, child } => {
                let data = if *dataset == Dataset::Ehcp { DataClass::EhcpStatus } else { waiting_list };
                let rows = match self.child_for_erasure(child)? {
                    Some(child) => self.erase_records(*dataset, organisation, child)?.len() as u64,
                    None => 0,
                };
                (data, rows)
            }
            Mark::Moved { id, from, to } => {
                let rows = match self.child_for_erasure(from)? {
                    Some(child) if self.held_referrals(organisation, child)?.contains(id) => {
                        let to = (self.child_for_decision(to)?, to);
                        self.move_referral(organisation, id, to)?;
                        1
                    }
                    _ => 0,
                };
                (waiting_list, rows)
            }
            Mark::Merged { from, to } => {
                let (retired, survivor) = (self.child_for_decision(from)?, self.child_for_decision(to)?);
                (waiting_list, self.merge_referrals(cause, organisation, retired, (survivor, to), at)?)
            }
            Mark::AdviceRequest { id } => (DataClass::AdviceRequest, self.blank_advice_request(*id)?),
            Mark::Advice { id } => (DataClass::HealthAdvice, self.blank_advice(*id)?),
            Mark::Decision { id } => (waiting_list, self.blank_decision(*id, at)?),
        })
    }
}
