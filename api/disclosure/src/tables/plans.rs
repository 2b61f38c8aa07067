//! Plans issued within the twenty weeks of SEND Regulations 2014, reg 13(2), as the Department for
//! Education's `timeliness_20_week.csv` counts them.

use domain::Duty;

use super::{Geography, Row, TableDefinition};
use crate::cells::{Cell, Marker, Tally, Unit};
use crate::facts::ReleaseInput;
use crate::record_keys::ReleaseSecret;

pub(super) const DEFINITION: TableDefinition = TableDefinition {
    name: "ehcp-20-week-timeliness",
    title: "Education, health and care plans issued, by time since the request",
    definition: "Plans issued in the twelve months to the as-at date, by the days from the request for an assessment to the plan: \
                 within 20 weeks is at most 140 days, over 52 weeks is 365 days or more. Shown for all plans and without those to which an \
                 exception applies (SEN2 Week20), which leaves them out of the count and of the whole.",
    unit: Unit::Plans,
    geography: Geography::Area,
    breakdowns: &["timeliness", "plans"],
    notes: &["Percentages are worked out from the published figures alone, and go no higher than 100."],
    rows,
    coverage: |input| (&input.plans_coverage, input.plans_withheld),
};

/// Days from the request, from which a plan is over 52 weeks (contract: 365 or more).
const YEAR: i64 = 365;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Timeliness {
    Within20,
    Over20,
    Over52,
    All,
}

impl Timeliness {
    const ROWS: [Self; 4] = [Self::Within20, Self::Over20, Self::Over52, Self::All];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Within20 => "within-20-weeks",
            Self::Over20 => "over-20-to-52-weeks",
            Self::Over52 => "over-52-weeks",
            Self::All => "all",
        }
    }

    fn holds(self, days: i64) -> bool {
        let limit = i64::from(Duty::IssuePlan.limit().weeks) * 7;
        match self {
            Self::Within20 => days <= limit,
            Self::Over20 => days > limit && days < YEAR,
            Self::Over52 => days >= YEAR,
            Self::All => true,
        }
    }
}

fn rows(input: &ReleaseInput<'_>, secret: &ReleaseSecret) -> Vec<Row> {
    let submitted = !input.plans_coverage.contributing.is_empty();
    let count = |timeliness: Timeliness, excluding: bool| {
        if !submitted {
            return Cell::marked(Marker::Unavailable, Unit::Plans);
        }
        let mut tally = Tally::default();
        for plan in input.plans.iter().filter(|plan| timeliness.holds(plan.days_to_plan) && !(excluding && plan.exceptions_apply)) {
            tally.add_each(plan.child, secret.record_key(plan.child));
        }
        tally.cell(Unit::Plans)
    };

    let mut rows = Vec::new();
    for (kind, excluding) in [("all", false), ("excluding-exceptions", true)] {
        let whole = count(Timeliness::All, excluding);
        for timeliness in Timeliness::ROWS {
            let part = count(timeliness, excluding);
            let percent =
                if timeliness == Timeliness::All { Cell::marked(Marker::NotApplicable, Unit::Percent) } else { Cell::percent(part, whole) };
            for (measure, cell) in [("count", part), ("percent", percent)] {
                let categories = vec![("timeliness", timeliness.as_str()), ("plans", kind), ("measure", measure)];
                rows.push(Row::new(input.area, categories, cell));
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Coverage, PlanFact};
    use crate::tables::tests::{input, secret};
    use domain::ChildId;

    fn plans(groups: &[(i64, i64, bool)]) -> Vec<PlanFact> {
        let all = groups.iter().flat_map(|group| std::iter::repeat_n(*group, usize::try_from(group.0).unwrap()));
        (0_i64..)
            .zip(all)
            .map(|(child, (_, days_to_plan, exceptions_apply))| PlanFact { child: ChildId(child), days_to_plan, exceptions_apply })
            .collect()
    }

    fn figures(rows: &[Row], kind: &str) -> Vec<(&'static str, &'static str, String)> {
        rows.iter()
            .filter(|row| row.categories[1].1 == kind)
            .map(|row| (row.categories[0].1, row.categories[2].1, row.cell.text()))
            .collect()
    }

    #[test]
    fn the_140th_day_is_in_time_and_day_365_is_over_52_weeks() {
        let facts = plans(&[(10, 140, false), (15, 141, false), (20, 364, true), (5, 365, false)]);
        let rows = rows(&input(&[], &facts), &secret());
        let expect =
            |text: &[(&'static str, &'static str, &str)]| text.iter().map(|(a, b, c)| (*a, *b, (*c).to_owned())).collect::<Vec<_>>();
        assert_eq!(
            figures(&rows, "all"),
            expect(&[
                ("within-20-weeks", "count", "10"),
                ("within-20-weeks", "percent", "20.0"),
                ("over-20-to-52-weeks", "count", "35"),
                ("over-20-to-52-weeks", "percent", "70.0"),
                ("over-52-weeks", "count", "5"),
                ("over-52-weeks", "percent", "10.0"),
                ("all", "count", "50"),
                ("all", "percent", "z"),
            ])
        );
        assert_eq!(figures(&rows, "excluding-exceptions")[2].2, "15");
        assert_eq!(figures(&rows, "excluding-exceptions")[6].2, "30");
    }

    #[test]
    fn a_percentage_is_confidential_where_its_figure_is() {
        let facts = plans(&[(30, 100, false), (4, 400, false)]);
        let all = figures(&rows(&input(&[], &facts), &secret()), "all");
        assert_eq!((all[4].2.as_str(), all[5].2.as_str()), ("c", "c"));
        assert_eq!(all[7].2, "z");
    }

    #[test]
    fn plans_that_nobody_submitted_are_unavailable() {
        let mut input = input(&[], &[]);
        input.plans_coverage = Coverage::default();
        for (timeliness, measure, figure) in figures(&rows(&input, &secret()), "all") {
            assert_eq!(figure, if timeliness == "all" && measure == "percent" { "z" } else { "x" });
        }
    }
}
