//! The checks of a referral as a whole, whichever format it came in, one line each.

use chrono::{Days, NaiveDate};

use super::{Referral, ReferralDetails, ReferralHold, ReferralStage, ReferralStatus};
use crate::children::ChildIdentifier;
use crate::codelists::{self, CodeList};
use crate::dates::{days_between, years_between};
use crate::districts::present_district;
use crate::issues::IssueCode::{self, *};
use crate::nhs_numbers::Origin;

/// What a check looks at.
struct Facts<'a> {
    referral: &'a Referral,
    details: &'a ReferralDetails,
    received: NaiveDate,
    born: NaiveDate,
    today: NaiveDate,
    is_open: bool,
}

impl Facts<'_> {
    fn hold(&self, asks: impl FnOnce(&ReferralHold) -> bool) -> bool {
        self.details.hold.as_ref().is_some_and(asks)
    }

    /// Whether a day is after the referral ended, by whichever date says so.
    fn is_after_end(&self, day: Option<NaiveDate>) -> bool {
        !self.is_open && (is_after(day, self.details.closed_date) || is_after(day, self.details.rejected_date))
    }

    fn rtt(&self, codes: &[&str]) -> bool {
        is_one_of(&self.details.rtt_status, codes)
    }
}

/// A check: the column at fault, the issue, and whether the check fails.
struct Check {
    field: &'static str,
    code: IssueCode,
    fails: fn(&Facts<'_>) -> bool,
}

const fn check(field: &'static str, code: IssueCode, fails: fn(&Facts<'_>) -> bool) -> Check {
    Check { field, code, fails }
}

