//! The list of all tables, and the shape they share. Each table has its own file.

mod plans;
mod waits;

use chrono::NaiveDate;
use domain::ChildId;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::cells::{Cell, Marker, Tally, Unit};
use crate::facts::{Area, Coverage, ReleaseInput};
use crate::record_keys::ReleaseSecret;

/// The places that have rows in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Geography {
    /// Only the whole area.
    Area,
    /// The whole area, its districts, and children whose district is not recorded.
    AreaAndDistricts,
}

/// A table of every release: one geography and at most two breakdowns.
#[derive(Debug, Serialize)]
pub struct TableDefinition {
    /// Its name in addresses.
    pub name: &'static str,
    pub title: &'static str,
    pub definition: &'static str,
    pub unit: Unit,
    pub geography: Geography,
    /// The fields of a row, apart from its area.
    pub breakdowns: &'static [&'static str],
    #[serde(skip)]
    pub(crate) notes: &'static [&'static str],
    #[serde(skip)]
    pub(crate) rows: fn(&ReleaseInput<'_>, &ReleaseSecret) -> Vec<Row>,
    #[serde(skip)]
    pub(crate) coverage: for<'a> fn(&'a ReleaseInput<'_>) -> (&'a Coverage, &'a [ChildId]),
}

/// Who is in a table, who is missing, and about how many children something was kept out by a family,
/// an opt-out or a restriction. That figure is rounded or hidden like any other.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct PublishedCoverage {
    #[serde(flatten)]
    lists: Coverage,
    withheld: Cell,
}

impl PublishedCoverage {
    fn of((lists, withheld): (&Coverage, &[ChildId]), secret: &ReleaseSecret) -> Self {
        let mut tally = Tally::default();
        for child in withheld {
            tally.add(*child, secret.record_key(*child));
        }
        let withheld = match lists.contributing.is_empty() {
            true => Cell::marked(Marker::Unavailable, Unit::Children),
            false => tally.cell(Unit::Children),
        };
        Self { lists: lists.clone(), withheld }
    }
}

/// Every table of a release. No request can ask for any other table.
pub static TABLES: &[TableDefinition] = &[waits::DEFINITION, plans::DEFINITION];

const NOTES: &[&str] = &[
    "Figures are rounded to a multiple of 5.",
    "Totals are rounded on their own and need not equal the sum of their parts.",
    "c: confidential, which covers nought to four alike. x: unavailable, not submitted or not of sufficient quality. z: not applicable.",
];

/// One figure and its place in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub(crate) area: String,
    pub(crate) area_name: String,
    /// Fields and their categories: the breakdowns, and the measure if there are several.
    pub(crate) categories: Vec<(&'static str, &'static str)>,
    pub(crate) cell: Cell,
}

impl Row {
    pub(crate) fn new(area: Area<'_>, categories: Vec<(&'static str, &'static str)>, cell: Cell) -> Self {
        Self { area: area.code.to_owned(), area_name: area.name.to_owned(), categories, cell }
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(Some(3 + self.categories.len()))?;
        row.serialize_entry("area", &self.area)?;
        row.serialize_entry("area_name", &self.area_name)?;
        for (field, category) in &self.categories {
            row.serialize_entry(field, category)?;
        }
        row.serialize_entry("cell", &self.cell)?;
        row.end()
    }
}

/// A table as it is published. Every combination of categories has a row, in a fixed order: a missing
/// row, or the order, would give figures away.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    name: &'static str,
    title: &'static str,
    definition: &'static str,
    pub(crate) as_of: NaiveDate,
    unit: Unit,
    geography: Geography,
    breakdowns: &'static [&'static str],
    pub(crate) rows: Vec<Row>,
    coverage: PublishedCoverage,
    notes: Vec<&'static str>,
}

impl Table {
    /// Its name in addresses.
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn title(&self) -> &'static str {
        self.title
    }
}

/// Every table of a release, in the order of [`TABLES`].
pub fn build(input: &ReleaseInput<'_>, secret: &ReleaseSecret) -> Vec<Table> {
    TABLES
        .iter()
        .map(|definition| Table {
            name: definition.name,
            title: definition.title,
            definition: definition.definition,
            as_of: input.as_of,
            unit: definition.unit,
            geography: definition.geography,
            breakdowns: definition.breakdowns,
            rows: (definition.rows)(input, secret),
            coverage: PublishedCoverage::of((definition.coverage)(input), secret),
            notes: [NOTES, definition.notes].concat(),
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::facts::{ExpectedList, PlanFact, WaitFact};
    use domain::PathwaySet;

    pub(crate) const AREA: Area<'_> = Area { code: "E10000015", name: "Hertfordshire" };

    fn coverage(provider: &str, list: &str) -> Coverage {
        Coverage { contributing: vec![ExpectedList { provider: provider.parse().unwrap(), list: list.into() }], not_submitted: vec![] }
    }

    pub(crate) fn input<'a>(waits: &'a [WaitFact], plans: &'a [PlanFact]) -> ReleaseInput<'a> {
        ReleaseInput {
            as_of: NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(),
            area: AREA,
            districts: vec![Area { code: "E07000240", name: "St Albans" }, Area { code: "E07000243", name: "Stevenage" }],
            waits,
            unavailable: PathwaySet::EMPTY,
            waits_coverage: coverage("RY4", "autism"),
            waits_withheld: &[],
            plans,
            plans_coverage: coverage("E10000015", "ehcp"),
            plans_withheld: &[],
        }
    }

    pub(crate) fn secret() -> ReleaseSecret {
        ReleaseSecret::new([7; 32])
    }

    #[test]
    fn no_table_has_more_than_two_breakdowns_and_every_name_is_its_own() {
        for (at, table) in TABLES.iter().enumerate() {
            assert!(table.breakdowns.len() <= 2, "{}", table.name);
            assert!(TABLES[..at].iter().all(|other| other.name != table.name));
        }
    }

    #[test]
    fn a_table_says_what_it_is_and_who_is_in_it() {
        let tables = serde_json::to_value(build(&input(&[], &[]), &secret())).unwrap();
        let table = &tables[0];
        assert_eq!(table["name"], "waiting-list-by-weeks-and-district");
        assert_eq!(table["as_of"], "2026-11-20");
        assert_eq!(table["breakdowns"], serde_json::json!(["pathway", "weeks"]));
        assert_eq!(table["coverage"]["contributing"][0], serde_json::json!({ "provider": "RY4", "list": "autism" }));
        assert_eq!(table["coverage"]["not_submitted"], serde_json::json!([]));
        assert_eq!(
            table["rows"][0],
            serde_json::json!({
                "area": "E10000015", "area_name": "Hertfordshire", "pathway": "autism", "weeks": "0-1",
                "cell": { "value": null, "marker": "c", "unit": "children" }
            })
        );
        assert!(table["notes"].as_array().unwrap().len() >= 3);
        assert_eq!(tables[1]["coverage"]["contributing"][0]["list"], "ehcp");
    }

    #[test]
    fn how_many_were_withheld_is_a_figure_like_any_other() {
        let withheld = |children: i64| {
            let ids: Vec<_> = (0..children).chain(0..children).map(ChildId).collect();
            let input = ReleaseInput { waits_withheld: &ids, ..input(&[], &[]) };
            serde_json::to_value(build(&input, &secret())).unwrap()[0]["coverage"]["withheld"].clone()
        };
        for few in 0..5 {
            assert_eq!(withheld(few), serde_json::json!({ "value": null, "marker": "c", "unit": "children" }));
        }
        assert_eq!(withheld(10)["value"], 10);
    }
}
