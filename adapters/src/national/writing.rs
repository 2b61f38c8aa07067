//! Writes tables as CSV into a ZIP archive, one row at a time, and the tables that both data sets share.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::io::{self, BufWriter, Seek, Write};
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use domain::{ChildIdentifier, Referral, ReferralStatus, SubmittedRecord};
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

use crate::columns::referral_of;

/// The first and the last day that a file reports.
pub type Period = RangeInclusive<NaiveDate>;

/// An archive that is being written.
pub(crate) struct Tables<W: Write + Seek> {
    zip: BufWriter<ZipWriter<W>>,
}

impl<W: Write + Seek> Tables<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { zip: BufWriter::with_capacity(64 * 1024, ZipWriter::new(out)) }
    }

    /// Begins a table with its heading.
    pub(crate) fn table(&mut self, name: &str, heading: &str) -> io::Result<()> {
        self.zip.flush()?;
        // The fastest compression, since files may be large.
        // A fixed time, so that the same records give the same bytes.
        let options = SimpleFileOptions::default().compression_level(Some(1)).large_file(true).last_modified_time(DateTime::default());
        self.zip.get_mut().start_file(name, options)?;
        writeln!(self.zip, "{heading}\r")
    }

    pub(crate) fn row(&mut self, values: &[&str]) -> io::Result<()> {
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.zip.write_all(b",")?;
            }
            if value.contains([',', '"', '\r', '\n']) {
                write!(self.zip, "\"{}\"", value.replace('"', "\"\""))?;
            } else {
                self.zip.write_all(value.as_bytes())?;
            }
        }
        self.zip.write_all(b"\r\n")
    }

    /// Writes a table: `write` adds the rows of each referral.
    pub(crate) fn of_referrals<R: Borrow<SubmittedRecord>, I: Iterator<Item = R>>(
        &mut self,
        (name, heading): (&str, &str),
        records: impl Fn() -> I,
        mut write: impl FnMut(&mut Self, &SubmittedRecord, &Referral) -> io::Result<()>,
    ) -> io::Result<()> {
        self.table(name, heading)?;
        for record in records() {
            if let Some(referral) = referral_of(record.borrow()) {
                write(self, record.borrow(), referral)?;
            }
        }
        Ok(())
    }

    /// Writes the table of patients. Each has one row, from the patient's first record.
    pub(crate) fn of_patients<R: Borrow<SubmittedRecord>, I: Iterator<Item = R>>(
        &mut self,
        table: (&str, &str),
        records: impl Fn() -> I,
    ) -> io::Result<()> {
        let mut met = HashSet::new();
        self.of_referrals(table, records, |tables, record, referral| {
            let details = &referral.details;
            let id = patient_id(record, referral);
            if !met.insert(id.to_owned()) {
                return Ok(());
            }
            let nhs_number = match &record.child.identifier {
                ChildIdentifier::NhsNumber(number) => number.as_str(),
                _ => "",
            };
            tables.row(&[
                id,
                nhs_number,
                text(&details.nhs_number_status),
                &record.child.date_of_birth.to_string(),
                text(&details.school_urn),
                text(&details.sex),
                text(&details.ethnic_category),
                &day(details.date_of_death),
            ])
        })
    }

    /// Writes the table of onward referrals.
    pub(crate) fn of_onward<R: Borrow<SubmittedRecord>, I: Iterator<Item = R>>(
        &mut self,
        table: (&str, &str),
        records: impl Fn() -> I,
    ) -> io::Result<()> {
        self.of_referrals(table, records, |tables, _, referral| match &referral.details.onward {
            Some(onward) => tables.row(&[&referral.referral_id, &onward.on.to_string(), text(&onward.reason), text(&onward.to)]),
            None => Ok(()),
        })
    }

    pub(crate) fn finish(self) -> io::Result<()> {
        let zip = self.zip.into_inner().map_err(io::IntoInnerError::into_error)?;
        zip.finish()?.flush()
    }
}

pub(crate) fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

pub(crate) fn day(value: Option<NaiveDate>) -> String {
    value.map(|day| day.to_string()).unwrap_or_default()
}

/// The provider's own patient id, or else the NHS number: every patient needs an id.
pub(crate) fn patient_id<'a>(record: &'a SubmittedRecord, referral: &'a Referral) -> &'a str {
    match &record.child.identifier {
        ChildIdentifier::LocalPatient { id, .. } => id,
        ChildIdentifier::NhsNumber(number) => referral.details.local_patient_id.as_deref().unwrap_or(number.as_str()),
        _ => "",
    }
}

/// The day the referral was closed, and the day it was rejected. Neither format can hold an end without a day.
pub(crate) fn ended(referral: &Referral) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let details = &referral.details;
    match referral.status {
        ReferralStatus::Closed => (details.closed_date, None),
        ReferralStatus::Rejected => (None, details.rejected_date),
        ReferralStatus::Waiting | ReferralStatus::OnHold | ReferralStatus::Seen => (None, None),
    }
}