/// An open referral of this many years gets a warning.
const OLD: u32 = 5;
/// The age, in years, from which a person is not a child.
const ADULT: u32 = 18;
/// Days after birth in which a trace may be postponed (reference, 2.1).
const NEWBORN: u64 = 42;
/// A hold without an end that has run for more days than this gets a warning.
const LONG_HOLD: i64 = 365;

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    // The child.
    check("date_of_birth", BirthInFuture, |f| f.born > f.today),
    check("date_of_birth", BirthOver25, |f| years_between(f.born, f.today) > 25),
    check("referral_received_date", ReceivedInFuture, |f| f.received > f.today),
    check("referral_received_date", ReceivedBeforeBirth, |f| f.received < f.born),
    check("referral_received_date", AdultAtReferral, |f| years_between(f.born, f.received) >= ADULT),
    check("referral_received_date", ReferralOld, |f| f.is_open && years_between(f.received, f.today) >= OLD),
    check("nhs_number_status", TraceStatusBlank, |f| f.details.nhs_number_status.is_none()),
    check("nhs_number_status", TraceStatusNotVerified, |f| f.details.nhs_number_status.as_deref()
        .is_some_and(|status| status != codelists::VERIFIED_NUMBER && CodeList::NHS_NUMBER_STATUS.contains(status))),
    check("nhs_number_status", TracePostponed, |f| is_one_of(&f.details.nhs_number_status, &["08"])
        && f.born.checked_add_days(Days::new(NEWBORN)).is_some_and(|last| f.today > last)),
    check("sex", SexNotKnown, |f| is_one_of(&f.details.sex, &["X"])),
    check("ethnic_category", EthnicCategoryNotKnown, |f| is_one_of(&f.details.ethnic_category, &["99"])),
    // Places and organisations.
    check("district", DistrictBlank, |f| f.details.district.is_none()),
    check("district", DistrictRetired, |f| f.details.district.as_deref().is_some_and(|code| present_district(code) != code)),
    check("district", DistrictKind, |f| wrong(&f.details.district, |code| !["E00", "E01", "E02", "E10", "E12", "E54"].iter().any(|kind| code.starts_with(kind)))),
    check("lsoa", LsoaFormat, |f| wrong(&f.details.lsoa, |code| code.len() == 9 && ["E01", "W01"].iter().any(|kind| code.starts_with(kind)) && digits(&code[3..]))),
    check("school_urn", SchoolFormat, |f| wrong(&f.details.school_urn, |code| (5..=8).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric()))),
    check("commissioner", OrganisationClosed, |f| f.is_open && f.details.commissioner.as_deref().and_then(codelists::closed_on).is_some_and(|last| f.today > last)),
    // The date of death.
    check("date_of_death", DeathBeforeBirth, |f| is_before(f.details.date_of_death, Some(f.born))),
    check("date_of_death", DeathBeforeReceived, |f| is_before(f.details.date_of_death, Some(f.received)) && !is_before(f.details.date_of_death, Some(f.born))),
    check("date_of_death", OpenAfterDeath, |f| f.is_open && f.details.date_of_death.is_some()),
    check("date_of_death", DiedWithoutDate, |f| f.details.date_of_death.is_none() && (is_one_of(&f.details.closure_reason, &["06"]) || f.rtt(&["36"]))),
    check("last_contact_date", ContactAfterDeath, |f| is_after(f.details.last_contact_date.max(f.details.first_contact_date), f.details.date_of_death)),
    // The journey.
    check("original_referral_date", OriginalAfterReceived, |f| is_after(f.details.original_referral_date, Some(f.received))),
    check("original_referral_date", OriginalBeforeBirth, |f| is_before(f.details.original_referral_date, Some(f.born))),
    check("previous_referral_id", PreviousIsItself, |f| f.details.previous.as_ref()
        .is_some_and(|previous| previous.provider.is_none() && previous.referral_id == f.referral.referral_id)),
    check("ubrn", UbrnFormat, |f| wrong(&f.details.ubrn, |code| code.len() == 12 && digits(code))),
    check("pathway_id", PathwayIdFormat, |f| wrong(&f.details.pathway_id, |code| code.len() <= 20 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))),
    check("pathway_id_issuer", PathwayIdWithoutIssuer, |f| f.details.pathway_id.is_some() && f.details.pathway_id_issuer.is_none()),
    check("onward_date", OnwardBeforeReceived, |f| f.details.onward.as_ref().is_some_and(|onward| onward.on < f.received)),
    check("onward_date", DateInFuture, |f| f.details.onward.as_ref().is_some_and(|onward| onward.on > f.today)),
    check("priority", TwoWeekWait, |f| is_one_of(&f.details.priority, &["3"])),
    // Stages and contacts.
    check("stage_start_date", DateInFuture, |f| is_after(f.details.stage_start_date, Some(f.today))),
    check("stage_start_date", StageBeforeReceived, |f| is_before(f.details.stage_start_date, Some(f.received))),
    check("stage_start_date", StageAfterEnd, |f| f.is_after_end(f.details.stage_start_date)),
    check("first_contact_date", DateInFuture, |f| is_after(f.details.first_contact_date, Some(f.today))),
    check("first_contact_date", ContactBeforeReceived, |f| is_before(f.details.first_contact_date, Some(f.received))),
    check("first_contact_date", LastContactWithoutFirst, |f| f.details.last_contact_date.is_some() && f.details.first_contact_date.is_none()),
    check("first_contact_date", SeenWithoutContact, |f| f.referral.status == ReferralStatus::Seen && f.details.first_contact_date.is_none()),
    check("last_contact_date", DateInFuture, |f| is_after(f.details.last_contact_date, Some(f.today))),
    check("last_contact_date", LastContactBeforeFirst, |f| is_before(f.details.last_contact_date, f.details.first_contact_date)),
    check("last_contact_date", ContactAfterEnd, |f| f.is_after_end(f.details.last_contact_date.max(f.details.first_contact_date))),
    check("next_appointment_date", AppointmentPast, |f| f.is_open && is_before(f.details.next_appointment_date, Some(f.today))),
    check("next_appointment_date", AppointmentAfterEnd, |f| matches!(f.referral.status, ReferralStatus::Closed | ReferralStatus::Rejected) && is_after(f.details.next_appointment_date, Some(f.today))),
    // Holds.
    check("hold_from", OnHoldWithoutStart, |f| f.referral.status == ReferralStatus::OnHold && f.details.hold.is_none()),
    check("hold_from", HoldBeforeReceived, |f| f.hold(|hold| hold.from < f.received)),
    check("hold_from", HoldOverAYear, |f| f.is_open && f.hold(|hold| hold.to.is_none() && days_between(hold.from, f.today) > LONG_HOLD)),
    check("hold_to", HoldEndsBeforeStart, |f| f.hold(|hold| is_before(hold.to, Some(hold.from)))),
    check("status", HoldIsOver, |f| f.referral.status == ReferralStatus::OnHold && f.hold(|hold| is_before(hold.to, Some(f.today)))),
    check("status", HoldNotInStatus, |f| f.referral.status == ReferralStatus::Waiting && f.hold(|hold| hold.from <= f.today && hold.to.is_none_or(|last| last >= f.today))),
    // Ends.
    check("status", OpenWithEndDate, |f| f.is_open && (f.details.closed_date.is_some() || f.details.rejected_date.is_some())),
    check("closed_date", DateInFuture, |f| is_after(f.details.closed_date, Some(f.today))),
    check("closed_date", ClosedWithoutDate, |f| f.referral.status == ReferralStatus::Closed && f.details.closed_date.is_none()),
    check("closed_date", ClosedBeforeReceived, |f| is_before(f.details.closed_date, Some(f.received))),
    check("closed_date", ClosedAndRejected, |f| f.details.closed_date.is_some() && f.details.rejected_date.is_some()),
    check("closure_reason", ClosedWithoutReason, |f| f.referral.status == ReferralStatus::Closed && f.details.closure_reason.is_none()),
    check("closure_reason", ClosureReasonWhileOpen, |f| f.is_open && f.details.closure_reason.is_some()),
    check("rejected_date", DateInFuture, |f| is_after(f.details.rejected_date, Some(f.today))),
    check("rejected_date", RejectedWithoutDate, |f| f.referral.status == ReferralStatus::Rejected && f.details.rejected_date.is_none()),
    check("rejected_date", RejectedBeforeReceived, |f| is_before(f.details.rejected_date, Some(f.received))),
    check("rejection_reason", RejectedWithoutReason, |f| f.referral.status == ReferralStatus::Rejected && f.details.rejection_reason.is_none()),
    check("rejection_reason", RejectionReasonNotRejected, |f| f.referral.status != ReferralStatus::Rejected && f.details.rejection_reason.is_some()),
    check("date_of_death", DateInFuture, |f| is_after(f.details.date_of_death, Some(f.today))),
    // Clocks (reference, section 5).
    check("waiting_time_measurement_type", RttWithoutType, |f| f.details.rtt_status.is_some() && f.details.waiting_time_measurement_type.is_none()),
    check("rtt_status", RttStoppedWhileWaiting, |f| f.is_open && f.details.stage != Some(ReferralStage::Treatment) && f.rtt(&["30", "34", "35", "36"])),
    // 21 is left out: a provider that hands a child on ends its referral while the clock runs on.
    check("rtt_status", RttRunningAfterEnd, |f| matches!(f.referral.status, ReferralStatus::Closed | ReferralStatus::Rejected) && f.rtt(&["10", "11", "12", "20"])),
    check("rtt_status", RttNotApplicable, |f| f.rtt(&["98"]) && is_one_of(&f.details.waiting_time_measurement_type, &["01", "02"])),
    check("not_brought_count", RttMissedWithoutCount, |f| f.rtt(&["33"]) && f.details.not_brought_count.unwrap_or(0) == 0),
    check("rtt_status", RttNotYetKnown, |f| f.rtt(&["99"])),
];

