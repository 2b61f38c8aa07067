use proptest::prelude::*;

use super::*;
use crate::dates::parse_day;
use crate::issues::IssueCode::*;
use crate::pathways::Pathway;

const BORN: &str = "2016-05-04";
const TODAY: &str = "2026-11-20";

fn day(text: &str) -> NaiveDate {
    parse_day(text).unwrap()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A referral with which nothing is wrong, in each status.
fn sound(status: ReferralStatus) -> Referral {
    let mut details = ReferralDetails {
        nhs_number_status: some("01"),
        district: some("E07000240"),
        waiting_time_measurement_type: some("01"),
        stage: Some(ReferralStage::Assessment),
        stage_start_date: Some(day("2026-03-02")),
        ..ReferralDetails::default()
    };
    let (ended, hold) = (Some(day("2026-10-01")), ReferralHold { from: day("2026-10-01"), to: None, reason: None });
    match status {
        ReferralStatus::Waiting => {}
        ReferralStatus::OnHold => details.hold = Some(hold),
        ReferralStatus::Seen => details.first_contact_date = ended,
        ReferralStatus::Closed => (details.closed_date, details.closure_reason) = (ended, some("02")),
        ReferralStatus::Rejected => (details.rejected_date, details.rejection_reason) = (ended, some("02")),
    }
    let (referral_id, pathways) = ("R-1".into(), Pathway::Autism.into());
    Referral { referral_id, pathways, recognised: Vec::new(), status, referral_received_date: day("2026-02-03"), details }
}

fn told(referral: &Referral, born: &str) -> Vec<(&'static str, IssueCode)> {
    let mut told = Vec::new();
    referral.check(day(born), day(TODAY), |field, code| told.push((field, code)));
    told
}

type Change = fn(&mut Referral);

macro_rules! cases {
    ($($status:ident, $field:literal, $code:ident, |$r:ident, $d:ident| $change:expr;)+) => {
        &[$((ReferralStatus::$status, $field, $code, |referral: &mut Referral| {
            let $r = referral;
            let $d = &mut $r.details;
            // Not every case changes the details.
            let _ = &$d;
            $change;
        })),+]
    };
}

/// One change to a sound referral, and the one issue that it causes.
#[rustfmt::skip]
const CASES: &[(ReferralStatus, &str, IssueCode, Change)] = cases! {
    Waiting, "referral_received_date", ReceivedInFuture, |r, d| { d.stage_start_date = None; r.referral_received_date = day("2026-11-21") };
    Waiting, "referral_received_date", ReferralOld, |r, d| r.referral_received_date = day("2021-11-20");
    Waiting, "nhs_number_status", TraceStatusBlank, |r, d| d.nhs_number_status = None;
    Waiting, "nhs_number_status", TraceStatusNotVerified, |r, d| d.nhs_number_status = some("02");
    Waiting, "nhs_number_status", CodeUnknown, |r, d| d.nhs_number_status = some("1");
    Waiting, "sex", SexNotKnown, |r, d| d.sex = some("X");
    Waiting, "sex", CodeUnknown, |r, d| d.sex = some("F");
    Waiting, "ethnic_category", EthnicCategoryNotKnown, |r, d| d.ethnic_category = some("99");
    Waiting, "ethnic_category", CodeUnknown, |r, d| d.ethnic_category = some("WBRI");
    Waiting, "district", DistrictBlank, |r, d| d.district = None;
    Waiting, "district", DistrictRetired, |r, d| d.district = some("E07000097");
    Waiting, "district", DistrictKind, |r, d| d.district = some("E10000015");
    Waiting, "lsoa", LsoaFormat, |r, d| d.lsoa = some("E07000240");
    Waiting, "school_urn", SchoolFormat, |r, d| d.school_urn = some("St Albans Girls");
    Waiting, "commissioner", OrganisationClosed, |r, d| d.commissioner = some("QM7");
    Waiting, "date_of_death", DeathBeforeBirth, |r, d| { close(r); r.details.date_of_death = Some(day("2016-05-03")) };
    Waiting, "date_of_death", DeathBeforeReceived, |r, d| { close(r); r.details.date_of_death = Some(day("2026-02-02")) };
    Waiting, "date_of_death", OpenAfterDeath, |r, d| d.date_of_death = Some(day("2026-10-02"));
    Closed, "date_of_death", DiedWithoutDate, |r, d| d.closure_reason = some("06");
    Closed, "date_of_death", DiedWithoutDate, |r, d| d.rtt_status = some("36");
    Closed, "date_of_death", DateInFuture, |r, d| d.date_of_death = Some(day("2026-11-21"));
    Closed, "last_contact_date", ContactAfterDeath, |r, d| {
        (d.first_contact_date, d.date_of_death) = (Some(day("2026-09-30")), Some(day("2026-09-29")))
    };
    Waiting, "original_referral_date", OriginalAfterReceived, |r, d| d.original_referral_date = Some(day("2026-02-04"));
    Waiting, "original_referral_date", OriginalBeforeBirth, |r, d| d.original_referral_date = Some(day("2016-05-03"));
    Waiting, "previous_referral_id", PreviousIsItself, |r, d| d.previous = Some(PreviousReferral { referral_id: "R-1".into(), provider: None });
    Waiting, "ubrn", UbrnFormat, |r, d| d.ubrn = some("12345678");
    Waiting, "pathway_id", PathwayIdFormat, |r, d| (d.pathway_id, d.pathway_id_issuer) = (some("A-PATHWAY-OF-21-CHARS"), some("RY4"));
    Waiting, "pathway_id_issuer", PathwayIdWithoutIssuer, |r, d| d.pathway_id = some("PW-1");
    Waiting, "onward_date", OnwardBeforeReceived, |r, d| d.onward = onward("2026-02-02");
    Waiting, "onward_date", DateInFuture, |r, d| d.onward = onward("2026-11-21");
    Waiting, "priority", TwoWeekWait, |r, d| d.priority = some("3");
    Waiting, "priority", CodeUnknown, |r, d| d.priority = some("urgent");
    Waiting, "source_of_referral", CodeUnknown, |r, d| d.source_of_referral = some("GP");
    Waiting, "stage_start_date", DateInFuture, |r, d| d.stage_start_date = Some(day("2026-11-21"));
    Waiting, "stage_start_date", StageBeforeReceived, |r, d| d.stage_start_date = Some(day("2026-02-02"));
    Closed, "stage_start_date", StageAfterEnd, |r, d| d.stage_start_date = Some(day("2026-10-02"));
    Waiting, "first_contact_date", DateInFuture, |r, d| d.first_contact_date = Some(day("2026-11-21"));
    Waiting, "first_contact_date", ContactBeforeReceived, |r, d| d.first_contact_date = Some(day("2026-02-02"));
    Waiting, "first_contact_date", LastContactWithoutFirst, |r, d| d.last_contact_date = Some(day("2026-03-02"));
    Seen, "first_contact_date", SeenWithoutContact, |r, d| d.first_contact_date = None;
    Seen, "last_contact_date", DateInFuture, |r, d| d.last_contact_date = Some(day("2026-11-21"));
    Seen, "last_contact_date", LastContactBeforeFirst, |r, d| d.last_contact_date = Some(day("2026-09-30"));
    Closed, "last_contact_date", ContactAfterEnd, |r, d| d.first_contact_date = Some(day("2026-10-02"));
    Rejected, "last_contact_date", ContactAfterEnd, |r, d| d.first_contact_date = Some(day("2026-10-02"));
    Waiting, "next_appointment_date", AppointmentPast, |r, d| d.next_appointment_date = Some(day("2026-11-19"));
    Closed, "next_appointment_date", AppointmentAfterEnd, |r, d| d.next_appointment_date = Some(day("2026-11-21"));
    OnHold, "hold_from", OnHoldWithoutStart, |r, d| d.hold = None;
    OnHold, "hold_from", HoldBeforeReceived, |r, d| hold(d).from = day("2026-02-02");
    OnHold, "hold_from", HoldOverAYear, |r, d| {
        d.stage_start_date = None;
        hold(d).from = day("2025-11-19");
        r.referral_received_date = day("2025-11-19");
    };
    Closed, "hold_to", HoldEndsBeforeStart, |r, d| d.hold = Some(ReferralHold { from: day("2026-09-02"), to: Some(day("2026-09-01")), reason: None });
    OnHold, "status", HoldIsOver, |r, d| hold(d).to = Some(day("2026-11-19"));
    Waiting, "status", HoldNotInStatus, |r, d| d.hold = Some(ReferralHold { from: day("2026-11-20"), to: Some(day("2026-11-20")), reason: None });
    Waiting, "status", OpenWithEndDate, |r, d| d.closed_date = Some(day("2026-10-01"));
    Waiting, "status", OpenWithEndDate, |r, d| d.rejected_date = Some(day("2026-10-01"));
    Closed, "closed_date", DateInFuture, |r, d| d.closed_date = Some(day("2026-11-21"));
    Closed, "closed_date", ClosedWithoutDate, |r, d| d.closed_date = None;
    Closed, "closed_date", ClosedBeforeReceived, |r, d| (d.stage_start_date, d.closed_date) = (None, Some(day("2026-02-02")));
    Closed, "closed_date", ClosedAndRejected, |r, d| d.rejected_date = Some(day("2026-10-01"));
    Closed, "closure_reason", ClosedWithoutReason, |r, d| d.closure_reason = None;
    Closed, "closure_reason", CodeUnknown, |r, d| d.closure_reason = some("99");
    Waiting, "closure_reason", ClosureReasonWhileOpen, |r, d| d.closure_reason = some("02");
    Rejected, "rejected_date", DateInFuture, |r, d| d.rejected_date = Some(day("2026-11-21"));
    Rejected, "rejected_date", RejectedWithoutDate, |r, d| d.rejected_date = None;
    Rejected, "rejected_date", RejectedBeforeReceived, |r, d| (d.stage_start_date, d.rejected_date) = (None, Some(day("2026-02-02")));
    Rejected, "rejection_reason", RejectedWithoutReason, |r, d| d.rejection_reason = None;
    Rejected, "rejection_reason", CodeUnknown, |r, d| d.rejection_reason = some("04");
    Waiting, "rejection_reason", RejectionReasonNotRejected, |r, d| d.rejection_reason = some("01");
    Waiting, "waiting_time_measurement_type", RttWithoutType, |r, d| (d.rtt_status, d.waiting_time_measurement_type) = (some("20"), None);
    Waiting, "waiting_time_measurement_type", CodeRetired, |r, d| d.waiting_time_measurement_type = some("03");
    Waiting, "waiting_time_measurement_type", CodeUnknown, |r, d| d.waiting_time_measurement_type = some("1");
    Waiting, "rtt_status", RttStoppedWhileWaiting, |r, d| d.rtt_status = some("34");
    Closed, "rtt_status", RttRunningAfterEnd, |r, d| d.rtt_status = some("20");
    Waiting, "rtt_status", RttNotApplicable, |r, d| d.rtt_status = some("98");
    Waiting, "rtt_status", RttNotYetKnown, |r, d| d.rtt_status = some("99");
    Waiting, "rtt_status", CodeUnknown, |r, d| d.rtt_status = some("13");
    Waiting, "not_brought_count", RttMissedWithoutCount, |r, d| d.rtt_status = some("33");
};

fn onward(on: &str) -> Option<OnwardReferral> {
    Some(OnwardReferral { to: None, on: day(on), reason: None })
}

/// Ends a referral with which nothing else is wrong.
fn close(referral: &mut Referral) {
    *referral = sound(ReferralStatus::Closed);
}

fn hold(details: &mut ReferralDetails) -> &mut ReferralHold {
    details.hold.as_mut().unwrap()
}

#[test]
fn a_sound_referral_has_no_issues() {
    for status in ReferralStatus::ALL {
        assert_eq!(told(&sound(*status), BORN), [], "{status}");
    }
}

#[test]
fn each_fault_is_reported_and_nothing_else() {
    for (status, field, code, change) in CASES {
        let mut referral = sound(*status);
        change(&mut referral);
        assert_eq!(told(&referral, BORN), [(*field, *code)], "{status} {field} {code}");
    }
}

#[test]
fn every_check_is_tried() {
    let cases: Vec<_> = CASES.iter().map(|(_, field, code, _)| (*field, *code)).collect();
    let ages = [
        ("nhs_number_status", TracePostponed),
        ("referral_received_date", ReceivedBeforeBirth),
        ("date_of_birth", BirthInFuture),
        ("date_of_birth", BirthOver25),
        ("referral_received_date", AdultAtReferral),
    ];
    for check in checks::all() {
        assert!(cases.contains(&check) || ages.contains(&check), "{check:?} is in no case");
    }
    for field in checks::coded() {
        assert!(cases.contains(&(field, CodeUnknown)), "{field}: no case of an unknown code");
    }
}

#[test]
fn the_date_of_birth_is_checked() {
    let referral = sound(ReferralStatus::Waiting);
    assert_eq!(told(&referral, "2008-02-04"), []);
    assert_eq!(told(&referral, "2008-02-03"), [("referral_received_date", AdultAtReferral)]);
    assert_eq!(told(&referral, "2026-02-03"), []);
    assert_eq!(told(&referral, "2026-02-04"), [("referral_received_date", ReceivedBeforeBirth)]);
    assert_eq!(told(&referral, "2000-11-20").first(), Some(&("date_of_birth", BirthOver25)));
    assert_eq!(told(&referral, "2026-11-21").first(), Some(&("date_of_birth", BirthInFuture)));
}

#[test]
fn values_just_within_their_limits_have_no_issues() {
    let tried: [(ReferralStatus, Change); 10] = [
        (ReferralStatus::Waiting, |r| r.referral_received_date = day("2021-11-21")),
        (ReferralStatus::Waiting, |r| r.details.next_appointment_date = Some(day(TODAY))),
        (ReferralStatus::Waiting, |r| r.details.first_contact_date = Some(r.referral_received_date)),
        (ReferralStatus::Closed, |r| r.details.first_contact_date = r.details.closed_date),
        (ReferralStatus::Closed, |r| r.details.date_of_death = Some(r.referral_received_date)),
        (ReferralStatus::OnHold, |r| hold(&mut r.details).to = Some(day(TODAY))),
        (ReferralStatus::Waiting, |r| {
            r.details.hold = Some(ReferralHold { from: day("2026-09-01"), to: Some(day("2026-11-19")), reason: None })
        }),
        (ReferralStatus::Closed, |r| r.details.commissioner = some("QM7")),
        (ReferralStatus::Waiting, |r| (r.details.rtt_status, r.details.not_brought_count) = (some("33"), Some(1))),
        (ReferralStatus::Waiting, |r| (r.details.rtt_status, r.details.stage) = (some("30"), Some(ReferralStage::Treatment))),
    ];
    for (at, (status, change)) in tried.into_iter().enumerate() {
        let mut referral = sound(status);
        change(&mut referral);
        assert_eq!(told(&referral, BORN), [], "{at}");
    }
    // Six weeks to the day.
    let mut newborn = sound(ReferralStatus::Waiting);
    newborn.details.nhs_number_status = some("08");
    newborn.details.stage_start_date = None;
    newborn.referral_received_date = day("2026-11-01");
    assert!(!told(&newborn, "2026-10-09").contains(&("nhs_number_status", TracePostponed)));
    assert!(told(&newborn, "2026-10-08").contains(&("nhs_number_status", TracePostponed)));
}

#[test]
fn the_child_is_named_as_its_trace_status_says() {
    let number = |text: &str| ChildIdentifier::NhsNumber(text.parse().unwrap());
    let local = ChildIdentifier::LocalPatient { provider: "RY4".parse().unwrap(), id: "P-1".into() };
    let told = |child: &ChildIdentifier, status: Option<&str>| {
        let mut referral = sound(ReferralStatus::Waiting);
        referral.details.nhs_number_status = status.map(str::to_owned);
        let mut told = Vec::new();
        referral.check_child(child, |field, code| told.push((field, code)));
        told
    };
    assert_eq!(told(&number("9990000018"), Some("01")), []);
    assert_eq!(told(&local, Some("07")), []);
    assert_eq!(told(&local, None), []);
    assert_eq!(told(&local, Some("01")), [("nhs_number_status", TraceStatusWithoutNumber)]);
    assert_eq!(told(&number("9990000018"), Some("07")), [("nhs_number_status", TraceStatusSaysAbsent)]);
    let made = |nine| ChildIdentifier::NhsNumber((nine..).find_map(crate::nhs_numbers::NhsNumber::from_first_nine).unwrap());
    assert_eq!(told(&made(399_999_990), Some("01")), [("nhs_number", NhsNumberOtherNation)]);
    assert_eq!(told(&made(500_000_000), Some("01")), [("nhs_number", NhsNumberNotIssued)]);
}

proptest! {
    /// Whatever the days are, nothing panics, and each column and code is reported at most once.
    #[test]
    fn any_days_can_be_checked(days in proptest::collection::vec(proptest::option::of(0_i32..4_000_000), 12), status in 0..ReferralStatus::ALL.len()) {
        let at = |index: usize| days[index].and_then(NaiveDate::from_num_days_from_ce_opt);
        let mut referral = sound(ReferralStatus::ALL[status]);
        let details = &mut referral.details;
        (details.stage_start_date, details.original_referral_date, details.first_contact_date) = (at(0), at(1), at(2));
        (details.last_contact_date, details.next_appointment_date, details.closed_date) = (at(3), at(4), at(5));
        (details.rejected_date, details.date_of_death) = (at(6), at(7));
        details.hold = at(8).map(|from| ReferralHold { from, to: at(9), reason: None });
        referral.referral_received_date = at(10).unwrap_or(day(TODAY));
        let mut told = Vec::new();
        referral.check(at(11).unwrap_or(day(BORN)), day(TODAY), |field, code| told.push((field, code)));
        let unique: std::collections::BTreeSet<_> = told.iter().collect();
        prop_assert_eq!(unique.len(), told.len());
    }
}
