//! The tables that are read, and their columns. The names are from MHSDS v6; other names from v5 are in brackets.

use crate::national::tables::tables;

tables! {
    Header "MHS000" Header true {
        Version = "DatSetVer" true, "the data set's version: 6 or 5";
        Provider = "OrgIDProvider" true, "the provider's ODS code: the organisation that the file is sent for";
        Start = "ReportingPeriodStartDate" true, "the first day of the reporting period, CCYY-MM-DD";
        End = "ReportingPeriodEndDate" true, "its last day";
    }
    Patient "MHS001" Patients true {
        LocalPatientId = "LocalPatientID" true, "the provider's own patient id" => Text(LocalPatientId);
        NhsNumber = "NHSNumber" true, "ten digits; blank where it is not known" => Text(NhsNumber);
        Born = "PersonBirthDate" true, "CCYY-MM-DD; who is over 25 is left out" => Day(DateOfBirth);
        NhsNumberStatus = "NHSNumberStatus" true, "trace status, 01 to 07; a council is shown 01 only" => Code(NhsNumberStatus);
        School = "OrgIDEduEstab" false, "the school's code" => Text(SchoolUrn);
        Sex = "Gender" false, "person stated gender: 1, 2, 9 or X" => Text(Sex);
        EthnicCategory = "EthnicCategory" false, "ethnic category 2001" => Text(EthnicCategory);
        Died = "PersDeathDate" false, "CCYY-MM-DD" => Day(DateOfDeath);
    }
    Referral "MHS101" Referrals true {
        LocalPatientId = "LocalPatientID" true, "whose referral it is: a patient of MHS001";
        Id = "ServiceRequestID" true, "the referral's id, unique within the provider" => Text(ReferralId);
        Received = "ReferralRequestReceivedDate" true, "CCYY-MM-DD: the clock start" => Day(ReferralReceivedDate);
        Commissioner = "OrgIDComm" false, "the commissioner's ODS code" => Text(Commissioner);
        Team = "CareProfTeamLocalID" false, "v6: the team's local id" => Part(Team);
        ReferredBy = "OrgIDReferringOrg" ["OrgIDReferring"] false, "the ODS code of the organisation that referred the child" => Text(ReferredBy);
        Reason = "PrimReasonReferralMH" true, "primary reason for referral: 25 suspected autism, 24 other neurodevelopmental conditions";
        Discharged = "ServDischDate" true, "CCYY-MM-DD: the referral's end" => Part(ClosedDate);
        Rejected = "ReferRejectionDate" false, "v6: CCYY-MM-DD" => Part(RejectedDate);
        RejectionReason = "ReferRejectReason" false, "v6: referral rejection reason" => Part(RejectionReason);
        ClosureReason = "ReferClosReason" false, "v6: referral closure reason" => Part(ClosureReason);
    }
    Team "MHS102" OfReferrals false {
        ReferralId = "ServiceRequestID" true, "the referral";
        LocalId = "OtherCareProfTeamLocalID" ["CareProfTeamLocalID"] false, "the team's local id";
        Kind = "ServTeamTypeRefToMH" false, "v5: service or team type; it decides no pathway alone";
        Closed = "ReferClosureDate" false, "CCYY-MM-DD";
        Rejected = "ReferRejectionDate" false, "CCYY-MM-DD";
        ClosureReason = "ReferClosReason" false, "referral closure reason";
        RejectionReason = "ReferRejectReason" false, "referral rejection reason";
    }
    OtherReason "MHS103" OfReferrals false {
        ReferralId = "ServiceRequestID" true, "the referral";
        Reason = "OtherReasonReferMH" true, "another reason for it";
    }
    Rtt "MHS104" Latest false {
        ReferralId = "ServiceRequestID" true, "the referral";
        Start = "ReferToTreatPeriodStartDate" false, "CCYY-MM-DD; of several periods the latest is read";
        PathwayId = "PatPathID" false, "the patient pathway identifier" => Text(PathwayId);
        PathwayIdIssuer = "OrgIDPatPathIDIssuer" false, "the ODS code of the organisation that issued it" => Text(PathwayIdIssuer);
        MeasurementType = "WaitTimeMeasureType" false, "02 allied health professional, 09 other; 01 is not valid here" => Code(WaitingTimeMeasurementType);
        Status = "ReferToTreatPeriodStatus" false, "RTT period status" => Code(RttStatus);
    }
    Onward "MHS105" Latest false {
        ReferralId = "ServiceRequestID" true, "the referral";
        On = "OnwardReferDate" true, "CCYY-MM-DD; of several the latest is read" => Day(OnwardDate);
        Reason = "OnwardReferReason" false, "onward referral reason" => Code(OnwardReason);
        To = "OrgIDReceiving" false, "the ODS code of the organisation that received it" => Text(OnwardTo);
    }
    Contact "MHS201" OfReferrals false {
        ReferralId = "ServiceRequestID" true, "the referral";
        On = "CareContDate" true, "CCYY-MM-DD" => Part(FirstContactDate, LastContactDate, NextAppointmentDate);
        Attendance = "AttendStatus" ["AttendOrDNACode"] true, "5 and 6 attended, 3 not brought" => Part(NotBroughtCount);
        Mechanism = "ConsMechanismMH" false, "a first contact is face to face (01) or by video (11)";
        Cancelled = "CareContCancelDate" false, "CCYY-MM-DD";
    }
    Primary "MHS604" OfReferrals false {
        ReferralId = "ServiceRequestID" true, "the referral";
        Scheme = "DiagSchemeInUse" true, "02 ICD-10, 06 SNOMED CT";
        Diagnosis = "PrimDiag" true, "the code";
    }
    Secondary "MHS605" OfReferrals false {
        ReferralId = "ServiceRequestID" true, "the referral";
        Scheme = "DiagSchemeInUse" true, "02 ICD-10, 06 SNOMED CT";
        Diagnosis = "SecDiag" true, "the code";
    }
    Teams "MHS902" Lookup false {
        TeamId = "CareProfTeamLocalID" true, "the team's local id";
        Kind = "ServTeamTypeMH" true, "v6: service or team type; it decides no pathway alone";
    }
}