/// A column that holds a code of a list.
type Coded = (&'static str, &'static CodeList, fn(&ReferralDetails) -> &Option<String>);

/// Columns with a code list. An unknown code is warned about, and kept.
#[rustfmt::skip]
const CODED: &[Coded] = &[
    ("nhs_number_status", CodeList::NHS_NUMBER_STATUS, |details| &details.nhs_number_status),
    ("sex", CodeList::SEX, |details| &details.sex),
    ("ethnic_category", CodeList::ETHNIC_CATEGORY, |details| &details.ethnic_category),
    ("priority", CodeList::PRIORITY, |details| &details.priority),
    ("source_of_referral", CodeList::SOURCE_OF_REFERRAL, |details| &details.source_of_referral),
    ("waiting_time_measurement_type", CodeList::MEASUREMENT_TYPE, |details| &details.waiting_time_measurement_type),
    ("rtt_status", CodeList::RTT_STATUS, |details| &details.rtt_status),
    ("closure_reason", CodeList::CLOSURE_REASON, |details| &details.closure_reason),
    ("rejection_reason", CodeList::REJECTION_REASON, |details| &details.rejection_reason),
];

/// The code list of a column.
pub fn code_list_of(field: &str) -> Option<&'static CodeList> {
    CODED.iter().find(|(name, ..)| *name == field).map(|(_, list, _)| *list)
}

