//! Reads a person's elements as cases, one for each request. The domain says whether a case makes sense.
//! Elements are taken out of their block as they are read, so what is left at the end is unknown.

use std::collections::HashSet;

use chrono::NaiveDate;
use domain::{
    ActivePlan, Assessment, AssessmentRequest, Case, CasePerson, ChildIdentifier, EducationSetting, IssueCode, NamedPlan, OrganisationCode,
    Placement, RequestOutcome, SpecialNeed, SubmittedEntry, parse_day,
};

use super::codes;
use super::wire::ElementWire;
use crate::columns::upn;
use crate::contract::{Called, Draft, Fault, Rows, Unreadable};

/// Lengths in characters: a code or number, and a name or phrase.
const CODE: usize = 20;
const PHRASE: usize = 100;
/// The most requests of one person in a return. Even a handful is rare.
const REQUESTS: usize = 100;
/// How many unknown element names are remembered, so that each is reported once.
const UNKNOWN_NAMES: usize = 100;
/// Longer names are cut before they are remembered.
const NAME: usize = 64;

const MANY: usize = usize::MAX;
/// Other spellings in use, each with the usual one.
const ALIASES: &[(&str, &str)] = &[("PlanWPB", "PlanWBP"), ("WPB", "WBP"), ("GenderCurrent", "Sex")];

/// Reads the people of a return, one after the other.
pub(super) struct People {
    authority: OrganisationCode,
    rows: u64,
    unknown: HashSet<String>,
}

impl People {
    pub(super) fn new(authority: OrganisationCode) -> Self {
        Self { authority, rows: 0, unknown: HashSet::new() }
    }

    pub(super) fn next_row(&self) -> u64 {
        self.rows + 1
    }

    /// Whether an unknown element is the first of its name in the file.
    pub(super) fn is_news(&mut self, name: &str) -> bool {
        self.unknown.len() < UNKNOWN_NAMES && self.unknown.insert(name.chars().take(NAME).flat_map(char::to_lowercase).collect())
    }

    /// Drafts a row for each of a person's requests, or one row that says there is none.
    pub(super) fn draft(&mut self, mut element: ElementWire, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        let mut reading = Reading { people: self, faults: Vec::new() };
        let requests = reading.blocks(&mut element, "Requests", MANY);
        let (person, date_of_birth, child) = reading.person(element);
        let mut about_person = reading.faults;
        if requests.is_empty() {
            about_person.push(("Requests", IssueCode::RequestMissing));
            self.rows += 1;
            return rows.draft(Draft {
                number: self.rows,
                referral_id: None,
                child,
                date_of_birth,
                entry: None,
                faults: about_person,
                names: |_| Called::Itself,
            });
        }
        if requests.len() > REQUESTS {
            return Err(Unreadable::TooLarge { row: self.next_row() });
        }
        for request in requests {
            let mut reading = Reading { people: self, faults: about_person.clone() };
            let entry = reading.case(request, person.clone()).map(|case| SubmittedEntry::Case(Box::new(case)));
            let faults = reading.faults;
            self.rows += 1;
            rows.draft(Draft {
                number: self.rows,
                referral_id: None,
                child: child.clone(),
                date_of_birth,
                entry,
                faults,
                names: |_| Called::Itself,
            })?;
            about_person.retain(|(_, code)| *code != IssueCode::ElementUnknown);
        }
        Ok(())
    }
}

