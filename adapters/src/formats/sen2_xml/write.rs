//! Writes the SEN2 return as XML (reference, section 9.1).

use std::io::{self, Write};

use chrono::{Datelike, NaiveDate, Weekday};
use domain::{ActivePlan, Assessment, AssessmentRequest, Case, EducationSetting, NamedPlan};
use quick_xml::escape::escape;

/// Writes the return of these persons, each with a date of birth and all requests. Returns how many were written:
/// a person without a request is left out.
///
/// The return covers the calendar year of `as_of`. Its `Year` is the next year, and its reference date is the third
/// Thursday of that January.
pub fn write_sen2_xml<C: AsRef<[Case]>>(
    persons: impl IntoIterator<Item = (NaiveDate, C)>,
    as_of: NaiveDate,
    out: &mut dyn Write,
) -> io::Result<u64> {
    write_start(out, as_of)?;
    let mut written = 0;
    for (date_of_birth, cases) in persons {
        written += u64::from(write_person(out, date_of_birth, cases.as_ref())?);
    }
    let mut xml = Xml { out };
    xml.close("Persons")?;
    xml.close("Message")?;
    Ok(written)
}

fn write_start(out: &mut dyn Write, as_of: NaiveDate) -> io::Result<()> {
    let year = as_of.year() + 1;
    let census = NaiveDate::from_weekday_of_month_opt(year, 1, Weekday::Thu, 3).unwrap_or(as_of);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, "<!-- Synthetic: no record is about a real child. -->")?;
    let mut xml = Xml { out };
    xml.open("Message")?;
    xml.open("Header")?;
    xml.open("CollectionDetails")?;
    xml.leaf("Collection", "SEN2")?;
    xml.leaf("Year", &year.to_string())?;
    xml.day("ReferenceDate", Some(census))?;
    xml.close("CollectionDetails")?;
    xml.open("Source")?;
    xml.leaf("SourceLevel", "L")?;
    xml.leaf("LEA", "919")?;
    xml.leaf("SoftwareCode", "Synthetic")?;
    xml.leaf("Release", "1")?;
    xml.leaf("SerialNo", "1")?;
    xml.leaf("DateTime", &format!("{as_of}T00:00:00"))?;
    xml.close("Source")?;
    xml.close("Header")?;
    xml.open("Persons")
}

/// Writes one person with all requests. Writes nothing, and returns false, where there is no request.
fn write_person(out: &mut dyn Write, date_of_birth: NaiveDate, cases: &[Case]) -> io::Result<bool> {
    let Some(person) = cases.first().map(|case| &case.person) else {
        return Ok(false);
    };
    let mut xml = Xml { out };
    xml.open("Person")?;
    xml.text("Surname", person.surname.as_deref())?;
    xml.text("Forename", person.forename.as_deref())?;
    xml.day("PersonBirthDate", Some(date_of_birth))?;
    xml.text("Sex", person.sex.as_deref())?;
    xml.text("Ethnicity", person.ethnicity.as_deref())?;
    xml.text("UPN", person.upn.as_ref().map(|upn| upn.as_str()))?;
    xml.text("UPNunknown", person.upn_unknown.as_deref())?;
    for case in cases {
        xml.open("Requests")?;
        write_request(&mut xml, &case.request)?;
        if let Some(assessment) = &case.assessment {
            write_assessment(&mut xml, assessment)?;
        }
        if let Some(plan) = &case.active_plan {
            write_active_plan(&mut xml, plan)?;
        }
        xml.close("Requests")?;
    }
    xml.close("Person")?;
    Ok(true)
}

fn write_request(xml: &mut Xml<'_>, request: &AssessmentRequest) -> io::Result<()> {
    xml.day("ReceivedDate", Some(request.received_on))?;
    xml.text("RequestSource", request.source.as_deref())?;
    xml.flag("RYA", request.in_youth_accommodation)?;
    xml.day("RequestOutcomeDate", request.outcome_on)?;
    xml.text("RequestOutcome", request.outcome.map(|outcome| outcome.as_str()))?;
    xml.flag("RequestMediation", request.mediation)?;
    xml.flag("RequestTribunal", request.tribunal)?;
    xml.flag("Exported", request.exported)
}

