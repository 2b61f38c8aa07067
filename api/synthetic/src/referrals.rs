//! A child's referrals: one stage, or two stages at two providers.

use chrono::NaiveDate;
use domain::{Pathway, PathwaySet, PreviousReferral, Referral, ReferralDetails, ReferralHold, ReferralStage, ReferralStatus};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::children::{Child, Concern, Purpose, days_after, days_before, pick, stream};
use crate::places::{COMMUNITY, EAST_ACUTE, PARTNERSHIP, PRINCESS_ALEXANDRA, Side, WEST_ACUTE};

/// A referral, and the list that it is on.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) provider: &'static str,
    pub(crate) list: &'static str,
    pub(crate) referral: Referral,
}

impl Concern {
    fn pathways(self) -> PathwaySet {
        match self {
            Self::Autism => Pathway::Autism.into(),
            Self::Adhd => Pathway::Adhd.into(),
            Self::AutismAndAdhd => PathwaySet::from(Pathway::Autism).with(Pathway::Adhd),
            Self::SpeechAndLanguage => Pathway::SpeechAndLanguage.into(),
            Self::Audiology => Pathway::Audiology.into(),
            Self::MentalHealth => Pathway::MentalHealth.into(),
        }
    }

    /// The list that such a referral is on: the one of its first pathway.
    fn list(self) -> &'static str {
        match self {
            Self::Autism | Self::AutismAndAdhd => Pathway::Autism.as_str(),
            Self::Adhd => Pathway::Adhd.as_str(),
            Self::SpeechAndLanguage => Pathway::SpeechAndLanguage.as_str(),
            Self::Audiology => Pathway::Audiology.as_str(),
            Self::MentalHealth => Pathway::MentalHealth.as_str(),
        }
    }

    /// Shares of journeys by their length in days, both ends included. Some waits for autism and ADHD are
    /// very long; most children wait less than six weeks for a hearing test.
    const fn lengths(self) -> &'static [(u32, (i64, i64))] {
        match self {
            Self::Autism => &[(20, (0, 126)), (34, (127, 364)), (32, (365, 728)), (14, (729, 1_300))],
            Self::Adhd | Self::AutismAndAdhd => &[(16, (0, 126)), (32, (127, 364)), (34, (365, 728)), (18, (729, 1_500))],
            Self::SpeechAndLanguage => &[(40, (0, 84)), (22, (85, 126)), (30, (127, 364)), (8, (365, 600))],
            Self::Audiology => &[(78, (0, 41)), (14, (42, 84)), (7, (85, 200)), (1, (201, 400))],
            Self::MentalHealth => &[(55, (0, 126)), (35, (127, 364)), (10, (365, 728))],
        }
    }

    /// Waiting time measurement type and RTT status. Community paediatrics is consultant-led (01). Speech
    /// and language therapy is measured as an allied health profession (02). The rest is other (09).
    const fn measured(self, acute: bool) -> (&'static str, Option<&'static str>) {
        match self {
            Self::SpeechAndLanguage => ("02", Some("20")),
            Self::Autism | Self::Adhd | Self::AutismAndAdhd if acute => ("01", Some("20")),
            _ => ("09", None),
        }
    }
}

/// All referrals of the child, open or ended.
pub(crate) fn referrals_of(child: &Child, seed: u64, as_of: NaiveDate) -> Vec<Listed> {
    let mut drawing = Drawing::new(child, seed, as_of);
    drawing.journey(child.concern);
    // Some children also wait for something quite different.
    if drawing.rng.random_ratio(12, 100) {
        let other = match child.concern {
            Concern::SpeechAndLanguage => Concern::Audiology,
            Concern::Audiology | Concern::MentalHealth => Concern::Autism,
            Concern::Autism | Concern::Adhd | Concern::AutismAndAdhd => Concern::SpeechAndLanguage,
        };
        if child.age(as_of) > other.youngest() + 30 {
            drawing.journey(other);
        }
    }
    drawing.found
}

/// One child's referrals while they are drawn. Lengths of time are in days before `as_of`.
pub(crate) struct Drawing<'a> {
    child: &'a Child,
    as_of: NaiveDate,
    rng: ChaCha8Rng,
    pub(crate) found: Vec<Listed>,
}

impl<'a> Drawing<'a> {
    pub(crate) fn new(child: &'a Child, seed: u64, as_of: NaiveDate) -> Self {
        Self { child, as_of, rng: stream(seed, child.number, Purpose::Referrals), found: Vec::with_capacity(2) }
    }

