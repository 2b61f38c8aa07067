//! Which codes put a referral on a pathway: a table of dated rules, in a file with a built-in default
//! (`recognition/rules.toml`). Every referral keeps which rules matched, and by which codes.

use std::sync::LazyLock;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::pathways::{Pathway, PathwaySet};

/// A code as a message gives it. The field is the format's own name (`CYP101.PrimaryReferralReason`). Where the format
/// names the code's scheme, that comes before a colon (`06:401204006`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenCode<'a> {
    pub field: &'a str,
    pub code: &'a str,
}

/// A rule that held, and the codes that made it hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recognised {
    #[cfg_attr(feature = "openapi", schema(example = "csds-autism"))]
    pub rule: String,
    pub pathways: PathwaySet,
    pub codes: Vec<DecidingCode>,
}

/// One of the codes that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecidingCode {
    #[cfg_attr(feature = "openapi", schema(example = "CYP101.PrimaryReferralReason"))]
    pub field: String,
    #[cfg_attr(feature = "openapi", schema(example = "017"))]
    pub code: String,
}

/// The pathways of all that was recognised.
pub fn recognised_pathways(recognised: &[Recognised]) -> PathwaySet {
    recognised.iter().fold(PathwaySet::EMPTY, |all, one| all.union(one.pathways))
}

/// The rules of a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecognitionRules {
    rule: Vec<Rule>,
}

/// A rule holds where every one of its conditions does.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    pathways: PathwaySet,
    /// The first and the last day of receipt that it is for, both inclusive.
    #[serde(default, deserialize_with = "day")]
    from: Option<NaiveDate>,
    #[serde(default, deserialize_with = "day")]
    to: Option<NaiveDate>,
    /// Where the rule is written down.
    source: String,
    all: Vec<Condition>,
}

/// Holds where one of the fields has one of the codes. A code that ends in `*` means all that begin so.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    fields: Vec<String>,
    codes: Vec<String>,
}

/// A day as TOML writes it.
fn day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    let date = toml::value::Date::deserialize(deserializer)?;
    let day = NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into());
    day.map(Some).ok_or_else(|| serde::de::Error::custom("a day that does not exist"))
}

/// Why a file of rules is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecognitionRulesError {
    #[error("the file is not of this shape: {0}")]
    Shape(String),
    #[error("the rule {0} stands twice")]
    Twice(String),
    #[error("the rule {0} lacks a pathway, a source, a condition, a field or a code")]
    Incomplete(String),
    #[error("the rule {0} ends before it begins")]
    Dates(String),
    /// A team sees children for many reasons (reference, section 1).
    #[error("the rule {0} would decide by the type of team alone")]
    TeamAlone(String),
}

/// The pathways that a type of team does decide: the team does nothing else.
const BY_TEAM: [Pathway; 2] = [Pathway::SpeechAndLanguage, Pathway::Audiology];

static BUILT_IN: LazyLock<RecognitionRules> =
    LazyLock::new(|| RecognitionRules::parse(include_str!("../recognition/rules.toml")).unwrap_or(RecognitionRules { rule: Vec::new() }));

impl RecognitionRules {
    /// The rules that hold where nothing else is configured.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Reads a file of rules. The whole file is refused if one of them makes no sense.
    pub fn parse(text: &str) -> Result<Self, RecognitionRulesError> {
        let rules: Self = toml::from_str(text).map_err(|error| RecognitionRulesError::Shape(error.message().to_owned()))?;
        for (at, rule) in rules.rule.iter().enumerate() {
            let id = || rule.id.clone();
            if rules.rule[..at].iter().any(|other| other.id == rule.id) {
                return Err(RecognitionRulesError::Twice(id()));
            }
            let empty = |condition: &Condition| condition.fields.is_empty() || condition.codes.is_empty();
            if rule.id.is_empty() || rule.source.is_empty() || rule.pathways.is_empty() || rule.all.is_empty() || rule.all.iter().any(empty)
            {
                return Err(RecognitionRulesError::Incomplete(id()));
            }
            if rule.from.zip(rule.to).is_some_and(|(from, to)| to < from) {
                return Err(RecognitionRulesError::Dates(id()));
            }
            let by_team = rule.all.iter().all(|condition| condition.fields.iter().any(|field| is_team_type(field)));
            if by_team && rule.pathways.iter().any(|pathway| !BY_TEAM.contains(&pathway)) {
                return Err(RecognitionRulesError::TeamAlone(id()));
            }
        }
        Ok(rules)
    }

    /// Every rule that holds for a referral received on a day.
    pub fn recognise(&self, received: NaiveDate, seen: &[SeenCode<'_>]) -> Vec<Recognised> {
        self.rule.iter().filter(|rule| rule.is_for(received)).filter_map(|rule| rule.held(seen)).collect()
    }
}

fn is_team_type(field: &str) -> bool {
    field.rsplit('.').next().is_some_and(|name| name.contains("TeamType"))
}

impl Rule {
    fn is_for(&self, received: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= received) && self.to.is_none_or(|to| received <= to)
    }

