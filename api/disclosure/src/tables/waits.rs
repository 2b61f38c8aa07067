//! Children waiting, by pathway, weeks and district.

use std::collections::HashMap;

use domain::{Pathway, WeeksBand};

use super::{Geography, Row, TableDefinition};
use crate::cells::{Cell, Marker, Tally, Unit};
use crate::facts::{Area, ReleaseInput};
use crate::record_keys::ReleaseSecret;

pub(super) const DEFINITION: TableDefinition = TableDefinition {
    name: "waiting-list-by-weeks-and-district",
    title: "Children waiting, by pathway, weeks waited and district",
    definition: "Children who live in the area and are waiting on the as-at date, by the completed time since the first \
                 referral of their journey, through every stage and provider that is known. A child counts once on each pathway, at \
                 the longest journey. Bands are those of the Community Health Services SitRep; the last day of each band is part of it.",
    unit: Unit::Children,
    geography: Geography::AreaAndDistricts,
    breakdowns: &["pathway", "weeks"],
    notes: &["Children who live outside the area are not counted; those whose district is not recorded count in the whole area."],
    rows,
    coverage: |input| (&input.waits_coverage, input.waits_withheld),
};

/// The place of children whose records give no district.
const NOT_RECORDED: Area<'_> = Area { code: "not-recorded", name: "District not recorded" };
/// The category for all bands together.
const ALL: &str = "all";

fn rows(input: &ReleaseInput<'_>, secret: &ReleaseSecret) -> Vec<Row> {
    let places: Vec<_> = std::iter::once(input.area).chain(input.districts.iter().copied()).chain([NOT_RECORDED]).collect();
    let mut tallies: HashMap<(&str, Pathway, Option<WeeksBand>), Tally> = HashMap::new();
    for fact in input.waits {
        let district = match &fact.district {
            None => NOT_RECORDED.code,
            Some(code) => match input.districts.iter().find(|known| known.code == code) {
                Some(known) => known.code,
                None => continue,
            },
        };
        let key = secret.record_key(fact.child);
        for place in [input.area.code, district] {
            for band in [Some(fact.band), None] {
                tallies.entry((place, fact.pathway, band)).or_default().add(fact.child, key);
            }
        }
    }

    let nobody = Tally::default();
    let mut rows = Vec::new();
    for place in places {
        for &pathway in Pathway::ALL {
            for band in WeeksBand::ALL.iter().copied().map(Some).chain([None]) {
                let cell = if input.unavailable.contains(pathway) {
                    Cell::marked(Marker::Unavailable, Unit::Children)
                } else {
                    tallies.get(&(place.code, pathway, band)).unwrap_or(&nobody).cell(Unit::Children)
                };
                let categories = vec![("pathway", pathway.as_str()), ("weeks", band.map_or(ALL, WeeksBand::as_str))];
                rows.push(Row::new(place, categories, cell));
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::WaitFact;
    use crate::tables::tests::{input, secret};
    use domain::{ChildId, PathwaySet};
    use proptest::prelude::*;

    fn wait(child: i64, band: WeeksBand, district: Option<&str>) -> WaitFact {
        WaitFact { child: ChildId(child), pathway: Pathway::Autism, band, district: district.map(str::to_owned) }
    }

    fn figure(rows: &[Row], area: &str, pathway: Pathway, weeks: &str) -> String {
        let categories = [("pathway", pathway.as_str()), ("weeks", weeks)];
        rows.iter().find(|row| row.area == area && row.categories == categories).unwrap().cell.text()
    }

    #[test]
    fn a_pathway_that_nobody_submitted_is_neither_zero_nor_confidential() {
        let facts: Vec<_> = (0..50).map(|child| wait(child, WeeksBand::UpTo52, Some("E07000240"))).collect();
        let mut input = input(&facts, &[]);
        input.unavailable = PathwaySet::from(Pathway::Audiology);
        let rows = rows(&input, &secret());
        for row in &rows {
            let unavailable = row.categories.contains(&("pathway", "audiology"));
            assert_eq!(row.cell.marker() == Some(Marker::Unavailable), unavailable);
        }
        assert_eq!(figure(&rows, "E10000015", Pathway::Autism, "all"), "50");
        assert_eq!(figure(&rows, "E10000015", Pathway::Adhd, "all"), "c");
    }

    #[test]
    fn a_child_from_outside_is_not_counted_and_one_without_a_district_is() {
        let mut facts: Vec<_> = (0..10).map(|child| wait(child, WeeksBand::UpTo1, None)).collect();
        facts.extend((10..40).map(|child| wait(child, WeeksBand::UpTo1, Some("E07000072"))));
        let rows = rows(&input(&facts, &[]), &secret());
        assert_eq!(figure(&rows, "E10000015", Pathway::Autism, "0-1"), "10");
        assert_eq!(figure(&rows, "not-recorded", Pathway::Autism, "all"), "10");
        assert!(rows.iter().all(|row| row.area != "E07000072"));
    }

    #[test]
    fn a_total_counts_its_own_children_and_not_its_rounded_parts() {
        let facts: Vec<_> =
            WeeksBand::ALL.iter().flat_map(|band| (0..4).map(move |at| wait(*band as i64 * 10 + at, *band, Some("E07000243")))).collect();
        let rows = rows(&input(&facts, &[]), &secret());
        for band in WeeksBand::ALL {
            assert_eq!(figure(&rows, "E07000243", Pathway::Autism, band.as_str()), "c");
        }
        assert!(["30", "35"].contains(&figure(&rows, "E07000243", Pathway::Autism, "all").as_str()));
    }

    proptest! {
        #[test]
        fn which_rows_there_are_tells_nothing(facts in proptest::collection::vec((0_i64..200, 0_usize..8, 0_usize..4), 0..200)) {
            let districts = [None, Some("E07000240"), Some("E07000243"), Some("E07000072")];
            let facts: Vec<_> = facts.into_iter().map(|(child, band, district)| wait(child, WeeksBand::ALL[band], districts[district])).collect();
            let places = |rows: &[Row]| rows.iter().map(|row| (row.area.clone(), row.categories.clone())).collect::<Vec<_>>();
            prop_assert_eq!(places(&rows(&input(&facts, &[]), &secret())), places(&rows(&input(&[], &[]), &secret())));
        }

        #[test]
        fn up_to_four_children_anywhere_look_like_none(facts in proptest::collection::vec((0_i64..4, 0_usize..8, 0_usize..4), 0..20)) {
            let districts = [None, Some("E07000240"), Some("E07000243"), Some("E07000072")];
            let facts: Vec<_> = facts.into_iter().map(|(child, band, district)| wait(child, WeeksBand::ALL[band], districts[district])).collect();
            prop_assert_eq!(rows(&input(&facts, &[]), &secret()), rows(&input(&[], &[]), &secret()));
        }
    }
}
