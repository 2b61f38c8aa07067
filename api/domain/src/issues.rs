//! The catalogue of what can be wrong with a row, one line for each issue. Errors reject the row, warnings keep it. No
//! issue repeats a value, except the sender's own referral id.

mod meanings;

closed! {
    /// Whether the row is kept.
    pub enum Severity {
        Error = "error",
        Warning = "warning",
    }
}

closed! {
    /// Whether an issue was there when its list was last sent.
    pub enum IssueState {
        New = "new",
        Persisting = "persisting",
    }
}

/// Something wrong in a row of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Counted from 1; in CSV the header is not counted, in XML a row is a request.
    pub row: u64,
    /// The sender's own id, where the row had one that could be read.
    pub referral_id: Option<String>,
    /// The column or element at fault, by the name that the format has for it.
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

            /// How the sender can fix it.
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
    ChildMerged = "child-merged", Warning, "The row names an identity that you merged into another; it was taken for the one that stands.", "Send the identity that the merge kept.";
    MergeUnknown = "merge-unknown", Warning, "You hold nothing under the retired identity with this date of birth; nothing was changed.", "Check the retired identity, and that both have one date of birth.";
    MergeContrary = "merge-contrary", Warning, "The identity that is to stand was itself merged into this one before; nothing was changed.", "Go on with the identity that stands; if the first merge was wrong, rectify the referrals.";
    MergeHeld = "merge-held", Warning, "A legal hold keeps the records of one of the two as they are; nothing was changed.", "Send the merge again once the hold is released.";
    PastRetention = "past-retention", Error, "This ended so long ago that it is kept no longer.", "Leave what ended long ago out of the list; what changed in it is taken again.";
    PatientMissing = "patient-missing", Error, "The referral's patient is not in the patient table.", "Send the patient's row too, with the same patient id.";
    PatientDiffers = "patient-differs", Error, "The patient table has two people under this referral's patient id.", "Send one row for each patient id; correct the NHS number or the date of birth.";
    PatientTwice = "patient-twice", Warning, "A patient stands in the patient table more than once.", "Send each patient once; the last row was taken.";
    ReferralMissing = "referral-missing", Warning, "The table has rows for referrals that are not in the referral table; they were left out.", "Send the referrals too, or leave such rows out.";
    TableUnread = "table-unread", Warning, "There is a file that is not one of the tables that are read.", "Leave it out: send no more than the format asks for.";
    TableRowUnread = "table-row-unread", Warning, "The table has rows that could not be read; they were left out.", "Check for commas or quotation marks that are not quoted, and export the table again.";
    MeasurementTypeInvalid = "measurement-type-invalid", Warning, "The waiting time measurement type is not valid in this data set.", "Consultant-led waits (01) are not measured in MHSDS; correct the type.";
    SegmentSeparator = "segment-separator", Warning, "Segments end with a line feed, where HL7 has a carriage return.", "End each segment with CR (0x0D); it was read all the same.";
    MessageSuperseded = "message-superseded", Warning, "Several messages are about one referral; the last of each was taken.", "Nothing needs mending if the messages are in the order of the events.";
    MessageType = "message-type-unknown", Error, "The message is of a type or event that is not taken.", "Send REF^I12, I13 and I14 for referrals and ADT^A40 for merges.";
    MessageVersion = "message-version", Error, "The message is of a version of HL7 that is not read.", "Send HL7 v2.3 to v2.8 (MSH-12).";
    MessageForTest = "message-for-test", Error, "The message says that it is for training or testing.", "Send messages of the live system, with P in MSH-11.";
    MessageCutShort = "message-cut-short", Error, "The file ends in the middle of the message.", "Send it again, with a carriage return after the last segment.";
    SegmentShape = "segment-shape", Error, "A line of the message is no segment, or its delimiters are unclear.", "Escape line breaks inside text (\\.br\\), and name the delimiters in MSH-1 and MSH-2.";
    SegmentMissing = "segment-missing", Error, "The message lacks a segment that it needs.", "Send the segment; the format's description lists them.";
    SegmentTooOften = "segment-too-often", Error, "The segment stands in the message more than once.", "Send one merge in each message.";
    MergeUnclear = "merge-without-retired", Error, "The merge names no identifier that is retired.", "Send in MRG-1 the NHS number or the patient id (MR or PI) that is no longer used.";
    ReferredElsewhere = "referred-to-another-provider", Error, "The referral is to another provider than the one whose list this is.", "Send each provider's referrals for that provider.";
    PeriodFormat = "period-format", Error, "The period is no month.", "Write the month as CCYY-MM or in words (September 2026), in a column or in the title's line Period.";
    PeriodInFuture = "period-in-future", Error, "The month has not begun.", "Correct the period.";
    CountMissing = "count-missing", Error, "A count is blank or suppressed.", "Send your own counts, as they stood before any was suppressed.";
    CountFormat = "count-format", Error, "A count is no whole number.", "Send whole numbers of people.";
    BandsNotTotal = "bands-not-total", Error, "The bands together are not the total that stands beside them.", "Correct the return: each person waiting is in one band of weeks.";
    PercentageWrong = "percentage-wrong", Warning, "The percentage is not that of the counts beside it.", "Check the return; the counts were taken.";
    ServiceLineUnknown = "service-line-unknown", Warning, "A service line is not one of the return's; it was not read.", "Use the names of the published return.";
    LineTwice = "line-twice", Error, "The same line and month stand earlier in this file; the first was taken.", "Send each line of a month once.";
    ResourceShape = "resource-shape", Error, "The resource is not of the shape that FHIR R4 gives it.", "Validate the resource against FHIR R4 UK Core; a member may stand once only.";
    EntryRequest = "entry-request", Error, "The entry asks for something other than to create or replace, or asks it under a condition.", "Send POST or PUT without a condition; send a referral that ended with the status it has now.";
    SubjectUnresolved = "subject-unresolved", Error, "The referral's subject is not in the message, or not one and the same child.", "Send each referral's Patient in the same message, once.";
    SubjectRetired = "subject-retired", Error, "The referral's subject is a record that is in use no more.", "Send the referral under the record that replaced it.";
    ModifierUnknown = "modifier-unknown", Error, "A modifier extension or implicit rules may change what the resource means, and are not known here.", "Send the resource without modifierExtension and implicitRules.";
    ReferenceUnresolved = "reference-unresolved", Warning, "A reference names nothing in the message.", "Send what it names in the same message, or name the referral by its identifier.";
    RequestTwice = "request-twice", Error, "The same request stands earlier in this file; the first was taken.", "Send each request of a person once.";
    NhsNumberOtherNation = "nhs-number-other-nation", Warning, "The number is one of Scotland's or Northern Ireland's, not an NHS number of England.", "Trace the child in England and send the NHS number that is found.";
    NhsNumberNotIssued = "nhs-number-not-issued", Warning, "The NHS number lies in a range from which none is issued.", "Trace the child again; the number may be a dummy that the source system filled in.";
    TraceStatusWithoutNumber = "trace-status-without-number", Warning, "The trace status says that a number is present, and there is none.", "Send the NHS number, or the status that goes with its absence.";
    TraceStatusSaysAbsent = "trace-status-says-absent", Warning, "There is an NHS number, and its trace status says that there is none.", "Trace the number and send the status of the trace.";
    TracePostponed = "trace-postponed-too-long", Warning, "The trace is postponed as for a newborn, and the child is over six weeks old.", "Trace the child now; 08 is for babies under six weeks.";
    AdultAtReferral = "adult-at-referral", Warning, "The person was 18 or over when the referral was received.", "Check the date of birth, or leave referrals to adult services out of this list.";
    ReferralOld = "referral-over-five-years", Warning, "The referral is open and was received more than five years ago.", "Check that the child still waits; close the referral where it is over.";
    OriginalBeforeBirth = "original-date-before-birth", Warning, "The original referral is dated before the child was born.", "Correct original_referral_date.";
    DeathBeforeBirth = "death-before-birth", Warning, "The date of death is before the date of birth.", "Correct one of the two dates.";
    DeathBeforeReceived = "death-before-received", Warning, "The referral was received after the child's date of death.", "Check whose referral this is, and both dates.";
    OpenAfterDeath = "open-after-death", Warning, "The referral is open and the child has died.", "Close the referral with reason 06, or correct date_of_death.";
    DiedWithoutDate = "died-without-date", Warning, "A code says that the child died, and there is no date of death.", "Send date_of_death, or correct the code.";
    ContactAfterDeath = "contact-after-death", Warning, "A contact is dated after the child's death.", "Correct the contact's date or date_of_death.";
    ContactBeforeReceived = "contact-before-received", Warning, "The first contact is dated before the referral was received.", "Send this referral's own first contact; an earlier one belongs to an earlier referral.";
    LastContactBeforeFirst = "last-contact-before-first", Warning, "The last contact is dated before the first.", "Correct one of the two dates; they may be swapped.";
    LastContactWithoutFirst = "last-contact-without-first", Warning, "There is a last contact and no first.", "Send first_contact_date; with one contact both are that day.";
    SeenWithoutContact = "seen-without-contact", Warning, "The child was seen, and no contact is dated.", "Send first_contact_date.";
    ContactAfterEnd = "contact-after-end", Warning, "A contact is dated after the referral ended.", "Correct the end date, or send the referral as open.";
    AppointmentPast = "appointment-past", Warning, "The next appointment of an open referral is in the past.", "Send what became of it: a contact, a missed appointment, or the new date.";
    AppointmentAfterEnd = "appointment-after-end", Warning, "The referral has ended and an appointment is still to come.", "Cancel the appointment in the source system, or send the referral as open.";
    ClosedBeforeReceived = "closed-before-received", Warning, "The referral was closed before it was received.", "Correct one of the two dates.";
    RejectedBeforeReceived = "rejected-before-received", Warning, "The referral was rejected before it was received.", "Correct one of the two dates.";
    RejectedWithoutDate = "rejected-without-date", Warning, "The referral is rejected and has no rejected date.", "Send rejected_date.";
    ClosedWithoutReason = "closed-without-reason", Warning, "The referral is closed and no reason is given.", "Send closure_reason.";
    RejectedWithoutReason = "rejected-without-reason", Warning, "The referral is rejected and no reason is given.", "Send rejection_reason; families are to be told why.";
    ClosureReasonWhileOpen = "closure-reason-while-open", Warning, "The referral is open and has a closure reason.", "Send the status closed with its date, or remove the reason.";
    RejectionReasonNotRejected = "rejection-reason-not-rejected", Warning, "There is a rejection reason, and the referral is not rejected.", "Send the status rejected with its date, or remove the reason.";
    ClosedAndRejected = "closed-and-rejected", Warning, "The referral has both a closed and a rejected date.", "Send the one that ended it; a rejected referral was never taken on.";
    StageAfterEnd = "stage-after-end", Warning, "The stage starts after the referral ended.", "Correct stage_start_date or the end date.";
    OnHoldWithoutStart = "on-hold-without-start", Warning, "The referral is on hold and does not say since when.", "Send hold_from.";
    HoldEndsBeforeStart = "hold-ends-before-start", Warning, "The hold ends before it starts.", "Correct hold_from or hold_to; they may be swapped.";
    HoldBeforeReceived = "hold-before-received", Warning, "The hold starts before the referral was received.", "Correct hold_from.";
    HoldIsOver = "hold-is-over", Warning, "The referral is on hold, and its hold has ended.", "Send the status waiting, or the hold's new end.";
    HoldNotInStatus = "hold-not-in-status", Warning, "A hold is running, and the status is not on-hold.", "Send the status on-hold, or the day on which the hold ended.";
    HoldOverAYear = "hold-over-a-year", Warning, "The hold has run for more than a year without an end.", "Check that it still holds; a hold pauses no wait.";
    RttWithoutType = "rtt-status-without-type", Warning, "There is an RTT status and no measurement type.", "Send waiting_time_measurement_type; without it no clock is counted.";
    RttStoppedWhileWaiting = "rtt-stopped-while-waiting", Warning, "The RTT status stops the clock, and the child still waits to be treated.", "Check the status: treated, declined or decided against means that the wait is over.";
    RttRunningAfterEnd = "rtt-running-after-end", Warning, "The referral has ended and its RTT status says that the clock runs.", "Send the status that stopped the clock (30 to 36).";
    RttNotApplicable = "rtt-not-applicable", Warning, "The RTT status says that no RTT measurement applies, and the measurement type that one does.", "Correct the one that is wrong; 98 goes with no type 01 or 02.";
    RttMissedWithoutCount = "rtt-missed-without-count", Warning, "The RTT status says that the first appointment was missed, and none is counted as missed.", "Send not_brought_count, or correct the status.";
    RttNotYetKnown = "rtt-not-yet-known", Warning, "The RTT status is not yet known; the clock is taken to run.", "Send the status once it is known.";
    CodeRetired = "code-retired", Warning, "The code was retired from its list.", "Send the code that is in force; the format's description lists them.";
    EthnicCategoryNotKnown = "ethnic-category-not-known", Warning, "The ethnic category is not known.", "Ask the family; where they would rather not say, send Z.";
    SexNotKnown = "sex-not-known", Warning, "The sex is not known.", "Send 1, 2 or 9 from the patient's record.";
    TwoWeekWait = "priority-two-week-wait", Warning, "The priority is that of a suspected cancer.", "Send 1 (routine) or 2 (urgent), or leave the referral out of this list.";
    UbrnFormat = "ubrn-format", Warning, "The booking reference is not twelve digits.", "Send the UBRN as text; a spreadsheet may have dropped its leading zeros.";
    PathwayIdFormat = "pathway-id-format", Warning, "The pathway identifier is longer than 20 characters, or has others than letters, digits and hyphens.", "Send the patient pathway identifier as it was issued.";
    PathwayIdWithoutIssuer = "pathway-id-without-issuer", Warning, "There is a pathway identifier, and not who issued it.", "Send pathway_id_issuer, the issuer's ODS code.";
    OnwardBeforeReceived = "onward-before-received", Warning, "The child was referred on before the referral was received.", "Correct one of the two dates.";
    OpenTwice = "open-twice", Warning, "The child is open on the same pathway in this file under another referral id too.", "Close the duplicate in the source system, or join the two by previous_referral_id.";
    LsoaFormat = "lsoa-format", Warning, "The value is no lower layer super output area.", "Send the code (E01…), or leave it blank; never a postcode.";
    SchoolFormat = "school-format", Warning, "The value is no school's reference number or code.", "Send the six digits of the URN, or the school's ODS code.";
    DistrictKind = "district-wrong-kind", Warning, "The code is of another kind of area than a district.", "Send the district (E06, E07, E08 or E09…): a county or an output area counts in no district.";
    DistrictRetired = "district-retired", Warning, "The district's code was replaced.", "Send the present code; it was counted under that.";
    OrganisationClosed = "organisation-closed", Warning, "The organisation has closed, and the referral is still open.", "Send its successor from the day after it closed.";
    PreviousIsItself = "previous-is-itself", Warning, "The referral names itself as the one before it.", "Send the id of the earlier referral, or leave it blank.";
    EncodingConverted = "encoding-converted", Warning, "The file is not UTF-8; it was read as Windows-1252.", "Export the file as UTF-8 (in Excel: CSV UTF-8).";
    EncodingMixed = "encoding-mixed", Warning, "Part of the file is UTF-8 and part is not; that part was read as Windows-1252.", "Export the whole file as UTF-8; check names of teams with accents in them.";
    DigitsLost = "digits-lost", Error, "A spreadsheet has rounded the number, and its last digits are lost.", "Format the column as text before the data goes in, and export again from the source system.";
    CellError = "cell-error", Error, "The cell holds an error of the spreadsheet's, like #N/A.", "Mend the formula, or leave the cell blank.";
    CellDate = "cell-became-date", Error, "A spreadsheet has turned the value into a date.", "Format the column as text before the data goes in, and export again from the source system.";
    FormulaRead = "formula-read", Warning, "The column has formulas; the values that they last gave were read.", "Paste the values in place of the formulas, so that what is sent is what was checked.";
    LeadingZeros = "leading-zeros-restored", Warning, "A spreadsheet has dropped the leading zeros of the column's codes; they were put back.", "Format the column as text before the data goes in.";
    SheetsHidden = "sheets-hidden", Warning, "The workbook has hidden sheets; they were not read.", "Delete them: send no more than the format asks for.";
    RowsHidden = "rows-hidden", Warning, "Rows of the sheet are hidden, by hand or by a filter; they were read.", "Delete the rows that are not to be sent.";
    CellsMerged = "cells-merged", Warning, "Cells are merged among the rows; only the first of each holds the value.", "Unmerge the cells and fill each of them in.";
    RowMalformed = "row-malformed", Error, "The line is not one JSON object.", "Write each row as one JSON object on a line of its own.";
    KeyTwice = "key-twice", Error, "The row names this key twice.", "Write each key once.";
    UpnTwoChildren = "upn-two-children", Error, "One UPN stands beside two dates of birth in this list.", "Send each child's own UPN; nothing that these rows name was joined.";
    ChildTwoNhsNumbers = "child-two-nhs-numbers", Error, "One child stands beside two NHS numbers in this list.", "Trace the child and send the number that is in use; nothing that these rows name was joined.";
    TwinsInDoubt = "twins-in-doubt", Error, "One identifier stands beside what may be two children in this list.", "Check twins and copied rows, and send each child's own identifiers; nothing that these rows name was joined.";
    IdentifierRepeated = "identifier-repeated", Error, "The row gives one identifier as two of the child's.", "Send each identifier in its own column.";
    IdentifierAlone = "identifier-alone", Warning, "The row has one identifier only; there is nothing to join it with.", "Send the child's NHS number beside your own identifier, or leave the row out.";
    SensitiveRecord = "sensitive-record", Warning, "The record is sensitive; it was joined with nothing.", "Nothing needs mending: a sensitive record is matched by people alone.";
    IdentifierReplaced = "identifier-replaced", Warning, "Your last list gave this child another identifier beside its first; that one is joined with it no longer.", "Check that the identifier was replaced, and that the new one is not another child's.";
    ValueShape = "value-shape", Error, "The value is a list or an object, where one value belongs.", "Write one text or number; only pathway may be a list.";
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
