//! What can be inconsistent in an agreement, as a table. A test requires an example for each line.

use super::{Agreement, Confidentiality, ConsentRule, DataClass, OptOutRule, Population, Purpose, VerifiedBy};

/// One line: the field at fault, why, and when.
pub(super) struct Line {
    pub field: &'static str,
    pub why: &'static str,
    pub is_so: fn(&Agreement) -> bool,
}

const fn line(field: &'static str, why: &'static str, is_so: fn(&Agreement) -> bool) -> Line {
    Line { field, why, is_so }
}

/// UK GDPR article 6(1), as amended by the Data (Use and Access) Act 2025.
const ARTICLE_6: [&str; 7] = ["6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(ea)", "6(1)(f)"];
/// Each condition of article 9(2), with the range of paragraphs of Schedule 1 to the Data Protection Act 2018 of which
/// it needs one (s.10(2) and (3)); `None` where it needs no more.
const ARTICLE_9: [(&str, Option<(u8, u8)>); 10] = [
    ("9(2)(a)", None),
    ("9(2)(b)", Some((1, 1))),
    ("9(2)(c)", None),
    ("9(2)(d)", None),
    ("9(2)(e)", None),
    ("9(2)(f)", None),
    ("9(2)(g)", Some((6, 28))),
    ("9(2)(h)", Some((2, 2))),
    ("9(2)(i)", Some((3, 3))),
    ("9(2)(j)", Some((4, 4))),
];

#[rustfmt::skip]
pub(super) const TABLE: &[Line] = &[
    line("id", "an agreement needs an id", |a| a.id.trim().is_empty()),
    line("providers", "an agreement names who provides", |a| a.providers.is_empty()),
    line("recipients", "an agreement names who receives", |a| a.recipients.is_empty()),
    line("data", "an agreement names its data", |a| a.data.is_empty()),
    line("pathways", "an agreement names its pathways", |a| a.pathways.is_empty()),
    line("ends", "an agreement cannot end before it starts", |a| a.ends < a.starts),
    // ---- Whose decision ----
    line("consent", "consent is required, and confidentiality does not rest on consent", |a| {
        a.consent == ConsentRule::Required && !a.keeps_confidence_by(Confidentiality::Consent)
    }),
    line("consent", "confidentiality rests on consent, and consent is not required", |a| {
        a.consent != ConsentRule::Required && a.keeps_confidence_by(Confidentiality::Consent)
    }),
    line("consent", "a duty by law does not give way to an objection: a person looks at it", |a| {
        a.consent == ConsentRule::UnlessObjected && a.is_required_by_law()
    }),
    line("consent", "identifiable planning data cannot rest on an opt-out alone", |a| {
        a.is_identifiable_planning() && a.consent == ConsentRule::UnlessObjected && !a.keeps_confidence_by(Confidentiality::Section251)
    }),
    line("consent_recorded_by", "consent is required, and nobody may record it", |a| {
        a.consent == ConsentRule::Required && a.consent_recorded_by.is_empty()
    }),
    line("consent_recorded_by", "it flows unless somebody objects, and nobody may record an objection", |a| {
        a.consent == ConsentRule::UnlessObjected && a.consent_recorded_by.is_empty()
    }),
    line("consent_recorded_by", "consent is not required, and a family would be asked for it", |a| {
        a.consent == ConsentRule::NotRequired && !a.consent_recorded_by.is_empty()
    }),
    line("consent_recorded_by", "who records consent is neither a provider nor a recipient", |a| {
        a.consent_recorded_by.iter().any(|recorder| !a.is_party(*recorder))
    }),
    // ---- What, and what for ----
    line("data", "only dashboard-aggregate can rest on anonymisation by the processor", |a| {
        a.is_identifiable() && a.keeps_confidence_by(Confidentiality::ProcessorAnonymised)
    }),
    line("data", "advice about one child is not for planning", |a| a.is_planning() && a.data.iter().any(|data| data.is_whole())),
    line("purpose", "dashboard-aggregate is for joint-commissioning alone", |a| {
        a.data.contains(&DataClass::DashboardAggregate) && !a.is_planning()
    }),
    line("population", "a table counts whoever waits, not only children with a plan", |a| {
        a.population == Population::PlanMaintained && a.data.contains(&DataClass::DashboardAggregate)
    }),
    line("verified_by", "it says whose word joins identifiers, and its data is not child-matching", |a| {
        a.verified_by == VerifiedBy::Either && !a.data.contains(&DataClass::ChildMatching)
    }),
    // ---- UK GDPR and the Data Protection Act 2018 ----
    line("basis.uk_gdpr_6", "not a basis of UK GDPR article 6: 6(1)(a) to 6(1)(f)", |a| !ARTICLE_6.contains(&a.basis.uk_gdpr_6.as_str())),
    line("basis.uk_gdpr_6", "6(1)(a) is consent, and consent is not required", |a| a.rests_on("6(1)(a)") && a.consent != ConsentRule::Required),
    line("basis.uk_gdpr_6", "6(1)(f) is not open to public authorities in their tasks", |a| a.rests_on("6(1)(f)")),
    line("basis.uk_gdpr_6", "6(1)(c) is a legal obligation, and neither statute nor legal_bases names one", |a| {
        a.rests_on("6(1)(c)") && !a.names_law()
    }),
    line("basis.uk_gdpr_9", "not a condition of UK GDPR article 9: 9(2)(a) to 9(2)(j)", |a| a.condition().is_none()),
    line("basis.uk_gdpr_9", "9(2)(a) is explicit consent, and consent is not required", |a| {
        a.basis.uk_gdpr_9 == "9(2)(a)" && a.consent != ConsentRule::Required
    }),
    line("basis.dpa_sch1", "the condition of article 9 takes a paragraph of Schedule 1 to the Data Protection Act 2018: \"paragraph …\"", |a| {
        matches!(a.condition(), Some(Some(_))) && a.paragraph().is_none()
    }),
    line("basis.dpa_sch1", "that paragraph of Schedule 1 does not go with the condition of article 9", |a| {
        let wrong = |(first, last), paragraph| !(first..=last).contains(&paragraph);
        matches!((a.condition(), a.paragraph()), (Some(Some(range)), Some(paragraph)) if wrong(range, paragraph))
    }),
    // ---- The duty of confidence ----
    line("basis.statute", "confidentiality rests on statute, and none is named", |a| {
        a.keeps_confidence_by(Confidentiality::Statute) && !a.names_law()
    }),
    line("basis.statute", "support under section 251 is named by its reference", |a| {
        a.keeps_confidence_by(Confidentiality::Section251) && a.basis.statute.is_none()
    }),
    line("basis.confidentiality", "support under section 251 is not for a child's own care or assessment", |a| {
        a.keeps_confidence_by(Confidentiality::Section251) && !a.is_planning()
    }),
    // ---- The National Data Opt-out ----
    line("basis.opt_out", "an exemption from the National Data Opt-out needs its reason", |a| {
        a.basis.opt_out == OptOutRule::Exempt && a.basis.opt_out_reason.is_none()
    }),
    line("basis.opt_out", "the National Data Opt-out does not apply to what the law requires", |a| {
        a.basis.opt_out == OptOutRule::Applies && a.is_required_by_law()
    }),
    line("basis.opt_out", "planning is exempt from the National Data Opt-out only by consent, section 251 or a duty by law", |a| {
        let excused = a.is_required_by_law() || a.keeps_confidence_by(Confidentiality::Consent) || a.keeps_confidence_by(Confidentiality::Section251);
        a.is_planning() && a.basis.opt_out == OptOutRule::Exempt && !excused
    }),
];