    fn journey(&mut self, concern: Concern) {
        let (shortest, longest) = pick(&mut self.rng, concern.lengths()).copied().unwrap_or_default();
        let days = self.rng.random_range(shortest..=longest).min(self.child.age(self.as_of) - concern.youngest());
        let paediatrics = if self.child.home.side == Side::West { WEST_ACUTE } else { EAST_ACUTE };
        match concern {
            Concern::Autism | Concern::Adhd | Concern::AutismAndAdhd => self.neurodevelopmental(concern, days, paediatrics),
            Concern::MentalHealth => self.settled(concern, PARTNERSHIP, days),
            Concern::SpeechAndLanguage | Concern::Audiology => {
                let home = self.child.home;
                let across = if home.side == Side::WestEssex { 9 } else { 2 };
                let provider = if home.border && self.rng.random_ratio(across, 10) {
                    PRINCESS_ALEXANDRA
                } else if concern == Concern::Audiology && self.rng.random_ratio(2, 5) {
                    paediatrics
                } else {
                    COMMUNITY
                };
                self.settled(concern, provider, days);
            }
        }
    }

    /// A third wait for the paediatrician, a third for the assessment after the paediatrician, and a third
    /// were referred straight to the assessment.
    fn neurodevelopmental(&mut self, concern: Concern, days: i64, paediatrics: &'static str) {
        let older = self.child.age(self.as_of) > 4_000;
        let assessor = if older && self.rng.random_ratio(3, 5) { PARTNERSHIP } else { COMMUNITY };
        match self.rng.random_range(0..3) {
            0 => self.settled(concern, paediatrics, days),
            1 if days >= 60 => {
                let later = days * self.rng.random_range(30..=70) / 100;
                self.two_stages(concern, (paediatrics, days), (assessor, later));
            }
            // The earlier part of a journey may be known by its date only.
            _ if days > 90 && self.rng.random_ratio(15, 100) => {
                self.settled(concern, assessor, days / 2);
                if let Some(listed) = self.found.last_mut() {
                    listed.referral.details.original_referral_date = Some(days_before(self.as_of, days));
                }
            }
            _ => self.settled(concern, assessor, days),
        }
    }

    /// A referral that ended with the paediatrician, and the linked one to the assessor. Each provider is
    /// given with the days since it received its referral.
    pub(crate) fn two_stages(&mut self, concern: Concern, first: (&'static str, i64), second: (&'static str, i64)) {
        let handed_over = Some(days_before(self.as_of, second.1));
        let mut earlier = self.waiting(concern, first.0, first.1);
        earlier.referral.status = ReferralStatus::Closed;
        let details = &mut earlier.referral.details;
        details.stage = Some(ReferralStage::FirstAppointment);
        details.first_contact_date = handed_over;
        details.last_contact_date = handed_over;
        details.next_appointment_date = None;
        details.closed_date = handed_over;
        details.closure_reason = text("08");
        details.rtt_status = text("21");
        let previous = PreviousReferral { referral_id: earlier.referral.referral_id.clone(), provider: first.0.parse().ok() };
        self.found.push(earlier);

        let mut present = self.waiting(concern, second.0, second.1);
        let details = &mut present.referral.details;
        details.stage = Some(ReferralStage::Assessment);
        details.source_of_referral = text("06");
        details.previous = Some(previous);
        self.found.push(present);
    }

    /// A waiting referral, received this many days ago.
    fn waiting(&mut self, concern: Concern, provider: &'static str, days: i64) -> Listed {
        let (child, rng) = (self.child, &mut self.rng);
        let received = days_before(self.as_of, days);
        let (measurement_type, rtt_status) = concern.measured([EAST_ACUTE, WEST_ACUTE].contains(&provider));
        let details = ReferralDetails {
            local_patient_id: Some(format!("{provider}-P{:06}", child.number)),
            nhs_number_status: text(child.nhs_number_status),
            sex: text(child.sex),
            ethnic_category: text(child.ethnicity.nhs),
            lsoa: Some(child.lsoa.clone()),
            district: child.district_recorded.then(|| child.home.code.to_owned()),
            responsible_la: text(child.home.side.council()),
            stage: pick(rng, &[(2, ReferralStage::Referral), (3, ReferralStage::Triage), (5, ReferralStage::FirstAppointment)]).copied(),
            stage_start_date: Some(received),
            priority: pick(rng, &[(95, "1"), (5, "2")]).copied().and_then(text),
            source_of_referral: pick(rng, &[(45, "01"), (35, "10"), (10, "07"), (8, "03"), (2, "11")]).copied().and_then(text),
            commissioner: text(child.home.side.commissioner()),
            waiting_time_measurement_type: text(measurement_type),
            rtt_status: rtt_status.and_then(text),
            not_brought_count: rng.random_ratio(1, 20).then(|| rng.random_range(1..=3)),
            next_appointment_date: rng.random_ratio(1, 6).then(|| days_after(self.as_of, rng.random_range(1..=60))),
            ..ReferralDetails::default()
        };
        let referral = Referral {
            referral_id: format!("{provider}-{:06}-{}", child.number, self.found.len() + 1),
            pathways: concern.pathways(),
            status: ReferralStatus::Waiting,
            referral_received_date: received,
            recognised: Vec::new(),
            details,
        };
        Listed { provider, list: concern.list(), referral }
    }

