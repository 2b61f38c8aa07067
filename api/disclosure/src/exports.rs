//! A table as CSV.

use crate::tables::Table;

impl Table {
    /// A header, then one line for each row (RFC 4180). A figure without a value has its marker instead;
    /// `quality` is rounded, derived, confidential, not-applicable or unavailable.
    pub fn to_csv(&self) -> String {
        let fields: Vec<_> = self.rows.first().into_iter().flat_map(|row| row.categories.iter().map(|(field, _)| *field)).collect();
        let mut out = String::new();
        let header = ["as_of", "area", "area_name"].into_iter().chain(fields).chain(["unit", "value", "quality"]);
        write_line(&mut out, header);
        let as_of = self.as_of.to_string();
        for row in &self.rows {
            let place = [as_of.as_str(), row.area.as_str(), row.area_name.as_str()];
            let categories = row.categories.iter().map(|(_, category)| *category);
            let value = row.cell.text();
            write_line(&mut out, place.into_iter().chain(categories).chain([row.cell.unit().as_str(), &value, row.cell.quality()]));
        }
        out
    }
}

fn write_line<'a>(out: &mut String, values: impl Iterator<Item = &'a str>) {
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_value(out, value);
    }
    out.push_str("\r\n");
}

/// A value that begins like a formula gets an apostrophe before it, so that no spreadsheet runs it:
/// place names come from a file that people edit.
fn write_value(out: &mut String, value: &str) {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let quoted = formula || value.contains([',', '"', '\r', '\n']);
    if !quoted {
        return out.push_str(value);
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    out.push_str(&value.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use crate::facts::WaitFact;
    use crate::tables::tests::{input, secret};
    use domain::{ChildId, Pathway, WeeksBand};

    #[test]
    fn the_marker_replaces_the_value() {
        let waits: Vec<_> = (0..25)
            .map(|child| WaitFact { child: ChildId(child), pathway: Pathway::Autism, band: WeeksBand::UpTo1, district: None })
            .collect();
        let tables = crate::build(&input(&waits, &[]), &secret());
        let csv = tables[0].to_csv();
        let lines: Vec<_> = csv.lines().take(3).collect();
        assert_eq!(lines[0], "as_of,area,area_name,pathway,weeks,unit,value,quality");
        assert_eq!(lines[1], "2026-11-20,E10000015,Hertfordshire,autism,0-1,children,25,rounded");
        assert_eq!(lines[2], "2026-11-20,E10000015,Hertfordshire,autism,1-2,children,c,confidential");
        assert_eq!(csv.lines().count(), 1 + 4 * 5 * 9);
        assert!(tables[1].to_csv().contains(",all,all,percent,percent,z,not-applicable\r\n"));
    }

    #[test]
    fn no_value_runs_as_a_formula() {
        let mut input = input(&[], &[]);
        input.area.name = "=HYPERLINK(\"x\", 1)";
        let csv = crate::build(&input, &secret())[0].to_csv();
        assert!(csv.contains(",\"'=HYPERLINK(\"\"x\"\", 1)\",autism,"));
    }
}
