//! A waiting list in the native CSV format (contract, section 6).

use std::io::{self, Write};

use chrono::NaiveDate;
use domain::{NhsNumber, Referral};

/// The columns that are written, in order.
const COLUMNS: &str = "referral_id,nhs_number,nhs_number_status,local_patient_id,date_of_birth,sex,ethnic_category,lsoa,district,\
                       responsible_la,pathway,stage,stage_start_date,referral_received_date,original_referral_date,previous_referral_id,\
                       previous_provider,status,priority,source_of_referral,commissioner,waiting_time_measurement_type,rtt_status,\
                       first_contact_date,last_contact_date,next_appointment_date,not_brought_count,hold_from,hold_to,hold_reason,\
                       closed_date,closure_reason,rejected_date,rejection_reason";

pub(crate) fn write_header(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{COLUMNS}")
}

/// Writes one row. No synthetic value holds a comma or a quotation mark, so none is quoted.
pub(crate) fn write_row(out: &mut dyn Write, nhs_number: &NhsNumber, date_of_birth: NaiveDate, referral: &Referral) -> io::Result<()> {
    let details = &referral.details;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let day = |value: Option<NaiveDate>| value.map(|day| day.to_string()).unwrap_or_default();
    let previous = details.previous.as_ref();
    let hold = details.hold.as_ref();
    let values = [
        referral.referral_id.clone(),
        nhs_number.as_str().to_owned(),
        text(&details.nhs_number_status),
        text(&details.local_patient_id),
        date_of_birth.to_string(),
        text(&details.sex),
        text(&details.ethnic_category),
        text(&details.lsoa),
        text(&details.district),
        text(&details.responsible_la),
        referral.pathways.to_string(),
        details.stage.map(|stage| stage.to_string()).unwrap_or_default(),
        day(details.stage_start_date),
        referral.referral_received_date.to_string(),
        day(details.original_referral_date),
        previous.map(|previous| previous.referral_id.clone()).unwrap_or_default(),
        previous.and_then(|previous| previous.provider).map(|provider| provider.to_string()).unwrap_or_default(),
        referral.status.to_string(),
        text(&details.priority),
        text(&details.source_of_referral),
        text(&details.commissioner),
        text(&details.waiting_time_measurement_type),
        text(&details.rtt_status),
        day(details.first_contact_date),
        day(details.last_contact_date),
        day(details.next_appointment_date),
        details.not_brought_count.map(|count| count.to_string()).unwrap_or_default(),
        day(hold.map(|hold| hold.from)),
        day(hold.and_then(|hold| hold.to)),
        hold.and_then(|hold| hold.reason.clone()).unwrap_or_default(),
        day(details.closed_date),
        text(&details.closure_reason),
        day(details.rejected_date),
        text(&details.rejection_reason),
    ];
    writeln!(out, "{}", values.join(","))
}
