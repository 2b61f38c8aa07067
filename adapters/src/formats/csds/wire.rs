//! The tables that are read, and their columns. The names are from CSDS v1.6; other names from v1.5 are in brackets.

use crate::national::tables::tables;

tables! {
    Header "CYP000" Header true {
        Version = "Version" true, "the data set's version: 1.6 or 1.5";
        Provider = "OrgID_Provider" true, "the provider's ODS code: the organisation that the file is sent for";
        Start = "RP_StartDate" true, "the first day of the reporting period, CCYY-MM-DD";
        End = "RP_EndDate" true, "its last day";
    }
    Patient "CYP001" Patients true {
        LocalPatientId = "LocalPatientID" true, "the provider's own patient id" => Text(LocalPatientId);
        NhsNumber = "NHSNumber" true, "ten digits; blank where it is not known" => Text(NhsNumber);
        Born = "DateOfBirth" true, "CCYY-MM-DD; who is over 25 is left out" => Day(DateOfBirth);
        NhsNumberStatus = "NHSNumber_Status" true, "trace status, 01 to 08; a council is shown 01 only" => Code(NhsNumberStatus);
        School = "OrgID_EducationEstablishment" false, "the school's code" => Text(SchoolUrn);
        Sex = "Gender" false, "person stated gender: 1, 2, 9 or X" => Text(Sex);
        EthnicCategory = "EthnicCategory" false, "ethnic category 2001" => Text(EthnicCategory);
        Died = "DateOfDeath" false, "CCYY-MM-DD" => Day(DateOfDeath);
    }
    Referral "CYP101" Referrals true {
        LocalPatientId = "LocalPatientID" true, "whose referral it is: a patient of CYP001";
        Id = "ServiceRequestID" true, "the referral's id, unique within the provider" => Text(ReferralId);
        Received = "ReferralRequest_ReceivedDate" true, "CCYY-MM-DD: the clock start" => Day(ReferralReceivedDate);
        Commissioner = "OrgID_Commissioner" false, "the commissioner's ODS code" => Text(Commissioner);
        Source = "SourceOfReferral" false, "source of referral for community" => Code(SourceOfReferral);
        ReferredBy = "OrgID_Referring" false, "the ODS code of the organisation that referred the child" => Text(ReferredBy);
        Priority = "Priority_Type" false, "1, 2 or 3" => Text(Priority);
        Reason = "PrimaryReferralReason" true, "primary reason for referral: 017, 035, 062, 071 make or help to make a pathway";
        Discharged = "Discharge_Date" true, "CCYY-MM-DD: the referral's end" => Part(ClosedDate);
    }
    Team "CYP102" OfReferrals true {
        ReferralId = "ServiceRequestID" true, "the referral";
        LocalId = "TeamID_Local" false, "the team's local id" => Part(Team);
        Kind = "TeamType" true, "service or team type: 06, 17, 33 make or help to make a pathway";
        Closed = "Referral_ClosureDate" false, "CCYY-MM-DD";
        Rejected = "Referral_RejectionDate" false, "CCYY-MM-DD" => Part(RejectedDate);
        ClosureReason = "Referral_ClosureReason" false, "referral closure reason" => Part(ClosureReason);
        RejectionReason = "Referral_RejectionReason" false, "referral rejection reason" => Part(RejectionReason);
    }
    OtherReason "CYP103" OfReferrals false {
        ReferralId = "ServiceRequestID" true, "the referral";
        Reason = "ReferralReason_Other" true, "another reason for it";
    }
    Rtt "CYP104" Latest false {
        ReferralId = "ServiceRequestID" true, "the referral";
        Start = "RTT_StartDate" false, "CCYY-MM-DD; of several periods the latest is read";
        Ubrn = "BookingReference" false, "the unique booking reference number" => Text(Ubrn);
        PathwayId = "PatientPathwayID" false, "the patient pathway identifier" => Text(PathwayId);
        PathwayIdIssuer = "PatientPathwayID_OrgID" false, "the ODS code of the organisation that issued it" => Text(PathwayIdIssuer);
        MeasurementType = "WaitingTime_MeasurementType" false, "01 consultant-led, 02 allied health professional, 09 other" => Code(WaitingTimeMeasurementType);
        Status = "RTT_Status" false, "RTT period status" => Code(RttStatus);
    }
    Onward "CYP105" Latest false {
        ReferralId = "ServiceRequestID" true, "the referral";
        On = "Onward_ReferralDate" true, "CCYY-MM-DD; of several the latest is read" => Day(OnwardDate);
        Reason = "Onward_ReferralReason" false, "onward referral reason" => Code(OnwardReason);
        To = "OrgID_Receiving" false, "the ODS code of the organisation that received it" => Text(OnwardTo);
    }
    Contact "CYP201" OfReferrals false {
        ReferralId = "ServiceRequestID" true, "the referral";
        On = "Contact_Date" true, "CCYY-MM-DD" => Part(FirstContactDate, LastContactDate, NextAppointmentDate);
        Attendance = "AttendanceStatus" ["AttendOrNot"] true, "5 and 6 attended, 3 not brought" => Part(NotBroughtCount);
        Cancelled = "Contact_CancellationDate" false, "CCYY-MM-DD";
    }
    Provisional "CYP606" OfReferrals false {
        ReferralId = "ServiceRequestID" true, "the referral";
        Scheme = "Diagnosis_Scheme" true, "02 ICD-10, 06 SNOMED CT";
        Diagnosis = "ProvisionalDiagnosis" true, "the code: 401204006 suspected autism";
    }
    Primary "CYP607" OfReferrals false {
        ReferralId = "ServiceRequestID" true, "the referral";
        Scheme = "Diagnosis_Scheme" true, "02 ICD-10, 06 SNOMED CT";
        Diagnosis = "PrimaryDiagnosis" true, "the code";
    }
}