struct Reading<'a> {
    people: &'a mut People,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn person(&mut self, mut block: ElementWire) -> (CasePerson, Option<NaiveDate>, Option<ChildIdentifier>) {
        let element = &mut block;
        let has_upn = element.children.iter().any(|child| child.is("UPN") && !child.text.trim().is_empty());
        let person = CasePerson {
            surname: self.text(element, "Surname", PHRASE),
            forename: self.text(element, "Forename", PHRASE),
            sex: self.listed(element, "Sex", codes::SEX),
            ethnicity: self.listed(element, "Ethnicity", codes::ETHNICITY),
            postcode: self.text(element, "PostCode", CODE),
            upn: self.value(element, "UPN", upn),
            unique_learner_number: self.text(element, "UniqueLearnerNumber", CODE),
            upn_unknown: self.listed(element, "UPNunknown", codes::UPN_UNKNOWN),
        };
        let date_of_birth = self.required_day(element, "PersonBirthDate");
        self.close(block, "Person");
        let child = match (&person.upn, &person.surname, &person.forename) {
            (Some(upn), _, _) => Some(ChildIdentifier::Upn(*upn)),
            // The UPN is there but wrong, which was reported already.
            (None, _, _) if has_upn => None,
            (None, Some(surname), Some(forename)) => {
                Some(ChildIdentifier::Named { authority: self.people.authority, surname: surname.clone(), forename: forename.clone() })
            }
            (None, surname, _) => {
                self.faults.push((if surname.is_none() { "Surname" } else { "Forename" }, IssueCode::NameMissing));
                None
            }
        };
        (person, date_of_birth, child)
    }

    /// `None` where the request has no date, since nothing can be measured without one.
    fn case(&mut self, mut block: ElementWire, person: CasePerson) -> Option<Case> {
        let element = &mut block;
        let received_on = self.required_day(element, "ReceivedDate");
        let source = self.listed(element, "RequestSource", codes::REQUEST_SOURCE);
        let in_youth_accommodation = self.flag(element, "RYA");
        let outcome = self.outcome(element, "RequestOutcome");
        let outcome_on = self.day(element, "RequestOutcomeDate");
        let mediation = self.flag(element, "RequestMediation");
        let tribunal = self.flag(element, "RequestTribunal");
        let exported = self.flag(element, "Exported");
        let assessment = self.block(element, "Assessment").map(|block| self.assessment(block));
        let active_plan = self.block(element, "ActivePlans").map(|block| self.active_plan(block));
        self.close(block, "Requests");
        let received_on = received_on?;
        let request = AssessmentRequest { received_on, source, in_youth_accommodation, outcome, outcome_on, mediation, tribunal, exported };
        Some(Case { person, request, assessment, active_plan })
    }

    fn assessment(&mut self, mut block: ElementWire) -> Assessment {
        let element = &mut block;
        let assessment = Assessment {
            outcome: self.outcome(element, "AssessmentOutcome"),
            outcome_on: self.day(element, "AssessmentOutcomeDate"),
            mediation: self.flag(element, "AssessmentMediation"),
            tribunal: self.flag(element, "AssessmentTribunal"),
            other_mediation: self.flag(element, "OtherMediation"),
            other_tribunal: self.flag(element, "OtherTribunal"),
            exceptions_apply: self.flag(element, "Week20"),
            plan: self.block(element, "NamedPlan").and_then(|block| self.plan(block)),
        };
        self.close(block, "Assessment");
        assessment
    }

    /// `None` where the plan has no start date, which is an error.
    fn plan(&mut self, mut block: ElementWire) -> Option<NamedPlan> {
        let element = &mut block;
        let start_on = self.required_day(element, "StartDate");
        let residential = self.listed(element, "PlanRes", codes::RESIDENTIAL);
        let work_based = self.text(element, "PlanWBP", CODE);
        let personal_budget = self.flag(element, "PB");
        let organised_arrangements = self.flag(element, "OA");
        let direct_payments = self.text(element, "DP", CODE);
        let cease_on = self.day(element, "CeaseDate");
        let cease_reason = self.listed(element, "CeaseReason", codes::CEASE_REASON);
        let details = self.blocks(element, "PlanDetail", 2);
        let settings = details.into_iter().map(|block| self.plan_detail(block)).collect();
        self.close(block, "NamedPlan");
        Some(NamedPlan {
            start_on: start_on?,
            residential,
            work_based,
            personal_budget,
            organised_arrangements,
            direct_payments,
            cease_on,
            cease_reason,
            settings,
        })
    }

    fn active_plan(&mut self, mut block: ElementWire) -> ActivePlan {
        let element = &mut block;
        let plan = ActivePlan {
            transferred_from: self.text(element, "TransferLA", CODE),
            review_meeting_on: self.day(element, "ReviewMeeting"),
            review_outcome: self.text(element, "ReviewOutcome", CODE),
            last_review_on: self.day(element, "LastReview"),
            review_draft_on: self.day(element, "ReviewDraft"),
            phase_transfer_due_on: self.day(element, "PhaseTransferDueDate"),
            phase_transfer_final_on: self.day(element, "PhaseTransferFinalDate"),
            placements: self.blocks(element, "PlacementDetail", MANY).into_iter().map(|block| self.placement(block)).collect(),
            needs: self.blocks(element, "SENneed", 2).into_iter().filter_map(|block| self.need(block)).collect(),
        };
        self.close(block, "ActivePlans");
        plan
    }

    fn plan_detail(&mut self, mut block: ElementWire) -> EducationSetting {
        let setting = self.setting(&mut block);
        self.close(block, "PlanDetail");
        setting
    }

    fn placement(&mut self, mut block: ElementWire) -> Placement {
        let element = &mut block;
        let placement = Placement {
            setting: self.setting(element),
            entry_on: self.day(element, "EntryDate"),
            leaving_on: self.day(element, "LeavingDate"),
            residential: self.listed(element, "RES", codes::RESIDENTIAL),
            work_based: self.text(element, "WBP", CODE),
        };
        self.close(block, "PlacementDetail");
        placement
    }

    fn setting(&mut self, element: &mut ElementWire) -> EducationSetting {
        EducationSetting {
            urn: self.text(element, "URN", CODE),
            ukprn: self.text(element, "UKPRN", CODE),
            sen_setting: self.listed(element, "SENSetting", codes::SETTING),
            sen_setting_other: self.text(element, "SENSettingOther", PHRASE),
            rank: self.value(element, "PlacementRank", number),
            sen_unit: self.flag(element, "SENunitIndicator"),
            resourced_provision: self.flag(element, "ResourcedProvisionIndicator"),
        }
    }

    /// `None` where the need is blank, which is an error.
    fn need(&mut self, mut block: ElementWire) -> Option<SpecialNeed> {
        let kind = self.required("SENtype", |reading| reading.listed(&mut block, "SENtype", codes::NEED));
        let rank = self.value(&mut block, "SENtypeRank", number);
        self.close(block, "SENneed");
        Some(SpecialNeed { kind: kind?, rank })
    }

    /// Takes the blocks with a name out of the block around them. More than `most` are an error.
    fn blocks(&mut self, element: &mut ElementWire, name: &'static str, most: usize) -> Vec<ElementWire> {
        let named = |child: &mut ElementWire| child.is(name) || ALIASES.iter().any(|(alias, of)| *of == name && child.is(alias));
        let found: Vec<_> = element.children.extract_if(.., named).collect();
        if found.len() > most {
            self.faults.push((name, IssueCode::ElementTooOften));
        }
        found
    }

    fn block(&mut self, element: &mut ElementWire, name: &'static str) -> Option<ElementWire> {
        self.blocks(element, name, 1).into_iter().next()
    }

    /// Reports the elements that are left in a block.
    fn close(&mut self, block: ElementWire, name: &'static str) {
        for left in block.children {
            if self.people.is_news(&left.name) {
                self.faults.push((name, IssueCode::ElementUnknown));
            }
        }
    }

    /// The value of an item; `None` where it is absent or blank, or cannot be read (its fault is noted).
    fn value<T>(&mut self, element: &mut ElementWire, name: &'static str, read: impl FnOnce(&str) -> Result<T, IssueCode>) -> Option<T> {
        let item = self.block(element, name)?;
        let text = item.text.trim();
        let value = if text.is_empty() {
            None
        } else if text.chars().any(char::is_control) {
            Some(Err(IssueCode::ValueControlCharacter))
        } else {
            Some(read(text))
        };
        let value = value.and_then(|value| value.map_err(|code| self.faults.push((name, code))).ok());
        self.close(item, name);
        value
    }

    fn text(&mut self, element: &mut ElementWire, name: &'static str, most: usize) -> Option<String> {
        self.value(element, name, |text| if text.chars().count() <= most { Ok(text.to_owned()) } else { Err(IssueCode::ValueTooLong) })
    }

    /// A code. An unlisted one is kept, with a warning.
    fn listed(&mut self, element: &mut ElementWire, name: &'static str, list: &[&str]) -> Option<String> {
        let code = self.text(element, name, CODE)?;
        if !list.contains(&code.as_str()) {
            self.faults.push((name, IssueCode::CodeUnknown));
        }
        Some(code)
    }

    fn outcome(&mut self, element: &mut ElementWire, name: &'static str) -> Option<RequestOutcome> {
        self.value(element, name, |text| text.parse().map_err(|_| IssueCode::ValueNotClosedList))
    }

    /// A missing flag counts as no.
    fn flag(&mut self, element: &mut ElementWire, name: &'static str) -> bool {
        self.value(element, name, flag).unwrap_or(false)
    }

    fn day(&mut self, element: &mut ElementWire, name: &'static str) -> Option<NaiveDate> {
        self.value(element, name, |text| parse_day(text).ok_or(IssueCode::DateFormat))
    }

    fn required_day(&mut self, element: &mut ElementWire, name: &'static str) -> Option<NaiveDate> {
        self.required(name, |reading| reading.day(element, name))
    }

    /// Reports that a value is missing, unless `read` reported already what is wrong with it.
    fn required<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.faults.len();
        let value = read(self);
        if value.is_none() && self.faults.len() == before {
            self.faults.push((name, IssueCode::ValueMissing));
        }
        value
    }
}

fn flag(text: &str) -> Result<bool, IssueCode> {
    match text {
        "1" => Ok(true),
        "0" => Ok(false),
        _ if text.eq_ignore_ascii_case("true") => Ok(true),
        _ if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(IssueCode::ValueNotBoolean),
    }
}

fn number(text: &str) -> Result<u8, IssueCode> {
    text.parse().map_err(|_| IssueCode::ValueNotNumber)
}
