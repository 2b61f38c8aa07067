//! Ten referrals of one provider. Each shows one thing that a list may need to say.

use chrono::NaiveDate;
use domain::{
    ChildIdentifier, ChildReference, NhsNumber, OnwardReferral, OrganisationCode, Pathway, PathwaySet, PreviousReferral, Referral,
    ReferralDetails, ReferralHold, ReferralStage, ReferralStatus, SubmittedEntry, SubmittedRecord,
};

use crate::children::{days_after, days_before, test_number};
use crate::places::{EAST_ACUTE, HERTFORDSHIRE, PARTNERSHIP, STEVENAGE, WEST_ACUTE};

/// The NHS numbers of the examples begin here in the made-up county's numbers.
const FIRST: u32 = 880_001;

/// The ten referrals, as they are on this day.
pub fn onboarding_examples(provider: OrganisationCode, as_of: NaiveDate) -> Vec<SubmittedRecord> {
    let ago = |days| days_before(as_of, days);
    let then = |days| Some(ago(days));
    let row = |number: u32,
               child: u32,
               age: i64,
               pathways: PathwaySet,
               received: i64,
               status: ReferralStatus,
               change: &dyn Fn(&mut ReferralDetails)| {
        let mut details = ReferralDetails {
            local_patient_id: Some(format!("P-{child:04}")),
            nhs_number_status: text("01"),
            sex: text(if child.is_multiple_of(2) { "1" } else { "2" }),
            ethnic_category: text("A"),
            district: text(STEVENAGE.code),
            responsible_la: text(HERTFORDSHIRE),
            gp_practice: text("E82031"),
            priority: text("1"),
            source_of_referral: text("01"),
            commissioner: text(STEVENAGE.side.commissioner()),
            waiting_time_measurement_type: text("09"),
            ..ReferralDetails::default()
        };
        change(&mut details);
        let local = ChildIdentifier::LocalPatient { provider, id: details.local_patient_id.clone().unwrap_or_default() };
        let known = details.nhs_number_status.as_deref() != Some("07");
        let identifier = nhs_number(child).filter(|_| known).map_or(local, ChildIdentifier::NhsNumber);
        let referral = Referral {
            referral_id: format!("EXAMPLE-{number:02}"),
            pathways,
            status,
            referral_received_date: ago(received),
            recognised: Vec::new(),
            details,
        };
        SubmittedRecord {
            child: ChildReference { identifier, date_of_birth: ago(age) },
            entry: SubmittedEntry::Referral(Box::new(referral)),
        }
    };
    let one = PathwaySet::from;
    vec![
        row(1, 1, 2_900, one(Pathway::Autism).with(Pathway::Adhd), 200, ReferralStatus::Waiting, &|it| {
            it.stage = Some(ReferralStage::Assessment);
            it.stage_start_date = then(120);
            it.original_referral_date = then(420);
            it.previous = Some(PreviousReferral { referral_id: "H-0077".into(), provider: EAST_ACUTE.parse().ok() });
            it.source_of_referral = text("06");
            it.referred_by = text(EAST_ACUTE);
            it.next_appointment_date = Some(days_after(as_of, 18));
        }),
        row(2, 2, 1_900, one(Pathway::SpeechAndLanguage), 90, ReferralStatus::OnHold, &|it| {
            it.stage = Some(ReferralStage::Triage);
            it.stage_start_date = then(80);
            it.hold = Some(ReferralHold { from: ago(30), to: Some(days_after(as_of, 30)), reason: text("family-request") });
        }),
        row(3, 3, 3_300, one(Pathway::Adhd), 300, ReferralStatus::Rejected, &|it| {
            it.rejected_date = then(290);
            it.rejection_reason = text("03");
        }),
        row(4, 3, 3_300, one(Pathway::Adhd), 150, ReferralStatus::Waiting, &|it| it.stage = Some(ReferralStage::Referral)),
        row(5, 4, 1_100, one(Pathway::Autism), 25, ReferralStatus::Waiting, &|it| {
            it.nhs_number_status = text("07");
            it.stage = Some(ReferralStage::Referral);
        }),
        row(6, 5, 2_500, one(Pathway::Autism), 60, ReferralStatus::Waiting, &|it| {
            it.district = text("E07000072");
            it.responsible_la = text("E10000012");
            it.commissioner = text("07H");
            it.stage = Some(ReferralStage::FirstAppointment);
            it.stage_start_date = then(20);
        }),
        row(7, 6, 4_100, one(Pathway::Autism), 240, ReferralStatus::Closed, &|it| {
            it.date_of_death = then(40);
            it.closed_date = then(39);
            it.closure_reason = text("06");
        }),
        row(8, 7, 2_200, one(Pathway::Audiology), 330, ReferralStatus::Closed, &|it| {
            it.stage = Some(ReferralStage::Treatment);
            it.stage_start_date = then(200);
            it.first_contact_date = then(200);
            it.last_contact_date = then(15);
            it.not_brought_count = Some(1);
            it.closed_date = then(14);
            it.closure_reason = text("02");
            it.waiting_time_measurement_type = text("02");
            it.rtt_status = text("30");
        }),
        row(9, 8, 3_700, one(Pathway::MentalHealth), 260, ReferralStatus::Closed, &|it| {
            it.first_contact_date = then(70);
            it.last_contact_date = then(70);
            it.onward = Some(OnwardReferral { to: text(PARTNERSHIP), on: ago(65), reason: None });
            it.closed_date = then(65);
            it.closure_reason = text("08");
        }),
        row(10, 9, 5_100, one(Pathway::Adhd), 110, ReferralStatus::Waiting, &|it| {
            it.right_to_choose = Some(true);
            it.subcontracted_by = text(WEST_ACUTE);
            it.team = text("ADHD assessment, north");
            it.ubrn = text("000012345678");
            it.stage = Some(ReferralStage::Triage);
            it.stage_start_date = then(100);
        }),
    ]
}

fn text(code: &str) -> Option<String> {
    Some(code.to_owned())
}

fn nhs_number(child: u32) -> Option<NhsNumber> {
    test_number(FIRST + child)
}
