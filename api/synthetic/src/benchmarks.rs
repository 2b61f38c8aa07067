//! A simple list of any length, for benchmarks.

use std::io::{self, Write};

use chrono::NaiveDate;
use domain::{
    ChildReference, NhsNumber, Pathway, Referral, ReferralDetails, ReferralStage, ReferralStatus, SubmittedEntry, SubmittedRecord,
};

use crate::children::{MOST_CHILDREN, days_before, test_number};
use crate::lists;
use crate::places::{DISTRICTS, HERTFORDSHIRE};

/// Writes an autism list of this many rows in the native CSV format, one row at a time, so it needs
/// no more memory for a longer list. Every row has its own referral id. Beyond [`MOST_CHILDREN`] rows
/// the same children come again, so each has several referrals.
pub fn write_benchmark_list(rows: u64, as_of: NaiveDate, out: &mut dyn Write) -> io::Result<()> {
    lists::write_header(out)?;
    for row in 0..rows {
        let (nhs_number, date_of_birth, referral) = listed(row, as_of).ok_or_else(|| io::Error::other("no number for the child"))?;
        lists::write_row(out, &nhs_number, date_of_birth, &referral)?;
    }
    Ok(())
}

/// The same list as records, for the formats that are written from records. Every record also has its own
/// patient id and a first contact, so that formats with separate patients write one for each referral.
pub fn benchmark_records(rows: u64, as_of: NaiveDate) -> impl Iterator<Item = SubmittedRecord> {
    (0..rows).filter_map(move |row| {
        let (nhs_number, date_of_birth, mut referral) = listed(row, as_of)?;
        referral.details.local_patient_id = Some(format!("P{row:09}"));
        referral.details.source_of_referral = Some("01".to_owned());
        referral.details.team = Some("NEURO".to_owned());
        referral.details.waiting_time_measurement_type = Some("09".to_owned());
        referral.details.first_contact_date = Some(referral.referral_received_date);
        let child = ChildReference::by_nhs_number(nhs_number, date_of_birth);
        Some(SubmittedRecord { child, entry: SubmittedEntry::Referral(Box::new(referral)) })
    })
}

/// One row: the child's NHS number and date of birth, and the referral. `None` where there is no such child.
fn listed(row: u64, as_of: NaiveDate) -> Option<(NhsNumber, NaiveDate, Referral)> {
    let child = u32::try_from(row % u64::from(MOST_CHILDREN)).ok()?;
    let nhs_number = test_number(child)?;
    let home = DISTRICTS.iter().cycle().nth(usize::try_from(child % 10).ok()?);
    // Received up to 700 days ago; the child is two years old or more today.
    let date_of_birth = days_before(as_of, i64::from(730 + child % 5_000));
    let received = days_before(as_of, i64::try_from(row % 701).ok()?);
    let referral = Referral {
        referral_id: format!("B{row:09}"),
        pathways: Pathway::Autism.into(),
        status: ReferralStatus::Waiting,
        referral_received_date: received,
        recognised: Vec::new(),
        details: ReferralDetails {
            nhs_number_status: Some(domain::VERIFIED_NUMBER.to_owned()),
            sex: Some(if child % 2 == 0 { "1" } else { "2" }.to_owned()),
            district: home.map(|home| home.code.to_owned()),
            responsible_la: Some(HERTFORDSHIRE.to_owned()),
            stage: Some(ReferralStage::Assessment),
            stage_start_date: Some(received),
            commissioner: home.map(|home| home.side.commissioner().to_owned()),
            ..ReferralDetails::default()
        },
    };
    Some((nhs_number, date_of_birth, referral))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lines(u64);

    impl Write for Lines {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.0 += u64::try_from(buffer.iter().filter(|byte| **byte == b'\n').count()).unwrap();
            Ok(buffer.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_list_longer_than_the_numbers_there_are_is_written_row_by_row() {
        let as_of = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let mut out = Lines(0);
        write_benchmark_list(u64::from(MOST_CHILDREN) + 10, as_of, &mut out).unwrap();
        assert_eq!(out.0, u64::from(MOST_CHILDREN) + 11);
    }

    #[test]
    fn every_row_is_another_referral() {
        let mut out = Vec::new();
        write_benchmark_list(1_000, NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let ids: std::collections::HashSet<_> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(text.lines().skip(1).all(|line| line.contains(",autism,assessment,")));
    }
}