    fn held(&self, seen: &[SeenCode<'_>]) -> Option<Recognised> {
        let first = |condition: &Condition| seen.iter().find(|seen| condition.holds(seen));
        if !self.all.iter().all(|condition| first(condition).is_some()) {
            return None;
        }
        let codes = self.all.iter().filter_map(first).map(|seen| DecidingCode { field: seen.field.to_owned(), code: seen.code.to_owned() });
        Some(Recognised { rule: self.id.clone(), pathways: self.pathways, codes: codes.collect() })
    }
}

impl Condition {
    fn holds(&self, seen: &SeenCode<'_>) -> bool {
        self.fields.iter().any(|field| field == seen.field)
            && self.codes.iter().any(|code| match code.strip_suffix('*') {
                Some(start) => seen.code.starts_with(start),
                None => code == seen.code,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        crate::dates::parse_day(text).unwrap()
    }

    fn seen<'a>(codes: &[(&'a str, &'a str)]) -> Vec<SeenCode<'a>> {
        codes.iter().map(|(field, code)| SeenCode { field, code }).collect()
    }

    fn found(codes: &[(&str, &str)]) -> String {
        recognised_pathways(&RecognitionRules::built_in().recognise(day("2026-02-03"), &seen(codes))).to_string()
    }

    const REASON: &str = "CYP101.PrimaryReferralReason";
    const TEAM: &str = "CYP102.TeamType";
    const PROVISIONAL: &str = "CYP606.ProvisionalDiagnosis";

    #[test]
    fn autism_in_community_paediatrics_needs_reason_team_and_diagnosis() {
        let all = [(REASON, "017"), (TEAM, "06"), (PROVISIONAL, "06:401204006")];
        assert_eq!(found(&all), "autism");
        for left_out in 0..all.len() {
            let rest: Vec<_> = all.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, code)| *code).collect();
            assert_eq!(found(&rest), "", "without {:?}", all[left_out]);
        }
    }

    #[test]
    fn one_referral_may_be_for_several_pathways() {
        assert_eq!(found(&[(REASON, "017"), (TEAM, "06"), (PROVISIONAL, "06:401204006"), (PROVISIONAL, "06:406506008")]), "autism|adhd");
    }

    #[test]
    fn what_decided_is_kept() {
        let found = RecognitionRules::built_in().recognise(day("2026-02-03"), &seen(&[(TEAM, "33"), (REASON, "023")]));
        let codes: Vec<_> = found.iter().flat_map(|rule| &rule.codes).map(|code| (code.field.as_str(), code.code.as_str())).collect();
        assert_eq!(codes, [(TEAM, "33")]);
    }

    #[test]
    fn suspected_autism_in_mental_health_is_autism_and_nothing_else() {
        assert_eq!(found(&[("MHS101.PrimReasonReferralMH", "25")]), "autism");
        assert_eq!(found(&[("MHS103.OtherReasonReferMH", "25"), ("MHS101.PrimReasonReferralMH", "24")]), "autism|adhd");
        assert_eq!(found(&[("MHS902.ServTeamTypeMH", "C01")]), "");
        assert_eq!(found(&[("MHS101.PrimReasonReferralMH", "12")]), "mental-health");
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_refused_with_its_name() {
        let rule = |pathways: &str, rest: &str| {
            RecognitionRules::parse(&format!("[[rule]]\nid = \"r\"\npathways = [{pathways}]\nsource = \"s\"\n{rest}"))
                .map(|_| ())
                .unwrap_err()
        };
        let team = "all = [{ fields = [\"CYP102.TeamType\"], codes = [\"06\"] }]";
        assert_eq!(rule("\"autism\"", team), RecognitionRulesError::TeamAlone("r".into()));
        assert_eq!(rule("", team), RecognitionRulesError::Incomplete("r".into()));
        assert_eq!(rule("\"audiology\"", &format!("from = 2026-02-01\nto = 2026-01-01\n{team}")), RecognitionRulesError::Dates("r".into()));
        assert!(matches!(rule("\"dance\"", team), RecognitionRulesError::Shape(_)));
        let twice = format!("[[rule]]\nid = \"r\"\npathways = [\"audiology\"]\nsource = \"s\"\n{team}\n").repeat(2);
        assert_eq!(RecognitionRules::parse(&twice).map(|_| ()).unwrap_err(), RecognitionRulesError::Twice("r".into()));
    }

    #[test]
    fn a_rule_holds_between_its_days() {
        let text = "[[rule]]\nid = \"r\"\npathways = [\"autism\"]\nsource = \"s\"\nfrom = 2026-02-01\nto = 2026-02-28\n\
                    all = [{ fields = [\"F\"], codes = [\"F84*\"] }]";
        let rules = RecognitionRules::parse(text).unwrap();
        let holds = |on: &str| !rules.recognise(day(on), &seen(&[("F", "F840")])).is_empty();
        assert!(holds("2026-02-01") && holds("2026-02-28") && !holds("2026-01-31") && !holds("2026-03-01"));
    }
}