    /// Most referrals wait; a few are on hold, seen, closed or rejected.
    fn settled(&mut self, concern: Concern, provider: &'static str, days: i64) {
        let mut listed = self.waiting(concern, provider, days);
        let rng = &mut self.rng;
        let ended = days_before(self.as_of, rng.random_range(0..=days.min(28)));
        let referral = &mut listed.referral;
        let shares = [
            (92, ReferralStatus::Waiting),
            (4, ReferralStatus::OnHold),
            (2, ReferralStatus::Seen),
            (1, ReferralStatus::Closed),
            (1, ReferralStatus::Rejected),
        ];
        referral.status = pick(rng, &shares).copied().unwrap_or(ReferralStatus::Waiting);
        let details = &mut referral.details;
        if !referral.status.is_open() {
            details.next_appointment_date = None;
        }
        if matches!(referral.status, ReferralStatus::Closed | ReferralStatus::Rejected) && details.rtt_status.as_deref() == Some("20") {
            details.rtt_status = text("34");
        }
        match referral.status {
            ReferralStatus::Waiting => {}
            ReferralStatus::OnHold => {
                details.hold = Some(ReferralHold {
                    from: ended,
                    to: rng.random_ratio(1, 2).then(|| days_after(self.as_of, rng.random_range(7..=90))),
                    reason: pick(rng, &[(3, "family-request"), (2, "awaiting-school-report"), (1, "unwell")]).copied().and_then(text),
                });
            }
            ReferralStatus::Seen => {
                details.first_contact_date = Some(ended);
                details.last_contact_date = Some(ended);
            }
            ReferralStatus::Closed => {
                details.closed_date = Some(ended);
                details.closure_reason = pick(rng, &[(4, "02"), (2, "03"), (3, "07")]).copied().and_then(text);
            }
            ReferralStatus::Rejected => {
                details.rejected_date = Some(ended);
                details.rejection_reason = pick(rng, &[(3, "02"), (2, "03"), (1, "01")]).copied().and_then(text);
            }
        }
        self.found.push(listed);
    }
}

fn text(code: &str) -> Option<String> {
    Some(code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{IssueCode, Severity, WeeksBand};
    use std::collections::HashMap;

    const SEED: u64 = 11;

    fn as_of() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
    }

    fn all() -> Vec<(Child, Listed)> {
        (0..4_000)
            .map(|number| Child::draw(SEED, number, as_of()).unwrap())
            .flat_map(|child| referrals_of(&child, SEED, as_of()).into_iter().map(move |listed| (child.clone(), listed)))
            .collect()
    }

    #[test]
    fn every_referral_is_valid_and_warned_about_only_for_what_is_not_known_or_its_age() {
        use IssueCode::{AdultAtReferral, DistrictBlank, EthnicCategoryNotKnown, SexNotKnown, TraceStatusNotVerified};
        for (child, listed) in all() {
            listed.referral.check(child.date_of_birth, as_of(), |field, code| {
                assert_ne!(code.severity(), Severity::Error, "{field} {code}");
                assert!(
                    matches!(code, AdultAtReferral | DistrictBlank | EthnicCategoryNotKnown | SexNotKnown | TraceStatusNotVerified),
                    "{field} {code}"
                );
            });
        }
    }

    #[test]
    fn waits_for_autism_are_long_and_hearing_tests_are_soon() {
        let mut bands: HashMap<(&str, bool), f64> = HashMap::new();
        for (_, listed) in all() {
            let days = domain::days_between(listed.referral.referral_received_date, as_of());
            let band = WeeksBand::of(domain::Waited { days });
            let long = matches!(band, WeeksBand::UpTo104 | WeeksBand::Over104);
            *bands.entry((listed.list, long)).or_default() += 1.0;
        }
        let long = |list| bands[&(list, true)] / (bands[&(list, true)] + bands[&(list, false)]);
        assert!(long("autism") > 0.25 && long("adhd") > 0.25);
        assert!(long("speech-and-language") < 0.15 && long("audiology") < 0.03);
    }

    #[test]
    fn every_kind_of_row_occurs() {
        let all = all();
        let has = |test: &dyn Fn(&Referral) -> bool| all.iter().any(|(_, listed)| test(&listed.referral));
        for status in ReferralStatus::ALL {
            assert!(has(&|referral| referral.status == *status), "{status}");
        }
        assert!(has(&|referral| referral.pathways.to_string() == "autism|adhd"));
        assert!(has(&|referral| referral.details.original_referral_date.is_some()));
        assert!(has(&|referral| referral.details.previous.is_some()));
        assert!(has(&|referral| referral.details.hold.is_some()));
    }
}