impl Agreement {
    fn is_planning(&self) -> bool {
        self.purpose == Purpose::JointCommissioning
    }

    fn is_identifiable(&self) -> bool {
        self.data.iter().any(|data| *data != DataClass::DashboardAggregate)
    }

    fn is_identifiable_planning(&self) -> bool {
        self.is_planning() && self.is_identifiable()
    }

    fn keeps_confidence_by(&self, confidentiality: Confidentiality) -> bool {
        self.basis.confidentiality == confidentiality
    }

    fn rests_on(&self, article_6: &str) -> bool {
        self.basis.uk_gdpr_6 == article_6
    }

    fn names_law(&self) -> bool {
        self.basis.statute.is_some() || !self.basis.legal_bases.is_empty()
    }

    /// Whether it is a duty, and not a power.
    fn is_required_by_law(&self) -> bool {
        self.keeps_confidence_by(Confidentiality::Statute) && self.rests_on("6(1)(c)")
    }

    /// The paragraphs that its condition of article 9 needs; `None` where it is not such a condition.
    fn condition(&self) -> Option<Option<(u8, u8)>> {
        ARTICLE_9.iter().find(|(condition, _)| *condition == self.basis.uk_gdpr_9).map(|(_, range)| *range)
    }

    fn paragraph(&self) -> Option<u8> {
        self.basis.dpa_sch1.as_deref()?.strip_prefix("paragraph ")?.split([',', ' ', '(']).next()?.parse().ok()
    }
}
