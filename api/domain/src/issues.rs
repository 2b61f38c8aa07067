//! What can be wrong with a row: the catalogue, one line an issue. Errors reject the row,
//! warnings keep it. No issue repeats a value, except the writer's own referral id.

closed! {
    /// Whether the row is kept.
    pub enum Severity {
        Error = "error",
        Warning = "warning",
    }
}

/// Something wrong in a row of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Counted from 1; in CSV the header is not counted, in XML a row is a request.
    pub row: u64,
    /// The writer's own id, where the row had one that could be read.
    pub referral_id: Option<String>,
    /// The column or element at fault.
    pub field: &'static str,
    pub code: IssueCode,
}

macro_rules! catalogue {
    ($($variant:ident = $code:literal, $severity:ident, $message:literal, $fix:literal;)+) => {
        closed! {
            /// Every issue there is, by its stable code.
            pub enum IssueCode { $(#[doc = $message] $variant = $code),+ }
        }

        impl IssueCode {
            /// Whether the row is kept.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What is wrong, without any value.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message),+ }
            }

            /// How the writer mends it.
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix),+ }
            }
        }
    };
}

catalogue! {
    ValueMissing = "value-missing", Error, "A required value is blank.", "Fill the column in; every row needs it.";
    ValueTooLong = "value-too-long", Error, "The value is longer than the field allows.", "Send the value as the source system holds it, without free text.";
    ValueNotClosedList = "value-not-in-list", Error, "The value is not one of the closed list for this field.", "Use one of the values that the format's description lists.";
    ValueNotNumber = "value-not-a-number", Error, "The value should be a whole number.", "Send digits only.";
    ValueNotBoolean = "value-not-yes-or-no", Error, "The value should be 1 or 0.", "Send 1 for yes, 0 for no, or leave it blank.";
    ValueControlCharacter = "value-control-character", Error, "The value has a control character in it.", "Export the field as plain text.";
    DateFormat = "date-format", Error, "The value is no date, or a date that does not exist.", "Write dates as CCYY-MM-DD; check that the spreadsheet has not turned them round.";
    RowShape = "row-shape", Error, "The row has more or fewer columns than the header.", "Check for commas or quotation marks that are not quoted.";
    RowEncoding = "row-encoding", Error, "The row is not UTF-8.", "Export the file as UTF-8 (in Excel: CSV UTF-8).";
    ReferralTwice = "referral-twice", Error, "The same referral stands earlier in this file; the first was taken.", "Send each referral once, in its latest state.";
    ChildNotIdentified = "child-not-identified", Error, "The row has neither an NHS number nor a local patient id.", "Send the NHS number, or your own patient id where it is not known.";
    NhsNumberFormat = "nhs-number-format", Error, "The NHS number is not ten digits.", "Send the ten digits as text; a spreadsheet may have dropped or rounded some.";
    NhsNumberCheckDigit = "nhs-number-check-digit", Error, "The NHS number fails its check digit.", "Trace the child again; a digit is wrong or two are swapped.";
    ReceivedInFuture = "received-date-in-future", Error, "The referral was received after today.", "Correct the date; a booked appointment goes in next_appointment_date.";
    ReceivedBeforeBirth = "received-date-before-birth", Error, "The referral was received before the child was born.", "Correct the date of birth or the received date.";
    BirthInFuture = "birth-date-in-future", Error, "The date of birth is after today.", "Correct the date of birth.";
    BirthOver25 = "birth-date-over-25", Warning, "The person is over 25.", "Check the date of birth, or leave adults out of this list.";
    TraceStatusBlank = "trace-status-blank", Warning, "The NHS number's trace status is blank.", "Send nhs_number_status; a council is shown only verified numbers (01).";
    TraceStatusNotVerified = "trace-status-not-verified", Warning, "The NHS number is not traced and verified.", "Trace the number; until it is 01 no council is shown this record.";
    CodeUnknown = "code-unknown", Warning, "The code is not in the list that this gateway knows.", "Check the code; it was kept as it was sent.";
    OriginalAfterReceived = "original-date-after-received", Warning, "The original referral is dated after this referral was received.", "Send the first referral's own date; it was left out of the journey.";
    StageBeforeReceived = "stage-date-before-received", Warning, "The stage starts before the referral was received.", "Check stage_start_date; an earlier wait belongs in original_referral_date.";
    DateInFuture = "date-in-future", Warning, "The date is after today, for something that should have happened.", "Correct the date.";
    OpenWithEndDate = "open-with-end-date", Warning, "The referral is open and has an end date.", "Send the status that goes with the end date, or remove the date.";
    ClosedWithoutDate = "closed-without-date", Warning, "The referral is closed and has no closed date.", "Send closed_date.";
    HoldWithoutStart = "hold-without-start", Warning, "There is an end or a reason of a hold, and no start.", "Send hold_from; without it the hold was left out.";
    PreviousWithoutId = "previous-without-id", Warning, "There is a previous provider, and no previous referral.", "Send previous_referral_id; a provider alone links nothing.";
    OnwardWithoutDate = "onward-without-date", Warning, "There is an onward referral, and no date of it.", "Send onward_date; without it the onward referral was left out.";
    DistrictBlank = "district-blank", Warning, "The district is blank.", "Send the district code (E07…): without it the child counts in the county only.";
    DistrictUnknown = "district-format", Warning, "The district is no nine-character GSS code.", "Send the district as its code, for example E07000240.";
    ColumnUnknown = "column-unknown", Warning, "The column is not part of the format; it was not read.", "Remove the column: send no more than the format asks for.";
    OrganisationCodeFormat = "organisation-code-format", Error, "The value is no organisation code.", "Send the ODS code, 3 to 8 letters and digits.";
    UpnFormat = "upn-format", Error, "The UPN is not a letter and twelve characters.", "Send the UPN, or the reason for none in UPNunknown.";
    UpnCheckLetter = "upn-check-letter", Error, "The UPN fails its check letter.", "Correct the UPN from the school's record.";
    UpnMissing = "upn-missing", Warning, "There is neither a UPN nor a reason for none.", "Send the UPN, or UPNunknown.";
    NameMissing = "name-missing", Error, "There is no UPN, and the name is incomplete.", "Send surname and forename where there is no UPN.";
    RequestMissing = "request-missing", Error, "The person has no request.", "Send each person with at least one Requests block.";
    OutcomeDateMissing = "outcome-date-missing", Error, "A decision that was made has no date.", "Send the date the decision was notified.";
    OutcomeBeforeRequest = "outcome-before-request", Error, "A decision is dated before the request was received.", "Correct one of the two dates.";
    PlanWithoutAssessment = "plan-without-assessment", Error, "There is a plan, and the assessment did not end in one.", "Send AssessmentOutcome Y with the plan.";
    PlanBeforeRequest = "plan-before-request", Error, "The plan starts before the request was received.", "Correct the plan's start or the request's date.";
    RequestInFuture = "request-in-future", Error, "The request was received after today.", "Correct ReceivedDate.";
    ElementUnknown = "element-unknown", Warning, "The element is not part of the return; it was not read.", "Remove the element, or check its spelling.";
    ElementTooOften = "element-too-often", Error, "The element stands in its block more often than the return allows.", "Send it once; PlanDetail and SENneed at most twice.";
    Erased = "erased", Error, "This was erased, and is not to come back.", "Leave it out of the list. A new referral has a new id; if it was erased by mistake, lift the erasure.";
    IdentityCorrected = "identity-corrected", Error, "This referral was moved to another child, and the row still names the former one.", "Correct the NHS number or the date of birth in the source system.";
    PastRetention = "past-retention", Error, "This ended so long ago that it is kept no longer.", "Leave what ended long ago out of the list; what changed in it is taken again.";
    ResourceShape = "resource-shape", Error, "The resource is not of the shape that FHIR R4 gives it.", "Validate the resource against FHIR R4 UK Core; a member may stand once only.";
    EntryRequest = "entry-request", Error, "The entry asks for something other than to create or replace, or asks it under a condition.", "Send POST or PUT without a condition; send a referral that ended with the status it has now.";
    SubjectUnresolved = "subject-unresolved", Error, "The referral's subject is not in the message, or not one and the same child.", "Send each referral's Patient in the same message, once.";
    SubjectRetired = "subject-retired", Error, "The referral's subject is a record that is in use no more.", "Send the referral under the record that replaced it.";
    ModifierUnknown = "modifier-unknown", Error, "A modifier extension or implicit rules may change what the resource means, and are not known here.", "Send the resource without modifierExtension and implicitRules.";
    ReferenceUnresolved = "reference-unresolved", Warning, "A reference names nothing in the message.", "Send what it names in the same message, or name the referral by its identifier.";
    RequestTwice = "request-twice", Error, "The same request stands earlier in this file; the first was taken.", "Send each request of a person once.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_issue_says_what_is_wrong_and_how_to_mend_it() {
        for code in IssueCode::ALL {
            assert!(code.message().ends_with('.') && code.fix().ends_with('.'), "{code}");
            assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{code}");
        }
    }
}