/// The column and the code of each check.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, IssueCode)> {
    CHECKS.iter().map(|check| (check.field, check.code))
}

/// The columns that have a code list.
#[cfg(test)]
pub(super) fn coded() -> impl Iterator<Item = &'static str> {
    CODED.iter().map(|(field, ..)| *field)
}

/// Runs every check.
pub(super) fn run(referral: &Referral, born: NaiveDate, today: NaiveDate, mut report: impl FnMut(&'static str, IssueCode)) {
    let (details, received, is_open) = (&referral.details, referral.referral_received_date, referral.status.is_open());
    let facts = Facts { referral, details, received, born, today, is_open };
    for check in CHECKS {
        if (check.fails)(&facts) {
            report(check.field, check.code);
        }
    }
    for (field, list, value) in CODED {
        let Some(code) = value(details) else { continue };
        match list.find(code) {
            None => report(field, CodeUnknown),
            Some(known) if known.retired.is_some() => report(field, CodeRetired),
            Some(_) => {}
        }
    }
}

/// Checks that the child is named as the trace status says, and by a number that England issues.
pub(super) fn run_on_child(referral: &Referral, child: &ChildIdentifier, mut report: impl FnMut(&'static str, IssueCode)) {
    let status = &referral.details.nhs_number_status;
    let ChildIdentifier::NhsNumber(number) = child else {
        if is_one_of(status, &["01", "02"]) {
            report("nhs_number_status", TraceStatusWithoutNumber);
        }
        return;
    };
    if is_one_of(status, &["07"]) {
        report("nhs_number_status", TraceStatusSaysAbsent);
    }
    match number.origin() {
        Origin::Issued | Origin::Test => {}
        Origin::OtherNation => report("nhs_number", NhsNumberOtherNation),
        Origin::Unused => report("nhs_number", NhsNumberNotIssued),
    }
}

fn is_after(day: Option<NaiveDate>, other: Option<NaiveDate>) -> bool {
    day.zip(other).is_some_and(|(day, other)| day > other)
}

fn is_before(day: Option<NaiveDate>, other: Option<NaiveDate>) -> bool {
    is_after(other, day)
}

fn is_one_of(value: &Option<String>, codes: &[&str]) -> bool {
    value.as_deref().is_some_and(|value| codes.contains(&value))
}

/// Whether there is a value of another shape.
fn wrong(value: &Option<String>, shaped: impl FnOnce(&str) -> bool) -> bool {
    value.as_deref().is_some_and(|value| !shaped(value))
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