fn write_assessment(xml: &mut Xml<'_>, assessment: &Assessment) -> io::Result<()> {
    xml.open("Assessment")?;
    xml.text("AssessmentOutcome", assessment.outcome.map(|outcome| outcome.as_str()))?;
    xml.day("AssessmentOutcomeDate", assessment.outcome_on)?;
    xml.flag("AssessmentMediation", assessment.mediation)?;
    xml.flag("AssessmentTribunal", assessment.tribunal)?;
    xml.flag("OtherMediation", assessment.other_mediation)?;
    xml.flag("OtherTribunal", assessment.other_tribunal)?;
    xml.flag("Week20", assessment.exceptions_apply)?;
    if let Some(plan) = &assessment.plan {
        write_named_plan(xml, plan)?;
    }
    xml.close("Assessment")
}

fn write_named_plan(xml: &mut Xml<'_>, plan: &NamedPlan) -> io::Result<()> {
    xml.open("NamedPlan")?;
    xml.day("StartDate", Some(plan.start_on))?;
    xml.flag("PB", plan.personal_budget)?;
    xml.flag("OA", plan.organised_arrangements)?;
    xml.day("CeaseDate", plan.cease_on)?;
    xml.text("CeaseReason", plan.cease_reason.as_deref())?;
    for setting in &plan.settings {
        xml.open("PlanDetail")?;
        write_setting(xml, setting)?;
        xml.close("PlanDetail")?;
    }
    xml.close("NamedPlan")
}

fn write_active_plan(xml: &mut Xml<'_>, plan: &ActivePlan) -> io::Result<()> {
    xml.open("ActivePlans")?;
    xml.day("ReviewMeeting", plan.review_meeting_on)?;
    xml.text("ReviewOutcome", plan.review_outcome.as_deref())?;
    xml.day("LastReview", plan.last_review_on)?;
    for placement in &plan.placements {
        xml.open("PlacementDetail")?;
        write_setting(xml, &placement.setting)?;
        xml.day("EntryDate", placement.entry_on)?;
        xml.close("PlacementDetail")?;
    }
    for need in &plan.needs {
        xml.open("SENneed")?;
        xml.leaf("SENtype", &need.kind)?;
        xml.number("SENtypeRank", need.rank)?;
        xml.close("SENneed")?;
    }
    xml.close("ActivePlans")
}

fn write_setting(xml: &mut Xml<'_>, setting: &EducationSetting) -> io::Result<()> {
    xml.text("URN", setting.urn.as_deref())?;
    xml.text("SENSetting", setting.sen_setting.as_deref())?;
    xml.number("PlacementRank", setting.rank)?;
    xml.flag("SENunitIndicator", setting.sen_unit)?;
    xml.flag("ResourcedProvisionIndicator", setting.resourced_provision)
}

/// Writes elements, one a line.
struct Xml<'a> {
    out: &'a mut dyn Write,
}

impl Xml<'_> {
    fn open(&mut self, name: &str) -> io::Result<()> {
        writeln!(self.out, "<{name}>")
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        writeln!(self.out, "</{name}>")
    }

    fn leaf(&mut self, name: &str, value: &str) -> io::Result<()> {
        writeln!(self.out, "<{name}>{}</{name}>", escape(value))
    }

    fn text(&mut self, name: &str, value: Option<&str>) -> io::Result<()> {
        value.map_or(Ok(()), |value| self.leaf(name, value))
    }

    fn day(&mut self, name: &str, value: Option<NaiveDate>) -> io::Result<()> {
        value.map_or(Ok(()), |day| self.leaf(name, &day.to_string()))
    }

    fn number(&mut self, name: &str, value: Option<u8>) -> io::Result<()> {
        value.map_or(Ok(()), |number| self.leaf(name, &number.to_string()))
    }

    fn flag(&mut self, name: &str, value: bool) -> io::Result<()> {
        self.leaf(name, if value { "1" } else { "0" })
    }
}
