//! What an issue means to those who have to fix it: why it matters, and the national rule or law behind it, where there
//! is one. One line for each issue.

use super::IssueCode::{self, *};

impl IssueCode {
    /// Why it matters.
    pub fn meaning(self) -> &'static str {
        entry(self).map_or("", |(_, meaning, _)| *meaning)
    }

    /// Whose rule it is, where it is not the gateway's own.
    pub fn source(self) -> Option<&'static str> {
        entry(self).map(|(.., source)| *source).filter(|source| !source.is_empty())
    }
}

type Entry = (IssueCode, &'static str, &'static str);

fn entry(code: IssueCode) -> Option<&'static Entry> {
    MEANINGS.iter().find(|(of, ..)| *of == code)
}

#[rustfmt::skip]
const MEANINGS: &[Entry] = &[
    (ValueMissing, "The gateway cannot tell whose row it is, or where it belongs, without the value. The row is left out and what was held before stays as it was.", ""),
    (ValueTooLong, "The field is a code or an id. A longer value is mostly free text, in which a family could be described, and free text is never taken.", ""),
    (ValueNotClosedList, "These few values decide what is counted and shown; a guess would put a child on the wrong list.", ""),
    (ValueNotNumber, "The number could not be read, so nothing can be counted by it.", ""),
    (ValueNotBoolean, "Exports write yes in many ways; taking one for the other would change what is shown.", ""),
    (ValueControlCharacter, "A tab or a line break inside a code usually means that two columns ran together.", ""),
    (DateFormat, "Every wait is counted from a date. A date that is read the wrong way round moves a child's wait by months.", ""),
    (RowShape, "One stray comma moves each later value into the wrong column. No value of such a row can be trusted.", ""),
    (RowEncoding, "The letters of the row cannot be told apart, so an id might be read as another's.", ""),
    (ReferralTwice, "A referral has one state. Two rows of it in one file contradict each other, and the gateway does not choose.", ""),
    (ChildNotIdentified, "A referral that names no child can be counted for nobody and shown to nobody.", ""),
    (NhsNumberFormat, "Spreadsheets round long numbers and drop zeros. A damaged number could be another child's.", "NHS Data Dictionary, NHS NUMBER"),
    (NhsNumberCheckDigit, "The check digit catches a mistyped digit. Without it one child's wait would be shown as another's.", "NHS Data Dictionary, NHS NUMBER (Modulus 11)"),
    (ReceivedInFuture, "The wait starts on this day. A day to come is a typing error, or a booked appointment in the wrong column.", "CSDS C101010, MHSDS ReferralRequestReceivedDate"),
    (ReceivedBeforeBirth, "One of the two dates is wrong, and with it the child's age or the wait.", "CSDS C101010 and C001060"),
    (BirthInFuture, "The date of birth is half of how a child is recognised; with a wrong one records are not joined.", "CSDS C001060"),
    (BirthOver25, "An EHC plan ends at 25 at the latest. An adult on a children's list is usually a date of birth in the wrong century.", ""),
    (TraceStatusBlank, "The trace status tells whether the NHS number is known to be this child's. Without it the number may not be relied upon.", "NHS Data Dictionary, NHS NUMBER STATUS INDICATOR CODE"),
    (TraceStatusNotVerified, "Only a verified number shows that the record is this child's. Until then it is counted, and shown to no council.", "NHS Data Dictionary, NHS NUMBER STATUS INDICATOR CODE"),
    (CodeUnknown, "The lists age, so the code was kept. If it is a local code, nobody else can read it.", "NHS Data Dictionary, national codes"),
    (OriginalAfterReceived, "The journey's wait runs from the original referral, which cannot be later than the one that continues it.", ""),
    (StageBeforeReceived, "A stage of this referral cannot start before the referral came; the stage's wait would be too long.", ""),
    (DateInFuture, "What is recorded as having happened has not happened yet. A wait would end too late or not at all.", "CSDS and MHSDS: event dates lie within or before the reporting period"),
    (OpenWithEndDate, "The child is counted as waiting although the record says when the wait ended.", "CSDS C102020 and C102030"),
    (ClosedWithoutDate, "Without the day no completed wait can be counted, and the record's retention cannot be dated well.", "CSDS C102020, MHSDS ServDischDate"),
    (HoldWithoutStart, "A hold is shown to explain a wait. Without its start it explains nothing and was left out.", ""),
    (PreviousWithoutId, "A journey is joined by referral. The provider alone does not tell which of its referrals went before.", ""),
    (DistrictBlank, "Waits by area are what the partnership plans with. A child without a district is missing from every area.", ""),
    (DistrictUnknown, "A name or a postcode would be a cell of its own in each table, and could point at one family. It was not kept.", ""),
    (ColumnUnknown, "What the format does not ask for is not needed, and data that is not needed is not to be sent.", "UK GDPR article 5(1)(c), data minimisation"),
    (OrganisationCodeFormat, "An organisation that cannot be found cannot be linked to, nor told.", "NHS Data Dictionary, ORGANISATION IDENTIFIER"),
    (UpnFormat, "The UPN joins a request to the right pupil.", "DfE, Unique Pupil Numbers"),
    (UpnCheckLetter, "The check letter catches a mistyped character. Without it one pupil's plan would be joined to another.", "DfE, Unique Pupil Numbers"),
    (UpnMissing, "The return asks for a UPN or for why there is none.", "DfE SEN2, module 1"),
    (NameMissing, "Without a UPN the name and date of birth are all that tells one child from another.", ""),
    (RequestMissing, "A person is in the return because of a request; without one there is no clock.", "DfE SEN2, module 2"),
    (OutcomeDateMissing, "Whether a decision was in time is told by its date.", "DfE SEN2, modules 2 and 3"),
    (OutcomeBeforeRequest, "A decision follows its request; one of the dates would make a late decision seem to be in time.", "DfE SEN2, modules 2 and 3"),
    (PlanWithoutAssessment, "A plan is issued because an assessment ended in one; one of the two is wrong.", "DfE SEN2, modules 3 and 4"),
    (PlanBeforeRequest, "The twenty weeks would be negative.", "DfE SEN2, modules 2 and 4"),
    (RequestInFuture, "Every statutory clock starts on this day.", "DfE SEN2, module 2"),
    (ElementUnknown, "A misspelt element is a value that is silently lost from the return.", "DfE SEN2"),
    (ElementTooOften, "The gateway does not choose between two values of one thing.", "DfE SEN2"),
    (Erased, "A person decided that this is no longer held. A list that is sent as before must not undo that.", "UK GDPR article 17"),
    (IdentityCorrected, "A person found that the referral was another child's. Taking the row would show it to the wrong family again.", "UK GDPR article 16"),
    (PastRetention, "What ended long ago is deleted when its time is over, and must not return by the next list.", "UK GDPR article 5(1)(e), storage limitation"),
    (RequestTwice, "A request has one state. Two of one person and day contradict each other.", ""),
    (NhsNumberOtherNation, "Scotland's and Northern Ireland's numbers have the same shape and check digit. A child who moved has an NHS number too, and is only found by that.", "NHS Data Dictionary, NHS NUMBER"),
    (NhsNumberNotIssued, "The check digit is right by chance. Nobody has such a number, so no council's record will ever match it.", "NHS Data Dictionary, NHS NUMBER"),
    (TraceStatusWithoutNumber, "The status was likely copied from another field; a traced child has a number.", "NHS Data Dictionary, NHS NUMBER STATUS INDICATOR CODE (01, 02)"),
    (TraceStatusSaysAbsent, "One of the two is out of date. Until the status is 01 no council is shown the record.", "NHS Data Dictionary, NHS NUMBER STATUS INDICATOR CODE (07)"),
    (TracePostponed, "A postponed trace that is never taken up keeps the child from being matched to any other record.", "NHS Data Dictionary, NHS NUMBER STATUS INDICATOR CODE (08)"),
    (AdultAtReferral, "Children's services take referrals up to 18. Waits of adults would be counted among the children's.", "MHSDS and CSDS autism measures: ages 0 to 17"),
    (ReferralOld, "Referrals that were never closed were up to a third of the open ones in national figures. They hide how long children really wait.", "Autism waiting time statistics: open only if it flowed"),
    (OriginalBeforeBirth, "The journey's wait would be longer than the child's life.", ""),
    (DeathBeforeBirth, "Two records may have been mixed up. A wrong date of death is grave for the family that it reaches.", ""),
    (DeathBeforeReceived, "Two records may have been mixed up, or the date is wrong. A letter may be on its way to a bereaved family.", ""),
    (OpenAfterDeath, "The family would be offered appointments, and the child counted as waiting.", "NHS Data Dictionary, REFERRAL CLOSURE REASON (06), MHSDS PersDeathDate"),
    (DiedWithoutDate, "Others who hold records of the child cannot tell whether, or when, to end them.", "NHS Data Dictionary, REFERRAL CLOSURE REASON (06), REFERRAL TO TREATMENT PERIOD STATUS (36)"),
    (ContactAfterDeath, "A contact may have been recorded for the wrong child.", ""),
    (ContactBeforeReceived, "The wait to the first contact, which is what is published nationally, would be negative.", "Autism measures ASD02 and ASD03; CSDS referral to contact"),
    (LastContactBeforeFirst, "The dates are swapped or one belongs to another referral; the wait to the first contact is then wrong.", "CSDS CYP201 CareContact"),
    (LastContactWithoutFirst, "The wait is counted to the first contact. Without it the child seems not to have been seen.", "Autism measures ASD02 and ASD03"),
    (SeenWithoutContact, "No completed wait can be counted without the day of the first contact.", "Autism measures ASD02 and ASD03"),
    (ContactAfterEnd, "The child is still being seen although the referral is over, or the end is dated too early.", "CSDS CYP201 and C102020"),
    (AppointmentPast, "The family was seen, was not brought, or is still waiting; nobody who reads the list can tell which.", ""),
    (AppointmentAfterEnd, "A family may come to an appointment that nobody expects, or be closed off by mistake.", ""),
    (ClosedBeforeReceived, "The wait would be negative.", "CSDS C101010 and C102020"),
    (RejectedBeforeReceived, "The wait would be negative.", "CSDS C101010 and C102030"),
    (RejectedWithoutDate, "Families are to hear of a rejection; from when is told by the date.", "CSDS C102030, MHSDS ReferRejectionDate"),
    (ClosedWithoutReason, "Whether the child was helped, moved or was given up cannot be told apart.", "NHS Data Dictionary, REFERRAL CLOSURE REASON"),
    (RejectedWithoutReason, "A family that is turned away is to be told why, and referrers learn from it what to send.", "NHS Data Dictionary, REFERRAL REJECTION REASON"),
    (ClosureReasonWhileOpen, "The child is counted as waiting although a reason says that the wait is over.", "CSDS C102020 and C102040"),
    (RejectionReasonNotRejected, "The child is counted as taken on although a reason says that it was turned away.", "CSDS C102030 and C102050"),
    (ClosedAndRejected, "A referral is either turned away or taken on and later closed; waits are counted for the second alone.", "CSDS C102020 and C102030"),
    (StageAfterEnd, "The stage's wait would be negative.", ""),
    (OnHoldWithoutStart, "A hold explains a wait to the family and the council only if it says since when.", ""),
    (HoldEndsBeforeStart, "The hold explains no part of the wait.", ""),
    (HoldBeforeReceived, "A referral cannot be put aside before it came.", ""),
    (HoldIsOver, "The child may have been forgotten: the hold is over and nobody has put the child back among those who wait.", ""),
    (HoldNotInStatus, "A council would be shown a child as waiting who was put aside.", ""),
    (HoldOverAYear, "A hold pauses no wait, and a long one is often a child who was forgotten.", ""),
    (RttWithoutType, "Only types 01 and 02 have a clock. Without the type the status counts for nothing.", "CSDS C104040 and C104070"),
    (RttStoppedWhileWaiting, "The national clock says that the wait is over and the list says that it goes on. One of them is wrong for the child.", "NHS Data Dictionary, REFERRAL TO TREATMENT PERIOD STATUS (30, 34, 35, 36)"),
    (RttRunningAfterEnd, "A clock that is never stopped stays among those who wait too long in the national figures.", "NHS Data Dictionary, REFERRAL TO TREATMENT PERIOD STATUS (10 to 20)"),
    (RttNotApplicable, "The pathway is either measured or not; one of the two codes is wrong.", "NHS Data Dictionary, REFERRAL TO TREATMENT PERIOD STATUS (98)"),
    (RttMissedWithoutCount, "Status 33 takes the wait out of measurement. It is allowed only where an appointment was clearly told and missed.", "NHS Data Dictionary, REFERRAL TO TREATMENT PERIOD STATUS (33)"),
    (RttNotYetKnown, "Status 99 stands for the time being; where it stays, the wait may be counted that should have stopped.", "NHS Data Dictionary, REFERRAL TO TREATMENT PERIOD STATUS (99)"),
    (CodeRetired, "A retired code is refused in the national return, and others no longer read it.", "NHS Data Dictionary, national codes"),
    (EthnicCategoryNotKnown, "Unequal waits cannot be seen for children whose ethnic category was never asked.", "NHS Data Dictionary, ETHNIC CATEGORY (99)"),
    (SexNotKnown, "Autism and ADHD are found later in girls; where the sex is not known that cannot be seen.", "NHS Data Dictionary, PERSON STATED GENDER CODE (X)"),
    (TwoWeekWait, "No pathway here is a cancer pathway. Either the code is wrong, or the child is on the wrong list and in a hurry.", "NHS Data Dictionary, PRIORITY TYPE (3)"),
    (UbrnFormat, "The booking reference joins the referral to the one that the practice sent; a damaged one joins nothing.", "CSDS C104010, n12"),
    (PathwayIdFormat, "The identifier joins referrals of one pathway across providers; a damaged one joins nothing.", "CSDS C104020, an20"),
    (PathwayIdWithoutIssuer, "Two organisations may issue the same identifier; only together with its issuer does it join referrals of one pathway.", "CSDS C104020 and C104030"),
    (OnwardBeforeReceived, "A referral cannot be passed on before it came; the journey would run backwards.", "CSDS CYP105 OnwardReferral"),
    (OnwardWithoutDate, "An onward referral joins two waits into one journey. Without its day the journey cannot be put in order.", "CSDS CYP105 OnwardReferral, MHSDS MHS105"),
    (OpenTwice, "The child is counted twice among those who wait, and the family may be called twice.", "CSDS and MHSDS: one referral a spell"),
    (LsoaFormat, "Waits by deprivation are told by this code. A postcode would point at a few houses.", "Office for National Statistics, GSS codes"),
    (SchoolFormat, "The code finds the school that is asked for advice; a name finds none.", "CSDS C001030, an5 to an8"),
    (DistrictKind, "The child counts in the county, and in no district's table.", "Office for National Statistics, GSS codes"),
    (DistrictRetired, "The gateway knows the successor. Others who read the code may not, and then the child is missing from its area.", "Office for National Statistics, GSS codes"),
    (OrganisationClosed, "Its successor has its duties. A referral that still names it is reported to a body that is no more.", "NHS Organisation Data Service, effective dates"),
    (PreviousIsItself, "A journey that begins with itself has no beginning; the link was not followed.", ""),
    (EncodingConverted, "Names of teams and ids with accents are read rightly only if the guess is right. UTF-8 leaves nothing to guess.", ""),
    (EncodingMixed, "The file was put together from two exports. Each value was read in its own encoding; a team's name may still be written in two ways.", ""),
    (DigitsLost, "Two numbers that are rounded alike become one: one child's referral would be taken for another's.", "NHS Data Dictionary, NHS NUMBER"),
    (CellError, "What was looked up is not known, which is not the same as nothing. The row is left out and what was held before stays as it was.", ""),
    (CellDate, "The value that was typed is gone from the workbook; only the source system still has it.", ""),
    (FormulaRead, "A formula's value is that of the last time the workbook was calculated, which may be older than the list.", ""),
    (LeadingZeros, "A code without its zero is in no list. These could be told without doubt; an id could not.", "NHS Data Dictionary, national codes"),
    (SheetsHidden, "A hidden sheet is sent all the same, and may hold what was never meant to leave.", "UK GDPR article 5(1)(c), data minimisation"),
    (RowsHidden, "A filter hides rows from the eye and not from the file. If they were not to be sent, they were.", "UK GDPR article 5(1)(c), data minimisation"),
    (CellsMerged, "All but the first of merged cells are blank. A row may lack a value that seems to stand there.", ""),
    (RowMalformed, "No value of such a line can be trusted. The lines around it were read.", ""),
    (KeyTwice, "Programs differ in which of the two they take, so the sender's and the gateway's record could differ.", "RFC 8259, section 4"),
    (ValueShape, "A list where one value belongs leaves open which of them holds.", ""),
    (PatientMissing, "Without its patient the referral is nobody's: it would count a child whom nobody can find. It is left out and what was held before stays as it was.", "NHS Data Dictionary, CSDS and MHSDS"),
    (PatientDiffers, "One child's referral would be given to another. A person has to say whose it is.", "NHS Data Dictionary, CSDS and MHSDS"),
    (PatientTwice, "The two rows agree on who it is; other columns may differ, and only one of them is kept.", "NHS Data Dictionary, CSDS and MHSDS"),
    (ReferralMissing, "What such rows say of contacts, clocks and diagnoses is about a referral that was not sent, and is lost.", "NHS Data Dictionary, CSDS and MHSDS"),
    (TableUnread, "What is not needed should not be sent; and a table whose name is misspelt is missed.", "UK GDPR article 5(1)(c), data minimisation"),
    (TableRowUnread, "A contact or a clock that is left out can make a wait look longer or a child unseen.", ""),
    (MeasurementTypeInvalid, "The type says which clock is measured; one that the data set does not have starts none.", "NHS England, MHSDS v6"),
    (SegmentSeparator, "A receiver that keeps to the standard sees one long segment; other systems may lose the message.", "HL7 v2.8, section 2.5"),
    (MessageSuperseded, "A referral has one state. The earlier messages about it tell how it came about, which is not kept.", ""),
    (MessageType, "What the message says is not known to be about a referral, so it is not guessed at.", "HL7 v2.8, chapters 3 and 11"),
    (MessageVersion, "Fields move between versions; one that is not known could be read as another.", "HL7 v2.8, MSH-12"),
    (MessageForTest, "A made-up child on a live list is counted, and looked for.", "HL7 v2.8, MSH-11"),
    (MessageCutShort, "An id that is cut short may be another child's.", "HL7 v2.8, section 2.5"),
    (SegmentShape, "Where a segment begins and ends is not certain, so no value in the message is.", "HL7 v2.8, section 2.5"),
    (SegmentMissing, "Without it the message does not say whose referral it is, or from whom to whom.", "HL7 v2.8, chapter 11"),
    (SegmentTooOften, "It is not certain which identifier is retired in favour of which; a wrong merge joins two children.", "HL7 v2.8, section 3.3.40"),
    (MergeUnclear, "Nothing can be joined to the record that stays, and a guess could join two children.", "HL7 v2.8, section 3.3.40"),
    (ReferredElsewhere, "A list states the referrals of one provider. Another's would be closed or opened in its name.", ""),
    (PeriodFormat, "A figure without its month cannot be compared with anything.", "NHS England, Community Health Services SitRep and DM01"),
    (PeriodInFuture, "Nothing has been counted of a month that has not begun.", "NHS England, Community Health Services SitRep and DM01"),
    (CountMissing, "Absent is not zero: a blank would be compared as if nobody waited.", "NHS England, Community Health Services SitRep and DM01"),
    (CountFormat, "The figure cannot be compared.", "NHS England, Community Health Services SitRep and DM01"),
    (BandsNotTotal, "One of the figures is wrong, and it is not certain which.", "NHS England, Community Health Services SitRep: the bands add up to the total"),
    (PercentageWrong, "The percentage is worked out from the counts; one of them may be of another month.", "NHS England, DM01"),
    (ServiceLineUnknown, "A line whose name changed would be missed without a word.", "NHS England, Community Health Services SitRep and DM01"),
    (LineTwice, "Two figures for the same month and line cannot both have been published.", ""),
    (ChildMerged, "The provider has said that the identity is retired. What is sent under it belongs to the child that stands for it.", "HL7 v2.8, section 3.3.40"),
    (MergeUnknown, "Nothing was held under the retired identifier, or its date of birth differs: nothing could be moved without a doubt.", "HL7 v2.8, section 3.3.40"),
    (MergeContrary, "One message says that the first stands for the second and another the reverse. A person has to say which.", "HL7 v2.8, section 3.3.40"),
    (MergeHeld, "A legal hold keeps records as they are, to be shown to a court or an inquiry.", ""),
    (ResourceShape, "What is not where FHIR puts it cannot be told from what is missing.", "HL7 FHIR R4"),
    (EntryRequest, "A condition would be tested against records that the sender may not know of.", "HL7 FHIR R4, section 3.1.0.11"),
    (SubjectUnresolved, "Without one certain subject the referral could be given to another child.", "HL7 FHIR R4, ServiceRequest.subject"),
    (SubjectRetired, "A retired record stands for another; what is sent under it would bring it back.", "HL7 FHIR R4, Patient.active and Patient.link"),
    (ModifierUnknown, "A modifier may say the reverse of what the rest of the resource says, so it must not be passed over.", "HL7 FHIR R4, section 2.4.0.1"),
    (UpnTwoChildren, "Two children would be taken for one, and each family would be shown the other's records.", "DfE, Unique Pupil Numbers"),
    (ChildTwoNhsNumbers, "One of the numbers may be another child's. The gateway does not choose.", "NHS Data Dictionary, NHS NUMBER"),
    (TwinsInDoubt, "Twins share a birthday and a name, and rows are copied from one to the other. The gateway does not choose.", ""),
    (IdentifierRepeated, "A number in the wrong column joins a child with itself, and hides the one that is missing.", ""),
    (IdentifierAlone, "A row joins two identifiers of a child. With one there is nothing to say.", ""),
    (SensitiveRecord, "Where somebody may not be found, no other record may lead to them.", "NHS England, CP-IS: sensitive (S-flagged) records"),
    (IdentifierReplaced, "A replaced number and a mistyped one look the same. A wrong one would join another child's records.", "NHS Data Dictionary, NHS NUMBER"),
    (ReferenceUnresolved, "A journey that is told by the reference would be shown shorter than it is.", "HL7 FHIR R4, section 2.3"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_issue_has_its_meaning_once() {
        for code in IssueCode::ALL {
            let entries = MEANINGS.iter().filter(|(of, ..)| of == code).count();
            assert_eq!(entries, 1, "{code}: say once in MEANINGS why it matters");
            assert!(code.meaning().ends_with('.') && code.meaning() != code.message(), "{code}");
        }
    }
}
