//! Finds the code list of a field by its name, whether native or from a national data set.

use domain::CodeList;

/// Element names of CSDS and MHSDS (reference, sections 3 and 4).
const NATIONAL: &[(&str, &CodeList)] = &[
    ("AttendStatus", CodeList::ATTENDANCE),
    ("AttendanceStatus", CodeList::ATTENDANCE),
    ("ChildLookedAfter_Indicator", CodeList::LOOKED_AFTER),
    ("ClinRespPriorityType", CodeList::PRIORITY),
    ("ConsMechanism", CodeList::CONSULTATION_MEDIUM),
    ("EducationAssessment", CodeList::EDUCATIONAL_ASSESSMENT),
    ("EducationNeed_Type", CodeList::SEN_TYPE),
    ("EthnicCategory", CodeList::ETHNIC_CATEGORY),
    ("Gender", CodeList::SEX),
    ("NHSNumberStatus", CodeList::NHS_NUMBER_STATUS),
    ("NHSNumber_Status", CodeList::NHS_NUMBER_STATUS),
    ("OtherReasonReferMH", CodeList::MENTAL_HEALTH_REASON),
    ("PrimReasonReferralMH", CodeList::MENTAL_HEALTH_REASON),
    ("PrimaryReferralReason", CodeList::COMMUNITY_REASON),
    ("Priority_Type", CodeList::PRIORITY),
    ("ReferClosReason", CodeList::CLOSURE_REASON),
    ("ReferRejectReason", CodeList::REJECTION_REASON),
    ("ReferToTreatPeriodStatus", CodeList::RTT_STATUS),
    ("ReferralReason_Other", CodeList::COMMUNITY_REASON),
    ("Referral_ClosureReason", CodeList::CLOSURE_REASON),
    ("Referral_RejectionReason", CodeList::REJECTION_REASON),
    ("RTT_Status", CodeList::RTT_STATUS),
    ("ServTeamTypeMH", CodeList::MENTAL_HEALTH_TEAM),
    ("ServTeamTypeRefToMH", CodeList::MENTAL_HEALTH_TEAM),
    ("SourceOfReferral", CodeList::SOURCE_OF_REFERRAL),
    ("TeamType", CodeList::COMMUNITY_TEAM),
    ("WaitTimeMeasureType", CodeList::MEASUREMENT_TYPE),
    ("WaitingTime_MeasurementType", CodeList::MEASUREMENT_TYPE),
];

/// The code list of a field. `CYP102.TeamType` and `CYP102/TeamType` have the list of `TeamType`.
pub(crate) fn of_field(field: &str) -> Option<&'static CodeList> {
    let name = field.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
    let national = NATIONAL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, list)| *list);
    domain::code_list_of(name).or(national)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_known_by_its_name_in_any_table() {
        assert_eq!(of_field("rtt_status").map(|list| list.name), Some("rtt_period_status"));
        assert_eq!(of_field("CYP102.TeamType").map(|list| list.name), Some("service_or_team_type_community"));
        assert!(of_field("team").is_none() && of_field("").is_none());
    }

    #[test]
    fn every_list_belongs_to_a_field() {
        for list in CodeList::ALL {
            let national = NATIONAL.iter().any(|(_, of)| of.name == list.name);
            assert!(
                national || crate::columns::FIELDS.iter().any(|field| of_field(field.name).is_some_and(|of| of.name == list.name)),
                "{}",
                list.name
            );
        }
    }
}
